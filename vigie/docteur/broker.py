"""Kafka itself: its topics against what is declared of them, and what can be seen of its clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.alerts.assemblage import ServiceAlertes
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.log.clients_kafka import demarrer
from shared.log.kafka import JournalKafka
from shared.log.securite_kafka import securite
from shared.log.types import ErreurJournal
from shared.service.reglages_kafka import ReglagesKafka
from vigie.docteur.base import ecart_d_horloge
from vigie.docteur.constats import Constat, Examen, NonVerifiable
from vigie.docteur.lieu import Lieu
from vigie.topics import Topic, lire
from vigie.travail import DEFINITIONS

AVANCE_TOLEREE = timedelta(seconds=1)

DERNIERS = 5
"""Records looked at from the end of a partition."""

TOPICS = (TOPIC_CLOCHE, *ServiceAlertes.topics, *(d.topic for d in DEFINITIONS.values()))
"""Where the last record is looked for."""

_DU_BROKER = "LogAppendTime"
_RETENTION, _HORODATAGE = "retention.ms", "message.timestamp.type"
_HORLOGE = "horloge du broker"
_DECLARATION = "topics déclarés"
_MUET = "Que le broker tourne, que VIGIE_KAFKA_BOOTSTRAP et ses protections soient les bons."


async def configurations(bootstrap: str, noms: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """The settings of these topics that matter here, by topic; none of one that is not there. Raises NonVerifiable."""
    protections = securite(ReglagesKafka.charger()).options
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=4_000, **protections)
    admin.stop = admin.close
    try:
        await demarrer(admin)
    except Exception as exc:
        raise NonVerifiable("Le journal ne répond pas.") from exc
    voulues = {_RETENTION: None, _HORODATAGE: None}
    try:
        reponses = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, nom, voulues) for nom in noms]
        )
    finally:
        await admin.close()
    return {
        nom: {entree[0]: entree[1] for entree in entrees}
        for reponse in reponses
        for _code, _message, _genre, nom, entrees in reponse.resources
        if entrees
    }


def duree_de_garde(configuration: Mapping[str, str]) -> timedelta | None:
    """How long the broker keeps the records of a topic; None: for ever."""
    ms = int(configuration[_RETENTION])
    return None if ms < 0 else timedelta(milliseconds=ms)


async def declaration(lieu: Lieu) -> Sequence[Constat]:
    """The topics there are against the file that declares them."""
    if lieu.kafka is None:
        return []
    if lieu.topics is None:
        raise NonVerifiable("La déclaration des topics n'est pas sur cette machine : donnez-la par --topics FICHIER.")
    declares = lire(lieu.topics)
    trouvees = await configurations(lieu.kafka, list(declares))
    journal = JournalKafka(lieu.kafka, securite=securite(ReglagesKafka.charger()))
    try:
        nombres = {nom: await journal.partitions(nom) for nom in declares if nom in trouvees}
    except ErreurJournal as exc:
        raise NonVerifiable("Le journal ne répond pas.") from exc
    finally:
        await journal.fermer()
    appliquer = f"vigie topics {lieu.topics}"
    constats = [
        constat
        for nom, topic in declares.items()
        if (constat := _comparer(nom, topic, nombres.get(nom), trouvees.get(nom, {}), appliquer)) is not None
    ]
    conformes = Constat(_DECLARATION, "bon", f"{len(declares)} topics comme {lieu.topics} les déclare.")
    return constats or [conformes]


def _comparer(
    nom: str, topic: Topic, partitions: int | None, configuration: Mapping[str, str], appliquer: str
) -> Constat | None:
    titre = f"{_DECLARATION}, {nom}"
    if partitions is None:
        return Constat(titre, "mauvais", "Déclaré, et Kafka ne l'a pas.", f"« {appliquer} » le crée.")
    if partitions != topic.partitions:
        return Constat(
            titre,
            "a_surveiller",
            f"{partitions} partitions, {topic.partitions} déclarées.",
            "Le nombre ne se change pas en place, l'ordre des événements en dépend : corrigez la déclaration, ou "
            "passez à un topic d'un autre nom (docs/deploiement.md).",
        )
    garde = duree_de_garde(configuration)
    if garde != topic.retention:
        return Constat(
            titre,
            "mauvais" if garde is not None and (topic.retention is None or garde < topic.retention) else "a_surveiller",
            f"Gardé {_dite(garde)}, {_dite(topic.retention)} déclarés.",
            f"« {appliquer} » lui rend la durée déclarée ; ce qui est déjà effacé ne revient pas.",
        )
    if configuration[_HORODATAGE] != _DU_BROKER:
        return Constat(
            titre,
            "a_surveiller",
            "Daté par qui écrit, pas par le broker : une horloge fausse chez un service efface trop tôt, ou jamais.",
            f"kafka-configs.sh --alter --topic {nom} --add-config {_HORODATAGE}={_DU_BROKER}",
        )
    return None


def _dite(garde: timedelta | None) -> str:
    return "pour toujours" if garde is None else f"{garde / timedelta(days=1):g} jours"


async def horloge(lieu: Lieu) -> Sequence[Constat]:
    """Whether the last records are of the future: no request asks Kafka its time, and writing a record to see it would
    leave that in a log that is kept."""
    if lieu.kafka is None:
        return []
    lues = await configurations(lieu.kafka, list(TOPICS))
    journal = JournalKafka(lieu.kafka, securite=securite(ReglagesKafka.charger()))
    try:
        instants = [await _dernier(journal, nom) for nom, lue in lues.items() if lue[_HORODATAGE] == _DU_BROKER]
    except ErreurJournal as exc:
        raise NonVerifiable("Le journal ne répond pas.") from exc
    finally:
        await journal.fermer()
    if not any(instants):
        raise NonVerifiable("Aucun enregistrement : rien ne dit l'heure du broker, que Kafka ne donne pas.")
    return [dire_l_horloge(datetime.fromtimestamp(max(instants) / 1_000, UTC), datetime.now(UTC))]


async def _dernier(journal: JournalKafka, topic: str) -> int:
    """Milliseconds since 1970 at which the broker took the last record that can be read; 0 when there is none."""
    dernier = 0
    for partition, bornes in (await journal.bornes(topic)).items():
        # The last positions may be marks of transactions, which are no records.
        lus = await journal.lire(topic, partition, max(bornes.debut, bornes.fin - DERNIERS), DERNIERS)
        dernier = max(dernier, *(record.horodatage_ms for record in lus), 0)
    return dernier


def dire_l_horloge(dernier: datetime, maintenant: datetime) -> Constat:
    """What the last record says of the broker's clock: ahead when it is of the future; late, nothing can tell."""
    ecart = (dernier - maintenant).total_seconds()
    if ecart > AVANCE_TOLEREE.total_seconds():
        return ecart_d_horloge(_HORLOGE, ecart, AVANCE_TOLEREE.total_seconds())
    return Constat(
        _HORLOGE,
        "bon",
        f"Pas en avance : son dernier enregistrement a {-ecart:.0f} s. Un retard ne se voit pas d'ici, Kafka ne donne "
        "pas son heure : « chronyc tracking » chez lui.",
    )


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen(_DECLARATION, declaration, _MUET, delai_s=12.0),
    Examen(_HORLOGE, horloge, _MUET, delai_s=12.0),
)
