"""Deadlines in SQL: each calendar of the network says, by the day and hour opened, when an item falls due."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from shared.dossiers.cellules import liste
from shared.indicators.echeances import EN_HEURES, HEURES_PAR_JOUR, premier_jour_utile, seuils
from shared.indicators.statistiques import regrouper
from shared.network.calendrier import PREMIER_JOUR
from shared.network.ouvertures import Ouvertures, ouvertures_de
from shared.network.reseau import charger

MARGE = 90
"""Days at either end of the calendars that a deadline may reach over."""

_AVANT, _APRES = -(2**31), 2**31 - 1
"""Stand for a day due before every period, and for that of what is not due yet."""


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
    par_jour = HEURES_PAR_JOUR if horloge in EN_HEURES else 1
    ouvertures = range(ouverts[0] * par_jour, (ouverts[1] + 1) * par_jour)
    tables = _par_lieu(lambda agenda: seuils(agenda, horloge, limite, ouvertures, jours, maintenant))
    dus = liste([_AVANT, *jours, _APRES])

    def du(jour: str, heure: str) -> str:
        ouvert = f"{jour} * {HEURES_PAR_JOUR} + {heure}" if horloge in EN_HEURES else jour
        return f"({dus})[1 + {_selon_lieu(tables, lambda table: f'width_bucket({ouvert}, {table})')}]"

    return du


def dans_les_temps(horloge: str, limite: int, depuis: int, au: int) -> str:
    """SQL: a closed item was within the limit. In working days each calendar says until when, by day opened."""
    if horloge != "jours_ouvres":
        return f"{duree(horloge)} <= {limite}"

    def table(agenda: Ouvertures) -> list[int]:
        return [agenda.calendrier.ajouter_ouvres(jour, limite) for jour in range(depuis, au + 1)]

    dernier = _selon_lieu(_par_lieu(table), lambda jours: f"({jours})[jour_ouvert - {depuis - 1}]")
    return f"jour_clos <= {dernier}"


def _par_lieu(table: Callable[[Ouvertures], Sequence[int]]) -> list[tuple[str, str]]:
    """SQL arrays: the caisses of each calendar and time zone, and its table."""
    agendas = _agendas()
    codes = np.array(list(agendas))
    return [
        (liste(codes[membres].tolist()), liste(table(agendas[caisse])))
        for caisse, membres in regrouper(codes, lambda code: (agendas[code].fuseau, agendas[code].calendrier))
    ]


def _selon_lieu(tables: Sequence[tuple[str, str]], lire: Callable[[str], str]) -> str:
    """SQL of what ``lire`` (SQL array -> SQL) reads in the table of the responsible caisse."""
    return f"CASE {' '.join(f'WHEN caisse = ANY({caisses}) THEN {lire(table)}' for caisses, table in tables)} END"


@cache
def _agendas() -> Mapping[int, Ouvertures]:
    return {caisse.code: ouvertures_de(caisse) for caisse in charger().caisses}
