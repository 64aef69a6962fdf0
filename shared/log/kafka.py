"""The log kept by Apache Kafka, through aiokafka: the engine of every deployment on more than one machine."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.codec import has_lz4
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.log import metriques
from shared.log.clients_kafka import demarrer, traduire
from shared.log.groupe_kafka import AbonnementKafka, enregistrements
from shared.log.securite_kafka import EN_CLAIR, SecuriteKafka
from shared.log.types import (
    TAILLE_MAX,
    Abonnement,
    Bornes,
    Enregistrement,
    Items,
    JournalIndisponible,
    PositionHorsBornes,
    ReglagesGroupe,
    TopicAbsent,
    TopicIncompatible,
    repartir,
)

_log = structlog.get_logger(__name__)

# s; an append that is not acknowledged by then is reported as unavailable (it may still arrive).
DELAI_AJOUT = 30.0
DELAI_LECTURE = 30.0  # s; records that are there and do not come by then: unavailable
_REQUETE_MS = 15_000
# Below this many records for a partition, they share the producer's batches with other calls.
_PETIT_LOT = 16


# Seconds a topic just created may take to be known.
DELAI_TOPIC = 10.0


class JournalKafka:
    """See `shared.log.types.Journal`. Connects at first use, and again after a fatal producer error.

    The producer is idempotent with acks=all: aiokafka's own retries neither double nor reorder.
    """

    def __init__(self, bootstrap: str, delai_ajout: float = DELAI_AJOUT, securite: SecuriteKafka = EN_CLAIR) -> None:
        self._bootstrap = bootstrap
        self._securite = securite
        self._delai_ajout = delai_ajout
        self._partitions: dict[str, int] = {}
        self._producteur: AIOKafkaProducer | None = None
        self._lecteur: AIOKafkaConsumer | None = None
        self._verrou_producteur = asyncio.Lock()
        self._verrou_lecteur = asyncio.Lock()

    async def assurer_topic(
        self, topic: str, partitions: int, retention: timedelta | None = None, replicas: int = -1
    ) -> None:
        nouveau = NewTopic(
            topic,
            partitions,
            replicas,
            # aiokafka asks for assignments, even none, when the broker is to choose its replication.
            replica_assignments={} if replicas == -1 else None,
            topic_configs=_configuration(retention),
        )
        async with self._admin() as admin:
            reponse = await admin.create_topics([nouveau])
            erreur = for_code(reponse.topic_errors[0][1])
            if erreur.errno not in (0, TopicAlreadyExistsError.errno):
                raise erreur(f"{topic} : {reponse.topic_errors[0][2]}")
            existantes = await _attendre_topic(admin, topic)
        if existantes != partitions:
            raise TopicIncompatible(
                f"le topic {topic} existe avec {existantes} partitions, pas {partitions} : "
                "un topic n'est jamais repartitionné, créez-en un autre"
            )

    async def garder(self, topic: str, retention: timedelta | None) -> None:
        """Give a topic that is there the configuration of a new one with this retention (None: kept for ever)."""
        async with self._admin() as admin:
            ressource = ConfigResource(ConfigResourceType.TOPIC, topic, _configuration(retention))
            for reponse in await admin.alter_configs([ressource]):
                for code, detail, *_ in reponse.resources:
                    if code:
                        raise for_code(code)(f"{topic} : {detail}")

    async def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            async with self._admin() as admin:
                self._partitions[topic] = await _compter(admin, topic)
        return self._partitions[topic]

    async def ajouter(self, topic: str, items: Items) -> None:
        if not items:
            return
        lots = repartir(items, await self.partitions(topic))
        producteur = await self._ouvrir_producteur()
        try:
            async with asyncio.timeout(self._delai_ajout):
                await asyncio.gather(*(_envoyer(producteur, topic, partition, lot) for partition, lot in lots.items()))
        except TimeoutError as exc:
            raise JournalIndisponible(f"Kafka n'a pas confirmé l'ajout à {topic}") from exc
        except KafkaError as exc:
            if not isinstance(exc, KafkaTimeoutError):
                await self._abandonner(producteur)
            raise traduire(exc) from exc
        metriques.ajoutes.labels(topic).inc(len(items))

    async def ajouter_dans(self, conn: asyncpg.Connection, topic: str, items: Items) -> None:
        del conn
        await self.ajouter(topic, items)

    async def bornes(self, topic: str) -> Mapping[int, Bornes]:
        tps = [TopicPartition(topic, p) for p in range(await self.partitions(topic))]
        async with self._lire_avec() as lecteur:
            debuts = await lecteur.beginning_offsets(tps)
            fins = await lecteur.end_offsets(tps)
        return {tp.partition: Bornes(debuts[tp], fins[tp]) for tp in tps}

    async def lire(self, topic: str, partition: int, offset: int, maximum: int) -> Sequence[Enregistrement]:
        bornes = (await self.bornes(topic))[partition]
        if not bornes.debut <= offset <= bornes.fin:
            raise PositionHorsBornes(topic, partition, offset, bornes)
        tp = TopicPartition(topic, partition)
        async with self._lire_avec() as lecteur, asyncio.timeout(DELAI_LECTURE):
            if lecteur.assignment() != {tp}:
                lecteur.assign([tp])
            if offset == bornes.fin:
                return []
            lecteur.seek(tp, offset)
            lecteur.resume(tp)
            while True:
                try:
                    lus = await lecteur.getmany(tp, timeout_ms=1000, max_records=maximum)
                except OffsetOutOfRangeError as exc:
                    raise PositionHorsBornes(topic, partition, offset, bornes) from exc
                if lus:
                    if lus[tp][-1].offset + 1 >= bornes.fin:
                        lecteur.pause(tp)  # or it would go on asking for more, for ever
                    return enregistrements(lus[tp])
                if await lecteur.position(tp) >= bornes.fin:
                    return []  # only transaction markers were left

    async def elaguer(self, topic: str, avant: datetime) -> None:
        tps = [TopicPartition(topic, p) for p in range(await self.partitions(topic))]
        async with self._lire_avec() as lecteur:
            trouves = await lecteur.offsets_for_times(dict.fromkeys(tps, int(avant.timestamp() * 1000)))
            fins = await lecteur.end_offsets(tps)
        jusque = {tp: trouves[tp].offset if trouves.get(tp) else fins[tp] for tp in tps}
        async with self._admin() as admin:
            await admin.delete_records({tp: RecordsToDelete(before_offset=offset) for tp, offset in jusque.items()})

    def abonner(self, topic: str, groupe: str, reglages: ReglagesGroupe) -> Abonnement:
        return AbonnementKafka(self._bootstrap, topic, groupe, reglages, self.partitions, self._securite)

    async def fermer(self) -> None:
        if self._producteur is not None:
            await self._abandonner(self._producteur)
        if self._lecteur is not None:
            lecteur, self._lecteur = self._lecteur, None
            await _arreter(lecteur)

    async def _ouvrir_producteur(self) -> AIOKafkaProducer:
        async with self._verrou_producteur:
            if self._producteur is not None:
                return self._producteur
            producteur = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                enable_idempotence=True,
                acks="all",
                max_batch_size=TAILLE_MAX,
                max_request_size=TAILLE_MAX + 4096,
                linger_ms=2,
                request_timeout_ms=_REQUETE_MS,
                compression_type="lz4" if has_lz4() else None,
                **self._securite.options,
            )
            try:
                async with asyncio.timeout(self._delai_ajout):
                    await demarrer(producteur)
            except (KafkaError, TimeoutError) as exc:
                raise JournalIndisponible(f"Kafka injoignable : {exc!r}") from exc
            self._producteur = producteur
            return producteur

    async def _abandonner(self, producteur: AIOKafkaProducer) -> None:
        """Close a producer: after a fatal error its sequence numbers are worth nothing any more."""
        if self._producteur is producteur:
            self._producteur = None
        await _arreter(producteur)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = _Admin(bootstrap_servers=self._bootstrap, request_timeout_ms=_REQUETE_MS, **self._securite.options)
        async with _erreurs_dites():
            await demarrer(admin)
            try:
                yield admin
            finally:
                await admin.close()

    @asynccontextmanager
    async def _lire_avec(self) -> AsyncIterator[AIOKafkaConsumer]:
        async with self._verrou_lecteur, _erreurs_dites():
            if self._lecteur is None:
                lecteur = AIOKafkaConsumer(
                    bootstrap_servers=self._bootstrap,
                    enable_auto_commit=False,
                    auto_offset_reset="none",
                    isolation_level="read_committed",
                    max_partition_fetch_bytes=8 * 1024 * 1024,
                    fetch_max_wait_ms=20,
                    request_timeout_ms=_REQUETE_MS,
                    **self._securite.options,
                )
                await demarrer(lecteur)
                self._lecteur = lecteur
            yield self._lecteur


def _configuration(retention: timedelta | None) -> dict[str, str]:
    """Of a topic: its records bear the broker's time and are thrown away by age only."""
    retention_ms = -1 if retention is None else int(retention.total_seconds() * 1000)
    return {
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(retention_ms),
        "cleanup.policy": "delete",
    }


