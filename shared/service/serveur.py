"""Running a service: one process, one event loop, uvicorn and the consumers under one supervision.

``executer({"http": partial(servir, app, reglages), "consommateur": boucle}, delai_arret_s)`` returns the exit
code.
"""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Awaitable, Callable, Generator, Mapping

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.service.connexion import connexion
from shared.service.journalisation import journal
from shared.service.reglages import Reglages

_log = journal("vigie.service")

Tache = Callable[[asyncio.Event], Awaitable[None]]
"""A long-lived part of a process. It returns soon after ``arret`` is set; returning or raising before is a
failure.
"""

_SIGNAUX = (signal.SIGTERM, signal.SIGINT)
# Seconds left to cancelled tasks for their ``finally``, once the stop budget is spent.
_DELAI_ANNULATION_S = 2.0
_DELAI_CONNEXION_INACTIVE_S = 30


class DemarrageImpossible(Exception):
    """The server cannot listen or the application's lifespan failed; French message."""


class _Serveur(uvicorn.Server):
    """uvicorn without its signal handlers: signals stop the whole process, and are the supervisor's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def ouvrir_socket(hote: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes a free one. Raises ``DemarrageImpossible``."""
    famille = socket.AF_INET6 if ":" in hote else socket.AF_INET
    prise = socket.socket(famille, socket.SOCK_STREAM)
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        prise.bind((hote, port))
    except OSError as erreur:
        prise.close()
        raise DemarrageImpossible(f"Impossible d'écouter sur {hote}:{port} : {erreur.strerror}.") from erreur
    prise.set_inheritable(True)
    return prise


async def servir(app: ASGIApp, reglages: Reglages, arret: asyncio.Event, *, prise: socket.socket | None = None) -> None:
    """Serve ``app`` until ``arret``; then stop listening and let the requests under way end, half the stop
    budget.

    ``prise``: an open socket to serve on, instead of the settings' host and port. Raises
    ``DemarrageImpossible``.
    """
    prise = prise or ouvrir_socket(reglages.hote, reglages.port)
    config = uvicorn.Config(
        app,
        http=connexion(reglages.delai_requete_s),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_DELAI_CONNEXION_INACTIVE_S,
        timeout_graceful_shutdown=max(1, math.floor(reglages.delai_arret_s / 2)),
    )
    serveur = _Serveur(config)

    async def arreter() -> None:
        await arret.wait()
        serveur.should_exit = True

    hote, port = prise.getsockname()[:2]
    _log.info("ecoute", hote=hote, port=port)
    if reglages.mode == "embarque" and not reglages.ecoute_locale:
        _log.warning("administrateur local ouvert au reseau", hote=hote, port=port)
    guetteur = asyncio.create_task(arreter())
    try:
        await serveur.serve(sockets=[prise])
    except SystemExit as fin:
        raise DemarrageImpossible("L'application n'a pas pu démarrer : voyez l'erreur précédente.") from fin
    finally:
        guetteur.cancel()
        prise.close()


async def superviser(taches: Mapping[str, Tache], delai_arret_s: float, arret: asyncio.Event | None = None) -> int:
    """Run ``taches`` together until SIGTERM, SIGINT or ``arret``; the exit code of the process.

    0: asked to stop, and every task returned within ``delai_arret_s`` seconds. 1: a task raised, or returned
    before being asked (the others are then stopped too), or outlived the budget and was cancelled.
    """
    arret = arret or asyncio.Event()
    code = 0

    def finie(tache: asyncio.Task[None]) -> None:
        nonlocal code
        if not tache.cancelled() and (erreur := tache.exception()) is not None:
            _log.error("tache en echec", tache=tache.get_name(), exc_info=erreur)
            code = 1
        elif not arret.is_set():
            _log.error("tache arretee sans demande", tache=tache.get_name())
            code = 1
        arret.set()

    with _signaux(arret):
        en_cours = {asyncio.create_task(_lancer(f, arret), name=nom) for nom, f in taches.items()}
        for tache in en_cours:
            tache.add_done_callback(finie)
        await arret.wait()
        _log.info("arret demande", taches=sorted(t.get_name() for t in en_cours if not t.done()))
        _, en_retard = await asyncio.wait(en_cours, timeout=delai_arret_s)
        if en_retard:
            code = 1
            _log.error("taches annulees", taches=sorted(t.get_name() for t in en_retard), delai_s=delai_arret_s)
            for tache in en_retard:
                tache.cancel()
            await asyncio.wait(en_retard, timeout=_DELAI_ANNULATION_S)
    _log.info("processus arrete", code=code)
    return code


async def _lancer(fonction: Tache, arret: asyncio.Event) -> None:
    await fonction(arret)


@contextlib.contextmanager
def _signaux(arret: asyncio.Event) -> Generator[None, None, None]:
    boucle = asyncio.get_running_loop()
    for signe in _SIGNAUX:
        boucle.add_signal_handler(signe, arret.set)
    try:
        yield
    finally:
        for signe in _SIGNAUX:
            boucle.remove_signal_handler(signe)


def executer(taches: Mapping[str, Tache], delai_arret_s: float) -> int:
    """``superviser`` on a uvloop of its own; for the command line: ``raise SystemExit(executer(…))``."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        return boucle.run(superviser(taches, delai_arret_s))
