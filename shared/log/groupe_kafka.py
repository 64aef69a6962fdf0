"""A consumer group on Kafka: the group assigns partitions, PostgreSQL holds the positions.

Facts of aiokafka 0.14 this leans on: rebalances run in a background task and are eager (everything is revoked
each time); a listener's exception is logged and swallowed; ``getmany`` waits while a rebalance is under way;
a dead coordinator shows at the next ``getmany``.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    OffsetOutOfRangeError,
)

from shared.log import metriques
from shared.log.clients_kafka import demarrer, traduire
from shared.log.securite_kafka import EN_CLAIR, SecuriteKafka
from shared.log.types import (
    Bornes,
    Ecouteur,
    Enregistrement,
    ErreurJournal,
    JournalIndisponible,
    Lecture,
    PositionHorsBornes,
    ReglagesGroupe,
)

_log = structlog.get_logger(__name__)

# s between two commits of the group's own offsets, which only lag monitoring reads.
PERIODE_CONSIGNES = 2.0
# ms a fetch may wait at the end of the log. One node answers one fetch at a time: a partition at its end
# makes the others wait that long at most.
ATTENTE_LECTURE_MS = 100
# s without an answer for a partition before the broker is said to be unreachable.
SILENCE = 10.0


class AbonnementKafka:
    """See `shared.log.types.Abonnement`."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        groupe: str,
        reglages: ReglagesGroupe,
        partitions: Callable[[str], Awaitable[int]],
        securite: SecuriteKafka = EN_CLAIR,
    ) -> None:
        self._nombre_de_partitions = partitions
        self._securite = securite
        self._bootstrap = bootstrap
        self.topic = topic
        self.groupe = groupe
        self._reglages = reglages
        self._consommateur: AIOKafkaConsumer | None = None
        # Where the next fetch of a partition starts; absent: unknown, so seek first.
        self._suites: dict[int, int] = {}
        self._a_consigner: dict[TopicPartition, int] = {}
        # Time of the broker's last answer for a partition, as aiokafka says it, and when that changed.
        self._reponses: dict[int, tuple[int | None, float]] = {}

    async def ouvrir(self, ecouteur: Ecouteur) -> None:
        await self._nombre_de_partitions(self.topic)  # says at once that there is no such topic
        reglages = self._reglages
        consommateur = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self.groupe,
            group_instance_id=reglages.instance,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=int(reglages.session * 1000),
            heartbeat_interval_ms=int(reglages.session * 300),
            rebalance_timeout_ms=int(reglages.rebalance * 1000),
            # A join is answered when the rebalance ends: the request must be able to wait that long.
            request_timeout_ms=int(reglages.rebalance * 1000) + 5_000,
            max_partition_fetch_bytes=reglages.octets_max,
            fetch_max_bytes=4 * reglages.octets_max,
            fetch_max_wait_ms=ATTENTE_LECTURE_MS,
            **self._securite.options,
        )
        consommateur.subscribe([self.topic], listener=_Attributions(self, ecouteur))
        self._consommateur = consommateur
        try:
            await demarrer(consommateur)
        except KafkaError as exc:
            raise traduire(exc) from exc

    async def lire(self, partition: int, position: int, lot_max: int, attente: float) -> Lecture:
        consommateur = self._ouvert()
        tp = TopicPartition(self.topic, partition)
        try:
            if self._suites.pop(partition, None) != position:
                consommateur.seek(tp, position)
            lus = await consommateur.getmany(tp, timeout_ms=int(attente * 1000), max_records=lot_max)
            records = enregistrements(lus.get(tp, ()))
            suite = records[-1].suivant if records else await consommateur.position(tp)
        except OffsetOutOfRangeError as exc:
            raise PositionHorsBornes(self.topic, partition, position, await self._bornes(tp)) from exc
        except IllegalStateError as exc:  # no longer assigned: the revocation is on its way
            raise JournalIndisponible(f"{self.topic}/{partition} n'est plus attribuée") from exc
        except KafkaError as exc:
            raise traduire(exc) from exc
        if not records:
            self._ecouter_le_silence(consommateur, tp)
        self._suites[partition] = suite
        return Lecture(records, suite, max(consommateur.highwater(tp) or 0, suite))

    def consigner(self, partition: int, position: int) -> None:
        self._a_consigner[TopicPartition(self.topic, partition)] = position

    async def surveiller(self) -> None:
        # A look at no partition: raises what killed the coordinator, and counts as activity, without which
        # a member that holds nothing (or waits for its database) would leave after max_poll_interval_ms.
        nulle_part = TopicPartition(self.topic, -1)
        while True:
            await asyncio.sleep(PERIODE_CONSIGNES)
            try:
                await self._ouvert().getmany(nulle_part, timeout_ms=0)
            except KafkaError as exc:
                erreur = traduire(exc)
                if not isinstance(erreur, JournalIndisponible):
                    raise erreur from exc
                _log.warning("groupe Kafka en difficulté", groupe=self.groupe, erreur=repr(exc))
            await self._consigner()

    async def fermer(self) -> None:
        if self._consommateur is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await self._consigner()
        try:
            async with asyncio.timeout(10):
                await self._consommateur.stop()
        except Exception as exc:
            _log.warning("consommateur Kafka mal fermé", groupe=self.groupe, erreur=repr(exc))

    def oublier(self) -> None:
        """After a rebalance nothing is known of where fetches stand."""
        self._suites.clear()
        self._reponses.clear()
        self._a_consigner.clear()

    def _ecouter_le_silence(self, consommateur: AIOKafkaConsumer, tp: TopicPartition) -> None:
        """A broker that is gone looks like an idle one: tell them apart by the time of its last answer."""
        reponse = consommateur.last_poll_timestamp(tp)
        connue, depuis = self._reponses.get(tp.partition, (None, 0.0))
        maintenant = time.monotonic()
        if reponse != connue or tp.partition not in self._reponses:
            self._reponses[tp.partition] = (reponse, maintenant)
        elif maintenant - depuis > SILENCE:
            raise JournalIndisponible(f"Kafka ne répond plus sur {tp.topic}/{tp.partition}")

    def _ouvert(self) -> AIOKafkaConsumer:
        if self._consommateur is None:
            raise ErreurJournal("l'abonnement n'est pas ouvert")
        return self._consommateur

    async def _bornes(self, tp: TopicPartition) -> Bornes:
        consommateur = self._ouvert()
        debuts = await consommateur.beginning_offsets([tp])
        fins = await consommateur.end_offsets([tp])
        return Bornes(debuts[tp], fins[tp])

    async def _consigner(self) -> None:
        if not self._a_consigner:
            return
        consignes, self._a_consigner = self._a_consigner, {}
        try:
            await self._ouvert().commit(consignes)
        except (KafkaError, IllegalStateError) as exc:
            _log.info("position de groupe non consignée", groupe=self.groupe, erreur=repr(exc))


class _Attributions(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes assignments on. aiokafka swallows what a listener raises, so it is counted here."""

    def __init__(self, abonnement: AbonnementKafka, ecouteur: Ecouteur) -> None:
        self._abonnement = abonnement
        self._ecouteur = ecouteur

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with self._compter():
            await self._ecouteur.revoquer(frozenset(tp.partition for tp in revoked))
            self._abonnement.oublier()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        with self._compter():
            self._abonnement.oublier()
            self._ecouteur.attribuer(frozenset(tp.partition for tp in assigned))

    @contextlib.contextmanager
    def _compter(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            metriques.erreurs_ecouteur.labels(self._abonnement.groupe, self._abonnement.topic).inc()
            raise


def enregistrements(lus: Sequence[Any]) -> list[Enregistrement]:
    """aiokafka's records as ours; a missing key or value is empty."""
    return [Enregistrement(r.topic, r.partition, r.offset, r.key or b"", r.value or b"", r.timestamp) for r in lus]