class _Admin(AIOKafkaAdminClient):  # type: ignore[misc]
    """aiokafka's admin client, stopped like its other clients."""

    async def stop(self) -> None:
        await self.close()


async def _envoyer(
    producteur: AIOKafkaProducer, topic: str, partition: int, lot: Sequence[tuple[bytes, bytes]]
) -> None:
    """Queue the records of one partition in order, then wait until all are acknowledged."""
    attendus = []
    if len(lot) < _PETIT_LOT:
        for key, value in lot:
            attendus.append(await producteur.send(topic, value, key, partition))
    else:
        groupe = producteur.create_batch()
        for key, value in lot:
            if groupe.append(key=key, value=value, timestamp=None) is None:
                attendus.append(await producteur.send_batch(groupe, topic, partition=partition))
                groupe = producteur.create_batch()
                groupe.append(key=key, value=value, timestamp=None)
        groupe.close()
        attendus.append(await producteur.send_batch(groupe, topic, partition=partition))
    await asyncio.gather(*attendus)


async def _attendre_topic(admin: AIOKafkaAdminClient, topic: str) -> int:
    """Number of partitions of a topic created a moment ago, perhaps by another process: its name takes time to
    spread in the broker."""
    async with asyncio.timeout(DELAI_TOPIC):
        while True:
            try:
                return await _compter(admin, topic)
            except TopicAbsent:
                await asyncio.sleep(0.05)


async def _arreter(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(5):
            await client.stop()
    except (KafkaError, TimeoutError) as exc:
        _log.warning("client Kafka fermé sans confirmation", erreur=repr(exc))


async def _compter(admin: AIOKafkaAdminClient, topic: str) -> int:
    (description,) = await admin.describe_topics([topic])
    if for_code(description["error_code"]) is UnknownTopicOrPartitionError:
        raise TopicAbsent(f"le topic {topic} n'existe pas")
    return len(description["partitions"])


@asynccontextmanager
async def _erreurs_dites() -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError as exc:
        raise JournalIndisponible("Kafka ne répond pas à temps") from exc
    except KafkaError as exc:
        raise traduire(exc) from exc
