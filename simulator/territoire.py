"""The network as arrays: caisses, their sizes, local time, open days and the axis of open time.

Local instants are wall-clock seconds since 1970 (int64), as a clock on the caisse's wall would count them; days
are counted from ``origine``. Arrays are indexed [caisse, day]. The offset of a local day is the one of its noon:
nothing is simulated in the hours a clock changes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from shared.network.calendrier import PREMIER_JOUR, calendrier_de
from shared.network.jours import jour_de
from shared.network.reseau import Caisse, charger

Entiers = NDArray[np.int64]
Reels = NDArray[np.float64]

JOUR = 86_400
OUVERTURE = 30_600
"""Seconds after midnight when caisses start work on files (8:30)."""
SERVICE = 30_600
"""Seconds of work on files in an open day (8:30 to 17:00)."""
OUVRES_PAR_JOUR = 251 / 365
"""Open days per calendar day: turns a published mean in calendar days into open days."""


@lru_cache(8)
def _ouvert(premier: date, jours: int) -> NDArray[np.bool_]:
    """Whether each caisse of the network is open, [caisse, day]."""
    debut = jour_de(premier) - PREMIER_JOUR
    cumuls = (calendrier_de(caisse).cumul[debut : debut + jours + 1] for caisse in charger().caisses)
    return np.stack([np.diff(cumul) for cumul in cumuls]).astype(np.bool_)


def repartir(total: int, poids: Sequence[float]) -> list[int]:
    """``total`` split in whole parts proportional to ``poids``, adding up exactly (largest remainder)."""
    somme = sum(poids)
    parts = [total * p / somme for p in poids]
    entiers = [int(p) for p in parts]
    ordre = sorted(range(len(parts)), key=lambda i: (entiers[i] - parts[i], i))
    for i in ordre[: total - sum(entiers)]:
        entiers[i] += 1
    return entiers


class Territoire:
    """The caisses over a span of whole civil years covering [premier, dernier]."""

    def __init__(self, premier: date, dernier: date, milliers: Mapping[int, int]) -> None:
        self.caisses: Sequence[Caisse] = tuple(charger().caisses)
        self.slugs = [c.slug for c in self.caisses]
        self.rangs = {slug: i for i, slug in enumerate(self.slugs)}
        self.milliers = np.array([milliers[c.code] for c in self.caisses], dtype=np.float64)
        self.origine = date(premier.year, 1, 1)
        self.jours = (date(dernier.year + 1, 1, 1) - self.origine).days
        self.epoque = jour_de(self.origine)
        self.ouvert = _ouvert(self.origine, self.jours)
        nombre = len(self.caisses)
        self._rang = np.zeros((nombre, self.jours + 1), dtype=np.int64)
        np.cumsum(self.ouvert, axis=1, out=self._rang[:, 1:])
        self._jour_ouvre = np.full((nombre, int(self._rang[:, -1].max())), self.jours - 1, dtype=np.int64)
        for i in range(nombre):
            ouverts = np.flatnonzero(self.ouvert[i])
            self._jour_ouvre[i, : len(ouverts)] = ouverts
        self.decalage = self._decalages()

    def _decalages(self) -> Entiers:
        """Seconds to take from local time to have UTC, [caisse, day]."""
        fuseaux = sorted({str(c.fuseau) for c in self.caisses})
        table = {}
        for nom in fuseaux:
            zone = ZoneInfo(nom)
            midis = (datetime(self.origine.year, 1, 1, 12, tzinfo=zone) + timedelta(days=j) for j in range(self.jours))
            table[nom] = [int((m.utcoffset() or timedelta()).total_seconds()) for m in midis]
        return np.array([table[str(c.fuseau)] for c in self.caisses], dtype=np.int64)

    def jour(self, quand: date) -> int:
        """The index of a day; beyond the span it is brought back to its edge."""
        return min(max((quand - self.origine).days, 0), self.jours - 1)

    def date(self, jour: int) -> date:
        return self.origine + timedelta(days=jour)

    def local(self, jour: int | Entiers) -> Entiers:
        """The local instant of midnight at the start of a day."""
        return np.asarray((jour + self.epoque) * JOUR, dtype=np.int64)

    def jour_de(self, instant: Entiers) -> Entiers:
        """The day of local instants, brought back to the span's edge."""
        jours: Entiers = np.clip(instant // JOUR - self.epoque, 0, self.jours - 1)
        return jours

    def utc(self, caisse: Entiers, instant: Entiers) -> Entiers:
        """Unix seconds of local instants."""
        secondes: Entiers = instant - self.decalage[caisse, self.jour_de(instant)]
        return secondes

    def service(self, caisse: Entiers, instant: Entiers) -> Reels:
        """Seconds of work the caisse has done since ``origine`` at these local instants."""
        jour = self.jour_de(instant)
        dans = np.clip(instant - self.local(jour) - OUVERTURE, 0, SERVICE)
        faites: Reels = (self._rang[caisse, jour] * SERVICE + dans * self.ouvert[caisse, jour]).astype(np.float64)
        return faites

    def instant(self, caisse: Entiers, service: Reels) -> Entiers:
        """The local instants at which that many seconds of work are done: always within open hours."""
        entier = service.astype(np.int64)
        rang = np.minimum(entier // SERVICE, self._jour_ouvre.shape[1] - 1)
        instants: Entiers = self.local(self._jour_ouvre[caisse, rang]) + OUVERTURE + entier % SERVICE
        return instants

    def ouvrir(self, caisse: Entiers, instant: Entiers) -> Entiers:
        """The first moments of work at or after these local instants."""
        return self.instant(caisse, self.service(caisse, instant))

    def poids(self, saison: Sequence[float], semaine: Sequence[float]) -> Reels:
        """Share of a caisse's civil year falling on each day, [caisse, day]: each year of a caisse adds up to one.

        A closed day has none, unless ``semaine`` gives week-ends a weight (e-mails come every day).
        """
        dates = [self.date(j) for j in range(self.jours)]
        par_jour = np.array([saison[d.month - 1] * semaine[d.weekday()] for d in dates])
        poids: Reels = np.tile(par_jour, (len(self.caisses), 1))
        if semaine[6]:
            feries = ~self.ouvert & np.array([d.weekday() < 5 for d in dates])
            poids = np.where(feries, poids * semaine[6], poids)
        else:
            poids = poids * self.ouvert
        annees = np.array([d.year for d in dates])
        for annee in range(self.origine.year, int(annees[-1]) + 1):
            dedans = annees == annee
            poids[:, dedans] /= poids[:, dedans].sum(axis=1, keepdims=True)
        return poids

    def paris(self, jour: int) -> int:
        """Unix seconds of midnight, Paris time, at the start of a day."""
        minuit = datetime.combine(self.date(jour), datetime.min.time(), tzinfo=ZoneInfo("Europe/Paris"))
        return int(minuit.astimezone(UTC).timestamp())
