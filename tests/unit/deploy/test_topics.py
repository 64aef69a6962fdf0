"""The topics that deploy/kafka declares are those of the code."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.alerts.assemblage import ServiceAlertes
from services.entraide.assemblage import ServiceEntraide
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.events.personnes import TOPIC_PERSONNES
from shared.service.reglages import PARTITIONS, ReglagesInvalides
from vigie.cli import application
from vigie.topics import lire
from vigie.travail import DEFINITIONS

FICHIER = Path(__file__).parents[3] / "deploy/kafka/topics.yaml"
D_EVENEMENTS = {definition.topic for definition in DEFINITIONS.values()} | {TOPIC_PERSONNES}
D_UNE_PARTITION = {TOPIC_CLOCHE, *ServiceAlertes.topics, *ServiceEntraide.topics}


def test_every_topic_of_the_code_is_declared_with_the_partitions_it_expects() -> None:
    declares = {nom: topic.partitions for nom, topic in lire(FICHIER).items()}
    assert declares == dict.fromkeys(D_EVENEMENTS, PARTITIONS) | dict.fromkeys(D_UNE_PARTITION, 1)


def test_the_broker_never_throws_away_what_figures_are_made_from() -> None:
    assert {nom for nom, topic in lire(FICHIER).items() if topic.retention is None} == D_EVENEMENTS


@pytest.mark.parametrize(
    ("contenu", "faute"),
    [
        ("topics: {a: {partitions: 0, retention_jours: null}}", "topics.a.partitions"),
        ("topics: {a: {partitions: 1}}", "topics.a.retention_jours"),
        ("topics: {a: {partitions: 1, retention_jours: 3, repliques: 3, taille: 4}}", "topics.a.taille"),
        ("- a", "n'est pas une déclaration"),
        ("a: [", "ne peut être lu"),
    ],
)
def test_a_faulty_declaration_says_where(tmp_path: Path, contenu: str, faute: str) -> None:
    fichier = tmp_path / "topics.yaml"
    fichier.write_text(contenu)
    with pytest.raises(ReglagesInvalides, match=faute):
        lire(fichier)


def test_without_kafka_there_are_no_topics_to_declare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIE_KAFKA_BOOTSTRAP", raising=False)
    fini = CliRunner().invoke(application, ["topics", str(FICHIER)])
    assert isinstance(fini.exception, ReglagesInvalides)
    assert "VIGIE_KAFKA_BOOTSTRAP" in str(fini.exception)
