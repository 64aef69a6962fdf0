"""What a summary counts of the comités: letters, caisses, measures, and who is under each bound. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.alerts.comite.cloture import COURRIERS_D_ALERTE
from services.alerts.comite.instantane import Instantane
from services.alerts.comite.regles import MESURES
from services.alerts.synthese.periode import Periode
from shared.catalogue.indicateurs import indicateur

_SOUS_LE_SOCLE = frozenset({"sous_le_socle", "seuil_alerte_franchi"})
BORNES: Mapping[str, frozenset[str]] = {
    "sous_le_socle": _SOUS_LE_SOCLE,
    "sous_l_objectif": _SOUS_LE_SOCLE | {"socle_atteint"},
}
"""Verdicts under each bound."""

Decisions = Mapping[tuple[str, str], str | None]
"""(caisse, measure decided on) -> the measure kept, as last corrected."""


def compter(par_mois: Iterable[Decisions]) -> dict[str, Any]:
    """Letters and caisses of the decisions of some months: one letter a month for a caisse and a measure kept."""
    gardees = [(c, r) for prises in par_mois for c, r in {(c, r) for (c, _), r in prises.items() if r is not None}]
    courriers = [caisse for caisse, retenue in gardees if retenue in COURRIERS_D_ALERTE]
    return {
        "courriers": len(courriers),
        "caisses_concernees": len(set(courriers)),
        **{m: sum(retenue == m for _, retenue in gardees) for m in MESURES},
    }


def du_mois(mois: str, etat: str, resume: Mapping[str, Any], prises: Decisions, fige: Instantane) -> dict[str, Any]:
    """One comité of the period."""
    return {
        "mois": mois,
        "etat": etat,
        "caisses_examinees": resume.get("caisses", 0),
        **compter([prises]),
        "franchissements": sum(li.a_examiner for li in fige.lignes),
        **{nom: len(sous(fige, nom)) for nom in BORNES},
    }


def indicateurs(periode: Periode, figes: Mapping[str, Instantane], objectif: float) -> list[dict[str, Any]]:
    """Each watched indicator in the last month of the period with a comité, against the same month a year before."""
    dernier, avant = _comparees(periode, figes)
    if dernier is None:
        return []
    return [
        {
            "indicateur": s["indicateur"],
            "libelle": indicateur(s["indicateur"]).libelle,
            "mois": dernier.mois,
            "mesurees": sum(li.indicateur == s["indicateur"] and li.valeur is not None for li in dernier.lignes),
            **_face_a_face(dernier, avant, objectif, s["indicateur"]),
        }
        for s in dernier.surveilles
    ]


def reduction(periode: Periode, figes: Mapping[str, Instantane], objectif: float) -> dict[str, Any]:
    """Caisses under each bound of one indicator at least, against a year before and the aim of ``objectif`` % less
    (15 % in 2016, IGAS 2017, tome I [62])."""
    dernier, avant = _comparees(periode, figes)
    communs = {"objectif": objectif, "mois": None if dernier is None else dernier.mois}
    return communs if dernier is None else communs | _face_a_face(dernier, avant, objectif, None)


def sous(fige: Instantane, borne: str, code: str | None = None) -> frozenset[str]:
    """Caisses under a bound; ``code`` None: of one indicator at least. Neutralised figures are judged by nobody."""
    return frozenset(
        li.caisse
        for li in fige.lignes
        if code in (None, li.indicateur) and li.verdict in BORNES[borne] and li.neutralisee_par is None
    )


def _comparees(periode: Periode, figes: Mapping[str, Instantane]) -> tuple[Instantane | None, Instantane | None]:
    tenus = [m for m in periode.mois if str(m) in figes]
    if not tenus:
        return None, None
    return figes[str(tenus[-1])], figes.get(str(tenus[-1].plus(-12)))


def _face_a_face(dernier: Instantane, avant: Instantane | None, objectif: float, code: str | None) -> dict[str, Any]:
    compte = {nom: len(sous(dernier, nom, code)) for nom in BORNES}
    ancien = {nom: None if avant is None else len(sous(avant, nom, code)) for nom in BORNES}
    change = {nom: _evolution(compte[nom], ancien[nom]) for nom in BORNES}
    return {
        **compte,
        "un_an_avant": ancien,
        "evolution": change,
        "objectif_tenu": {nom: None if e is None else e <= -objectif for nom, e in change.items()},
    }


def _evolution(maintenant: int, avant: int | None) -> float | None:
    """Change in %; None when there is nothing to compare with."""
    return None if not avant else 100 * (maintenant - avant) / avant


def mois_a_lire(periode: Periode) -> Sequence[str]:
    """The months whose snapshots a summary needs: its own, and those of a year before."""
    return [str(m.plus(recul)) for recul in (-12, 0) for m in periode.mois]
