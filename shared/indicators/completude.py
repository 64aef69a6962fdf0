"""Did everything come? What a source was expected to send against what it sent, and since when it is silent.

A slot is a local day number, or a local hour number (24 × day + hour): ``cycle`` says which, by the number of slots
in a week. What is expected of a slot is the median of the same slots of past weeks, holidays left out: half of these
weeks may have been silent or doubled without moving it. Nothing is expected of a day that is not worked.

The median of a small source's days says nothing of it: it is 0 of one that sends three events a week. Its expectation
is the median of its past weeks, shared between their days as its events were. A source whose events come in bundles
keeps the median of its days: their absence on a day tells nothing. And what chance explains of each day may be beyond
chance over a period: ``juger_tous`` looks at that too.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

JOURS = 7
"""``cycle`` of slots that are days."""
HEURES = 168
"""``cycle`` of slots that are hours."""

SEMAINES = 8
"""Past weeks the profile is made of."""
COMPARABLES = 3
"""Fewest past slots that make a profile."""
PLANCHER = 0.7
"""Share of what is expected from which a slot or a period is complete; under it, seasons do not explain."""
HASARD = 1e-3
"""A slot is complete, too, when as little would come by chance (Poisson) more often than this: two events of three."""
SILENCE = 10.0
"""Events expected and not come that make a silence: by chance (Poisson) once in e¹⁰, 22,000."""
PETITE = 35
"""Events a week under which a source is small: five a day, where the median falls short of the mean by 3 % or more."""
GRAPPES = 0.5
"""Events come in bundles when fewer slots than this share of what chance (Poisson) would reach have any."""

Chome = Callable[[int], bool]
"""Whether nothing is expected of a slot (public holiday, exceptional closure)."""

Etat = Literal["complet", "partiel", "silencieux", "non_attendu", "inconnu"]
"""``non_attendu``: nothing was expected; ``inconnu``: the source is too recent to know."""


class Source(NamedTuple):
    """What one source sent. ``recus``: events by slot (absent: none); ``depuis``: first slot it was there."""

    recus: Mapping[int, int]
    depuis: int
    cycle: int = JOURS


class Creneau(NamedTuple):
    """One slot: events ``recu``, ``attendu`` (None: not known), and what it means."""

    creneau: int
    recu: int
    attendu: float | None
    etat: Etat


class Completude(NamedTuple):
    """Of a period. ``taux`` between 0 and 1, None when nothing was expected or known.

    A complete slot lacks nothing; a surplus of one never makes up for what another lacks. ``complete`` False: figures
    are provisional and say so; under the floor (``couverture.Part.insuffisante``) none is judged.
    """

    taux: float | None
    complete: bool
    silencieux: tuple[int, ...]
    inconnus: int


class Silence(NamedTuple):
    """A source that has gone quiet: the first slot missing, and the events expected since."""

    depuis: int
    attendus: float


def attendu(source: Source, creneau: int, chome: Chome) -> float | None:
    """Events expected of one slot; None when fewer than ``COMPARABLES`` past slots can tell."""
    if chome(creneau):
        return 0.0
    comptes = [source.recus.get(p, 0) for p in _memes_creneaux(source, creneau, chome)]
    if len(comptes) < COMPARABLES:
        return None
    part = _part_de_la_semaine(source, creneau, chome, sum(comptes))
    return _mediane(comptes) if part is None else part


def _memes_creneaux(source: Source, creneau: int, chome: Chome) -> list[int]:
    """The same slots of the past weeks in which the source was there, holidays left out."""
    passes = (creneau - source.cycle * semaine for semaine in range(1, SEMAINES + 1))
    return [p for p in passes if p >= source.depuis and not chome(p)]


def _part_de_la_semaine(source: Source, creneau: int, chome: Chome, ici: int) -> float | None:
    """What is expected of a slot of a small source, of which the same slots received ``ici``: the median of the past
    weeks without a holiday, in the share this slot had of them. None: too few weeks, too many events, or bundles."""
    cycle = source.cycle
    fermes = {c for c in range(creneau - SEMAINES * cycle, creneau) if chome(c)}
    debuts = [d for d in range(creneau - SEMAINES * cycle, creneau, cycle) if d >= source.depuis]
    semaines = [range(d, d + cycle) for d in debuts if fermes.isdisjoint(range(d, d + cycle))]
    if len(semaines) < COMPARABLES:
        return None
    semaine = _mediane([sum(source.recus.get(c, 0) for c in s) for s in semaines])
    if not 0 < semaine < PETITE:
        return None
    suites = [_memes_creneaux(source, creneau + rang, chome) for rang in range(cycle)]
    comptes = [[source.recus.get(c, 0) for c in suite] for suite in suites]
    vivants = [n for suite in comptes if any(suite) for n in suite]
    total = sum(vivants)
    if en_grappes(sum(map(bool, vivants)), len(vivants), total):
        return None
    return semaine * ici / total


def en_grappes(occupes: float, creneaux: float, evenements: float) -> bool:
    """Whether ``evenements`` that fill ``occupes`` of ``creneaux`` slots come in bundles rather than one by one."""
    return occupes < GRAPPES * creneaux * -math.expm1(-evenements / creneaux)


def _mediane(comptes: Sequence[int]) -> float:
    tries, milieu = sorted(comptes), len(comptes) // 2
    return (tries[milieu] + tries[~milieu]) / 2


def juger(source: Source, creneau: int, chome: Chome, plancher: float = PLANCHER) -> Creneau:
    """What came in one slot that is over, against what was expected."""
    prevu, recu = attendu(source, creneau, chome), source.recus.get(creneau, 0)
    if prevu is None:
        etat: Etat = "inconnu"
    elif prevu == 0:
        etat = "non_attendu"
    elif recu >= plancher * prevu or cumul_poisson(recu, prevu) >= HASARD:
        etat = "complet"
    else:
        etat = "partiel" if recu else "silencieux"
    return Creneau(creneau, recu, prevu, etat)


def juger_tous(source: Source, creneaux: Iterable[int], chome: Chome, plancher: float = PLANCHER) -> list[Creneau]:
    """As ``juger`` each slot of a period, in order, and together: what is too little for chance over the period.

    A run of slots without any event, of which ``SILENCE`` were expected, is silent. When fewer than ``plancher`` came
    of all, and as few come by chance (Poisson) less often than ``HASARD``, chance excuses no slot any more.
    """
    juges = [juger(source, creneau, chome, plancher) for creneau in creneaux]
    muets = {
        c
        for suite in _suites_vides(juges)
        if sum(prevus := [c.attendu or 0.0 for c in suite]) >= SILENCE
        for c, prevu in zip(suite, prevus, strict=True)
        if prevu
    }
    connus = [c for c in juges if c.attendu is not None]
    prevu, recu = sum(c.attendu or 0.0 for c in connus), sum(c.recu for c in connus)
    trop_peu = recu < plancher * prevu and cumul_poisson(recu, prevu) < HASARD
    return [
        c._replace(etat="silencieux")
        if c in muets
        else c._replace(etat="partiel")
        if trop_peu and c.etat == "complet" and c.recu < (c.attendu or 0.0)
        else c
        for c in juges
    ]


def _suites_vides(juges: Iterable[Creneau]) -> Iterable[list[Creneau]]:
    """The runs of slots in which nothing came of what was expected or not."""
    for vide, suite in groupby(juges, key=lambda c: c.recu == 0 and c.attendu is not None):
        if vide:
            yield list(suite)


def completude(source: Source, creneaux: Iterable[int], chome: Chome, plancher: float = PLANCHER) -> Completude:
    """Completeness of a period: its slots that are over. An unknown slot makes it incomplete."""
    return resumer(juger_tous(source, creneaux, chome, plancher), plancher)


def resumer(juges: Sequence[Creneau], plancher: float = PLANCHER) -> Completude:
    """Completeness of slots judged, of one source or of several together."""
    connus = [(c, c.attendu) for c in juges if c.attendu]
    total = sum(prevu for _, prevu in connus)
    venus = sum(prevu if c.etat == "complet" else min(c.recu, prevu) for c, prevu in connus)
    taux = venus / total if total else None
    silencieux = tuple(c.creneau for c in juges if c.etat == "silencieux")
    inconnus = sum(c.etat == "inconnu" for c in juges)
    complete = taux is not None and taux >= plancher and not silencieux and not inconnus
    return Completude(taux, complete, silencieux, inconnus)


def silence(source: Source, creneau: int, chome: Chome, seuil: float = SILENCE) -> Silence | None:
    """The silence that lasts at the end of ``creneau``, when ``seuil`` events or more are missing; else None.

    It goes back to the last slot in which something came, whatever was expected of the slots between; at most the
    weeks of the profile.
    """
    attendus, debut = 0.0, None
    for passe in range(creneau, max(source.depuis, creneau - SEMAINES * source.cycle) - 1, -1):
        if source.recus.get(passe, 0):
            break
        if prevu := attendu(source, passe, chome):
            attendus, debut = attendus + prevu, passe
    return Silence(debut, attendus) if debut is not None and attendus >= seuil else None


def cumul_poisson(k: int, moyenne: float) -> float:
    """P(X ≤ k) of a Poisson law; 0 for a mean too large for its exponential, when k is well under it."""
    terme = somme = math.exp(-moyenne)
    for i in range(1, k + 1):
        terme *= moyenne / i
        somme += terme
    return somme
