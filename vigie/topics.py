"""``vigie topics``: the topics of a Kafka as a file declares them (``deploy/kafka/topics.yaml``)."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.log.fabrique import journal_kafka
from shared.service.reglages import Reglages, ReglagesInvalides


class Topic(BaseModel):
    """One topic. ``retention_jours``: days that the broker keeps a record, read or not; None: for ever.
    ``repliques`` -1: as many as the broker's own default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    partitions: Annotated[int, Field(gt=0)]
    retention_jours: Annotated[int, Field(gt=0)] | None
    repliques: Annotated[int, Field(ge=-1)] = -1

    @property
    def retention(self) -> timedelta | None:
        return None if self.retention_jours is None else timedelta(days=self.retention_jours)


class Declaration(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: Mapping[str, Topic]


def lire(fichier: Path) -> Mapping[str, Topic]:
    """Topics by name. Raises ReglagesInvalides saying where the file is wrong."""
    try:
        return Declaration.model_validate(yaml.safe_load(fichier.read_text(encoding="utf-8"))).topics
    except (OSError, yaml.YAMLError) as exc:
        raise ReglagesInvalides(f"{fichier} ne peut être lu : {exc}.") from None
    except ValidationError as exc:
        fautes = (f"{'.'.join(map(str, e['loc']))} : {e['msg']}" for e in exc.errors())
        raise ReglagesInvalides(f"{fichier} n'est pas une déclaration de topics.\n" + "\n".join(fautes)) from None


async def declarer(fichier: Path) -> list[str]:
    """Make the topics that are not there, give the others their retention; one French line for each.

    Raises ReglagesInvalides without a Kafka in the settings, ErreurJournal when a topic has other partitions.
    """
    declares, reglages = lire(fichier), Reglages.charger()
    if not reglages.kafka_bootstrap:
        raise ReglagesInvalides("VIGIE_KAFKA_BOOTSTRAP manque : seul Kafka a des topics à déclarer.")
    journal = journal_kafka(reglages.kafka_bootstrap)
    try:
        for nom, topic in declares.items():
            await journal.assurer_topic(nom, topic.partitions, topic.retention, topic.repliques)
            await journal.garder(nom, topic.retention)
    finally:
        await journal.fermer()
    return [_dire(nom, topic) for nom, topic in declares.items()]


def _dire(nom: str, topic: Topic) -> str:
    garde = "pour toujours" if topic.retention_jours is None else f"{topic.retention_jours} jours"
    return f"{nom} : {topic.partitions} partition{'s' * (topic.partitions > 1)}, gardé {garde}"
