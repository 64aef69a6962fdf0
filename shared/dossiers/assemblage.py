"""A dossier service put together: what contacts and claims have in common, opened once per process."""

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue.processus import Processus, processus_du_service
from shared.clock import Clock
from shared.database.connexion import acquerir, creer_moteur, creer_pool, fermer_pool
from shared.database.migrations import migrer
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.dossiers.contributions import noms_de
from shared.dossiers.couvertures import Couvertures
from shared.dossiers.definitions import catalogue_du_service, retenir
from shared.dossiers.derives.emission import Emission
from shared.dossiers.derives.messages import TOPIC_PERSONNES
from shared.dossiers.derives.personnes import (
    TraitementPersonnes,
    groupe_des_personnes,
    noms_des_derives,
    tient_les_personnes,
)
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.ingestion import Ingestion
from shared.dossiers.lieux import codes_par_slug
from shared.dossiers.mouvements import Mouvements
from shared.dossiers.sommes_gardees import CellierGarde, Sommes
from shared.dossiers.store import Depot
from shared.dossiers.traitement import Lot, TraitementDossiers
from shared.dossiers.valeurs import Evaluateur
from shared.dossiers.valeurs_gardees import ValeursGardees, definitions
from shared.dossiers.vues import nommer
from shared.events.lecture_en_lot import LecteurEnLot
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.envoi import Relais
from shared.log.fabrique import ouvrir_journal
from shared.log.types import Journal, TopicAbsent

_CONSOMMATION = {"enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off"}
"""Session settings of a consumer: its joins are always a batch of keys against a large table's index."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes one dossier service different from another. ``nom`` is its schema and consumer group too."""

    nom: str
    titre: str
    topic: str
    migrations: Path

    @property
    def processus(self) -> tuple[Processus, ...]:
        return processus_du_service(self.nom)


@dataclass(slots=True)
class ServiceDossiers:
    """The open parts of a dossier service; see ``ouvrir``. ``a_l_instant``: ``moteur``, for statements that are each
    of their own instant, with no transaction to begin nor to end. ``partitions``: of each topic it consumes."""

    definition: Definition
    clock: Clock
    pool: asyncpg.Pool
    moteur: AsyncEngine
    a_l_instant: AsyncEngine
    journal: Journal
    partitions: Mapping[str, int]
    lecteur: LecteurEnLot
    dictionnaire: Dictionnaire
    evaluateur: Evaluateur
    gardees: ValeursGardees
    couvertures: Couvertures
    ingestion: Ingestion

    def traitement(self) -> TraitementDossiers:
        """The handler of this service's topic, with a calculator per process."""
        nom = self.definition.nom
        return TraitementDossiers(
            Depot(nom),
            self.lecteur,
            calculs_du_service(nom, self.dictionnaire),
            self.dictionnaire,
            self.pool,
            self.partitions[self.definition.topic],
            Emission(nom, self.dictionnaire),
        )

    def consommateur(self, reglages: ReglagesConsommateur | None = None) -> Consommateur[Lot]:
        """A consumer of this service's topic; run it once."""
        nom = self.definition.nom
        return Consommateur(self.journal, self.pool, nom, nom, self.definition.topic, self.traitement(), reglages)

    def consommateurs(self, reglages: ReglagesConsommateur | None = None) -> list[Consommateur[Lot]]:
        """Every consumer of this service, each to be run once: of its topic, and of persons where they are kept."""
        nom = self.definition.nom
        tous = [self.consommateur(reglages)]
        if tient_les_personnes(nom):
            calculs = calculs_du_service(nom, self.dictionnaire)
            personnes = TraitementPersonnes(
                Depot(nom), calculs, self.dictionnaire, self.pool, self.partitions[TOPIC_PERSONNES]
            )
            groupe = groupe_des_personnes(nom)
            tous.append(Consommateur(self.journal, self.pool, nom, groupe, TOPIC_PERSONNES, personnes, reglages))
        return tous

    def relais(self) -> Relais:
        """The relay of this service's outbox."""
        return Relais(self.pool, self.definition.nom, self.journal)


@asynccontextmanager
async def ouvrir(
    definition: Definition,
    database_url: str,
    kafka_bootstrap: str | None,
    clock: Clock,
    *,
    taille_pool: int = 10,
    partitions: int,
) -> AsyncIterator[ServiceDossiers]:
    """Migrate the schema, make the topics, open the pools and the log; close them at the end.

    ``partitions``: of the topics of events and of persons that do not exist yet; others keep theirs.
    """
    await migrer(database_url, definition.nom, definition.migrations)
    nom = definition.nom
    async with AsyncExitStack() as pile:
        pool = await creer_pool(database_url, taille_pool, f"vigie-{nom}", _CONSOMMATION)
        pile.push_async_callback(fermer_pool, pool)
        moteur = creer_moteur(database_url, f"vigie-{nom}-lecture")
        pile.push_async_callback(moteur.dispose)
        journal = await ouvrir_journal(database_url, kafka_bootstrap)
        pile.push_async_callback(journal.fermer)
        await journal.assurer_topic(TOPIC_CLOCHE, 1)
        tenues = {topic: await _assurer(journal, topic, partitions) for topic in (definition.topic, TOPIC_PERSONNES)}
        dictionnaire = Dictionnaire(nom)
        await dictionnaire.completer(pool, _noms_connus(definition))
        await retenir(pool, nom, catalogue_du_service(nom), clock.now())
        async with acquerir(pool) as conn:
            await nommer(conn, nom, definitions(nom))
        mouvements = Mouvements(nom)
        evaluateur = Evaluateur(nom, dictionnaire, CellierGarde(nom, sommes=Sommes(mouvements)))
        lecteur = LecteurEnLot(definition.processus, codes_par_slug())
        yield ServiceDossiers(
            definition,
            clock,
            pool,
            moteur,
            moteur.execution_options(isolation_level="AUTOCOMMIT"),
            journal,
            tenues,
            lecteur,
            dictionnaire,
            evaluateur,
            ValeursGardees(nom, evaluateur, dictionnaire, mouvements),
            Couvertures(nom, dictionnaire),
            Ingestion(nom, definition.topic, lecteur, journal, pool, clock),
        )


async def _assurer(journal: Journal, topic: str, partitions: int) -> int:
    """The partitions of ``topic``, made with that many when it is not there."""
    with suppress(TopicAbsent):
        return await journal.partitions(topic)
    await journal.assurer_topic(topic, partitions)
    return partitions


def menager_le_ramasse_miettes() -> None:
    """Set the garbage collector for batches: what lives long is frozen, what a batch makes dies without it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)


def _noms_connus(definition: Definition) -> list[tuple[str, str]]:
    return [*(nom for p in definition.processus for nom in noms_de(p)), *noms_des_derives(definition.nom)]
