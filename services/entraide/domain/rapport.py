"""The year's report: each process in its own unit, never two added. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from services.entraide.domain.allocation.modele import CENTIEMES
from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.domain.semaines import JOURS
from shared.indicators.differences import CONFIANCE, Conclusion
from shared.indicators.lois import quantile_student

SEMAINES_PAR_AN = 52

EFFETS_MIN = 4
"""Caisses under which a mean effect has no interval."""


@dataclass(frozen=True, slots=True)
class Vu:
    """What a mission changed in an indicator (``Comparaison.difference``): in its unit or, ``relative``, in % of the
    caisse's own mean before."""

    indicateur: str
    valeur: float
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Moyen:
    """What the missions of a process changed on average in an indicator of one side, over ``n`` caisses, and the
    interval at CONFIANCE of that mean: one effect rarely shows, many do. None under EFFETS_MIN caisses."""

    cote: str
    indicateur: str
    relative: bool
    n: int
    valeur: float
    bas: float | None
    haut: float | None


@dataclass(frozen=True, slots=True)
class Rendue:
    """A mission in a year. Volumes in the unit of its process, of the days of the year alone. ``livre`` None: it could
    not be read. ``conclusions`` and ``effets``: of its last measured month, by side.
    """

    process: str
    aidante: str
    aidee: str
    livre: float | None
    convenu: float
    etp_semaines: float
    conclusions: Mapping[str, Sequence[Conclusion]]
    effets: Mapping[str, Sequence[Vu]]
    objectif_perdu: bool

    def caisse(self, cote: str) -> str:
        """The one on that side."""
        return self.aidee if cote == "aidee" else self.aidante


@dataclass(frozen=True, slots=True)
class Manque:
    """A need of the year. ``volume`` None: it could not be sized."""

    process: str
    caisse: str
    volume: float | None
    couvert: float

    @property
    def reste(self) -> float:
        return max(0.0, (self.volume or 0.0) - self.couvert)


@dataclass(frozen=True, slots=True)
class Ligne:
    """One process. ``etp``: people all year round who would have worked as much. ``livre`` None: not read in full."""

    process: str
    unite: str
    missions: int
    livre: float | None
    convenu: float
    aidees: tuple[str, ...]
    aidantes: tuple[str, ...]
    etp_semaines: float
    besoins: int
    besoin: float
    besoin_non_couvert: float
    besoins_non_dimensionnes: int
    effets_aidees: Mapping[Conclusion, int]
    effets_aidantes: Mapping[Conclusion, int]
    effets_moyens: tuple[Moyen, ...]
    aidantes_sous_objectif: tuple[str, ...]

    @property
    def etp(self) -> float:
        return self.etp_semaines / SEMAINES_PAR_AN


def etp_semaines(termes: Termes, fin: int, du: int, au: int) -> float:
    """ETP-weeks of a mission whose last day is ``fin``, within [du, au]; a week in part counts by its days."""
    total = 0.0
    for rang, etp in enumerate(termes.etp):
        lundi = termes.debut + JOURS * rang
        jours = min(lundi + JOURS - 1, fin, au) - max(lundi, du) + 1
        total += etp / CENTIEMES * max(0, jours) / JOURS
    return total


def resumer(unites: Mapping[str, str], rendues: Iterable[Rendue], manques: Iterable[Manque]) -> list[Ligne]:
    """One line for each process of ``unites`` (process -> unit), in that order, that had a mission or a need."""
    missions, besoins = list(rendues), list(manques)
    lignes = []
    for process, unite in unites.items():
        siennes = [m for m in missions if m.process == process]
        siens = [b for b in besoins if b.process == process]
        if siennes or siens:
            lignes.append(_ligne(process, unite, siennes, siens))
    return lignes


def _ligne(process: str, unite: str, siennes: Sequence[Rendue], siens: Sequence[Manque]) -> Ligne:
    livres = [m.livre for m in siennes]
    return Ligne(
        process=process,
        unite=unite,
        missions=len(siennes),
        livre=None if None in livres else sum(v for v in livres if v is not None),
        convenu=sum(m.convenu for m in siennes),
        aidees=tuple(sorted({m.aidee for m in siennes})),
        aidantes=tuple(sorted({m.aidante for m in siennes})),
        etp_semaines=sum(m.etp_semaines for m in siennes),
        besoins=len(siens),
        besoin=sum(b.volume or 0.0 for b in siens),
        besoin_non_couvert=sum(b.reste for b in siens),
        besoins_non_dimensionnes=sum(b.volume is None for b in siens),
        effets_aidees=_compter(siennes, "aidee"),
        effets_aidantes=_compter(siennes, "aidante"),
        effets_moyens=_moyens(siennes),
        aidantes_sous_objectif=tuple(sorted({m.aidante for m in siennes if m.objectif_perdu})),
    )


def _compter(siennes: Sequence[Rendue], cote: str) -> dict[Conclusion, int]:
    return dict(Counter(c for m in siennes for c in m.conclusions.get(cote, ())))


def _moyens(siennes: Sequence[Rendue]) -> tuple[Moyen, ...]:
    """One effect for each caisse: those of its missions, which share their months, averaged."""
    par_caisse: defaultdict[tuple[str, str, bool], defaultdict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for mission in siennes:
        for cote, vus in mission.effets.items():
            for vu in vus:
                par_caisse[cote, vu.indicateur, vu.relative][mission.caisse(cote)].append(vu.valeur)
    return tuple(
        Moyen(*mesuree, len(caisses), *_moyenne([fmean(valeurs) for valeurs in caisses.values()]))
        for mesuree, caisses in sorted(par_caisse.items())
    )


def _moyenne(valeurs: Sequence[float]) -> tuple[float, float | None, float | None]:
    """With the ends of its interval."""
    n, moyenne = len(valeurs), fmean(valeurs)
    if n < EFFETS_MIN:
        return moyenne, None, None
    marge = quantile_student((1 + CONFIANCE) / 2, n - 1) * stdev(valeurs) / sqrt(n)
    return moyenne, moyenne - marge, moyenne + marge
