"""The consumer: a supervised member of a group, a lane per partition, effects exactly once in PostgreSQL."""

import asyncio
import contextlib
import time
from typing import Generic, TypeVar

import asyncpg
import structlog

from shared.log import metriques
from shared.log.reprise import Recul
from shared.log.types import Abonnement, ErreurJournal, Journal, JournalIndisponible
from shared.log.voie import Contexte, ReglagesConsommateur, Traitement, TropDeRejets, Voie

__all__ = ["Consommateur", "ReglagesConsommateur", "Traitement", "TropDeRejets"]

_log = structlog.get_logger(__name__)

T = TypeVar("T")

PERIODE = 1.0  # s between two looks at the lanes, for the metrics
GRACE = 5.0  # s left to a cancelled batch to give its connection back


class Consommateur(Generic[T]):
    """One member of ``groupe`` on ``topic``, with its positions and rejects in ``schema``.

    ``pool`` is on the service's database (a connection per partition held is the most it uses at once). Run it
    in a process of its own, or beside an API in embedded mode: when `executer` raises, the process must exit.
    """

    def __init__(
        self,
        journal: Journal,
        pool: asyncpg.Pool,
        schema: str,
        groupe: str,
        topic: str,
        traitement: Traitement[T],
        reglages: ReglagesConsommateur | None = None,
    ) -> None:
        self._contexte = Contexte(journal, pool, schema, groupe, topic, traitement, reglages or ReglagesConsommateur())
        self._etiquettes = (groupe, topic)
        self._voies: dict[int, Voie[T]] = {}
        self._abonnement: Abonnement | None = None
        self._arret = asyncio.Event()
        self._echec: asyncio.Future[None] | None = None
        self._ouvert = False

    @property
    def pret(self) -> bool:
        """For ``/readyz``: in its group, and no lane waiting for the database or the broker."""
        return self._ouvert and all(voie.en_marche for voie in self._voies.values())

    @property
    def retards(self) -> dict[int, int]:
        """Records waiting, by partition held, as last seen."""
        return {partition: voie.retard for partition, voie in self._voies.items()}

    def arreter(self) -> None:
        """Ask for a clean stop: batches under way get the drain budget, then `executer` returns."""
        self._arret.set()

    async def executer(self) -> None:
        """Consume until `arreter` (returns) or until it cannot go on (raises).

        Raises `PositionHorsBornes`, `TropDeRejets`, `TopicAbsent`, or what the engine or the database says
        that will not pass by itself. Whatever is raised, nothing was skipped. Called once.
        """
        self._echec = asyncio.get_running_loop().create_future()
        arret = asyncio.create_task(self._arret.wait())
        membre = asyncio.create_task(self._etre_membre())
        try:
            while True:
                await asyncio.wait((self._echec, arret, membre), timeout=PERIODE, return_when=asyncio.FIRST_COMPLETED)
                self._mesurer()
                if self._echec.done():
                    return self._echec.result()
                if membre.done():
                    return membre.result()
                if arret.done():
                    return None
        finally:
            self._ouvert = False
            self._arret.set()  # no lane starts from here
            membre.cancel()
            await self.revoquer(frozenset(self._voies))
            await asyncio.gather(membre, arret, return_exceptions=True)
            if self._abonnement is not None:
                await self._abonnement.fermer()
            if self._echec.done():
                self._echec.exception()
            self._mesurer()

    async def _etre_membre(self) -> None:
        """Join the group, as often as it takes, and stay; raises when the membership cannot go on."""
        contexte = self._contexte
        recul = Recul()
        while True:
            self._abonnement = contexte.journal.abonner(contexte.topic, contexte.groupe, contexte.reglages.groupe)
            try:
                await self._abonnement.ouvrir(self)
            except JournalIndisponible as exc:
                metriques.erreurs_passageres.labels(f"groupe:{contexte.groupe}").inc()
                _log.warning("journal injoignable", groupe=contexte.groupe, erreur=str(exc))
                await self._abonnement.fermer()
                await recul.attendre()
                continue
            self._ouvert = True
            await self._abonnement.surveiller()
            raise ErreurJournal("l'abonnement s'est terminé")

    # What the membership calls (`shared.log.types.Ecouteur`).

    def attribuer(self, partitions: frozenset[int]) -> None:
        """Start a lane for each partition newly held."""
        metriques.reequilibrages.labels(*self._etiquettes).inc()
        abonnement = self._abonnement
        if self._arret.is_set() or abonnement is None:
            return
        for partition in sorted(partitions - self._voies.keys()):
            voie = Voie(self._contexte, abonnement, partition)
            voie.tache.add_done_callback(self._fin_de_voie)
            self._voies[partition] = voie
        metriques.partitions_tenues.labels(*self._etiquettes).set(len(self._voies))

    async def revoquer(self, partitions: frozenset[int]) -> None:
        """Stop the lanes of ``partitions``: those in a batch may finish it within the drain budget."""
        voies = {p: voie for p, voie in self._voies.items() if p in partitions}
        if not voies:
            return
        for voie in voies.values():
            voie.arreter()
        _, en_cours = await asyncio.wait(
            [voie.tache for voie in voies.values()], timeout=self._contexte.reglages.groupe.drain
        )
        for tache in en_cours:
            metriques.abandons.labels(*self._etiquettes).inc()
            tache.cancel()
        if en_cours:
            _, en_cours = await asyncio.wait(en_cours, timeout=GRACE)
        if en_cours:
            self._echouer(ErreurJournal(f"{len(en_cours)} lot(s) ne s'interrompent pas"))
        for partition in voies:
            self._voies.pop(partition, None)  # a stop may meet a rebalance here
            for jauge in (metriques.retard, metriques.sans_progres):
                with contextlib.suppress(KeyError):
                    jauge.remove(*self._etiquettes, str(partition))
        metriques.partitions_tenues.labels(*self._etiquettes).set(len(self._voies))

    def _fin_de_voie(self, tache: asyncio.Task[None]) -> None:
        if not tache.cancelled() and (exc := tache.exception()) is not None:
            self._echouer(exc)

    def _echouer(self, exc: BaseException) -> None:
        _log.error("le consommateur s'arrête", groupe=self._contexte.groupe, erreur=str(exc))
        if self._echec is not None and not self._echec.done():
            self._echec.set_exception(exc)

    def _mesurer(self) -> None:
        metriques.pret.labels(*self._etiquettes).set(self.pret)
        maintenant = time.monotonic()
        for partition, voie in self._voies.items():
            cle = (*self._etiquettes, str(partition))
            metriques.retard.labels(*cle).set(voie.retard)
            metriques.sans_progres.labels(*cle).set(maintenant - voie.dernier_progres if voie.retard > 0 else 0)


async def ecouter(consommateur: Consommateur[T], arret: asyncio.Event) -> None:
    """Run a consumer until ``arret``, to the end of the batch under way; raises what stops it."""
    ecoute = asyncio.create_task(consommateur.executer())
    demande = asyncio.create_task(arret.wait())
    try:
        await asyncio.wait((ecoute, demande), return_when=asyncio.FIRST_COMPLETED)
        consommateur.arreter()
        await ecoute
    finally:
        for tache in (ecoute, demande):
            tache.cancel()
        await asyncio.gather(ecoute, demande, return_exceptions=True)
