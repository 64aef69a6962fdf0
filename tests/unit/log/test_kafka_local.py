"""The local broker: what it says when it cannot be started."""

from pathlib import Path

import pytest

from vigie import kafka


def test_without_java_the_error_says_what_to_install_or_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kafka.ErreurKafka, match=r"Java est absent : installez.*VIGIE_KAFKA_BOOTSTRAP"):
        kafka.demarrer(tmp_path / "noeud", 19092)


def test_without_maven_and_without_jars_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(kafka, "JARS", tmp_path / "libs")
    with pytest.raises(kafka.ErreurKafka, match="Maven est absent"):
        kafka.preparer_jars()


def test_a_stale_pid_file_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "kafka.pid").write_text("1")
    assert kafka.statut(tmp_path).pid is None
    kafka.arreter(tmp_path)
