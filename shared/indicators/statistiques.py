"""The statistics of the catalogue, computed exactly from cells: pure functions of arrays.

A ``Cellules`` holds parallel int64 arrays, one row per cell, already summed over recorded day, cause and shard.
``jour`` may stand for several days, as long as every period holds all of them or none (see ``periodes.coupes``).
Every function gives, for each period, the value of each caisse and of the whole network (code 0).
A caisse with no activity has no row: its value is *non mesuré*, never 0 and never 100 %.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.indicators.intervalles import Reels, demi_moyenne_par, encadrer, wilson_par
from shared.indicators.periodes import Periode
from shared.indicators.rangs import Entiers, Quantile, quantiles_par, sommer_par

RESEAU = 0
"""The code of the whole network, beside the organism codes of the caisses."""

POUR_CENT = 100

Cellules = Mapping[str, Entiers]


class Valeur(NamedTuple):
    """One value of an indicator. ``valeur`` None: not measured. ``n``: size of the denominator or population.

    ``numerateur`` / ``denominateur`` is the value exactly, before it is made a percentage (see ``exacte``): items of
    a rate, Σ seconds of a mean. ``bas``, ``haut``: its interval at 95 %, in the unit of ``valeur``; None: no bound.
    """

    caisse: int
    periode: Periode
    valeur: float | None
    n: int
    numerateur: int | None = None
    denominateur: int | None = None
    bas: float | None = None
    haut: float | None = None


class CalendrierDe(Protocol):
    """Working days of one caisse (shared.network.calendrier.Calendrier)."""

    def ouvres_cumul(self, jours: Any, /) -> Any: ...
    def ajouter_ouvres(self, jour: int, n: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Contexte:
    """What the statistics need beside cells. ``maintenant``: caisse code -> local (day number, hour) now."""

    calendriers: Mapping[int, CalendrierDe]
    maintenant: Mapping[int, tuple[int, int]]


def exacte(valeur: Valeur, unite: str) -> tuple[int, int] | None:
    """The value exactly, in ``unite``, as (numerator, denominator > 0): what verdicts compare. None: not measured.

    Raises ValueError for a value that is neither whole nor given with its numerator and denominator.
    """
    if valeur.valeur is None:
        return None
    if valeur.numerateur is not None and valeur.denominateur:
        return valeur.numerateur * (POUR_CENT if unite == "%" else 1), valeur.denominateur
    if not valeur.valeur.is_integer():
        raise ValueError(f"{valeur.valeur!r} has no exact form: give its numerator and denominator")
    return int(valeur.valeur), 1


def rapport(cellules: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Share, in %, of ``num`` in ``den``, with Wilson's interval. ``cellules``: caisse, jour, num, den.

    ``n`` is the denominator.
    """
    valeurs: list[Valeur] = []
    for periode, caisses, sommes in _par_periode(cellules, ("den", "num"), periodes):
        num, den = sommes["num"], sommes["den"]
        bornes = [POUR_CENT * borne for borne in wilson_par(num, den)]
        valeurs += _assembler(periode, caisses, POUR_CENT * num / den, den, num, den, bornes)
    return valeurs


