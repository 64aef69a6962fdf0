"""From what was read to the lines of the snapshot, and from the snapshot to the case files. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.dossier import (
    PLANS_INCONNUS,
    Passe,
    au_dela,
    composer,
    constat,
    faits_de,
    franchissement,
)
from services.alerts.comite.instantane import Instantane, Ligne
from services.alerts.comite.regles import Franchissement, Regles, proposer
from services.alerts.comite.releves import Explications, Serie
from services.alerts.domain.cibles import Adaptees, CibleAdaptee, juger
from services.alerts.domain.continuite import Declaration, situation_calculee, situation_declaree
from services.alerts.domain.performance import Inhibitions, exacte
from services.alerts.domain.portee import Neutralisation, neutralisee_par
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Surveille
from shared.network.reseau import charger


def instruire(
    mois: Mois,
    instantane: Instantane,
    series: Mapping[str, Serie],
    explications: Mapping[str, Explications],
    passes: Mapping[str, Passe],
    manques: Mapping[str, Sequence[str]],
    regles: Regles,
    *,
    audits_deja: int = 0,
) -> dict[str, dict[str, Any]]:
    """The case files, by caisse: pure. A figure of the snapshot whose series could not be read again has no facts but
    itself, and its file says so."""
    constats: dict[str, list[dict[str, Any]]] = {}
    examines: list[Franchissement] = []
    dits = {caisse: list(manques.get(caisse, ())) for caisse in passes}
    for ligne in instantane.lignes:
        if ligne.franchi is not True or ligne.caisse not in passes:
            continue
        serie = series.get(ligne.indicateur)
        if serie is None or ligne.caisse not in serie.par_caisse:
            libelle = indicateur(ligne.indicateur).libelle
            dits[ligne.caisse].append(f"{libelle} : au-delà du seuil, mais sa série n'a pu être relue.")
            continue
        explication = explications.get(ligne.indicateur) or Explications()
        serie = replace(serie, surveille=_surveille_fige(ligne, serie.surveille))
        faits = faits_de(ligne, serie, explication, passes[ligne.caisse], mois, regles)
        constats.setdefault(ligne.caisse, []).append(constat(ligne, serie, explication, faits, passes[ligne.caisse]))
        trouve = franchissement(ligne, serie.surveille, faits, passes[ligne.caisse], mois)
        if trouve is not None:
            examines.append(trouve)
    propositions, arretees = proposer(examines, regles, audits_deja)
    communs = [] if all(p.plans is not None for p in passes.values()) else [PLANS_INCONNUS]
    return {
        caisse: composer(
            mois, caisse, constats.get(caisse, ()), propositions.get(caisse, ()), arretees.get(caisse, ()), passe,
            [*dits[caisse], *communs, *instantane.manques],
        )
        for caisse, passe in sorted(passes.items())
    }  # fmt: skip


def _surveille_fige(ligne: Ligne, surveille: Surveille) -> Surveille:
    """The watched row the snapshot judged a line by: its own seuil where its target was adapted."""
    if not ligne.cible or not ligne.cible.get("adaptee"):
        return surveille
    seuil = Decimal(str(ligne.cible["seuil_alerte"]))
    return replace(surveille, seuil=seuil, retour=surveille.retour + seuil - surveille.seuil)


def lignes_de(
    serie: Serie,
    mois: Mois,
    neutralisations: Sequence[Neutralisation],
    inhibees: Inhibitions,
    adaptees: Adaptees | None = None,
) -> list[Ligne]:
    """The lines of one indicator. ``adaptees``: the targets adapted on the last day of the month."""
    defini = indicateur(serie.surveille.indicateur)
    incomplets, reserves = serie.incomplets(), serie.reserves()
    lues = [
        Ligne(
            caisse=caisse,
            indicateur=defini.code,
            version=serie.version,
            valeur=lignes[-1]["valeur"],
            n=lignes[-1]["n"],
            intervalle=lignes[-1].get("intervalle"),
            cible=lignes[-1].get("cible"),
            verdict=_verdict(lignes[-1]["verdict"], franchi),
            franchi=franchi,
            neutralisee_par=neutralisee_par(neutralisations, defini.code, caisse, mois.du, mois.au),
            incomplet=inhibees.get((defini.process, caisse)) or incomplets.get(caisse),
            reserve=reserves.get(caisse),
        )
        for caisse, lignes in serie.par_caisse.items()
        for seuil in [Fraction(serie.juge(caisse).seuil)]
        for franchi in [au_dela(exacte(serie.mesures(caisse)[-1], defini.unite), seuil, defini.sens)]
    ]
    presentes = {c: a for (c, code), a in (adaptees or {}).items() if code == defini.code}
    return [_adapter(li, serie, presentes[li.caisse]) if li.caisse in presentes else li for li in lues]


def _adapter(ligne: Ligne, serie: Serie, adaptee: CibleAdaptee) -> Ligne:
    """The line of a caisse whose target is adapted: judged by it, and saying so."""
    valeur = exacte(serie.mesures(ligne.caisse)[-1], indicateur(ligne.indicateur).unite)
    cible, verdict = juger(serie.juge(ligne.caisse), valeur, ligne.cible, adaptee)
    return replace(ligne, cible=cible, verdict=verdict)


def lignes_non_lues(surveille: Surveille, raison: str) -> list[Ligne]:
    """The lines of an indicator whose owner did not answer: not measured, for everyone, and it is said."""
    return [
        Ligne(c.slug, surveille.indicateur, None, None, 0, None, None, "non_mesure", None, incomplet=raison)
        for c in charger().caisses
    ]


def _verdict(lu: str, franchi: bool | None) -> str:
    """The official one, unless the watched seuil d'alerte, which the targets do not know, is crossed."""
    return "seuil_alerte_franchi" if franchi else lu


def situation_de(
    caisse: str, declarations: Sequence[Declaration], genres: Sequence[Any], instant: datetime
) -> dict[str, Any]:
    declaree = situation_declaree(caisse, declarations, instant)
    calculee = situation_calculee(genres)
    return {
        "declaree": declaree,
        "calculee": calculee,
        "desaccord": declaree is not None and declaree != calculee,
        "declarations": [
            {"genre": d.genre, "situation": d.situation, "site": d.site, "motif": d.motif}
            for d in declarations
            if d.caisse == caisse
        ],
    }
