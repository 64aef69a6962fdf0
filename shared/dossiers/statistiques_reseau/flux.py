"""What each source sent, read back: one flow per source and process, and the opening hours it lives by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.cellules import liste
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.receptions import jour_de_reception
from shared.indicators.completude import JOURS, Source
from shared.indicators.couverture import MEMOIRE
from shared.network.calendrier import Calendrier, jour_de_semaine, jours_feries
from shared.network.ouvertures import Ouvertures, ouvertures_de
from shared.network.reseau import charger


@dataclass(frozen=True)
class Flux:
    """What one source sent for one process since some day. ``recus``: events by day; ``premiers``: Unix second at
    which the first of each day was accepted; ``dernier``: time of its latest event; ``caisses``: organism codes."""

    source: str
    process: str
    recus: Mapping[int, int]
    premiers: Mapping[int, int]
    dernier: int
    caisses: tuple[int, ...]

    @cached_property
    def profil(self) -> Source:
        return Source(self.recus, min(self.recus, default=0), JOURS)

    @cached_property
    def agendas(self) -> Sequence[Ouvertures]:
        reseau = charger()
        connues = [reseau.par_code[code] for code in self.caisses if code in reseau.par_code] or [reseau.caisses[0]]
        return list(dict.fromkeys(map(ouvertures_de, connues)))

    @cached_property
    def chomes(self) -> frozenset[int]:
        """The days on which every caisse it speaks of is closed; one object for those who share them."""
        return _chomes(frozenset(agenda.calendrier for agenda in self.agendas))

    @cached_property
    def chome(self) -> Callable[[int], bool]:
        """Whether every caisse it speaks of is closed that day."""
        return self.chomes.__contains__

    def part_ouverte(self, jour: int, debut: int, fin: int) -> float:
        """Share of the opening hours of a day that lies between two instants; 0 for a day without any."""
        agenda = self.agendas[0]
        matin, soir = agenda.fuseau.minuit(jour), agenda.fuseau.minuit(jour + 1)
        toutes = _ouvertes(agenda, jour)
        if not toutes or fin <= debut:
            return 0.0
        if debut <= matin and fin >= soir:
            return 1.0
        return max(0, agenda.secondes_ouvertes(max(debut, matin), min(fin, soir - 1))) / toutes

    @cached_property
    def retard(self) -> int:
        """Seconds from the opening of a day to its first event accepted, at best: a source that sends a file every
        night is not silent all day."""
        agenda = self.agendas[0]
        retards = [recu - _ouverture(agenda, jour) for jour, recu in self.premiers.items()]
        return max(0, min(retards, default=0))


@lru_cache(maxsize=256)
def _chomes(calendriers: frozenset[Calendrier]) -> frozenset[int]:
    """The days on which all of these are closed."""
    return frozenset.intersection(*(frozenset(jours_feries(c.zone)) | c.fermetures for c in calendriers))


@lru_cache(maxsize=65_536)
def _ouverture(agenda: Ouvertures, jour: int) -> int:
    """The instant of the first opening that day of the week has; midnight when it has none."""
    plages = agenda.horaires.semaine[jour_de_semaine(jour)]
    return agenda.fuseau.minuit(jour) + (plages[0][0] * 60 if plages else 0)


@lru_cache(maxsize=65_536)
def _ouvertes(agenda: Ouvertures, jour: int) -> int:
    """Seconds open on a day."""
    return agenda.secondes_ouvertes(agenda.fuseau.minuit(jour), agenda.fuseau.minuit(jour + 1) - 1)


def en_tableau(flux: Sequence[Flux], jours: Sequence[range]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Events of each day, and whether nothing is expected of it: one row a source, of as many ``jours`` of its own."""
    lignes = list(zip(flux, jours, strict=True))
    fermes = {(id(f.chomes), siens): [*map(f.chomes.__contains__, siens)] for f, siens in lignes}
    recus = np.array([[f.recus.get(jour, 0) for jour in siens] for f, siens in lignes], dtype=np.int64)
    return recus, np.array([fermes[id(f.chomes), siens] for f, siens in lignes])


async def lire_flux(
    conn: AsyncConnection,
    schema: str,
    dictionnaire: Dictionnaire,
    depuis: int,
    process: str | None = None,
    caisse: int | None = None,
) -> list[Flux]:
    """The sources known, by name and process, with what they sent since ``depuis`` (a day); of one process, or that
    speak of one caisse, when given. Of those that have not spoken for long: all they ever sent."""
    code = None if process is None else dictionnaire.connait("process", process) or 0
    choix = "true" if code is None else f"process = {code:d}"
    qui = "true"
    if caisse is not None:
        qui = f"(source, process) IN (SELECT source, process FROM {schema}.provenances WHERE caisse = {caisse:d})"
    provenances = f"{schema}.provenances WHERE {choix} AND {qui} GROUP BY source, process"
    venues = await _lignes(conn, f"SELECT source, process, array_agg(DISTINCT caisse) FROM {provenances}")
    if caisse is not None:
        choix += f" AND source = ANY({liste(sorted({source for source, _ in venues}))})"
    comptes = await _lignes(conn, _par_source(schema, f"jour >= {depuis:d} AND {choix}"))
    tues = [cle for cle in venues if cle not in comptes or jour_de_reception(comptes[cle][0]) < depuis + MEMOIRE]
    if tues:
        # Of one that has said nothing for long, what it used to send is further back.
        quelles = f"source = ANY({liste(sorted({source for source, _ in tues}))}) AND {choix}"
        comptes |= await _lignes(conn, _par_source(schema, quelles))
    flux = []
    for (source, numero), (caisses,) in venues.items():
        dernier, jours, n, premiers = comptes[source, numero]
        recus, arrives = dict(zip(jours, n, strict=True)), dict(zip(jours, premiers, strict=True))
        noms = dictionnaire.nom("source", source), dictionnaire.nom("process", numero)
        flux.append(Flux(*noms, recus, arrives, dernier, tuple(sorted(caisses))))
    return sorted(flux, key=lambda f: (f.source, f.process))


def _par_source(schema: str, condition: str) -> str:
    return (
        "SELECT source, process, max(dernier), array_agg(jour), array_agg(n), array_agg(premier) FROM ("
        "SELECT source, process, jour, sum(n)::bigint AS n, min(premier) AS premier, max(dernier) AS dernier "
        f"FROM {schema}.receptions WHERE {condition} GROUP BY source, process, jour) AS jours GROUP BY source, process"
    )


async def _lignes(conn: AsyncConnection, requete: str) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Rows by their first two columns."""
    return {(li[0], li[1]): tuple(li[2:]) for li in (await conn.execute(text(requete))).fetchall()}
