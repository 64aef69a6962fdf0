"""Outside the embedded mode, no process of any service starts without what tells it who calls."""

from pkgutil import resolve_name
from typing import Any

import pytest

from shared.service.reglages import ReglagesInvalides
from tests.support.variables import reglages_de
from vigie.demarrage import TACHES

OIDC = {"oidc_emetteur": "https://identite.invalid/vigie", "oidc_audience": "vigie"}
COMPTE = {"oidc_client": "vigie", "oidc_secret": "s"}
PROCESSUS = [(s, r) for s in TACHES for r in ("api", "consumer", "tout") if (s, r) != ("console", "consumer")]
LISENT_LES_AUTRES = {"alerts", "entraide", "console"}


def _taches(service: str, role: str, **reglages: Any) -> Any:
    lus = reglages_de((service,))(mode="production", role=role, database_url="postgresql://h/b", **reglages)
    return resolve_name(TACHES[service])(lus)


@pytest.mark.parametrize(("service", "role"), PROCESSUS)
def test_it_says_every_setting_that_is_missing(service: str, role: str) -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_OIDC_EMETTEUR, VIGIE_OIDC_AUDIENCE"):
        _taches(service, role)


@pytest.mark.parametrize(("service", "role"), [p for p in PROCESSUS if p[0] in LISENT_LES_AUTRES])
def test_who_reads_the_other_services_needs_an_account_of_its_own(service: str, role: str) -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_OIDC_CLIENT, VIGIE_OIDC_SECRET"):
        _taches(service, role, **OIDC)


@pytest.mark.parametrize(("service", "role"), PROCESSUS)
def test_with_them_it_starts(service: str, role: str) -> None:
    propres = {"console_url": "https://console.invalid"} if service == "console" else {}
    assert "http" in _taches(service, role, **OIDC, **COMPTE, **propres)
