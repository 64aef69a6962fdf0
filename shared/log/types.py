"""What the log is made of: records, bounds, the interface of an engine, and its errors."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import asyncpg
import msgspec

# Largest record, key and value together, in bytes: below Kafka's default message.max.bytes (1,048,588)
# with room for the envelope of a batch. The PostgreSQL engine keeps the same limit.
TAILLE_MAX = 1_000_000


class Enregistrement(msgspec.Struct, frozen=True, gc=False):
    """One record of a partition. ``horodatage_ms``: when the log took it (ms since the epoch, UTC)."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    horodatage_ms: int

    @property
    def suivant(self) -> int:
        """Position right after this record: what a position holds once it is consumed."""
        return self.offset + 1


class Bornes(NamedTuple):
    """Offsets of a partition: ``debut`` is the first still held, ``fin`` the one the next record will get."""

    debut: int
    fin: int


@dataclass(frozen=True, slots=True)
class Lecture:
    """Records read from a position, in order (possibly none), and the end of the partition seen then.

    ``suite``: where the next read starts. Right after the last record; without any, past what will never be one
    for anybody (Kafka's transaction markers, records that were aborted), most often the position itself.
    """

    records: Sequence[Enregistrement]
    suite: int
    fin: int


class ErreurJournal(Exception):
    """Anything the log refuses or cannot do."""


class JournalIndisponible(ErreurJournal):
    """The broker or the database does not answer: try again later. An append may or may not have been kept."""


class TopicAbsent(ErreurJournal):
    """The topic does not exist: `Journal.assurer_topic` creates it."""


class TopicIncompatible(ErreurJournal):
    """The topic exists with another number of partitions. A topic is never repartitioned under one name."""


class EnregistrementTropGros(ErreurJournal):
    """A record is larger than `TAILLE_MAX`; nothing of the call was appended."""


class PositionHorsBornes(ErreurJournal):
    """A position is before the first record held, or after the last one ever written."""

    def __init__(self, topic: str, partition: int, position: int, bornes: Bornes) -> None:
        sens = (
            "des enregistrements ont été purgés avant d'être lus"
            if position < bornes.debut
            else "le journal a été perdu, recréé ou remplacé"
        )
        super().__init__(
            f"position {position} hors du journal {topic}/{partition}, qui va de {bornes.debut} à {bornes.fin} "
            f"(exclu) : {sens}. Le consommateur s'arrête sans rien sauter. Vérifiez le journal, puis fixez "
            "vous-même la position (table positions, colonne next), par exemple à "
            f"{bornes.debut}, et redémarrez."
        )
        self.topic = topic
        self.partition = partition
        self.position = position
        self.bornes = bornes


Items = Sequence[tuple[bytes, bytes]]


class Ecouteur(Protocol):
    """Whoever consumes an `Abonnement`: told which partitions are its own."""

    def attribuer(self, partitions: frozenset[int]) -> None:
        """The partitions held from now on (all of them, not the difference). Must not block nor raise."""
        ...

    async def revoquer(self, partitions: frozenset[int]) -> None:
        """These are being taken away: stop working on them, within the drain budget."""
        ...


class Abonnement(Protocol):
    """One member of a consumer group on one topic. Positions are the consumer's business, not the group's."""

    async def ouvrir(self, ecouteur: Ecouteur) -> None:
        """Join the group; returns once a first assignment (possibly empty) is known."""
        ...

    async def lire(self, partition: int, position: int, lot_max: int, attente: float) -> Lecture:
        """Read from exactly ``position``: at most ``lot_max`` records, waiting ``attente`` s for the first.

        Raises `PositionHorsBornes`, `JournalIndisponible` (try again), or anything else (stop).
        """
        ...

    def consigner(self, partition: int, position: int) -> None:
        """Note a position already committed in PostgreSQL, for monitoring only. Never raises."""
        ...

    async def surveiller(self) -> None:
        """Runs as long as the membership does; raises when it cannot go on."""
        ...

    async def fermer(self) -> None:
        """Leave the group. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class ReglagesGroupe:
    """Timings of a membership, in seconds.

    A member that dies is noticed after ``session``. A rebalance waits at most ``rebalance`` for its members;
    ``drain`` is what a revoked partition may take to finish its batch and stays below it, and below what the
    process has to stop.
    ``octets_max`` bounds what one read brings back. ``instance`` makes the membership static (Kafka only).
    """

    session: float = 10.0
    rebalance: float = 60.0
    drain: float = 10.0
    octets_max: int = 16 * 1024 * 1024
    instance: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.drain < self.rebalance:
            raise ValueError("le délai de vidange doit être inférieur au délai de rééquilibrage")


class Journal(Protocol):
    """The event log, whichever engine keeps it. Open it with `shared.log.fabrique.ouvrir_journal`."""

    async def assurer_topic(
        self, topic: str, partitions: int, retention: timedelta | None = None, replicas: int = -1
    ) -> None:
        """Create ``topic`` if absent. `TopicIncompatible` if it exists with another number of partitions.

        ``retention`` is given to the broker when it creates the topic (None: kept for ever); the PostgreSQL
        engine is pruned by `elaguer`. ``replicas`` -1 is the broker's default.
        """
        ...

    async def partitions(self, topic: str) -> int:
        """Number of partitions. `TopicAbsent` when there is no such topic."""
        ...

    async def ajouter(self, topic: str, items: Items) -> None:
        """Append ``(key, value)`` pairs, each to `partition_de` of its key; durable when this returns.

        Order is kept within a partition. On `JournalIndisponible` some, all or none may have been kept: the
        caller appends again and consumers drop the doubles by event id.
        """
        ...

    async def ajouter_dans(self, conn: asyncpg.Connection, topic: str, items: Items) -> None:
        """Append within the caller's transaction where the engine can (PostgreSQL; ``conn`` is on its database).

        On Kafka this is `ajouter`: durable at once, before and whatever becomes of the transaction.
        """
        ...

    async def bornes(self, topic: str) -> Mapping[int, Bornes]:
        """First and next offset of every partition."""
        ...

    async def lire(self, topic: str, partition: int, offset: int, maximum: int) -> Sequence[Enregistrement]:
        """At most ``maximum`` records from ``offset``, without any group; empty at the end of the partition.

        For replay and verification. Raises `PositionHorsBornes`.
        """
        ...

    async def elaguer(self, topic: str, avant: datetime) -> None:
        """Forget what is older than ``avant``: at least nothing, at most every record taken before it."""
        ...

    def abonner(self, topic: str, groupe: str, reglages: ReglagesGroupe) -> Abonnement:
        """A membership of ``groupe``, not opened yet."""
        ...

    async def fermer(self) -> None:
        """Release connections. The object is not used afterwards."""
        ...


def partition_de(key: bytes, n: int) -> int:
    """Partition of a key among ``n``: crc32 of the key modulo n, the same for every producer."""
    return zlib.crc32(key) % n


def repartir(items: Items, n: int) -> dict[int, list[tuple[bytes, bytes]]]:
    """Share pairs among partitions, order kept, partitions ascending. Raises `EnregistrementTropGros`."""
    lots: dict[int, list[tuple[bytes, bytes]]] = {}
    for key, value in items:
        if len(key) + len(value) > TAILLE_MAX:
            raise EnregistrementTropGros(
                f"enregistrement de {len(key) + len(value)} octets : le journal en accepte {TAILLE_MAX} au plus"
            )
        lots.setdefault(zlib.crc32(key) % n, []).append((key, value))
    return dict(sorted(lots.items()))
