"""What ``vigie doctor`` sees of a real Kafka: topics that are not as declared, and its clock as far as it shows."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.log.kafka import JournalKafka
from vigie.docteur import broker
from vigie.docteur.constats import NonVerifiable
from vigie.docteur.lieu import Lieu

pytestmark = pytest.mark.kafka

DIX_JOURS = timedelta(days=10)


def lieu(kafka: str | None, topics: Path | None, dossier: Path) -> Lieu:
    return Lieu(dossier, (), None, None, "", kafka, {}, topics)


async def test_topics_that_are_not_as_declared_are_named_with_what_to_do(kafka_bootstrap: str, tmp_path: Path) -> None:
    nom = f"essai.docteur.{uuid.uuid4().hex}"
    journal = JournalKafka(kafka_bootstrap)
    for suffixe in ("juste", "etroit", "court"):
        await journal.assurer_topic(f"{nom}.{suffixe}", 2, DIX_JOURS)
    await journal.fermer()
    fichier = tmp_path / "topics.yaml"
    declares = {"juste": (2, "10"), "etroit": (3, "10"), "court": (2, "null"), "absent": (1, "1")}
    fichier.write_text(
        "topics:\n"
        + "".join(f"  {nom}.{s}: {{ partitions: {p}, retention_jours: {j} }}\n" for s, (p, j) in declares.items())
    )
    constats = {c.nom.rpartition(".")[2]: c for c in await broker.declaration(lieu(kafka_bootstrap, fichier, tmp_path))}
    assert {s: (c.verdict, c.trouve) for s, c in constats.items()} == {
        "etroit": ("a_surveiller", "2 partitions, 3 déclarées."),
        "court": ("mauvais", "Gardé 10 jours, pour toujours déclarés."),
        "absent": ("mauvais", "Déclaré, et Kafka ne l'a pas."),
    }
    assert f"vigie topics {fichier}" in constats["absent"].faire


async def test_the_broker_s_clock_is_read_from_its_last_record(
    kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"essai.docteur.{uuid.uuid4().hex}"
    monkeypatch.setattr(broker, "TOPICS", (topic,))
    journal = JournalKafka(kafka_bootstrap)
    await journal.assurer_topic(topic, 2)
    with pytest.raises(NonVerifiable, match="rien ne dit l'heure"):
        await broker.horloge(lieu(kafka_bootstrap, None, tmp_path))
    await journal.ajouter(topic, [(b"c", b"v")])
    await journal.fermer()
    (constat,) = await broker.horloge(lieu(kafka_bootstrap, None, tmp_path))
    assert (constat.verdict, constat.trouve[:15]) == ("bon", "Pas en avance :")


def test_a_record_of_the_future_says_that_the_broker_is_ahead() -> None:
    maintenant = datetime(2026, 3, 2, 9, tzinfo=UTC)
    constat = broker.dire_l_horloge(maintenant + timedelta(seconds=40), maintenant)
    assert (constat.verdict, constat.trouve) == ("mauvais", "40.0 s en avance sur cette machine.")
    assert constat.faire
