"""Effects that make an indicator look better than the service: what each shows, and from when it is worth a question.

A detection accuses nobody: it is an indicator beside the one it could flatter. The sources give no threshold; those
here are *hypothèses*, to be set by configuration. Under ``minimum`` items nothing is said.
"""

from fractions import Fraction
from typing import NamedTuple

MINIMUM = 30
"""Fewest items from which a share or a decile is looked at."""


class Detection(NamedTuple):
    """``valeur`` None: not measured (no item). ``alerte``: ``valeur`` is above ``seuil``, on items enough."""

    valeur: Fraction | None
    seuil: Fraction
    alerte: bool


def ecremage(
    decile_clos: int | None,
    decile_stock: int | None,
    clos: int,
    ouverts: int,
    seuil: Fraction = Fraction(2),
    minimum: int = MINIMUM,
) -> Detection:
    """Cherry-picking: the 9th decile of the age of the open stock over that of the delay of the files closed.

    When files are taken in order the stock is no older than what is closed: the ratio stays about 1 or under.
    ``decile_clos``, ``decile_stock``: days on one clock, None without files. Files all closed within the day count
    as closed in one.
    """
    if decile_clos is None or decile_stock is None:
        return Detection(None, seuil, alerte=False)
    return _detection(Fraction(decile_stock, max(decile_clos, 1)), seuil, min(clos, ouverts), minimum)


def clotures_rouvertes(
    rouverts: int, clos: int, seuil: Fraction = Fraction(5, 100), minimum: int = MINIMUM
) -> Detection:
    """Closing and reopening: share of the files closed in the period that were opened again afterwards."""
    return _part(rouverts, clos, seuil, minimum)


def accords_incomplets(
    incomplets: int, accords: int, seuil: Fraction = Fraction(5, 100), minimum: int = MINIMUM
) -> Detection:
    """Rights granted on incomplete files: share of the grants made while a document was still awaited.

    A file granted early leaves the delay; what it lacked is asked for afterwards, or never.
    """
    return _part(incomplets, accords, seuil, minimum)


def gonflement_abandons_courts(
    courts: int,
    presentes: int,
    courts_avant: int,
    presentes_avant: int,
    seuil: Fraction = Fraction(3, 2),
    minimum: int = MINIMUM,
) -> Detection:
    """Short-abandon inflation: share of short abandons in the calls presented, over the same share before.

    Short abandons leave the denominator of the taux de décroché: abandons renamed *short* raise it. ``minimum``: short
    abandons, in both periods. Without any before, the ratio is not measured.
    """
    if not presentes or not courts_avant:
        return Detection(None, seuil, alerte=False)
    rapport = Fraction(courts, presentes) / Fraction(courts_avant, presentes_avant)
    return _detection(rapport, seuil, min(courts, courts_avant), minimum)


def abandons_apres_echeance(
    sans_reponse: int, echus_clos: int, seuil: Fraction = Fraction(10, 100), minimum: int = MINIMUM
) -> Detection:
    """Old items dropped: share closed without an answer among those closed after their deadline."""
    return _part(sans_reponse, echus_clos, seuil, minimum)


def _part(nombre: int, total: int, seuil: Fraction, minimum: int) -> Detection:
    return _detection(Fraction(nombre, total) if total else None, seuil, total, minimum)


def _detection(valeur: Fraction | None, seuil: Fraction, effectif: int, minimum: int) -> Detection:
    return Detection(valeur, seuil, alerte=valeur is not None and valeur > seuil and effectif >= minimum)
