"""Settings from the environment and files."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.service.reglages import Reglages, ReglagesInvalides

URL = "postgresql://vigie:tres-secret@db/vigie"


@pytest.fixture(autouse=True)
def environnement_vide(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for nom in list(os.environ):
        if nom.startswith("VIGIE_"):
            monkeypatch.delenv(nom)


def test_defaults_listen_on_this_machine_only() -> None:
    reglages = Reglages.charger()
    assert (reglages.hote, reglages.mode, reglages.role, reglages.horloge) == (
        "127.0.0.1",
        "embarque",
        "tout",
        "systeme",
    )
    assert reglages.ecoute_locale
    assert reglages.home == Path.home() / ".vigie"


@pytest.mark.parametrize(
    ("hote", "locale"), [("localhost", True), ("::1", True), ("0.0.0.0", False), ("vigie.example", False)]
)
def test_listening_beyond_this_machine_is_known(hote: str, locale: bool) -> None:
    assert Reglages(hote=hote).ecoute_locale is locale


def test_a_secret_comes_from_its_variable_or_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fichier = tmp_path / "url"
    fichier.write_text(URL + "\n")
    monkeypatch.setenv("VIGIE_DATABASE_URL_FICHIER", str(fichier))
    monkeypatch.setenv("VIGIE_CLE_PSEUDONYME", "k1")
    reglages = Reglages.charger()
    assert reglages.database_url == SecretStr(URL)
    assert reglages.cle_pseudonyme == SecretStr("k1")


def test_networks_are_written_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_MANDATAIRES", "10.0.0.0/8, fd00::/8")
    assert [str(reseau) for reseau in Reglages.charger().mandataires] == ["10.0.0.0/8", "fd00::/8"]
    monkeypatch.setenv("VIGIE_MANDATAIRES", "")
    assert Reglages.charger().mandataires == ()
    monkeypatch.setenv("VIGIE_MANDATAIRES", "10.0.0.1/8")
    with pytest.raises(ReglagesInvalides, match="VIGIE_MANDATAIRES"):
        Reglages.charger()


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_URL", URL)
    monkeypatch.setenv("VIGIE_DATABASE_URL_FICHIER", str(tmp_path / "url"))
    with pytest.raises(ReglagesInvalides, match="VIGIE_DATABASE_URL et VIGIE_DATABASE_URL_FICHIER"):
        Reglages.charger()


@pytest.mark.parametrize("contenu", [None, "", "\n"])
def test_a_file_of_secret_absent_or_empty_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contenu: str | None
) -> None:
    fichier = tmp_path / "cle"
    if contenu is not None:
        fichier.write_text(contenu)
    monkeypatch.setenv("VIGIE_CLE_PSEUDONYME_FICHIER", str(fichier))
    with pytest.raises(ReglagesInvalides, match=f"VIGIE_CLE_PSEUDONYME_FICHIER : {fichier}"):
        Reglages.charger()


def test_the_secrets_of_a_service_of_its_own_follow_the_same_rule(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class ReglagesAlertes(Reglages):
        secret_smtp: SecretStr

    fichier = tmp_path / "smtp"
    fichier.write_text("motus")
    monkeypatch.setenv("VIGIE_SECRET_SMTP_FICHIER", str(fichier))
    assert ReglagesAlertes.charger().secret_smtp.get_secret_value() == "motus"


def test_no_secret_shows_in_repr_nor_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_URL", URL)
    reglages = Reglages.charger()
    assert "tres-secret" not in repr(reglages) + str(reglages) + reglages.model_dump_json()


def test_each_faulty_variable_is_named_and_no_value_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_PORT", "valeur-sensible")
    monkeypatch.setenv("VIGIE_ROLE", "chef")
    with pytest.raises(ReglagesInvalides) as refus:
        Reglages.charger()
    assert "VIGIE_PORT" in str(refus.value)
    assert "VIGIE_ROLE" in str(refus.value)
    assert "valeur-sensible" not in str(refus.value)
