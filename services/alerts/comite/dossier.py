"""The case file of a caisse: what was found, what explains it, what is proposed, and what is missing. Pure.

It answers three questions side by side: unusual (control chart)? capable of the target (assurance)? on the trajectory
agreed in the action plan?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from statistics import median
from typing import Any

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.instantane import Ligne
from services.alerts.comite.lettre import NOMS
from services.alerts.comite.plans_ouverts import sur_la_trajectoire
from services.alerts.comite.regles import JAMAIS, Faits, Franchissement, Mesure, Proposition, Regles
from services.alerts.comite.releves import Explications, Serie
from services.alerts.domain.performance import POUR_CENT, exacte
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Surveille
from shared.indicators.sens import Mieux
from shared.network.reseau import charger

AIDES_MIN = 3
"""Below, what entraide told is too old to count: other aids may have come since, and nothing is known."""

PLANS_INCONNUS = "Plans d'actions en cours : inconnus."
PLAN_INDISPONIBLE = "plan indisponible"

_MAINS_DE_LA_CAISSE = ("caisse", "prenante")


@dataclass(frozen=True, slots=True)
class Passe:
    """What the comité knows of a caisse from before. None: it could not be read.

    ``courriers``: past letters, the newest first ({mois, modele, indicateurs}). ``plans``: open action plans.
    ``situation``: what the caisse declares and what is calculated. ``commentaires``: on its alerts.
    ``fragilites``: processes on which entraide came back too often. ``entraides``: propositions and missions under
    way for it.
    """

    courriers: Sequence[Mapping[str, Any]] = ()
    plans: Sequence[Mapping[str, Any]] | None = None
    situation: Mapping[str, Any] = field(default_factory=dict)
    commentaires: Sequence[Mapping[str, Any]] = ()
    contacts_induits: Mapping[str, Any] | None = None
    fragilites: Sequence[Mapping[str, Any]] = ()
    entraides: Sequence[Mapping[str, Any]] = ()


def au_dela(valeur: Fraction | None, seuil: Fraction, sens: Mieux) -> bool | None:
    """Whether a value is beyond a seuil, the bound not included; None: not measured."""
    if valeur is None:
        return None
    return valeur < seuil if sens == "haut" else valeur > seuil


def faits_de(ligne: Ligne, serie: Serie, explications: Explications, passe: Passe, mois: Mois, regles: Regles) -> Faits:
    """What the rules may ask about one crossing."""
    surveille, defini = serie.surveille, indicateur(ligne.indicateur)
    seuil = Fraction(surveille.seuil)
    # The month judged is the snapshot's, should its figure have moved since.
    avant = serie.mesures(ligne.caisse)[:-1]
    franchis = [*(au_dela(exacte(m, defini.unite), seuil, defini.sens) for m in avant), ligne.franchi]
    return {
        "mois_consecutifs": _derniers(franchis),
        "mois_sur_12": sum(f is True for f in franchis),
        "ecart": float(abs(Fraction(str(ligne.valeur)) - seuil) / seuil * POUR_CENT),
        "revenu": _revenu(explications.fin_de_mois, ligne.caisse, surveille, defini.sens),
        "part_caisse": _part_caisse(explications.detenteurs, ligne.caisse),
        "stock_rapport": _rapport(explications.stocks, ligne.caisse),
        "retour_projete": _retour_projete(explications.projections, ligne.caisse, seuil, defini.sens),
        "incapable": _incapable(explications.cartes, ligne.caisse),
        "mois_depuis_courrier": _depuis_courrier(passe, ligne.indicateur, mois),
        "plan_ouvert": _plan_ouvert(passe, ligne.indicateur),
        "entraide_en_cours": any(e["process"] == defini.process for e in passe.entraides),
        "missions_12_mois": aides_sur_12_mois(passe.fragilites, defini.process, mois),
        "phare": defini.process in regles.phare,
        "hors_diademe": ligne.caisse in regles.hors_diademe.get(defini.process, ()),
        "taille_critique": ligne.caisse in regles.taille_critique,
    }


def aides_sur_12_mois(dites: Sequence[Mapping[str, Any]], process: str, mois: Mois) -> int | None:
    """How many aids of the twelve months that end with ``mois`` made a process weak; None: nothing was told."""
    du = mois.plus(-11).du
    comptes = [
        sum(du <= date.fromisoformat(debut) <= mois.au for debut in dite["debuts"])
        for dite in dites
        if dite["process"] == process
    ]
    nombre = max(comptes, default=0)
    return nombre if nombre >= AIDES_MIN else None


def franchissement(ligne: Ligne, surveille: Surveille, faits: Faits, passe: Passe, mois: Mois) -> Franchissement | None:
    """What the rules examine: an *avéré* crossing of an indicator with letters, else None."""
    if ligne.gravite != "avere" or not ligne.a_examiner or not surveille.courrier:
        return None
    process = indicateur(ligne.indicateur).process
    return Franchissement(ligne.caisse, ligne.indicateur, process, faits, _decidees(passe, ligne.indicateur, mois))


def constat(ligne: Ligne, serie: Serie, explications: Explications, faits: Faits, passe: Passe) -> dict[str, Any]:
    """What the file prints of one figure beyond its seuil."""
    defini, surveille = indicateur(ligne.indicateur), serie.surveille
    caisse = ligne.caisse
    carte = (explications.cartes or {}).get(caisse)
    return {
        "indicateur": defini.code,
        "libelle": defini.libelle,
        "process": defini.process,
        "unite": defini.unite,
        "sens": defini.sens,
        "vue": surveille.vue,
        "version": ligne.version,
        "valeur": ligne.valeur,
        "n": ligne.n,
        "intervalle": ligne.intervalle,
        "seuil": float(surveille.seuil),
        "cible": ligne.cible,
        "verdict": ligne.verdict,
        "gravite": ligne.gravite,
        "p_ajustee": ligne.p_ajustee,
        "incomplet": ligne.incomplet,
        "reserve": ligne.reserve,
        "neutralisee_par": ligne.neutralisee_par,
        "courrier": surveille.courrier,
        "faits": dict(faits),
        "serie": _serie(ligne, serie),
        "detenteurs": (explications.detenteurs or {}).get(caisse),
        "carte": carte,
        "projection": (explications.projections or {}).get(caisse),
        "stock": (explications.stocks or {}).get(caisse),
        "questions": _questions(carte, faits, passe, ligne.indicateur),
        "manques": list(explications.manques),
    }


def composer(
    mois: Mois,
    caisse: str,
    constats: Sequence[Mapping[str, Any]],
    propositions: Sequence[Proposition],
    arretees: Sequence[str],
    passe: Passe,
    manques: Sequence[str],
) -> dict[str, Any]:
    """The whole file in plain JSON values."""
    lue = charger().par_slug[caisse]
    return {
        "mois": str(mois),
        "mois_en_clair": mois.en_clair,
        "caisse": {"slug": lue.slug, "nom": lue.nom, "type": lue.type, "region": lue.region_nom},
        "constats": list(constats),
        "propositions": [decrire(p) for p in propositions],
        "regles_arretees": list(arretees),
        "contacts_induits": passe.contacts_induits,
        "courriers_anterieurs": list(passe.courriers),
        "plans_ouverts": None if passe.plans is None else list(passe.plans),
        "entraide_en_cours": list(passe.entraides),
        "fragilites": list(passe.fragilites),
        "situation": dict(passe.situation),
        "commentaires": list(passe.commentaires),
        "manques": list(dict.fromkeys([*(m for c in constats for m in c["manques"]), *manques])),
    }


def decrire(proposition: Proposition) -> dict[str, Any]:
    """A proposal in plain JSON values."""
    return {
        "mesure": proposition.mesure,
        "libelle": NOMS[proposition.mesure],
        "indicateurs": list(proposition.indicateurs),
        "motifs": [{"indicateur": code, "motif": motif} for code, motif in proposition.motifs],
        "rang": proposition.rang,
        "dans_la_capacite": proposition.dans_la_capacite,
    }


def _serie(ligne: Ligne, serie: Serie) -> list[dict[str, Any]]:
    """The months, the last one being that of the snapshot."""
    mois = [{c: li[c] for c in ("du", "au", "valeur", "n")} for li in serie.par_caisse[ligne.caisse]]
    return [*mois[:-1], mois[-1] | {"valeur": ligne.valeur, "n": ligne.n}]


def _questions(carte: Mapping[str, Any] | None, faits: Faits, passe: Passe, code: str) -> dict[str, Any]:
    signal = None if carte is None else next((p["signal"] for p in reversed(carte["points"])), None)
    return {
        "inhabituel": None if carte is None or carte["limites"] is None else signal is not None,
        "signal": signal,
        "capable": None if carte is None else carte["assurance"],
        "sur_la_trajectoire": sur_la_trajectoire(passe.plans, code),
        "plan_ouvert": faits["plan_ouvert"],
    }


def _derniers(franchis: Sequence[bool | None]) -> int:
    """How many in a row at the end are True."""
    compte = 0
    for franchi in reversed(franchis):
        if not franchi:
            break
        compte += 1
    return compte


def _revenu(lues: Mapping[str, float | None] | None, caisse: str, surveille: Surveille, sens: Mieux) -> bool | None:
    valeur = None if lues is None else lues.get(caisse)
    if valeur is None:
        return None
    retour = Fraction(surveille.retour)
    return Fraction(str(valeur)) >= retour if sens == "haut" else Fraction(str(valeur)) <= retour


def _part_caisse(lus: Mapping[str, Any] | None, caisse: str) -> float | None:
    parts = [] if lus is None or caisse not in lus else [
        lus[caisse]["detenteurs"].get(main, {}).get("part") for main in _MAINS_DE_LA_CAISSE
    ]  # fmt: skip
    connues = [part for part in parts if part is not None]
    return sum(connues) if connues else None


def _rapport(lus: Mapping[str, Sequence[float | None]] | None, caisse: str) -> float | None:
    serie = () if lus is None else lus.get(caisse, ())
    avant = [s for s in serie[:-1] if s is not None]
    if not avant or serie[-1] is None or median(avant) <= 0:
        return None
    return float(serie[-1] / median(avant))


def _retour_projete(lues: Mapping[str, Any] | None, caisse: str, seuil: Fraction, sens: Mieux) -> bool | None:
    prevue = None if lues is None else lues.get(caisse, {}).get("valeur")
    depasse = au_dela(None if prevue is None else Fraction(str(prevue)), seuil, sens)
    return None if depasse is None else not depasse


def _incapable(lues: Mapping[str, Any] | None, caisse: str) -> bool | None:
    assurance = None if lues is None else lues.get(caisse, {}).get("assurance")
    return None if assurance is None else bool(assurance == "incapable")


def _depuis_courrier(passe: Passe, code: str, mois: Mois) -> int:
    decidees = _decidees(passe, code, mois)
    return min((decidees[modele] for modele in _COURRIERS_D_ALERTE if modele in decidees), default=JAMAIS)


def _decidees(passe: Passe, code: str, mois: Mois) -> dict[Mesure, int]:
    """Months since each measure was last decided about an indicator."""
    depuis: dict[Mesure, int] = {}
    for ecrit in passe.courriers:
        if code in ecrit["indicateurs"]:
            annee, numero = map(int, ecrit["mois"].split("-"))
            age = (mois.annee - annee) * 12 + mois.numero - numero
            depuis[ecrit["modele"]] = min(age, depuis.get(ecrit["modele"], JAMAIS))
    return depuis


_COURRIERS_D_ALERTE: tuple[Mesure, ...] = ("courrier_plan_actions", "courrier_entraide")


def _plan_ouvert(passe: Passe, code: str) -> bool | None:
    return None if passe.plans is None else any(code in plan.get("indicateurs", ()) for plan in passe.plans)


def a_decider(dossiers: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, Mesure], Sequence[str]]:
    """(caisse, measure) -> indicators: what the séance has before it.

    An audit beyond the year's capacity stays in its case file, with its rank: the members may add it, with a reason.
    """
    return {
        (caisse, p["mesure"]): p["indicateurs"]
        for caisse, dossier in dossiers.items()
        for p in dossier["propositions"]
        if p["dans_la_capacite"]
    }
