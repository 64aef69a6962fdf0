"""What an aidante delivered against what was agreed, week by week. Volumes in the process's own unit. Pure.

The agreed volume is spread over the weeks as the allocation counted it: ETP, ramp-up (*acculturation*) and the working
days of the aidante. Files add up from week to week; calls stand alone in the week they come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.domain.semaines import JOURS
from shared.network.calendrier import Calendrier

TOLERANCE = 0.10
"""Share of what was expected that may be missing before it is late. Not in the sources."""

SEMAINES_APRES = 4
"""Weeks after the end in which files taken during the mission may still be closed."""


@dataclass(frozen=True, slots=True)
class Semaine:
    """A week from the Monday ``lundi``. ``finie``: its Sunday is past. ``hors_periode``: after the end of the mission.

    ``en_retard``: at its end less was delivered than expected, beyond TOLERANCE: since the start for files, in the week
    for calls. A week that is not over is never late.
    """

    lundi: int
    attendu: float
    livre: float
    finie: bool
    en_retard: bool
    hors_periode: bool


@dataclass(frozen=True, slots=True)
class Livraison:
    """``convenu``: all that was agreed; ``attendu`` and ``livre``: up to the last week that is over."""

    semaines: tuple[Semaine, ...]
    convenu: float
    attendu: float
    livre: float

    @property
    def manque(self) -> float:
        return max(0.0, self.attendu - self.livre)

    @property
    def en_retard(self) -> bool:
        return self.livre < (1 - TOLERANCE) * self.attendu

    @property
    def hors_periode(self) -> float:
        """Delivered after the end."""
        return sum(s.livre for s in self.semaines if s.hors_periode)


def attendus(
    termes: Termes, montee: Sequence[float], calendrier: Calendrier, fin: int | None = None
) -> dict[int, float]:
    """Volume expected in each week, by Monday; their sum is the agreed volume when nothing cut the mission short.

    ``montee``: share of full productivity in the first weeks. ``fin``: last day of a mission that was cut short.
    """
    poids = {}
    for rang, etp in enumerate(termes.etp):
        lundi = termes.debut + JOURS * rang
        rythme = montee[rang] if rang < len(montee) else 1.0
        poids[lundi] = etp * rythme, lundi, lundi + JOURS
    entiers = {lundi: p * calendrier.ouvres_entre(du, au) for lundi, (p, du, au) in poids.items()}
    total = sum(entiers.values())
    if total == 0:
        return dict.fromkeys(poids, 0.0)
    limite = termes.fin if fin is None else min(fin, termes.fin)
    return {
        lundi: termes.volume * p * calendrier.ouvres_entre(du, max(du, min(au, limite + 1))) / total
        for lundi, (p, du, au) in poids.items()
    }


def part(lundi: int, siens: Mapping[int, float], autres: Sequence[Mapping[int, float]]) -> float:
    """Share of one mission in what its aidante did for its aidée in a week: in proportion to what was expected of
    each, since an event says who worked and not for which mission. When none runs any more: of the last that ended.
    """
    ici, ailleurs = siens.get(lundi, 0.0), sum(a.get(lundi, 0.0) for a in autres)
    if ici + ailleurs > 0:
        return ici / (ici + ailleurs)
    finies = [max(a) for a in autres if a and max(a) < lundi]
    sienne = max(siens)
    return 0.0 if any(f > sienne for f in finies) else 1 / (1 + finies.count(sienne))


def confronter(
    prevus: Mapping[int, float], faits: Mapping[int, float], convenu: float, jour: int, *, cumulatif: bool
) -> Livraison:
    """Delivered (``faits``, by Monday) against expected (``prevus``) on day ``jour``, which is not over."""
    semaines, cumuls = [], (0.0, 0.0)
    for lundi in sorted(prevus.keys() | faits.keys()):
        if lundi > jour:
            break
        attendu, livre = prevus.get(lundi, 0.0), faits.get(lundi, 0.0)
        finie, dehors = lundi + JOURS <= jour, lundi not in prevus
        cumuls = cumuls[0] + attendu, cumuls[1] + livre
        vu, voulu = (cumuls[1], cumuls[0]) if cumulatif else (livre, attendu)
        tard = finie and not dehors and vu < (1 - TOLERANCE) * voulu
        semaines.append(Semaine(lundi, attendu, livre, finie, tard, dehors))
    finies = [s for s in semaines if s.finie]
    return Livraison(tuple(semaines), convenu, sum(s.attendu for s in finies), sum(s.livre for s in finies))
