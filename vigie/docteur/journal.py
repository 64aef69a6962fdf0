"""The log, whichever engine keeps it: topics and their retention, positions of every group against its bounds."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from services.alerts.assemblage import ServiceAlertes
from services.entraide.assemblage import ServiceEntraide
from shared.database.connexion import creer_pool
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.dossiers.derives.messages import TOPIC_PERSONNES
from shared.log.kafka import JournalKafka
from shared.log.postgres import JournalPostgres
from shared.log.securite_kafka import securite
from shared.log.types import Bornes, ErreurJournal, Journal, TopicAbsent
from shared.service.environnement import ReglagesInvalides
from shared.service.reglages_kafka import ReglagesKafka
from vigie.docteur.broker import configurations, duree_de_garde
from vigie.docteur.constats import Constat, Examen, NonVerifiable
from vigie.docteur.lieu import Lieu
from vigie.travail import DEFINITIONS

TOPICS_D_UNE_PARTITION = sorted({TOPIC_CLOCHE, *ServiceAlertes.topics, *ServiceEntraide.topics})
"""Bells, announcements of alerts and of entraide: order matters there, volume does not."""

RETARD_NOTABLE = 10_000
IMMOBILE = timedelta(minutes=1)
"""Records waiting and a position that has not moved for so long: nobody consumes."""

RETENTION_MIN = timedelta(days=7)
"""Less than this in Kafka, and a consumer stopped for a long week-end finds records gone."""

_MUET = "Que le broker tourne, que VIGIE_KAFKA_BOOTSTRAP et ses protections soient les bons."


@asynccontextmanager
async def _journal(lieu: Lieu) -> AsyncIterator[Journal]:
    """The log, opened without migrating anything. Raises NonVerifiable."""
    if lieu.kafka is not None:
        try:
            journal: Journal = JournalKafka(lieu.kafka, securite=securite(ReglagesKafka.charger()))
        except ReglagesInvalides as exc:
            raise NonVerifiable(f"Les réglages de Kafka ne tiennent pas : {exc}") from exc
    else:
        async with lieu.connexion() as conn:
            if await conn.fetchval("SELECT to_regclass('journal.topic') IS NULL"):
                raise NonVerifiable("Le schéma du journal n'existe pas encore.")
        journal = JournalPostgres(await creer_pool(str(lieu.base), 2, "vigie-doctor"))
    try:
        yield journal
    finally:
        await journal.fermer()


async def topics(lieu: Lieu) -> Sequence[Constat]:
    """That the log answers, and each topic with its partitions."""
    moteur = f"Kafka {lieu.kafka}" if lieu.kafka else "PostgreSQL"
    evenements = [d.topic for nom, d in DEFINITIONS.items() if nom in lieu.services]
    attendus: dict[str, int | None] = dict.fromkeys([*evenements, TOPIC_PERSONNES])
    attendus |= dict.fromkeys(TOPICS_D_UNE_PARTITION, 1)
    try:
        async with _journal(lieu) as journal:
            nombres = {topic: await _partitions(journal, topic) for topic in attendus}
    except ErreurJournal as exc:
        return [Constat("journal", "mauvais", f"{moteur} : {exc}.", _MUET)]
    constats = [_topic(topic, attendus[topic], nombre) for topic, nombre in nombres.items()]
    fautes = [c for c in constats if c.verdict != "bon"]
    dit = ", ".join(f"{topic} {nombre}" for topic, nombre in nombres.items())
    return [Constat("journal", "bon", f"Le journal ({moteur}) répond."), *(fautes or [Constat("topics", "bon", dit)])]


async def _partitions(journal: Journal, topic: str) -> int | None:
    try:
        return await journal.partitions(topic)
    except TopicAbsent:
        return None


def _topic(topic: str, attendues: int | None, nombre: int | None) -> Constat:
    if nombre is None:
        return Constat(topic, "mauvais", "Le topic n'existe pas.", "Lancez le service qui l'écrit : il le crée.")
    if attendues is not None and nombre != attendues:
        return Constat(
            topic,
            "mauvais",
            f"{nombre} partitions au lieu de {attendues}.",
            "Un topic n'est jamais repartitionné : videz-le par ses consommateurs, puis recréez-le.",
        )
    return Constat(topic, "bon", f"{nombre} partitions.")


async def retention(lieu: Lieu) -> Sequence[Constat]:
    """How long the engine keeps records of itself, beside what the nightly maintenance prunes."""
    reglages = lieu.reglages
    jours = None if reglages is None else reglages.retention_journal_jours
    voulue = "pour toujours" if jours is None else f"{jours} jours une fois lu"
    if lieu.kafka is None:
        return [Constat("garde du journal", "bon", f"Gardé {voulue} (VIGIE_RETENTION_JOURNAL_JOURS).")]
    lues = await configurations(lieu.kafka, [d.topic for d in DEFINITIONS.values()])
    durees = {topic: duree_de_garde(lue) for topic, lue in lues.items()}
    courtes = {t: d for t, d in durees.items() if d is not None and d < RETENTION_MIN}
    if courtes:
        dites = ", ".join(f"{topic} {duree.total_seconds() / 3600:.0f} h" for topic, duree in courtes.items())
        return [
            Constat(
                "garde du journal",
                "mauvais",
                f"Kafka efface sans attendre que ce soit lu : {dites}.",
                "retention.ms=-1 sur ces topics, et VIGIE_RETENTION_JOURNAL_JOURS pour élaguer ce qui est lu.",
            )
        ]
    if any(duree is not None for duree in durees.values()):
        return [
            Constat(
                "garde du journal",
                "a_surveiller",
                f"Kafka efface de lui-même après {min(d for d in durees.values() if d is not None).days} jours.",
                "Gardez davantage que l'âge de la plus vieille sauvegarde à restaurer (docs/reprise.md).",
            )
        ]
    return [Constat("garde du journal", "bon", f"Gardé {voulue} ; Kafka n'efface rien de lui-même.")]


async def positions(lieu: Lieu) -> Sequence[Constat]:
    """Each group of each schema: within the log's bounds, how late, and moving or not."""
    async with lieu.connexion() as conn:
        lues = [(nom, await _positions(conn, nom)) for nom in lieu.schemas]
        maintenant = await conn.fetchval("SELECT clock_timestamp()")
    groupes: dict[tuple[str, str, str], list[tuple[int, int, datetime]]] = defaultdict(list)
    for schema, lignes in lues:
        for groupe, topic, partition, suivante, maj in lignes:
            groupes[schema, groupe, topic].append((partition, suivante, maj))
    bornes: dict[str, Mapping[int, Bornes]] = {}
    try:
        async with _journal(lieu) as journal:
            for _, _, topic in groupes:
                if topic not in bornes:
                    bornes[topic] = await journal.bornes(topic)
    except ErreurJournal as exc:
        raise NonVerifiable("Le journal ne répond pas.") from exc
    constats = [
        _groupe(f"positions de {groupe} ({topic})", lignes, bornes[topic], maintenant)
        for (_, groupe, topic), lignes in groupes.items()
    ]
    if not constats:
        return [Constat("positions", "a_surveiller", "Aucun groupe n'a encore lu.", "Lancez les consommateurs.")]
    fautes = [c for c in constats if c.verdict != "bon"]
    return fautes or [Constat("positions", "bon", f"{len(constats)} groupes dans les bornes du journal, à jour.")]


