"""The statistics of the catalogue, computed exactly from cells: pure functions of arrays.

A ``Cellules`` holds parallel int64 arrays, one row per cell, already summed over recorded day, cause and shard.
Every function gives, for each period, the value of each caisse and of the whole network (code 0).
A caisse with no activity has no row: its value is *non mesuré*, never 0 and never 100 %.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.rangs import Entiers, Quantile, quantile

RESEAU = 0
"""The code of the whole network, beside the organism codes of the caisses."""

_SECONDES_PAR_JOUR = 86_400

Cellules = Mapping[str, Entiers]


class Valeur(NamedTuple):
    """One value of an indicator. ``valeur`` None: not measured. ``n``: size of the denominator or population."""

    caisse: int
    periode: Periode
    valeur: float | None
    n: int


class CalendrierDe(Protocol):
    """Working days of one caisse (shared.network.calendrier.Calendrier)."""

    def ouvres_cumul(self, jours: Any, /) -> Any: ...
    def ajouter_ouvres(self, jour: int, n: int, /) -> int: ...
    def est_ouvre(self, jour: int, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Contexte:
    """What the statistics need beside cells. ``maintenant``: caisse code -> local (day number, hour) now."""

    calendriers: Mapping[int, CalendrierDe]
    maintenant: Mapping[int, tuple[int, int]]


def rapport(cellules: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Share, in %, of what counts in the numerator among what counts in the denominator.

    ``cellules``: caisse, jour, n, and ``num`` and ``den``: 1 where the row counts, else 0.
    """
    n = cellules["n"]
    return _taux(cellules, cellules["jour"], n * cellules["num"], n * cellules["den"], periodes)


def attente_quantile(attentes: Cellules, q: Quantile, periodes: Sequence[Periode]) -> list[Valeur]:
    """Quantile ``q`` of the waits, in seconds. ``attentes``: caisse, jour, secondes, n."""
    return _quantiles(attentes, attentes["jour"], attentes["secondes"], q, periodes)


