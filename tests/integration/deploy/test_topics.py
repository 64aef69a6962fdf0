"""``vigie topics`` on a real Kafka."""

import uuid
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.log.types import TopicIncompatible
from vigie.topics import declarer

pytestmark = pytest.mark.kafka


async def _retention_ms(bootstrap: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (reponse,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    ((*_, configurations),) = reponse.resources
    return int(next(valeur for nom, valeur, *_ in configurations if nom == "retention.ms"))


async def test_topics_are_made_as_declared_and_their_retention_follows_the_file(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIGIE_KAFKA_BOOTSTRAP", kafka_bootstrap)
    topic, fichier = f"essai.topics.{uuid.uuid4().hex}", tmp_path / "topics.yaml"

    async def declare(partitions: int, jours: str) -> list[str]:
        fichier.write_text(f"topics: {{ {topic}: {{ partitions: {partitions}, retention_jours: {jours} }} }}")
        return await declarer(fichier)

    assert await declare(3, "2") == [f"{topic} : 3 partitions, gardé 2 jours"]
    assert await _retention_ms(kafka_bootstrap, topic) == 2 * 86_400_000
    for _ in range(2):
        await declare(3, "null")
        assert await _retention_ms(kafka_bootstrap, topic) == -1
    with pytest.raises(TopicIncompatible):
        await declare(4, "null")