def part_mesuree(cellules: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """Share, in %, of the quantity ``num`` in the quantity ``den``. ``cellules``: caisse, jour, num, den, n.

    ``n`` is how many times they were read. No interval: what was read at one time is not so many independent items.
    """
    valeurs: list[Valeur] = []
    for periode, caisses, sommes in _par_periode(cellules, ("den", "num", "n"), periodes):
        num, den, n = sommes["num"], sommes["den"], sommes["n"]
        sans = [np.full(len(n), np.nan)] * 2
        valeurs += _assembler(periode, caisses, POUR_CENT * num / den, n, num, den, sans)
    return valeurs


def comptage(cellules: Cellules, periodes: Sequence[Periode]) -> list[Valeur]:
    """How many: Σ ``n``. ``cellules``: caisse, jour, n. A count is no sample: it has no interval."""
    valeurs: list[Valeur] = []
    for periode, caisses, sommes in _par_periode(cellules, ("n",), periodes):
        n = sommes["n"]
        sans = [np.full(len(n), np.nan)] * 2
        valeurs += _assembler(periode, caisses, n.astype(np.float64), n, n, np.ones_like(n), sans)
    return valeurs


def moyenne(cellules: Cellules, periodes: Sequence[Periode], unite: int = 1) -> list[Valeur]:
    """Mean of what ``somme`` adds up, one ``unite`` of it being 1. ``cellules``: caisse, jour, somme, n.

    A delay in days is exact in seconds: Σ seconds, ``unite`` 86,400. With ``duree`` and ``carre`` (Σ x and Σ x² of
    the durations, whole numbers in the unit of the value) it has Student's interval, as exact as they are, and never
    below nought; without them it has none.
    """
    noms = [nom for nom in ("n", "somme", "duree", "carre") if nom in cellules]
    valeurs: list[Valeur] = []
    for periode, caisses, sommes in _par_periode(cellules, noms, periodes):
        n, somme = sommes["n"], sommes["somme"]
        moyennes = somme / (n * unite)
        bornes = [np.full(len(n), np.nan)] * 2
        if "carre" in sommes:
            demi = demi_moyenne_par(n, sommes["duree"], sommes["carre"])
            bornes = [np.maximum(moyennes - demi, 0), moyennes + demi]
        valeurs += _assembler(periode, caisses, moyennes, n, somme, n * unite, bornes)
    return valeurs


def quantiles(cellules: Cellules, mesures: Entiers, q: Quantile, periodes: Sequence[Periode]) -> list[Valeur]:
    """Quantile ``q`` of ``mesures`` (one per row). ``cellules``: caisse, jour, n."""
    ordre = np.argsort(cellules["jour"], kind="stable")
    jours = cellules["jour"][ordre]
    valeurs: list[Valeur] = []
    for periode in periodes:
        debut, fin = np.searchsorted(jours, (periode.du, periode.au + 1))
        lignes = ordre[debut:fin]
        valeurs += _quantiles(periode, cellules["caisse"][lignes], mesures[lignes], cellules["n"][lignes], q)
    return valeurs


def stock(mouvements: Cellules, periodes: Sequence[Periode], contexte: Contexte) -> list[Valeur]:
    """Files open on the evening of the last day of each period, or now when that evening has not come.

    ``mouvements``: caisse, jour, n (opened less closed that day), ouverts (opened), since the first day known.
    A caisse that never opened one is not measured; nor is a period that has not begun.
    """
    connus = _deja_venus(mouvements, contexte)
    codes, rangs = np.unique(connus["caisse"], return_inverse=True)
    jours, places = np.unique(connus["jour"], return_inverse=True)
    forme = len(codes), len(jours)
    restes, venus = (_cumul(rangs, places, connus[nom], forme) for nom in ("n", "ouverts"))
    valeurs: list[Valeur] = []
    for periode in _commencees(periodes, contexte):
        soir = np.searchsorted(jours, periode.au + 1)
        mesurees = venus[:, soir] > 0
        if mesurees.any():
            totaux = restes[mesurees, soir]
            n = np.append(totaux, totaux.sum())
            # A stock is a count of files, not a sample: it has no interval.
            sans = [np.full(len(n), np.nan)] * 2
            caisses = np.append(codes[mesurees], RESEAU)
            valeurs += _assembler(periode, caisses, n.astype(np.float64), n, n, np.ones_like(n), sans)
    return valeurs


def stock_age_quantile(
    mouvements: Cellules, horloge: str, q: Quantile, periodes: Sequence[Periode], contexte: Contexte
) -> list[Valeur]:
    """Quantile ``q`` of the ages, in whole days of ``horloge``, of the files open on the last evening, or now.

    ``mouvements``: caisse, jour, jour_ouvert, n (opened less closed; rows of none are not looked at), since the
    first day known.
    """
    connus = _deja_venus({nom: colonne[mouvements["n"] != 0] for nom, colonne in mouvements.items()}, contexte)
    ordre = np.argsort(connus["jour"], kind="stable")
    jours = connus["jour"][ordre]
    vus = 0
    caisses = ouverts_le = n = np.empty(0, dtype=np.int64)
    valeurs: list[Valeur] = []
    for periode in sorted(_commencees(periodes, contexte), key=lambda p: p.au):
        fin = int(np.searchsorted(jours, periode.au + 1))
        lignes, vus = ordre[vus:fin], fin
        caisses, ouverts_le, n = sommer_par(
            np.concatenate([caisses, connus["caisse"][lignes]]),
            np.concatenate([ouverts_le, connus["jour_ouvert"][lignes]]),
            np.concatenate([n, connus["n"][lignes]]),
        )
        soirs = np.minimum(_aujourdhui(caisses, contexte), periode.au)
        ages = jours_ecoules(horloge, caisses, ouverts_le, soirs, contexte.calendriers)
        valeurs += _quantiles(periode, caisses, ages, n, q)
    return valeurs


def jours_ecoules(
    horloge: str, caisses: Entiers, debut: Entiers, fin: Entiers, calendriers: Mapping[int, CalendrierDe]
) -> Entiers:
    """Whole days from ``debut`` to ``fin`` for each row: calendar days, or working days of each one's caisse."""
    if horloge == "jours_calendaires":
        return fin - debut
    ouvres = np.empty_like(debut)
    for caisse, lignes in regrouper(caisses, lambda code: id(calendriers[code])):
        cumul = calendriers[caisse].ouvres_cumul
        ouvres[lignes] = cumul(fin[lignes]) - cumul(debut[lignes])
    return ouvres


def regrouper(caisses: Entiers, cle: Callable[[int], Hashable]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """One caisse for all those of the same ``cle``, and the mask of their rows: a network shares a few calendars."""
    codes, rangs = np.unique(caisses, return_inverse=True)
    groupes: dict[Hashable, list[int]] = {}
    for rang, code in enumerate(codes.tolist()):
        groupes.setdefault(cle(code), []).append(rang)
    for membres in groupes.values():
        yield int(codes[membres[0]]), np.isin(rangs, membres)


def _par_periode(
    cellules: Cellules, noms: Sequence[str], periodes: Sequence[Periode]
) -> Iterator[tuple[Periode, Entiers, dict[str, Entiers]]]:
    """(period, caisses and the network last, sums of each column of ``noms``) where the first of them is positive.

    Sums per caisse and day are made once; then each period is the difference of two running sums.
    """
    codes, rangs = np.unique(cellules["caisse"], return_inverse=True)
    jours, places = np.unique(cellules["jour"], return_inverse=True)
    cumuls = {nom: _cumul(rangs, places, cellules[nom], (len(codes), len(jours))) for nom in noms}
    tous = np.append(codes, RESEAU)
    for periode in periodes:
        debut, fin = np.searchsorted(jours, (periode.du, periode.au + 1))
        sommes = {nom: cumul[:, fin] - cumul[:, debut] for nom, cumul in cumuls.items()}
        sommes = {nom: np.append(somme, somme.sum()) for nom, somme in sommes.items()}
        garde = sommes[noms[0]] > 0
        yield periode, tous[garde], {nom: somme[garde] for nom, somme in sommes.items()}


def _assembler(
    periode: Periode,
    caisses: Entiers,
    valeurs: Reels,
    n: Entiers,
    numerateurs: Entiers,
    denominateurs: Entiers,
    bornes: Sequence[Reels],
) -> Iterator[Valeur]:
    """Values from parallel arrays; a bound that is not a number is none."""
    bas, haut = ([None if b != b else b for b in borne.tolist()] for borne in bornes)  # noqa: PLR0124
    colonnes = (c.tolist() for c in (valeurs, n, numerateurs, denominateurs))
    for caisse, *champs in zip(caisses.tolist(), *colonnes, bas, haut, strict=True):
        yield Valeur(caisse, periode, *champs)


def _cumul(rangs: Entiers, places: Entiers, montants: Entiers, forme: tuple[int, int]) -> Entiers:
    cumul = np.zeros((forme[0], forme[1] + 1), dtype=np.int64)
    np.add.at(cumul, (rangs, places + 1), montants)
    return np.cumsum(cumul, axis=1)


def _quantiles(periode: Periode, caisses: Entiers, mesures: Entiers, n: Entiers, q: Quantile) -> list[Valeur]:
    caisses, mesures, n = sommer_par(caisses, mesures, n)
    valeurs: list[Valeur] = []
    reseau = sommer_par(np.full_like(caisses, RESEAU), mesures, n)
    for groupes, durees, poids in ((caisses, mesures, n), reseau):
        codes, trouves, totaux = quantiles_par(groupes, durees, poids, q)
        bornes = encadrer(groupes, durees, poids, codes, totaux, q)
        unites = np.ones_like(totaux)
        valeurs += _assembler(periode, codes, trouves.astype(np.float64), totaux, trouves, unites, bornes)
    return valeurs


def _aujourdhui(caisses: Entiers, contexte: Contexte) -> Entiers:
    codes, rangs = np.unique(caisses, return_inverse=True)
    jours = np.array([contexte.maintenant[code][0] for code in codes.tolist()], dtype=np.int64)
    return jours[rangs]


def _deja_venus(mouvements: Cellules, contexte: Contexte) -> Cellules:
    """What has happened by now where it happens: an event may be dated in the future."""
    garde = mouvements["jour"] <= _aujourdhui(mouvements["caisse"], contexte)
    return {nom: colonne[garde] for nom, colonne in mouvements.items()}


def _commencees(periodes: Sequence[Periode], contexte: Contexte) -> list[Periode]:
    """The periods that have begun somewhere in the network."""
    dernier = max((jour for jour, _ in contexte.maintenant.values()), default=-1)
    return [periode for periode in periodes if periode.du <= dernier]
