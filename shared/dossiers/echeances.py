"""Deadlines in SQL: each calendar of the network says, by the day and hour opened, when an item falls due."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from shared.dossiers.cellules import liste
from shared.indicators.echeances import EN_HEURES, PAS_ENCORE, jours_echus, premier_jour_utile
from shared.indicators.statistiques import regrouper
from shared.network.calendrier import PREMIER_JOUR
from shared.network.ouvertures import Ouvertures, ouvertures_de
from shared.network.reseau import charger

MARGE = 90
"""Days at either end of the calendars that a deadline may reach over."""

_AVANT = -1
"""Stands for a day due before every period."""


def duree(horloge: str) -> str:
    """SQL of the time a closed item took on a clock that its cell gives."""
    return "jour_clos - jour_ouvert" if horloge == "jours_calendaires" else horloge


def premier_ouvert(horloge: str, limite: int, du: int) -> int:
    """The day from which openings are read so that none that falls due on ``du`` or later is missed."""
    if du < PREMIER_JOUR + MARGE:
        return PREMIER_JOUR
    return premier_jour_utile(horloge, limite, du, [a.calendrier for a in _agendas().values()])


def echus(
    horloge: str, limite: int, ouverts: tuple[int, int], jours: Sequence[int], maintenant: int
) -> Callable[[str, str], str]:
    """SQL of the day (of ``jours``) on which an item fell due, from the columns of the day and hour it was opened.

    ``ouverts``: first and last day of opening that may be asked.
    """
    du, au = ouverts
    debuts = np.array([_AVANT, *jours, PAS_ENCORE])

    def table(agenda: Ouvertures) -> list[int]:
        dus = jours_echus(agenda, horloge, limite, du, au, maintenant)
        echus_: list[int] = debuts[np.searchsorted(debuts, dus, side="right") - 1].tolist()
        return echus_

    tables = _par_lieu(table)
    if horloge in EN_HEURES:
        return lambda jour, heure: _selon_lieu(tables, f"({jour} - {du}) * 24 + {heure} + 1")
    return lambda jour, _: _selon_lieu(tables, f"{jour} - {du - 1}")


def dans_les_temps(horloge: str, limite: int, depuis: int, au: int) -> str:
    """SQL: a closed item was within the limit. In working days each calendar says until when, by day opened."""
    if horloge != "jours_ouvres":
        return f"{duree(horloge)} <= {limite}"

    def table(agenda: Ouvertures) -> list[int]:
        return [agenda.calendrier.ajouter_ouvres(jour, limite) for jour in range(depuis, au + 1)]

    return f"jour_clos <= {_selon_lieu(_par_lieu(table), f'jour_ouvert - {depuis - 1}')}"


def _par_lieu(table: Callable[[Ouvertures], Sequence[int]]) -> list[tuple[str, str]]:
    """SQL arrays: the caisses of each calendar and time zone, and its table."""
    agendas = _agendas()
    codes = np.array(list(agendas))
    return [
        (liste(codes[membres].tolist()), liste(table(agendas[caisse])))
        for caisse, membres in regrouper(codes, lambda code: (agendas[code].fuseau, agendas[code].calendrier))
    ]


def _selon_lieu(tables: Sequence[tuple[str, str]], rang: str) -> str:
    """SQL of the item number ``rang`` (SQL, from 1) of the table of the responsible caisse."""
    cas = " ".join(f"WHEN caisse = ANY({caisses}) THEN ({table})[{rang}]" for caisses, table in tables)
    return f"CASE {cas} END"


@cache
def _agendas() -> Mapping[int, Ouvertures]:
    return {caisse.code: ouvertures_de(caisse) for caisse in charger().caisses}
