"""When a dossier's clock starts, stops and is suspended, and who holds it: pure functions of its merged jalons.

Instants are whole Unix seconds. Merged jalons are as ``etat.jalons_de`` gives them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from shared.catalogue.processus import DETENTEURS, Processus
from shared.dossiers.etat import Valeur

_RANG = {detenteur: rang for rang, detenteur in enumerate(DETENTEURS)}

Pauses = Sequence[tuple[int, int]]
"""Suspended intervals, disjoint and in order."""


def instants(jalons: Mapping[str, Valeur], nom: str) -> Sequence[int]:
    """Every instant of a jalon, in order; empty when it has not happened."""
    valeur = jalons.get(nom, ())
    return (valeur,) if isinstance(valeur, int) else valeur


def heures_entieres(secondes: int) -> int:
    """Hours rounded up, so that 48 h 30 is not within 48 h; none for a stop dated before its start."""
    return max(0, -(-secondes // 3_600))


def instant_depart(processus: Processus, jalons: Mapping[str, Valeur]) -> int | None:
    """When the clock starts: the latest of the start jalons once all are there; None before."""
    depart: int | None = None
    for nom in processus.depart:
        valeur = jalons.get(nom)
        if valeur is None:
            return None
        instant = valeur if isinstance(valeur, int) else valeur[0]
        if depart is None or instant > depart:
            depart = instant
    return depart


def arret_de(
    processus: Processus, jalons: Mapping[str, Valeur], depart: int | None, jour: Callable[[int], int]
) -> tuple[int, str] | None:
    """The earliest stop that is not dated before the day of the start, as (Unix second, outcome).

    A stop earlier than the start on the same local day closes (sources that only give days): zero days, and the
    seconds the source says, negative as they are, so that means stay exact. On an earlier day it is kept with
    the dossier but closes nothing. Ties go to the first declared.
    ``jour``: the local day of an instant.
    """
    gagnant: tuple[int, str] | None = None
    for arret in processus.arrets:
        instant = jalons.get(arret.jalon)
        if instant is not None and (not isinstance(instant, int) or (depart is not None and instant < depart)):
            instant = _premier_valable(instants(jalons, arret.jalon), depart, jour)
        if instant is not None and (gagnant is None or instant < gagnant[0]):
            court = arret.secondes_max is not None and depart is not None and instant - depart <= arret.secondes_max
            gagnant = (instant, arret.issue_avant if court and arret.issue_avant else arret.issue)
    return gagnant


def _premier_valable(tous: Iterable[int], depart: int | None, jour: Callable[[int], int]) -> int | None:
    for instant in tous:
        if depart is None or instant >= depart:
            return instant
        if jour(instant) == jour(depart):
            return instant
    return None


def suspensions(processus: Processus, jalons: Mapping[str, Valeur], depart: int, fin: int) -> list[tuple[int, int]]:
    """Suspended intervals within [depart, fin], disjoint and in order; one never resumed lasts until ``fin``.

    Resumed and suspended again at one instant (sources that only give days): the first ends, the next begins.
    Suspended and resumed at one instant: nothing happened.
    """
    pauses: list[tuple[int, int]] = []
    for debut, reprise in processus.suspensions:
        debuts, reprises = set(instants(jalons, debut)), set(instants(jalons, reprise))
        ouverte: int | None = None
        for instant in sorted(debuts | reprises):
            if ouverte is None:
                if instant not in reprises:
                    ouverte = instant
            elif instant in reprises:
                pauses.append((ouverte, instant))
                ouverte = instant if instant in debuts else None
        if ouverte is not None:
            pauses.append((ouverte, fin))
    return _unir([(max(a, depart), min(b, fin)) for a, b in pauses])


def _unir(intervalles: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    unis: list[tuple[int, int]] = []
    for a, b in sorted(i for i in intervalles if i[0] < i[1]):
        if unis and a <= unis[-1][1]:
            unis[-1] = (unis[-1][0], max(b, unis[-1][1]))
        else:
            unis.append((a, b))
    return unis


def jours_hors(pauses: Pauses, j1: int, j2: int, jour: Callable[[int], int], entre: Callable[[int, int], int]) -> int:
    """Days of [j1, j2) as ``entre`` counts them, less those of the pauses; all are local days."""
    return entre(j1, j2) - sum([entre(jour(a), jour(b)) for a, b in pauses])


def secondes_par_detenteur(
    processus: Processus, jalons: Mapping[str, Valeur], depart: int, fin: int, executee_ailleurs: bool
) -> tuple[int, ...]:
    """Seconds in each holder's hands (order of DETENTEURS) from the first holding jalon to ``fin``.

    Time before the start counts too: a first IJ waits for the employer before its clock runs. What the caisse
    holds while another caisse does the work is the *prenante*'s. At one instant the last declared holds.
    """
    passages = sorted(
        (instant, rang, qui)
        for rang, (nom, qui) in enumerate(processus.detenteurs.items())
        for instant in ((depart,) if nom == "start" else instants(jalons, nom))
        if instant < fin
    )
    total = [0] * len(DETENTEURS)
    for (debut, _, qui), (suivant, *_) in pairwise([*passages, (fin, 0, "")]):
        total[_RANG["prenante" if qui == "caisse" and executee_ailleurs else qui]] += suivant - debut
    return tuple(total)
