"""A lane: everything a consumer does with one partition, from its stored position, one batch after the other.

A batch is one transaction: compare-and-set of the position first, then the effects. While a lane waits for
the database, the others compute. Nothing is read ahead of the commit: with a lane per partition there is
always another batch to work on, and a lane holds one batch in memory at most.
"""

import asyncio
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import asyncpg
import structlog

from shared.database.connexion import acquerir, est_passagere, est_sans_remede
from shared.log import metriques, positions
from shared.log.positions import ConflitDePosition
from shared.log.rejets import ERREUR_INTERNE, Rejet, ecrire
from shared.log.reprise import Recul
from shared.log.types import (
    Abonnement,
    Enregistrement,
    ErreurJournal,
    Journal,
    JournalIndisponible,
    ReglagesGroupe,
)

_log = structlog.get_logger(__name__)

T = TypeVar("T")

# Internal rejects allowed among the last records of a partition: the larger of a floor and a share of them.
FENETRE_REJETS = 10_000
REJETS_PLANCHER = 20
REJETS_PART = 100  # one in so many


class TropDeRejets(ErreurJournal):
    """Too many records in a row fail for a fault of ours: a bad version must stop, not empty the topic."""


class Traitement(Protocol[T]):
    """What a service does with records. One object serves every lane, so it keeps no state between calls."""

    def preparer(self, records: Sequence[Enregistrement]) -> T:
        """Decode and compute; pure, no I/O, called on the event loop (keep a batch well under a second).

        Must not remember anything: its result may be thrown away and asked again. A record that is wrong for
        a known reason becomes a reject inside the result; an exception means a fault of ours.
        """
        ...

    async def appliquer(self, conn: asyncpg.Connection, lot: T, partition: int) -> None:
        """Write the effects on ``conn``, inside the open transaction that also moves the position.

        Nothing else but this connection: whatever is done elsewhere is not undone by a roll-back.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReglagesConsommateur:
    """``lot_max`` records at most in a transaction; ``attente`` s for the first record of a read."""

    lot_max: int = 5_000
    attente: float = 1.0
    groupe: ReglagesGroupe = field(default_factory=ReglagesGroupe)


@dataclass(frozen=True, slots=True)
class Contexte(Generic[T]):
    """What the lanes of a consumer share. ``pool`` is on the database that holds ``schema``."""

    journal: Journal
    pool: asyncpg.Pool
    schema: str
    groupe: str
    topic: str
    traitement: Traitement[T]
    reglages: ReglagesConsommateur


class Voie(Generic[T]):
    """One partition while it is ours. ``retard`` and ``dernier_progres`` (monotonic s) are for metrics."""

    def __init__(self, contexte: Contexte[T], abonnement: Abonnement, partition: int) -> None:
        self._contexte = contexte
        self._abonnement = abonnement
        self._partition = partition
        self._arret = False
        self._en_lot = False
        self._cle = (contexte.schema, contexte.groupe, contexte.topic, partition)
        self.en_marche = False
        self.retard = 0
        self.dernier_progres = time.monotonic()
        self.tache = asyncio.create_task(self._executer(), name=f"voie {contexte.topic}/{partition}")

    def arreter(self) -> None:
        """Stop after the batch under way; at once when there is none (a read may wait for the rebalance)."""
        self._arret = True
        if not self._en_lot:
            self.tache.cancel()

    async def _executer(self) -> None:
        recul = Recul()
        etiquettes = (self._contexte.groupe, self._contexte.topic)
        while not self._arret:
            try:
                await self._suivre(await self._position(), recul)
            except ConflitDePosition as exc:
                metriques.conflits.labels(*etiquettes).inc()
                _log.info("position déplacée, lot abandonné", partition=self._partition, erreur=str(exc))
            except Exception as exc:
                if not _a_reprendre(exc):
                    raise
                self.en_marche = False
                metriques.erreurs_passageres.labels(f"voie:{self._contexte.groupe}").inc()
                _log.warning("voie en attente", partition=self._partition, erreur=repr(exc))
            if not self._arret:
                await recul.attendre()

    async def _position(self) -> int:
        """The stored position; at the beginning of what the log holds when there is none yet."""
        contexte = self._contexte
        async with acquerir(contexte.pool) as conn:
            position = await positions.charger(conn, *self._cle)
        if position is not None:
            return position
        debut = (await contexte.journal.bornes(contexte.topic))[self._partition].debut
        async with acquerir(contexte.pool) as conn:
            await positions.creer(conn, *self._cle, debut)
        return debut

    async def _suivre(self, position: int, recul: Recul) -> None:
        reglages = self._contexte.reglages
        while not self._arret:
            lecture = await self._abonnement.lire(self._partition, position, reglages.lot_max, reglages.attente)
            self.en_marche = True
            self.retard = lecture.fin - position
            if not lecture.records:
                self.dernier_progres = time.monotonic()
                if lecture.suite > position:
                    position = await self._passer(position, lecture.suite)
                    self.retard = lecture.fin - position
                else:
                    position = await self._position()  # a person may have set it back
                continue
            self._en_lot = True
            try:
                position = await self._traiter(position, lecture.records)
            finally:
                self._en_lot = False
            self.retard = lecture.fin - position
            self.dernier_progres = time.monotonic()
            self._abonnement.consigner(self._partition, position)
            recul.remettre()

    async def _passer(self, position: int, suite: int) -> int:
        """Move past what holds no record (`shared.log.types.Lecture`); returns the position."""
        async with acquerir(self._contexte.pool) as conn:
            await positions.avancer(conn, *self._cle, position, suite)
        self._abonnement.consigner(self._partition, suite)
        return suite

    async def _traiter(self, position: int, records: Sequence[Enregistrement]) -> int:
        """Commit the records, in order, in as few transactions as their faults allow; returns the position.

        A batch that fails is cut in two until the record at fault stands alone; that one goes to the rejects.
        """
        pile = [records]
        while pile and not self._arret:
            morceau = pile.pop()
            suivant = morceau[-1].suivant
            try:
                await self._valider(position, suivant, morceau)
            except _Faute as faute:
                if len(morceau) > 1:
                    milieu = len(morceau) // 2
                    pile += [morceau[milieu:], morceau[:milieu]]
                    continue
                await self._rejeter(position, morceau[0], faute.cause)
            position = suivant
        return position

    async def _valider(self, position: int, suivant: int, records: Sequence[Enregistrement]) -> None:
        contexte = self._contexte
        depart = time.perf_counter()
        try:
            lot = contexte.traitement.preparer(records)
        except Exception as exc:
            raise _Faute(exc) from exc
        try:
            async with acquerir(contexte.pool) as conn, conn.transaction():
                await positions.avancer(conn, *self._cle, position, suivant)
                await contexte.traitement.appliquer(conn, lot, self._partition)
        except ConflitDePosition:
            raise
        except Exception as exc:
            if _a_reprendre(exc) or est_sans_remede(exc):
                raise
            raise _Faute(exc) from exc
        etiquettes = (contexte.groupe, contexte.topic)
        metriques.duree_lot.labels(*etiquettes).observe(time.perf_counter() - depart)
        metriques.lots.labels(*etiquettes).inc()
        metriques.enregistrements.labels(*etiquettes).inc(len(records))

    async def _rejeter(self, position: int, record: Enregistrement, cause: Exception) -> None:
        """Put one record aside and pass it, in one transaction. `TropDeRejets` when there are too many."""
        contexte = self._contexte
        async with acquerir(contexte.pool) as conn, conn.transaction():
            await positions.avancer(conn, *self._cle, position, record.suivant)
            deja = await conn.fetchval(
                _REJETS_RECENTS.format(schema=contexte.schema),
                record.topic,
                record.partition,
                record.offset - FENETRE_REJETS,
            )
            limite = max(REJETS_PLANCHER, min(FENETRE_REJETS, record.offset) // REJETS_PART)
            if deja >= limite:
                raise TropDeRejets(
                    f"{record.topic}/{record.partition} : plus de {limite} erreurs internes ouvertes sur les "
                    f"{FENETRE_REJETS} derniers enregistrements ; arrêt à la position {record.offset}, rien "
                    f"n'est sauté. Dernière erreur : {_decrire(cause)}. Corrigez le programme, ou traitez "
                    "les rejets « erreur_interne », puis redémarrez."
                ) from cause
            await ecrire(conn, contexte.schema, [_rejet(record, cause)])
        metriques.rejets_internes.labels(contexte.groupe, contexte.topic).inc()
        _log.error(
            "enregistrement mis aux rejets",
            partition=record.partition,
            offset=record.offset,
            erreur=_decrire(cause),
            pile="".join(traceback.format_tb(cause.__traceback__)),
        )


class _Faute(Exception):
    """The handler failed on these records, and would again."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _a_reprendre(exc: Exception) -> bool:
    return isinstance(exc, JournalIndisponible) or est_passagere(exc)


def _rejet(record: Enregistrement, cause: Exception) -> Rejet:
    return Rejet(
        origine="journal",
        raison=ERREUR_INTERNE,
        message=f"Erreur interne pendant le traitement : {_decrire(cause)}. L'événement est gardé pour rejeu.",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        contenu=record.value,
    )


def _decrire(cause: Exception) -> str:
    return f"{type(cause).__name__} ({cause})"[:500]


_REJETS_RECENTS = """
SELECT count(*) FROM "{schema}".rejets
WHERE raison = 'erreur_interne' AND etat = 'ouvert' AND topic = $1 AND partition = $2 AND "offset" >= $3
"""
