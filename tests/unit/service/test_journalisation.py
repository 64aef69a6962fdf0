"""JSON logs without secrets."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from shared.service.journalisation import biffer, configurer_journal, journal


@pytest.fixture
def flux(journal_capture: object) -> Iterator[io.StringIO]:
    racine = logging.getLogger()
    avant = racine.handlers[:], racine.level
    flux = io.StringIO()
    configurer_journal("essai", "info", flux)
    yield flux
    racine.handlers[:], racine.level = avant[0], avant[1]
    structlog.reset_defaults()


def _lignes(flux: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(ligne) for ligne in flux.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields_and_context(flux: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(requete="r1"):
        journal().info("lot integre", lot=12)
    (ligne,) = _lignes(flux)
    assert ligne.pop("instant").endswith("+00:00")
    assert ligne == {
        "message": "lot integre",
        "lot": 12,
        "requete": "r1",
        "level": "info",
        "service": "essai",
    }


def test_the_libraries_log_the_same_way(flux: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("Exception in %s", "ASGI")
    (ligne,) = _lignes(flux)
    assert (ligne["message"], ligne["level"]) == ("Exception in ASGI", "error")


def test_below_the_level_nothing_is_written(flux: io.StringIO) -> None:
    journal().debug("detail")
    logging.getLogger("aiokafka.consumer").info("bavard")
    assert _lignes(flux) == []


def test_secrets_are_struck_out_of_fields_texts_and_tracebacks(flux: io.StringIO) -> None:
    try:
        raise OSError("connexion à postgresql://vigie:tres-secret@db/vigie refusée")
    except OSError:
        journal().exception(
            "base injoignable",
            mot_de_passe="tres-secret",
            entetes={"Authorization": "Bearer tres-secret.jeton", "accept": "*/*"},
            cle=SecretStr("tres-secret"),
            appel="authorization: bearer tres-secret",
        )
    texte = flux.getvalue()
    assert "tres-secret" not in texte
    assert "OSError" in texte
    assert "postgresql://***@db/vigie" in texte
    assert _lignes(flux)[0]["entetes"] == {"Authorization": "***", "accept": "*/*"}


@pytest.mark.parametrize("anodin", [12, "caisse cpam-75", None, {"jalon": "recue"}, ["a"], "https://exemple.fr/a@b"])
def test_what_holds_no_secret_is_left_alone(anodin: object) -> None:
    assert biffer(anodin) == anodin
