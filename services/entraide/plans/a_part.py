"""A plan computed in a process of its own: it takes seconds of processor, and can be stopped."""

import asyncio
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection

import structlog

from services.entraide.plans.contenu import Contenu, Entree, calculer

_log = structlog.get_logger(__name__)


class PlanTropLong(Exception):
    """No plan came in the time allowed; ``str()`` is a French sentence."""


class CalculEnEchec(Exception):
    """The computation failed: a fault of the program. ``str()`` is what it said."""


async def calculer_a_part(entree: Entree, delai_s: float) -> Contenu:
    """The plan of ``entree``; past ``delai_s``, the greedy one, marked as such (``delai_depasse``).

    Raises PlanTropLong when even that does not come, CalculEnEchec.
    """
    try:
        return await asyncio.to_thread(_attendre, entree, delai_s)
    except PlanTropLong:
        if entree.methode == "glouton":
            raise
        _log.warning("plan trop long, glouton a la place", secondes=delai_s)
    contenu = await asyncio.to_thread(_attendre, replace(entree, methode="glouton"), delai_s)
    return contenu | {"delai_depasse": True}


def _attendre(entree: Entree, delai_s: float) -> Contenu:
    contexte = get_context("spawn")
    reception, envoi = contexte.Pipe(duplex=False)
    enfant = contexte.Process(target=_travailler, args=(envoi, entree), daemon=True)
    enfant.start()
    envoi.close()
    try:
        if not reception.poll(delai_s):
            raise PlanTropLong(f"Aucun plan en {delai_s:g} s.")
        contenu, faute = reception.recv()
    except EOFError:
        raise CalculEnEchec("Le calcul s'est interrompu.") from None
    finally:
        enfant.kill()
        enfant.join()
        reception.close()
    if faute is not None:
        raise CalculEnEchec(faute)
    resultat: Contenu = contenu
    return resultat


def _travailler(envoi: Connection, entree: Entree) -> None:
    try:
        envoi.send((calculer(entree), None))
    except Exception as exc:  # told to the parent, whose journal it belongs in
        envoi.send((None, repr(exc)))
