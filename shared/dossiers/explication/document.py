"""One figure explained: what it counts, what it leaves out, how sure it is, what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle
from shared.dossiers.explication.comptes import Compteur
from shared.dossiers.explication.dossiers import PageDossiers, Recherche, lister, recherche
from shared.dossiers.explication.modele import Compte, Comptes
from shared.dossiers.explication.mots import METHODES, ROLES, dire_completude, phrases
from shared.dossiers.presentation import NOM_RESEAU, cible_le, decrire_cible, intervalle, verdict_de
from shared.dossiers.statistiques_reseau.fonds import Document
from shared.dossiers.statistiques_reseau.sources import completude_de, part_de
from shared.dossiers.valeurs import Demande, DemandeInvalide, Evaluateur, sur_horloge
from shared.indicators.couverture import Part
from shared.indicators.echeances import EN_HEURES
from shared.indicators.intervalles import CONFIANCE
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.jours import date_de
from shared.network.reseau import charger

TOUT_LE_RESEAU = "tout le réseau"


@dataclass(frozen=True, slots=True)
class Figure:
    """One value with all that explains it but its dossiers."""

    demande: Demande
    valeur: Valeur | None
    comptes: Comptes | None
    recherche: Recherche | None
    completude: Document | None
    """See ``completude_de``; None where it is not known."""

    @property
    def part(self) -> Part | None:
        """What the value is built on."""
        return None if self.completude is None else part_de(self.completude)

    @property
    def connu_le(self) -> date | None:
        """The past day it is as known on."""
        return None if self.demande.connu is None else date_de(self.demande.connu)

    @property
    def indicateur(self) -> Indicateur:
        return self.demande.indicateur

    @property
    def periode(self) -> Periode:
        return self.demande.periodes[0]


async def expliquer(
    schema: str, dictionnaire: Dictionnaire, evaluateur: Evaluateur, conn: AsyncConnection, demande: Demande
) -> Figure:
    """Read the value of one period and what makes it. ``demande.caisse`` None: the network.

    Raises DemandeInvalide as the evaluator does, and when what is measured changes within the period.
    """
    demande = replace(demande, indicateur=_mesure(demande))
    calculees = await evaluateur.valeurs(conn, demande)
    cle = RESEAU if demande.caisse is None else demande.caisse
    valeur = next((v for v in calculees if v.caisse == cle), None)
    precise = replace(demande, indicateur=sur_horloge(demande.indicateur, demande.horloge))
    comptes = await Compteur(schema, dictionnaire, conn, precise).compter()
    completude = None
    if demande.connu is None and not demande.executante:
        process = demande.indicateur.process
        completude = await completude_de(
            conn, schema, dictionnaire, process, demande.caisse, demande.periodes[0], demande.maintenant
        )
    # Dossiers are kept as they are now: of a past day there is none to show.
    cherchee = None if demande.connu is not None else recherche(precise, valeur, dictionnaire)
    return Figure(precise, valeur, comptes, cherchee, completude)


def _mesure(demande: Demande) -> Indicateur:
    (periode,), indicateur = demande.periodes, demande.indicateur
    mesure = indicateur.mesure(date_de(periode.du), date_de(periode.au))
    if mesure is None:
        jours = ", ".join(f"{m.jusqu_au:%d/%m/%Y}" for m in indicateur.mesures if m.jusqu_au)
        raise DemandeInvalide(
            f"Ce que mesure {indicateur.code} a changé après le {jours} : expliquez une période d'un seul côté.", "du"
        )
    return mesure


async def dossiers_de(
    conn: asyncpg.Connection, schema: str, dictionnaire: Dictionnaire, figure: Figure, limite: int, apres: Cle | None
) -> PageDossiers | None:
    """One page of the dossiers behind a figure; None when it has none to show."""
    if figure.recherche is None:
        return None
    return await lister(conn, schema, dictionnaire, figure.demande, figure.recherche, limite, apres)


def document(figure: Figure, page: PageDossiers | None, suivant: str | None) -> dict[str, object]:
    """The explanation, for programs; ``phrases`` says it in French. ``suivant``: the cursor of the next page."""
    indicateur, periode, valeur, demande = figure.indicateur, figure.periode, figure.valeur, figure.demande
    applicable = None if demande.horloge else cible_le(indicateur, periode, figure.connu_le, demande.caisse)
    verdict = verdict_de(indicateur, valeur, applicable, figure.part)
    caisse = None if demande.caisse is None else charger().par_code[demande.caisse]
    qui = caisse.nom if caisse else TOUT_LE_RESEAU
    bornes = intervalle(valeur)
    return {
        "indicateur": indicateur.code,
        "libelle": indicateur.libelle,
        "version": indicateur.version,
        "formule": indicateur.formule,
        "formule_hypothese": indicateur.hypothese,
        "caisse": caisse.slug if caisse else NOM_RESEAU,
        "du": date_de(periode.du),
        "au": date_de(periode.au),
        "vue": demande.vue,
        "unite": indicateur.unite,
        "valeur": None if valeur is None else valeur.valeur,
        "n": 0 if valeur is None else valeur.n,
        "numerateur": None if valeur is None else valeur.numerateur,
        "denominateur": None if valeur is None else valeur.denominateur,
        "manques": None if figure.comptes is None else _comptes(figure.comptes.manques),
        "exclusions": None if figure.comptes is None else _comptes(figure.comptes.exclusions),
        "intervalle": None
        if bornes is None
        else {
            "bas": bornes[0],
            "haut": bornes[1],
            "confiance": CONFIANCE,
            "methode": METHODES.get(indicateur.genre),
        },
        "completude": figure.completude,
        "cible": decrire_cible(applicable),
        "verdict": verdict,
        "dossiers": _page(figure, page, suivant),
        "phrases": [
            *phrases(indicateur, qui, periode, valeur, figure.comptes, applicable, verdict),
            dire_completude(figure.completude, figure.part),
            *_phrase_connu(figure),
            *_phrase_dossiers(figure, page, suivant),
        ],
    }


def _comptes(comptes: Sequence[Compte]) -> list[dict[str, object]]:
    return [{"motif": code, "n": n} for code, n in comptes if n]


def _page(figure: Figure, page: PageDossiers | None, suivant: str | None) -> dict[str, object] | None:
    if page is None or figure.recherche is None:
        return None
    slugs = {c.code: c.slug for c in charger().caisses}
    return {
        "role": figure.recherche.role,
        "unite": _unite_des_mesures(figure.indicateur),
        "liste": [
            {
                "process": figure.indicateur.process,
                "namespace": d.namespace,
                "id": d.id,
                "caisse": slugs.get(d.caisse),
                "ouvert": None if d.ouvert is None else date_de(d.ouvert),
                "clos": None if d.clos is None else date_de(d.clos),
                "issue": d.issue or None,
                "mesure": d.mesure,
            }
            for d in page.dossiers
        ],
        "suivant": suivant,
        "trop_long": page.trop_long,
    }


def _unite_des_mesures(indicateur: Indicateur) -> str:
    """The unit of the measures of dossiers, which is not that of a rate."""
    if indicateur.unite != "%":
        return indicateur.unite if indicateur.genre != "stock" else "jours"
    if indicateur.genre == "echeance":
        return "heures" if indicateur.parametres["horloge"] in EN_HEURES else "jours"
    return "s"


def _phrase_connu(figure: Figure) -> list[str]:
    if figure.connu_le is None:
        return []
    return [
        f"Tel que connu au soir du {figure.connu_le:%d/%m/%Y} ; les dossiers, qui sont gardés tels qu'ils sont "
        "aujourd'hui, ne sont pas montrés."
    ]


def _phrase_dossiers(figure: Figure, page: PageDossiers | None, suivant: str | None) -> list[str]:
    if page is None or figure.recherche is None:
        return []
    if page.trop_long:
        return ["Trop de dossiers pour les lister à temps : demandez une caisse, ou une période plus courte."]
    encore = " ; il y en a d'autres, page suivante" if suivant else ""
    role = ROLES[figure.recherche.role]
    nombre = len(page.dossiers)
    return [f"Dossiers montrés, {role} : {nombre}{encore}. Les dossiers purgés n'y sont plus."]
