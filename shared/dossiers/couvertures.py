"""What the figures of the whole network are built on, kept by process and period for as long as it holds.

A day is judged once it is over: what is kept holds until a batch brings something of its days. Which sources are
silent is looked at every ``SILENCES_S`` seconds; of a process that no source sends, also as soon as its cells move.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import charger_derives
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.mouvements import CLOS_LE, FLUX_LE, OUVERTS, RELEVES_LE, Mouvements, Numeros, versions_a
from shared.dossiers.receptions import jour_de_reception
from shared.dossiers.statistiques_reseau.flux import Flux, en_tableau, lire_flux
from shared.dossiers.statistiques_reseau.sources import muettes
from shared.dossiers.valeurs import Demande
from shared.indicators.couverture import MEMOIRE, Part, bilans, parts
from shared.indicators.periodes import Periode

SILENCES_S = 600
"""Seconds between two looks at which sources are silent."""

GARDEES = 2_000
"""Periods kept, of all processes."""

_AXES = (OUVERTS, CLOS_LE, FLUX_LE, RELEVES_LE)


_Cle = tuple[str, Periode]
"""Process and period."""


class Couverture(NamedTuple):
    """``parts`` by organism code (0: the network). ``empreinte`` changes when they do."""

    parts: Mapping[int, Part]
    empreinte: str


RIEN = Couverture({}, "")
"""Of what no source is known to send: its completeness is not known."""


class _Gardee(NamedTuple):
    """``version``: of the movements it was made from. ``silences``: when the silent sources were looked for."""

    version: int
    silences: int
    couverture: Couverture


class _Silences(NamedTuple):
    """``mouvement``: the sum of the numbers of the process's movements, read before its sources."""

    instant: int
    mouvement: int
    sources: Mapping[str, Flux]
    muettes: frozenset[str]

    def ancien(self, maintenant: int) -> bool:
        return not 0 <= maintenant - self.instant < SILENCES_S


class Couvertures:
    """Completeness of one schema's figures."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire) -> None:
        self._schema, self._dictionnaire = schema, dictionnaire
        self._mouvements = Mouvements(schema)
        self._gardees: OrderedDict[_Cle, _Gardee] = OrderedDict()
        self._silences: dict[str, _Silences] = {}

    async def lire(
        self, conn: AsyncConnection, demandes: Sequence[Demande], numeros: Mapping[int, Numeros] | None = None
    ) -> list[list[Couverture]]:
        """For each question, what each of its periods is built on; ``RIEN`` where that is not known: as of a past
        day, from the side of those who did the work, of a platform, and of what no source sends. ``numeros``: those
        of their processes, read just before; None: they are read here."""
        suivies = [d for d in demandes if _suivie(d)]
        codes = {d.indicateur.process: self._code(d.indicateur.process) for d in suivies}
        if numeros is None or not numeros.keys() >= set(codes.values()):
            numeros = await self._mouvements.numeros(conn, codes.values())
        silences = {
            process: await self._silence(conn, process, max(d.maintenant for d in suivies), numeros[code].somme)
            for process, code in codes.items()
        }
        voulues = list(dict.fromkeys((d.indicateur.process, p) for d in suivies for p in d.periodes))
        connues = await self._juger(conn, [v for v in voulues if silences[v[0]].sources], silences, numeros)
        return [
            [connues.get((d.indicateur.process, p), RIEN) if _suivie(d) else RIEN for p in d.periodes] for d in demandes
        ]

    async def _juger(
        self,
        conn: AsyncConnection,
        voulues: Sequence[_Cle],
        silences: Mapping[str, _Silences],
        numeros: Mapping[int, Numeros],
    ) -> dict[_Cle, Couverture]:
        """Of these, from what is kept or read again. No statement when all of it holds."""
        jugees = {(process, p): _jours_passes(p, silences[process].instant) for process, p in voulues}
        entrees = [
            [(self._code(process), axe, jours.du - MEMOIRE, jours.au) for axe in _AXES]
            for (process, _), jours in jugees.items()
        ]
        versions = dict(zip(jugees, versions_a(numeros, entrees), strict=True))
        absentes: dict[str, list[Periode]] = {}
        for (process, p), version in versions.items():
            gardee = self._gardees.get((process, p))
            if gardee is None or (gardee.version, gardee.silences) != (version, silences[process].instant):
                absentes.setdefault(process, []).append(p)
        for process, periodes in absentes.items():
            depuis = min(p.du for p in periodes) - MEMOIRE
            flux = await self._flux(conn, depuis, process)
            tues, instant = silences[process].muettes, silences[process].instant
            for p in periodes:
                couverture = _couverture(flux, jugees[process, p], p.au, tues)
                self._gardees[process, p] = _Gardee(versions[process, p], instant, couverture)
        trouvees = {cle: self._gardees[cle].couverture for cle in jugees}
        while len(self._gardees) > GARDEES:
            self._gardees.popitem(last=False)
        return trouvees

    def _code(self, process: str) -> int:
        return self._dictionnaire.connait("process", process) or 0

    async def _silence(self, conn: AsyncConnection, process: str, maintenant: int, mouvement: int) -> _Silences:
        if process in charger_derives():
            return _Silences(maintenant, mouvement, {}, frozenset())
        connus = self._silences.get(process)
        if connus is None or not (connus.sources or connus.mouvement == mouvement) or connus.ancien(maintenant):
            depuis = jour_de_reception(maintenant) - MEMOIRE
            flux = await self._flux(conn, depuis, process)
            sources = {f.source: f for f in flux}
            connus = self._silences[process] = _Silences(maintenant, mouvement, sources, muettes(flux, maintenant))
        return connus

    async def _flux(self, conn: AsyncConnection, depuis: int, process: str) -> list[Flux]:
        await self._dictionnaire.actualiser(conn)
        return await lire_flux(conn, self._schema, self._dictionnaire, depuis, process)


def _jours_passes(periode: Periode, maintenant: int) -> Periode:
    hier = jour_de_reception(maintenant) - 1
    return Periode(periode.du, max(periode.du - 1, min(periode.au, hier)))


def _suivie(demande: Demande) -> bool:
    return demande.connu is None and not demande.executante


def _couverture(flux: Sequence[Flux], jugee: Periode, au: int, tues: Collection[str]) -> Couverture:
    """``jugee``: the days that are over; a source silent now is so for a figure whose last day it has not reached."""
    jours = range(jugee.du - MEMOIRE, jugee.au + 1)
    trouvees = parts(
        bilans(*en_tableau(flux, [jours] * len(flux))),
        [f.caisses for f in flux],
        [f.source in tues and jour_de_reception(f.dernier) < au for f in flux],
    )
    return Couverture(trouvees, blake2b(msgspec.json.encode(sorted(trouvees.items())), digest_size=8).hexdigest())
