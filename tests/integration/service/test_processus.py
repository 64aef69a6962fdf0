"""A whole process: a server and a consumer under one supervision, seen from outside."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.timeout(60)

PROGRAMME = """
import asyncio, sys
from functools import partial
from shared.clock import SystemClock
from shared.service.application import creer_application
from shared.service.journalisation import configurer_journal
from shared.service.reglages import Reglages
from shared.service.serveur import executer, servir

async def docile(arret):
    await arret.wait()
    print("consommateur rendu", flush=True)

async def en_panne(arret):
    await asyncio.sleep(0.2)
    raise RuntimeError("lot illisible")

async def qui_rend(arret):
    await asyncio.sleep(0.2)

async def sourd(arret):
    await asyncio.Event().wait()

async def demarrage(app):
    yield

configurer_journal("essai")
reglages = Reglages(port=int(sys.argv[2]), delai_arret_s=2.0)
app = creer_application("Essai", "1", routers=[], lifespans=[], reglages=reglages, clock=SystemClock())
if sys.argv[1] == "sans_vie":
    from contextlib import asynccontextmanager
    @asynccontextmanager
    async def vie(app):
        raise OSError("base absente")
        yield
    app = creer_application("E", "1", routers=[], lifespans=[vie], reglages=reglages, clock=SystemClock())
consommateur = {"sans_vie": docile}.get(sys.argv[1]) or globals()[sys.argv[1]]
sys.exit(executer({"http": partial(servir, app, reglages), "consommateur": consommateur}, 2.0))
"""


@contextmanager
def _processus(consommateur: str, port: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    processus = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAMME, consommateur, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield processus
    finally:
        processus.kill()
        processus.wait()
        assert processus.stdout is not None
        processus.stdout.close()


def _attendre(processus: "subprocess.Popen[bytes]", texte: bytes, delai_s: float = 15.0) -> bytes:
    """What the process wrote up to ``texte``."""
    assert processus.stdout is not None
    vu, limite = b"", time.monotonic() + delai_s
    while texte not in vu:
        prets, _, _ = select.select([processus.stdout], [], [], max(0.0, limite - time.monotonic()))
        morceau = os.read(processus.stdout.fileno(), 65536) if prets else b""
        assert morceau, f"{texte!r} not in {vu!r}"
        vu += morceau
    return vu


def _fin(processus: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    sortie, _ = processus.communicate(timeout=15)
    return processus.returncode, sortie


@pytest.mark.parametrize("signe", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_parts_cleanly_with_code_0(signe: signal.Signals) -> None:
    with _processus("docile") as processus:
        _attendre(processus, b'"ecoute"')
        processus.send_signal(signe)
        code, sortie = _fin(processus)
    assert code == 0, sortie
    assert b"consommateur rendu" in sortie


@pytest.mark.parametrize(
    ("consommateur", "message"),
    [("en_panne", b"tache en echec"), ("qui_rend", b"tache arretee sans demande"), ("sans_vie", b"tache en echec")],
)
def test_a_part_that_dies_stops_the_process_with_code_1(consommateur: str, message: bytes) -> None:
    with _processus(consommateur) as processus:
        code, sortie = _fin(processus)
    assert code == 1
    assert message in sortie


def test_a_part_deaf_to_the_stop_is_cancelled_after_the_budget_with_code_1() -> None:
    with _processus("sourd") as processus:
        _attendre(processus, b'"ecoute"')
        processus.send_signal(signal.SIGTERM)
        code, sortie = _fin(processus)
    assert code == 1
    assert b'"taches annulees"' in sortie


def test_a_port_already_taken_is_said_and_stops_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        with _processus("docile", port) as processus:
            code, sortie = _fin(processus)
    assert code == 1
    assert f"Impossible d'écouter sur 127.0.0.1:{port}".encode() in sortie
