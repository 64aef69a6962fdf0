"""A bench for faults: a real log, real ``vigie serve`` processes, a seeded source, and the count at the end."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from services.claims.domain import DEFINITION
from shared.clock import SystemClock
from shared.dossiers.assemblage import ServiceDossiers, ouvrir
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.dossiers.verification import verifier
from shared.dossiers.verification_journal import verifier_journal
from shared.log.types import Bornes, JournalIndisponible
from shared.network.reseau import charger
from shared.service.reglages import PARTITIONS
from tests.support.attente import attendre
from tests.support.jeu_seme import Attendu, Clos, Jeu, Ouvert
from tests.support.processus_vigie import Commande, Serveur

TOPIC = DEFINITION.topic

Positions = dict[int, int]


@dataclass
class Banc:
    """The claims service on one engine, opened here to feed and to look, consumed by processes of their own."""

    url: str
    bootstrap: str | None
    dossier: Path
    service: ServiceDossiers
    processus: list[Commande] = field(default_factory=list)

    def lancer(self, role: str = "consumer", *, presse: bool = True) -> Serveur:
        """A new ``vigie serve claims``, not waited for."""
        nouveau = Serveur(self.dossier, role, self.url, self.bootstrap, presse=presse)
        self.processus.append(nouveau)
        return nouveau

    async def vigie(self, *arguments: str) -> str:
        """Standard output of one ``vigie …`` that must succeed."""
        commande = Commande(self.dossier, arguments, self.url, self.bootstrap, presse=False)
        self.processus.append(commande)
        assert await commande.finir(60) == 0, commande.ecrits()
        return commande.sortie()

    async def envoyer(self, lignes: Sequence[bytes]) -> None:
        """Append events, all of them good, as often as it takes."""
        numerotees = list(enumerate(lignes, 1))
        while True:
            try:
                resultats = await self.service.ingestion.accepter(numerotees, "http")
            except JournalIndisponible:
                await asyncio.sleep(0.05)
                continue
            assert not [r.refus for r in resultats if r.refus is not None]
            return

    async def bornes(self) -> dict[int, Bornes]:
        return dict(await self.service.journal.bornes(TOPIC))

    async def positions(self) -> Positions:
        """Position of each partition the group has met."""
        lignes = await self.service.pool.fetch(
            "SELECT partition, next FROM claims.positions WHERE groupe = 'claims' AND topic = $1", TOPIC
        )
        return {ligne["partition"]: ligne["next"] for ligne in lignes}

    async def placer(self, partition: int, position: int) -> None:
        """What a person does to a position."""
        await self.service.pool.execute(
            "UPDATE claims.positions SET next = $3 WHERE groupe = 'claims' AND topic = $1 AND partition = $2",
            TOPIC,
            partition,
            position,
        )

    async def avance(self, n: int, delai: float = 40) -> None:
        """Wait until ``n`` more records are committed; the database may be away meanwhile."""
        depart: int | None = None

        async def avancent() -> bool:
            nonlocal depart
            with _panne_toleree():
                total = sum((await self.positions()).values())
                depart = total if depart is None else depart
                return total >= depart + n
            return False

        await attendre(avancent, delai, f"{n} enregistrements de plus\n{self.sorties()}")

    async def en_plein_lot(self, delai: float = 30) -> None:
        """Return while a consumer holds a batch's transaction open, its position already moved in it."""
        conn = await asyncpg.connect(self.url)
        try:
            await guetter(lambda: conn.fetchval(_EN_PLEIN_LOT), delai)
        finally:
            conn.terminate()

    async def en_plein_reequilibrage(self, delai: float = 30) -> None:
        """Return while a second member is being let into the group."""
        if self.bootstrap is None:
            requete = "SELECT count(*) = 2 FROM journal.membre WHERE topic = $1"
            await guetter(lambda: self.service.pool.fetchval(requete, TOPIC), delai)
            return
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:

            async def remue() -> bool:
                (reponse,) = await admin.describe_consumer_groups(["claims"])
                return bool(reponse.groups[0][2] != "Stable")

            await guetter(remue, delai)
        finally:
            await admin.close()

    async def tout_est_compte(self, delai: float = 40) -> None:
        """Wait until the positions are the ends of the log, and equal to them."""

        async def a_jour() -> bool:
            with _panne_toleree():
                return await self.positions() == {p: b.fin for p, b in (await self.bornes()).items()}
            return False

        await attendre(a_jour, delai, f"les positions sont les fins du journal\n{self.sorties()}")

    async def verifier(self, attendu: Attendu, *, rejets: int = 0, journal: bool = True) -> None:
        """The database holds exactly ``attendu``, that many rejects, and ``vigie verify`` agrees.

        ``journal``: the log still holds its first record, so replay it too.
        """
        pool = self.service.pool
        nombres = await pool.fetchrow(
            "SELECT (SELECT count(*) FROM claims.dossiers) AS dossiers, (SELECT count(*) FROM claims.rejets) AS rejets"
        )
        exiger(dict(nombres), {"dossiers": attendu.dossiers, "rejets": rejets})
        exiger(await self._ouverts(), attendu.ouverts)
        exiger(await self._clos(), attendu.clos)
        await self.concorde(journal=journal)

    async def concorde(self, *, journal: bool = True) -> None:
        """``vigie verify`` (and ``--journal``) has nothing to say about claims."""
        service, fabrique = self.service, partial(calculs_du_service, "claims")
        rapport = await verifier(self.url, "claims", fabrique)
        assert rapport.ok, "\n".join(rapport.lignes())
        if journal:
            rejoue = await verifier_journal(
                self.url, "claims", "claims", TOPIC, service.journal, service.lecteur, fabrique
            )
            assert rejoue.ok, "\n".join(rejoue.lignes())

    def sorties(self) -> str:
        """The end of what each process wrote, for a failure's message."""
        return "\n".join(f"--- code {p.code}\n{p.ecrits()[-1500:]}" for p in self.processus)

    async def _ouverts(self) -> Counter[Ouvert]:
        lignes = await self.service.pool.fetch(_OUVERTS)
        noms = _slugs()
        return Counter({(p, noms[c], _date(jour)): n for p, c, jour, n in lignes})

    async def _clos(self) -> dict[Clos, tuple[int, int, int]]:
        lignes = await self.service.pool.fetch(_CLOS)
        noms = _slugs()
        return {(p, noms[c], i, _date(o), _date(f)): (n, s, pauses) for p, c, i, o, f, n, s, pauses in lignes}


