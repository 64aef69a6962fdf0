"""Declared measures: what a value must be to stand beside the computed ones, and what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.alerts.domain.portee import RESEAU
from shared.catalogue.cibles import cible_applicable
from shared.catalogue.conventions import (
    ConventionInconnue,
    charger_conventions,
    cible,
    convention,
    ligne,
    lignes_calculees,
)
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.mise_en_mots import nombre
from shared.catalogue.modele_conventions import Cible, Sens
from shared.indicators.verdicts import verdict
from shared.network.reseau import CaisseInconnue, charger

POUR_CENT = Decimal(100)

VIGIE = "vigie"
"""Stands for the convention of a computed indicator where none has a row for it, or none is in force any more."""


class MesureRefusee(Exception):
    """A value that cannot be kept. ``champ`` is at fault; ``str()`` is a French sentence."""

    def __init__(self, champ: str, message: str) -> None:
        super().__init__(message)
        self.champ = champ


@dataclass(frozen=True, slots=True)
class Mesure:
    """One declared value: of a row of a convention, for an organisme, over days ``du`` to ``au``, both in.

    Of a computed row it stands beside the computed value and never enters it. ``convention`` VIGIE: ``code`` is that
    of a computed indicator.

    Its key is all but ``valeur`` and what follows. ``date_source``: the day of the document it was read in.
    """

    convention: str
    code: str
    segment: str | None
    organisme: str
    du: date
    au: date
    valeur: Decimal
    source: str
    date_source: date
    commentaire: str | None = None


def verifier(mesure: Mesure, aujourdhui: date) -> Mesure:
    """The measure with its organisme named by slug. Raises MesureRefusee."""
    taux = _taux_d_indicateur(mesure) if mesure.convention == VIGIE else _taux_de_convention(mesure)
    if mesure.au < mesure.du:
        raise MesureRefusee("au", f"La période finit le {mesure.au:%d/%m/%Y}, avant son début.")
    if mesure.convention != VIGIE:
        _dans_la_convention(mesure)
    if mesure.au > aujourdhui:
        raise MesureRefusee("au", f"La période finit le {mesure.au:%d/%m/%Y}, qui n'est pas encore passé.")
    if mesure.date_source > aujourdhui:
        raise MesureRefusee("date", f"La source serait datée du {mesure.date_source:%d/%m/%Y}, dans l'avenir.")
    if not mesure.valeur.is_finite():
        raise MesureRefusee("valeur", "La valeur doit être un nombre fini.")
    # A change over a year may be negative or above 100 %; a rate may not.
    if taux and not 0 <= mesure.valeur <= POUR_CENT:
        raise MesureRefusee("valeur", f"Un taux en % va de 0 à 100 ; reçu {nombre(mesure.valeur)}.")
    return Mesure(**{**_champs(mesure), "organisme": _organisme(mesure.organisme)})


def _taux_de_convention(mesure: Mesure) -> bool:
    """Whether the row is a rate in %. Raises MesureRefusee when there is no such row or segment."""
    try:
        rangee = ligne(mesure.convention, mesure.code)
    except ConventionInconnue as exc:
        champ = "code" if mesure.convention in charger_conventions() else "convention"
        raise MesureRefusee(champ, str(exc)) from None
    segments = tuple(dict.fromkeys(c.segment for c in rangee.cibles if c.segment is not None))
    if mesure.segment is not None and mesure.segment not in segments:
        connus = f"Segments : {', '.join(segments)}." if segments else "Cette ligne n'a pas de segments."
        raise MesureRefusee("segment", f"Segment inconnu : « {mesure.segment} ». {connus}")
    return rangee.statistique == "taux" and rangee.unite == "%"


def _taux_d_indicateur(mesure: Mesure) -> bool:
    defini = charger_indicateurs().get(mesure.code)
    if defini is None:
        raise MesureRefusee("code", f"Vigie ne calcule aucun indicateur « {mesure.code} ».")
    if mesure.segment is not None:
        raise MesureRefusee("segment", "Un indicateur calculé par Vigie n'a pas de segments.")
    return defini.unite == "%"


def _dans_la_convention(mesure: Mesure) -> None:
    regie, calcul = convention(mesure.convention), ligne(mesure.convention, mesure.code).calcul
    if mesure.du >= regie.du and mesure.au <= regie.au:
        return
    ailleurs = "" if calcul is None else f" Hors convention, déclarez « {calcul} » sous la convention « {VIGIE} »."
    raise MesureRefusee(
        "du",
        f"La convention {regie.code} va du {regie.du:%d/%m/%Y} au {regie.au:%d/%m/%Y} : la période en sort.{ailleurs}",
    )


def _champs(mesure: Mesure) -> dict[str, Any]:
    return {nom: getattr(mesure, nom) for nom in Mesure.__slots__}


def _organisme(nom: str) -> str:
    if nom == RESEAU:
        return RESEAU
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise MesureRefusee("caisse", str(exc)) from None


def lignes_de(defini: Indicateur) -> tuple[tuple[str, str], ...]:
    """Under which (convention, code) a computed indicator may be declared, the most recent convention first."""
    rangees = lignes_calculees().get(defini.code, ())
    return ((VIGIE, defini.code), *((regie.code, rangee.code) for regie, rangee in reversed(rangees)))


def juger(mesure: Mesure, connu_le: date) -> Mapping[str, Any]:
    """The label, unit, target of its last year as known that day, and verdict of a kept measure: plain JSON values.

    ``calcul``: the computed indicator it stands beside, if any. A row whose targets have segments, for a measure
    without one, has no target to be judged by.
    """
    if mesure.convention == VIGIE:
        defini = charger_indicateurs()[mesure.code]
        trouvee = cible_applicable(defini.code, mesure.au, connu_le)
        visee = None if trouvee is None else trouvee.cible
        document: dict[str, Any] = {"libelle": defini.libelle, "unite": defini.unite, "calcul": defini.code}
        sens: Sens = defini.sens
    else:
        rangee = ligne(mesure.convention, mesure.code)
        document = {"libelle": rangee.nom, "unite": rangee.unite, "calcul": rangee.calcul}
        sens = rangee.sens
        try:
            visee = cible(mesure.convention, mesure.code, mesure.au.year, connu_le, mesure.segment)
        except ConventionInconnue:
            visee = None
    if visee is None:
        return document | {"cible": None, "verdict": "sans_cible"}
    return document | {"cible": _decrire(visee), "verdict": verdict(Fraction(mesure.valeur), visee, sens)}


def _decrire(visee: Cible) -> dict[str, Any]:
    return {
        "annee": visee.annee,
        "statut": visee.statut,
        "valeur": None if visee.valeur is None else str(visee.valeur),
        "imprime": visee.imprime,
        "hypothese": visee.hypothese,
    }
