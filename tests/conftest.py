"""What every test run does: nothing is skipped silently, and with STRICT=1 nothing is skipped at all."""

import os
from collections.abc import Generator
from typing import Any

import pytest

STRICT = os.environ.get("STRICT") == "1"


def _raison(rapport: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a report was skipped, without pytest's prefix."""
    detail = rapport.longrepr
    texte = detail[2] if isinstance(detail, tuple) else str(detail)
    return texte.removeprefix("Skipped: ")


def _refuser_le_saut(rapport: pytest.TestReport | pytest.CollectReport) -> None:
    if STRICT and rapport.outcome == "skipped" and not hasattr(rapport, "wasxfail"):
        rapport.outcome = "failed"
        rapport.longrepr = f"STRICT=1 : ce test ne peut être sauté. Raison du saut : {_raison(rapport)}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    resultat = yield
    _refuser_le_saut(resultat.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    resultat = yield
    _refuser_le_saut(resultat.get_result())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """By name, what this machine did not run and why."""
    sautes = terminalreporter.getreports("skipped")
    if sautes:
        terminalreporter.section(f"non exécutés ici : {len(sautes)}")
        for rapport in sautes:
            terminalreporter.write_line(f"{rapport.nodeid} : {_raison(rapport)}")
