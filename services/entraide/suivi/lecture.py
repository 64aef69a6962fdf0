"""What the follow-up asks of the services that own the dossiers. Raises LectureImpossible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.entraide.domain.effet import Projetee
from services.entraide.suivi.missions import Suivi, travaillees
from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.seuils import Vue
from shared.network.jours import date_de, jour_de
from shared.network.mois import Mois, mois_de
from shared.service.amonts import Amonts, LectureImpossible

NIVEAU_PROJECTION = 80

HORIZONS_LUS = ("fin_mois", "fin_mois_suivant", "fin_mois_2", "fin_mois_3", "fin_mois_4")
"""Of a projection: the month under way, and the next."""

PROJETABLES = ("stock", "delai_moyen", "delai_quantile", "echeance")

HORS_DU_STOCK = "Cet indicateur ne se lit pas dans un stock : son niveau d'avant est prolongé."
JAMAIS_GARDEE = "Aucune projection n'a été gardée avant la mission."

_CHAMPS = ("caisse", "du", "valeur", "n", "numerateur", "denominateur", "verdict", "cible")


@dataclass(frozen=True, slots=True)
class Fait:
    """What one caisse closed of another's in a period that starts on ``du``. ``livre``: of ``clos``, what is work."""

    caisse: str
    productrice: str
    du: int
    clos: int
    livre: int


Ligne = Mapping[str, Any]


async def travail(
    amonts: Amonts, service: str, process: str, du: int, au: int, *, caisse: str | None = None,
    productrice: str | None = None, pas: str | None = "semaine",
) -> list[Fait]:  # fmt: skip
    """Who worked whose files, by period from ``du`` to ``au`` (day numbers, both in)."""
    options = {"process": process, "du": str(date_de(du)), "au": str(date_de(au))}
    options |= _donnes(caisse=caisse, productrice=productrice, pas=pas)
    champs = ("caisse", "productrice", "du", "n", "issues")
    lignes = await amonts.lignes(service, "/v1/travail", options, "lignes", champs)
    return [
        Fait(li["caisse"], li["productrice"], jour_lu(li["du"]), li["n"], travaillees(li["issues"], process))
        for li in lignes
    ]


async def valeurs(
    amonts: Amonts, defini: Indicateur, du: int, au: int, vue: Vue, caisse: str | None, pas: str | None = None
) -> list[Ligne]:
    """The rows of an indicator; ``caisse`` None: every caisse, and the network."""
    options = {"du": str(date_de(du)), "au": str(date_de(au)), "vue": vue} | _donnes(caisse=caisse, pas=pas)
    chemin = f"/v1/indicateurs/{defini.code}/valeurs"
    return list(await amonts.lignes(defini.service, chemin, options, "valeurs", _CHAMPS))


async def mensuelles(amonts: Amonts, suivi: Suivi, du: Mois, au: Mois) -> dict[str, dict[Mois, Ligne]]:
    """Caisse -> month -> row, the months ``du`` to ``au`` in; what is not measured is not there."""
    lues = await valeurs(amonts, suivi.indicateur, jour_de(du.du), jour_de(au.au), suivi.vue, None, "mois")
    par_caisse: dict[str, dict[Mois, Ligne]] = {}
    for ligne in lues:
        if ligne["valeur"] is not None and ligne["verdict"] != "non_mesure":
            par_caisse.setdefault(ligne["caisse"], {})[mois_de(date.fromisoformat(ligne["du"]))] = ligne
    return par_caisse


async def projection(
    amonts: Amonts, defini: Indicateur, caisse: str, voulu: Mois, courant: Mois
) -> tuple[Projetee | str, int | None]:
    """The indicator at the end of a month, or why nothing is projected; and the last day it knew, None if not asked.

    ``courant``: the month under way; for the hours when it is not yet so in every caisse, LectureImpossible.
    """
    rang = voulu.depuis(courant)
    if defini.genre not in PROJETABLES:
        return HORS_DU_STOCK, None
    if not 0 <= rang < len(HORIZONS_LUS):
        return JAMAIS_GARDEE, None
    chemin = f"/v1/indicateurs/{defini.code}/projection"
    document = await amonts.demander(defini.service, chemin, {"caisse": caisse, "horizon": HORIZONS_LUS[rang]})
    try:
        if document["au"] != str(voulu.au):
            raise LectureImpossible(f"{voulu.en_clair} n'est pas encore à portée de projection.")
        arrete, lignes = jour_lu(document["arrete_au"]), document["valeurs"]
        ligne = lignes[0] if lignes else None
        if ligne is None or ligne["valeur"] is None:
            return str((ligne or document)["phrase"]), arrete
        bas, haut = ligne["intervalle"]
        return Projetee(ligne["valeur"], bas, haut, NIVEAU_PROJECTION, "projection"), arrete
    except (KeyError, TypeError, ValueError) as exc:
        raise LectureImpossible(f"Réponse inattendue du service {defini.service} à {chemin} ({exc!r}).") from exc


def jour_lu(texte: str) -> int:
    """The day number of a date as the services write it."""
    return jour_de(date.fromisoformat(texte))


def _donnes(**options: str | None) -> dict[str, str]:
    return {nom: valeur for nom, valeur in options.items() if valeur is not None}
