"""What a verification found, in words a person can act on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.dossiers.contributions import DIMENSIONS, MESURES, Montants
from shared.dossiers.tables import TABLE
from shared.events.contrat import CAUSES
from shared.network.jours import date_de

ECARTS_MAX = 100
"""Differences described in a report; the others are counted."""

Cellule = tuple[int, tuple[int, ...]]
"""(kind, dimensions, and where it matters recorded day and cause after them)."""

_VERSION = ("enregistre", "cause")
_JOURS = ("jour", "jour_ouvert", "jour_clos", "enregistre")


@dataclass(frozen=True, slots=True)
class Ecart:
    """A cell that is not what it should be. ``dims``: each dimension in words; amounts by name."""

    table: str
    dims: Mapping[str, str]
    attendu: Mapping[str, int]
    trouve: Mapping[str, int]

    def __str__(self) -> str:
        ou = ", ".join(f"{nom} {valeur}" for nom, valeur in self.dims.items() if valeur)
        quoi = "; ".join(
            f"{m} : attendu {v}, trouvé {self.trouve[m]}" for m, v in self.attendu.items() if v != self.trouve[m]
        )
        return f"{self.table} ({ou}) : {quoi}"


@dataclass(slots=True)
class Ecarts:
    """Differences of one comparison: how many, and the first ``ECARTS_MAX`` of them."""

    nombre: int = 0
    exemples: list[Ecart] = field(default_factory=list)


@dataclass(slots=True)
class Rapport:
    """What ``verifier`` found. ``perimes``: dossiers that keep what a former definition said, per process."""

    dossiers: int
    cellules: int
    ecarts: Ecarts
    perimes: Mapping[str, int]
    duree: float
    """Seconds."""

    @property
    def ok(self) -> bool:
        return not self.ecarts.nombre and not self.perimes

    @property
    def a_reconstruire(self) -> bool:
        """Whether the cells are what the dossiers keep, and only the rules have changed since."""
        return not self.ecarts.nombre and bool(self.perimes)

    def lignes(self) -> Iterator[str]:
        """The report, one sentence a line."""
        yield f"{self.dossiers} dossiers et {self.cellules} cellules vérifiés en {self.duree:.1f} s."
        yield from phrases("cellules ne sont pas la somme de ce que gardent les dossiers", self.ecarts)
        for process, nombre in sorted(self.perimes.items()):
            yield f"{nombre} dossiers {process} suivent une autre définition : vigie reconstruire {process}."
        if self.ok:
            yield "Tout concorde."


def phrases(quoi: str, ecarts: Ecarts) -> Iterator[str]:
    """A count, then the differences described."""
    if ecarts.nombre:
        yield f"{ecarts.nombre} {quoi} :"
        yield from (f"  {ecart}" for ecart in ecarts.exemples)
        if ecarts.nombre > len(ecarts.exemples):
            yield f"  … et {ecarts.nombre - len(ecarts.exemples)} autres."


class Nommer:
    """Describes cells with the names of a dictionary. ``nom(genre, code)``; ``caisses``: organism code -> slug."""

    def __init__(self, nom: Callable[[str, int], str], caisses: Mapping[int, str]) -> None:
        self._nom = nom
        self._caisses = caisses

    def ecart(self, cellule: Cellule, attendu: Montants, trouve: Montants) -> Ecart:
        """``cellule`` may carry its recorded day and cause after its dimensions."""
        genre, valeurs = cellule
        noms = (*DIMENSIONS[genre], *_VERSION)[: len(valeurs)]
        mesures = MESURES[genre]
        return Ecart(
            TABLE[genre],
            {nom: self._dire(nom, valeur) for nom, valeur in zip(noms, valeurs, strict=True)},
            dict(zip(mesures, attendu or (0,) * len(mesures), strict=True)),
            dict(zip(mesures, trouve or (0,) * len(mesures), strict=True)),
        )

    def _dire(self, dimension: str, valeur: int) -> str:
        if dimension in ("process", "issue", "plateforme", "strate"):
            return self._nom(dimension, valeur) or (f"n° {valeur}" if valeur else "")
        if dimension in ("caisse", "productrice"):
            return self._caisses.get(valeur, f"n° {valeur}")
        if dimension in _JOURS:
            return date_de(valeur).isoformat()
        if dimension == "cause":
            return CAUSES[valeur]
        return "" if valeur == -1 else str(valeur)


def comparer(ecarts: Ecarts, nommer: Nommer, cellule: Cellule, attendu: Montants, trouve: Montants) -> None:
    """Note a difference, if there is one; an empty amount stands for zeros."""
    if attendu != trouve and (any(attendu) or any(trouve)):
        ecarts.nombre += 1
        if len(ecarts.exemples) < ECARTS_MAX:
            ecarts.exemples.append(nommer.ecart(cellule, attendu, trouve))
