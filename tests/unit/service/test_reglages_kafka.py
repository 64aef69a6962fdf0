"""Kafka's settings: what goes together, what is refused and how it is said, and that no secret is shown."""

import os
from pathlib import Path

import pytest

from shared.log.securite_kafka import securite
from shared.log.types import ReglagesGroupe
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.reglages_kafka import ReglagesKafka

SECRET = "motus"
COMPTE = {"utilisateur": "vigie", "mot_de_passe": SECRET}


@pytest.fixture(autouse=True)
def environnement_vide(monkeypatch: pytest.MonkeyPatch) -> None:
    for nom in list(os.environ):
        if nom.startswith("VIGIE_"):
            monkeypatch.delenv(nom)


def charger(monkeypatch: pytest.MonkeyPatch, **reglages: str) -> ReglagesKafka:
    for nom, valeur in reglages.items():
        monkeypatch.setenv(f"VIGIE_KAFKA_{nom.upper()}", valeur)
    return ReglagesKafka.charger()


def test_nothing_said_is_a_broker_in_clear() -> None:
    assert securite(ReglagesKafka.charger()).options == {"security_protocol": "PLAINTEXT"}


def test_a_name_and_its_password_are_given_to_the_clients_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reglages = charger(monkeypatch, securite="sasl_ssl", mecanisme="scram-sha-256", **COMPTE)
    gardes = securite(reglages)
    assert gardes.options.pop("ssl_context").check_hostname
    assert gardes.options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "vigie",
        "sasl_plain_password": SECRET,
    }
    assert SECRET not in repr(reglages) + repr(gardes) + str(reglages)


@pytest.mark.parametrize(
    ("reglages", "phrase"),
    [
        ({"utilisateur": "vigie"}, "VIGIE_KAFKA_UTILISATEUR ne sert à rien .*: il faut SASL_SSL ou SASL_PLAINTEXT"),
        ({"securite": "SSL", **COMPTE}, "VIGIE_KAFKA_MOT_DE_PASSE ne sert à rien avec VIGIE_KAFKA_SECURITE=SSL"),
        ({"securite": "SASL_SSL", "utilisateur": "vigie"}, "VIGIE_KAFKA_MOT_DE_PASSE manque"),
        ({"securite": "SASL_PLAINTEXT", "mot_de_passe": SECRET}, "VIGIE_KAFKA_UTILISATEUR manque"),
        ({"securite": "SASL_PLAINTEXT", **COMPTE, "ca": "/ca.pem"}, "VIGIE_KAFKA_CA ne sert à rien .*SSL ou SASL_SSL"),
        ({"securite": "SSL", "certificat": "/c.pem"}, "VIGIE_KAFKA_CERTIFICAT et VIGIE_KAFKA_CLE vont ensemble"),
        ({"securite": "SSL", "cle": "/c.cle"}, "VIGIE_KAFKA_CERTIFICAT et VIGIE_KAFKA_CLE vont ensemble"),
        ({"securite": "SSL", "cle_mot_de_passe": SECRET}, "le mot de passe de VIGIE_KAFKA_CLE, qui manque"),
        ({"securite": "TLS"}, "VIGIE_KAFKA_SECURITE"),
        ({"securite": "SASL_SSL", "mecanisme": "GSSAPI", **COMPTE}, "VIGIE_KAFKA_MECANISME"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence_without_any_value(
    monkeypatch: pytest.MonkeyPatch, reglages: dict[str, str], phrase: str
) -> None:
    with pytest.raises(ReglagesInvalides, match=phrase) as refus:
        charger(monkeypatch, **reglages)
    assert SECRET not in str(refus.value)
    with pytest.raises(ReglagesInvalides):
        Reglages.charger()


def test_in_production_a_password_does_not_travel_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_MODE", "production")
    charger(monkeypatch, securite="SASL_PLAINTEXT", mecanisme="PLAIN", **COMPTE)
    with pytest.raises(ReglagesInvalides, match="envoie le mot de passe en clair"):
        Reglages.charger()
    monkeypatch.setenv("VIGIE_KAFKA_MECANISME", "SCRAM-SHA-512")
    assert Reglages.charger().kafka_utilisateur == "vigie"


@pytest.mark.parametrize("contenu", [None, "ceci n'est pas du PEM"])
def test_a_faulty_file_of_authorities_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contenu: str | None
) -> None:
    fichier = tmp_path / "ca.pem"
    if contenu is not None:
        fichier.write_text(contenu)
    reglages = charger(monkeypatch, securite="SSL", ca=str(fichier))
    with pytest.raises(ReglagesInvalides, match=f"VIGIE_KAFKA_CA : {fichier} n.est pas|VIGIE_KAFKA_CA : .* ne peut"):
        securite(reglages)


@pytest.mark.parametrize("texte", ["fse=beaucoup", "fse", "fse=0", "=3=4"])
def test_a_retention_that_is_not_a_number_of_days_is_refused(monkeypatch: pytest.MonkeyPatch, texte: str) -> None:
    monkeypatch.setenv("VIGIE_RETENTION_DOSSIERS", texte)
    with pytest.raises(ReglagesInvalides, match="VIGIE_RETENTION_DOSSIERS"):
        Reglages.charger()


def test_retentions_are_days_by_process_and_none_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Reglages.charger().retention_dossiers == {}
    monkeypatch.setenv("VIGIE_RETENTION_DOSSIERS", "fse=730, ij = 400,")
    assert Reglages.charger().retention_dossiers == {"fse": 730, "ij": 400}
    monkeypatch.setenv("VIGIE_RETENTION_DOSSIERS", "")
    assert Reglages.charger().retention_dossiers == {}


def test_a_batch_under_way_ends_within_what_a_process_has_to_stop() -> None:
    assert ReglagesGroupe().drain < Reglages.charger().delai_arret_s
