"""Which calls leave a trace: every one that changes something, unless it is named here with its reason, and the reads
that show what is behind a figure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from fastapi import APIRouter

from shared.service.acces import routes_de


class RouteSansTrace(Exception):
    """The table names a route that the application does not have: it does not start."""


class Genre(Enum):
    """When the row is committed."""

    LECTURE = auto()
    """Before the answer is sent: a read that cannot be traced is not answered."""
    CHANGEMENT = auto()
    """In the transaction of the change (``Idempotency-Key``, see ``shared.service.idempotence``)."""
    AUTOUR = auto()
    """A change that is not one transaction: one row before (``commence``), one for the outcome."""


@dataclass(frozen=True, slots=True)
class Tracees:
    """The table of a service, by ``"GET /v1/dossiers/{process}/{id}"``.

    ``lectures``: reads that leave a trace -> the query parameters that say what was asked. ``autour``: changes that are
    not one transaction -> why. ``muettes``: unsafe methods that leave none -> why; their addresses have no parameter.
    """

    lectures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    autour: Mapping[str, str] = field(default_factory=dict)
    muettes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Regle:
    """How one route leaves its trace. ``requete``: query parameters that are kept."""

    genre: Genre
    requete: tuple[str, ...] = ()


_CHANGE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def etablir(tracees: Tracees, routers: Iterable[APIRouter]) -> Mapping[str, Regle]:
    """The rule of each route of ``routers`` that leaves a trace. Raises RouteSansTrace."""
    noms = {nom for nom, _ in routes_de(routers)}
    nommees = {*tracees.lectures, *tracees.autour, *tracees.muettes}
    if nommees - noms:
        raise RouteSansTrace(f"La table des traces nomme des routes qui n'existent pas : {sorted(nommees - noms)}.")
    regles = {nom: Regle(Genre.LECTURE, requete) for nom, requete in tracees.lectures.items()}
    for nom in noms - tracees.muettes.keys():
        if nom.partition(" ")[0] in _CHANGE:
            regles[nom] = Regle(Genre.AUTOUR if nom in tracees.autour else Genre.CHANGEMENT)
    return regles