def attente_moyenne(attentes: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Mean wait in seconds. ``attentes``: caisse, jour, secondes, n."""
    total = attentes["secondes"] * attentes["n"]
    return _quotients(attentes, attentes["jour"], total, attentes["n"], periodes, 1.0)


def delai_moyen(clos: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Mean delay of the files closed in the period, in days, exact in seconds.

    ``clos``: caisse, jour (closed), secondes (Σ), n.
    """
    return _quotients(clos, clos["jour"], clos["secondes"], clos["n"], periodes, 1 / _SECONDES_PAR_JOUR)


def delai_quantile(
    clos: Cellules, horloge: str, q: Quantile, periodes: Sequence[Periode], contexte: Contexte
) -> list[Valeur]:
    """Quantile ``q`` of the delays of the files closed in the period, in whole days of ``horloge``.

    ``clos``: caisse, jour_ouvert, jour (closed), n, and the column of the clock when two days cannot give it.
    """
    delais = duree(horloge, clos, clos["jour_ouvert"], clos["jour"], contexte)
    return _quantiles(clos, clos["jour"], delais, q, periodes)


def stock(ouverts: Cellules, clos: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Files open on the evening of the last day of each period.

    ``ouverts``: caisse, jour, n since the first day known; ``clos``: caisse, jour (closed), n likewise.
    """
    caisses = np.concatenate([ouverts["caisse"], clos["caisse"]])
    jours = np.concatenate([ouverts["jour"], clos["jour"]])
    n = np.concatenate([ouverts["n"], -clos["n"]])
    valeurs: list[Valeur] = []
    for periode in periodes:
        garde = jours <= periode.au
        for caisse, lignes in _groupes(caisses[garde]):
            total = int(n[garde][lignes].sum())
            valeurs.append(Valeur(caisse, periode, float(total), total))
    return valeurs


def stock_age_quantile(
    ouverts: Cellules,
    clos: Cellules,
    horloge: str,
    q: Quantile,
    periodes: Sequence[Periode],
    contexte: Contexte,
) -> list[Valeur]:
    """Quantile ``q`` of the ages, in whole days of ``horloge``, of the files open on the last evening.

    ``clos``: caisse, jour_ouvert, jour (closed), n. ``ouverts``: caisse, jour, n.
    """
    valeurs: list[Valeur] = []
    for periode in periodes:
        garde = clos["jour"] <= periode.au
        vus = ouverts["jour"] <= periode.au
        colonnes = {
            "caisse": np.concatenate([ouverts["caisse"][vus], clos["caisse"][garde]]),
            "n": np.concatenate([ouverts["n"][vus], -clos["n"][garde]]),
        }
        ouvert_le = np.concatenate([ouverts["jour"][vus], clos["jour_ouvert"][garde]])
        ages = duree(horloge, colonnes, ouvert_le, np.full_like(ouvert_le, periode.au), contexte)
        valeurs += _quantiles(colonnes, np.full_like(ouvert_le, periode.au), ages, q, [periode])
    return valeurs


def echeance(
    ouverts: Cellules,
    clos: Cellules,
    horloge: str,
    limite: int,
    periodes: Sequence[Periode],
    contexte: Contexte,
) -> list[Valeur]:
    """Share, in %, of the items due in the period that were closed in time: an overdue open item is a miss at once.

    An item is due once the hour (or, for limits in days, the day) of its deadline has passed. ``ouverts``:
    caisse, jour, heure, n. ``clos``: caisse, jour_ouvert, heure_ouvert, jour, n, tenue and exclue (0/1), and the
    column of the clock. Items closed in time with an excluded outcome leave both sides.
    """
    dans_les_temps = duree(horloge, clos, clos["jour_ouvert"], clos["jour"], contexte) <= limite
    n_clos = clos["n"] * dans_les_temps
    echu_ouvert = _echeances(horloge, limite, ouverts["caisse"], ouverts["jour"], ouverts["heure"], contexte)
    echu_clos = _echeances(horloge, limite, clos["caisse"], clos["jour_ouvert"], clos["heure_ouvert"], contexte)
    lignes = {"caisse": np.concatenate([ouverts["caisse"], clos["caisse"]])}
    num = np.concatenate([np.zeros_like(ouverts["n"]), n_clos * clos["tenue"]])
    den = np.concatenate([ouverts["n"], -n_clos * clos["exclue"]])
    return _taux(lignes, np.concatenate([echu_ouvert, echu_clos]), num, den, periodes)


_PAS_ENCORE = np.iinfo(np.int64).max


def _echeances(
    horloge: str, limite: int, caisses: Entiers, jours: Entiers, heures: Entiers, contexte: Contexte
) -> Entiers:
    """Day each item is due, or ``_PAS_ENCORE`` while its deadline has not passed for its caisse."""
    instants = np.empty_like(jours)
    for caisse, lignes in _groupes(caisses, reseau=False):
        jour, heure = jours[lignes], heures[lignes]
        calendrier = contexte.calendriers[caisse]
        if horloge == "heures":
            instant = jour * 24 + heure + limite
        elif horloge == "jours_calendaires":
            instant = (jour + limite) * 24 + 23
        elif horloge == "heures_ouvrees":
            instant = _heures_ouvrees_apres(jour, heure, limite, calendrier)
        else:
            instant = np.array([calendrier.ajouter_ouvres(int(j), limite) * 24 + 23 for j in jour], dtype=np.int64)
        jour_ici, heure_ici = contexte.maintenant[caisse]
        instants[lignes] = np.where(instant < jour_ici * 24 + heure_ici, instant // 24, _PAS_ENCORE)
    return instants


def _heures_ouvrees_apres(jour: Entiers, heure: Entiers, limite: int, calendrier: CalendrierDe) -> Entiers:
    """Local hour index reached after ``limite`` hours of working days, each of 24 hours."""
    uniques, inverse = np.unique(np.stack([jour, heure], axis=1), axis=0, return_inverse=True)
    atteints = np.empty(len(uniques), dtype=np.int64)
    for rang_, (j, h) in enumerate(uniques.tolist()):
        ouvre = calendrier.est_ouvre(j)
        total = (h if ouvre else 0) + limite
        depart = j if ouvre else calendrier.ajouter_ouvres(j, 1)
        atteints[rang_] = calendrier.ajouter_ouvres(depart, total // 24) * 24 + total % 24
    return atteints[inverse.reshape(-1)]


def duree(horloge: str, cellules: Cellules, debut: Entiers, fin: Entiers, contexte: Contexte) -> Entiers:
    """Elapsed time of each cell on a clock: days between two days, working days by caisse, or the stored column."""
    if horloge == "jours_calendaires":
        return fin - debut
    if horloge != "jours_ouvres":
        return cellules[horloge]
    ouvres = np.empty_like(debut)
    for caisse, lignes in _groupes(cellules["caisse"], reseau=False):
        cumul: Callable[[Entiers], Entiers] = contexte.calendriers[caisse].ouvres_cumul
        ouvres[lignes] = cumul(fin[lignes]) - cumul(debut[lignes])
    return ouvres


def _taux(lignes: Cellules, jours: Entiers, num: Entiers, den: Entiers, periodes: Sequence[Periode]) -> list[Valeur]:
    return _quotients(lignes, jours, num, den, periodes, 100.0)


def _quotients(
    cellules: Cellules, jours: Entiers, num: Entiers, den: Entiers, periodes: Sequence[Periode], facteur: float
) -> list[Valeur]:
    valeurs: list[Valeur] = []
    for periode in periodes:
        garde = (jours >= periode.du) & (jours <= periode.au)
        num_p, den_p = num[garde], den[garde]
        for caisse, lignes in _groupes(cellules["caisse"][garde]):
            n = int(den_p[lignes].sum())
            if n > 0:
                valeurs.append(Valeur(caisse, periode, int(num_p[lignes].sum()) * facteur / n, n))
    return valeurs


def _quantiles(
    cellules: Cellules, jours: Entiers, mesures: Entiers, q: Quantile, periodes: Sequence[Periode]
) -> list[Valeur]:
    valeurs: list[Valeur] = []
    for periode in periodes:
        garde = (jours >= periode.du) & (jours <= periode.au)
        mesures_p, poids_p = mesures[garde], cellules["n"][garde]
        for caisse, lignes in _groupes(cellules["caisse"][garde]):
            trouve = quantile(mesures_p[lignes], poids_p[lignes], q)
            if trouve is not None:
                valeurs.append(Valeur(caisse, periode, float(trouve), int(poids_p[lignes].sum())))
    return valeurs


def _groupes(caisses: Entiers, *, reseau: bool = True) -> Iterator[tuple[int, Any]]:
    """(caisse code, index of its rows), then the network with every row when there is any."""
    if not len(caisses):
        return
    ordre = np.argsort(caisses, kind="stable")
    codes, debuts = np.unique(caisses[ordre], return_index=True)
    yield from zip(codes.tolist(), np.split(ordre, debuts[1:]), strict=True)
    if reseau:
        yield RESEAU, slice(None)
