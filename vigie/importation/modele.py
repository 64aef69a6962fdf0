"""A mapping once checked: plain values, no YAML left. Built by ``mapping.py``, compiled by ``conversion.py``."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

Forme = Literal["dossiers", "events"]
"""What a row is: a whole dossier with its jalons, or one event of a dossier."""

Format = Literal["csv", "tsv", "ndjson", "asterisk-queue-log"]
FORMATS: tuple[Format, ...] = ("csv", "tsv", "ndjson", "asterisk-queue-log")

COLONNES_ASTERISK = (
    "epoch",
    "callid",
    "queue",
    "agent",
    "event",
    "data1",
    "data2",
    "data3",
    "data4",
    "data5",
)
"""Names given to the fields of an Asterisk queue_log, which has no header."""

_CHAMP = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Gabarit:
    """Text made from the cells of a row. ``forme`` is a printf form over ``colonnes``; "%s" is a lone column."""

    forme: str
    colonnes: tuple[str, ...]

    @property
    def compose(self) -> bool:
        """Whether several columns make it: such a time is a time of day on a day, and may pass midnight."""
        return len(self.colonnes) > 1


def gabarit(texte: str) -> Gabarit:
    """``"{a}-{b}"`` is a template of columns; any other text is the name of one column."""
    colonnes = tuple(_CHAMP.findall(texte))
    if not colonnes:
        return Gabarit("%s", (texte,))
    return Gabarit(_CHAMP.sub("%s", texte.replace("%", "%%")), colonnes)


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows are meant: every column of ``voulu`` holds one of its values, and not every one of ``exclu`` does."""

    voulu: Table[str, frozenset[str]]
    exclu: Table[str, frozenset[str]]

    @property
    def colonnes(self) -> Iterator[str]:
        yield from self.voulu
        yield from self.exclu


TOUJOURS = Condition({}, {})


@dataclass(frozen=True, slots=True)
class Moment:
    """A time read from a row that meets ``condition``; ``format`` is iso8601, epoch or a strptime pattern."""

    gabarit: Gabarit
    format: str
    condition: Condition = TOUJOURS
    chemin: str = "time"


@dataclass(frozen=True, slots=True)
class Attribut:
    """A field of ``data`` read from a column, translated by ``valeurs`` when there is a table.

    ``defaut`` stands for an empty cell, a row outside ``condition``, and a value that the table does not know.
    """

    nom: str
    colonne: str
    valeurs: Table[str, str] | None
    condition: Condition
    defaut: str | None
    chemin: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the rows of a file become events of one process."""

    process: str
    forme: Forme
    source: str
    namespace: str | None
    format: Format | None
    """None: told by the name of the file."""
    zone: ZoneInfo
    encodage: str
    separateur: str | None
    """None: the one of the format."""
    sujet: Gabarit
    filtre: Condition
    jalons: Table[str, tuple[Moment, ...]]
    """Shape dossiers: for each jalon, in declared order, the times to try; the first that applies and is not empty."""
    activite: str | None
    heure: Moment | None
    activites: Table[str, tuple[str, ...]]
    """Shape events: activity -> jalons it makes."""
    toute_activite: tuple[str, ...]
    """Shape events: jalons that any activity makes (``"*"``)."""
    ordre: tuple[str, ...]
    """The jalons in declared order, for both shapes."""
    attributs: tuple[Attribut, ...]
    constantes: Table[str, str]
    """Fields of ``data`` that are the same in every event."""
    nombre: str | None

    def colonnes(self) -> dict[str, str]:
        """Every column that the mapping names, with the YAML path of its first use."""
        premiers: dict[str, str] = {}
        for colonne, chemin in self._usages():
            premiers.setdefault(colonne, chemin)
        return premiers

    def _usages(self) -> Iterator[tuple[str, str]]:
        yield from ((c, "subject") for c in self.sujet.colonnes)
        yield from ((c, "when/unless") for c in self.filtre.colonnes)
        moments = [m for liste in self.jalons.values() for m in liste] + ([self.heure] if self.heure else [])
        for moment in moments:
            yield from ((c, moment.chemin) for c in (*moment.gabarit.colonnes, *moment.condition.colonnes))
        if self.activite is not None:
            yield self.activite, "activity"
        for attribut in self.attributs:
            yield from ((c, attribut.chemin) for c in (attribut.colonne, *attribut.condition.colonnes))
        if self.nombre is not None:
            yield self.nombre, "nombre"