@asynccontextmanager
async def ouvrir_banc(url: str, bootstrap: str | None, dossier: Path) -> AsyncIterator[Banc]:
    """A bench on an empty database, and an empty topic; its processes are ended at the end."""
    if bootstrap is not None:
        await effacer_topics(bootstrap)
    async with ouvrir(DEFINITION, url, bootstrap, SystemClock(), partitions=PARTITIONS) as service:
        banc = Banc(url, bootstrap, dossier, service)
        try:
            yield banc
        finally:
            for processus in banc.processus:
                processus.tuer()


@asynccontextmanager
async def alimenter(banc: Banc, jeu: Jeu, tranches: int) -> AsyncIterator["Alimentation"]:
    """Send the set in shares while faults happen; all of it is in the log at the end."""
    source = Alimentation(banc, jeu, tranches)
    try:
        yield source
        await source.finir()
    finally:
        await source.abandonner()


class Alimentation:
    """A source that sends its set share by share, in small appends, each as often as it takes."""

    def __init__(self, banc: Banc, jeu: Jeu, tranches: int) -> None:
        self._banc = banc
        self._lignes = jeu.lignes
        self._part = -(-len(jeu.lignes) // tranches)
        self._permis = 0
        self._plus_a_envoyer = asyncio.Event()
        self._tache = asyncio.create_task(self._envoyer())

    async def lacher(self, au_moins: int = 300) -> None:
        """Let one more share go, and return once so many more records are consumed: it is under way."""
        self._permis = min(self._permis + self._part, len(self._lignes))
        self._plus_a_envoyer.set()
        await self._banc.avance(au_moins)

    async def finir(self) -> None:
        """Send what is left."""
        self._permis = len(self._lignes)
        self._plus_a_envoyer.set()
        await asyncio.wait_for(self._tache, 60)

    async def abandonner(self) -> None:
        self._tache.cancel()
        await asyncio.wait((self._tache,))

    async def _envoyer(self) -> None:
        fait = 0
        while fait < len(self._lignes):
            if fait >= self._permis:
                self._plus_a_envoyer.clear()
                await self._plus_a_envoyer.wait()
            lot = self._lignes[fait : min(fait + 100, self._permis)]
            await self._banc.envoyer(lot)
            fait += len(lot)
            await asyncio.sleep(0.01)


def exiger(trouve: Mapping[Any, Any], attendu: Mapping[Any, Any]) -> None:
    """AssertionError that shows what differs, when something does."""
    ecarts = [
        f"{cle} : attendu {attendu.get(cle)}, trouvé {trouve.get(cle)}"
        for cle in attendu.keys() | trouve.keys()
        if trouve.get(cle) != attendu.get(cle)
    ]
    assert not ecarts, f"{len(ecarts)} écarts\n" + "\n".join(ecarts[:10])


async def guetter(condition: Callable[[], Awaitable[bool]], delai: float) -> None:
    """`attendre` for what lasts a few milliseconds: ask without a pause."""
    async with asyncio.timeout(delai):
        while not await condition():  # noqa: ASYNC110 - there is nothing to be told by
            await asyncio.sleep(0.001)


async def effacer_topics(bootstrap: str) -> None:
    """An empty broker for the next test: the topics of claims deleted, and known to be."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        voulus = {TOPIC, TOPIC_CLOCHE} & set(await admin.list_topics())
        if voulus:
            await admin.delete_topics(list(voulus))

        async def partis() -> bool:
            return not voulus & set(await admin.list_topics())

        await attendre(partis, 20, "les topics sont effacés")
    finally:
        await admin.close()


@contextlib.contextmanager
def _panne_toleree() -> Iterator[None]:
    """Errors of a server that a test has just taken away."""
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, JournalIndisponible):
        yield


def _slugs() -> dict[int, str]:
    return {caisse.code: caisse.slug for caisse in charger().caisses}


def _date(jour: int) -> date:
    return date(1970, 1, 1) + timedelta(days=jour)


_EN_PLEIN_LOT = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE application_name = 'vigie-claims' AND datname = current_database() AND backend_xid IS NOT NULL
  AND query ~ 'claims.*(positions|dossiers|ouverts|clos)' AND query !~ 'boite_envoi'
"""

_OUVERTS = """
SELECT p.valeur, o.caisse, o.jour, sum(o.n)::bigint FROM claims.ouverts o
JOIN claims.dictionnaire p ON p.genre = 'process' AND p.code = o.process
GROUP BY 1, 2, 3 HAVING sum(o.n) <> 0
"""

_CLOS = """
SELECT p.valeur, c.caisse, i.valeur, c.jour_ouvert, c.jour_clos,
       sum(c.n)::bigint, sum(c.secondes)::bigint, sum(c.s_suspension)::bigint
FROM claims.clos c
JOIN claims.dictionnaire p ON p.genre = 'process' AND p.code = c.process
JOIN claims.dictionnaire i ON i.genre = 'issue' AND i.code = c.issue
GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.n) <> 0 OR sum(c.secondes) <> 0 OR sum(c.s_suspension) <> 0
"""