async def _positions(conn: asyncpg.Connection, schema: str) -> Iterable[asyncpg.Record]:
    if await conn.fetchval("SELECT to_regclass($1) IS NULL", f"{schema}.positions"):
        return []
    lignes: Iterable[asyncpg.Record] = await conn.fetch(
        f"SELECT groupe, topic, partition, next, maj FROM {schema}.positions ORDER BY groupe, topic, partition"
    )
    return lignes


def _groupe(
    nom: str, lignes: Sequence[tuple[int, int, datetime]], bornes: Mapping[int, Bornes], maintenant: datetime
) -> Constat:
    dehors = [
        f"partition {p} : {suivante} hors de {b.debut} à {b.fin}"
        for p, suivante, _ in lignes
        if not (b := bornes.get(p, Bornes(0, 0))).debut <= suivante <= b.fin
    ]
    if dehors:
        return Constat(
            nom,
            "mauvais",
            f"{' ; '.join(dehors)}.",
            "Après une restauration du journal ou une purge : docs/runbooks.md, « VigieConsommateurBloque ».",
        )
    retard = sum(bornes[p].fin - suivante for p, suivante, _ in lignes)
    immobiles = [p for p, suivante, maj in lignes if bornes[p].fin > suivante and maintenant - maj > IMMOBILE]
    if immobiles:
        return Constat(
            nom,
            "mauvais",
            f"{retard} enregistrements attendent, rien n'avance (partitions {', '.join(map(str, immobiles))}).",
            "Aucun consommateur ne tient ces partitions, ou il bute : son /readyz et son journal le disent.",
        )
    if retard > RETARD_NOTABLE:
        return Constat(
            nom,
            "a_surveiller",
            f"{retard} enregistrements de retard, cela avance.",
            "S'il ne baisse pas, ajoutez un consommateur (docs/runbooks.md, « VigieConsommateurBloque »).",
        )
    return Constat(nom, "bon", f"{retard} de retard.")


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen("journal", topics, _MUET, delai_s=12.0),
    Examen("garde du journal", retention, _MUET, delai_s=12.0),
    Examen("positions", positions, _MUET, delai_s=12.0),
)
