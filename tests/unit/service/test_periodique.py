"""Rounds: they go on past a database that is away, stop at once, and end on what will not pass."""

import asyncio
import time

import pytest

from shared.database.connexion import ConnexionPerdue
from shared.service.periodique import repeter


async def test_une_base_absente_est_attendue_et_le_tour_suivant_reussit() -> None:
    arret, essais = asyncio.Event(), 0

    async def tour() -> None:
        nonlocal essais
        essais += 1
        if essais < 3:
            raise ConnexionPerdue("partie")
        arret.set()

    async with asyncio.timeout(5):
        await repeter("essai", tour, arret, 3600.0)
    assert essais == 3


async def test_ce_qui_ne_passera_pas_tout_seul_est_leve() -> None:
    async def tour() -> None:
        raise KeyError("faute")

    with pytest.raises(KeyError):
        await repeter("essai", tour, asyncio.Event(), 0.0)


async def test_l_arret_interrompt_le_repos_et_le_repos_suit_la_duree_du_tour() -> None:
    arret, durees = asyncio.Event(), []

    def repos(duree: float) -> float:
        durees.append(duree)
        asyncio.get_running_loop().call_later(0.01, arret.set)
        return 3600.0

    async def tour() -> None:
        await asyncio.sleep(0.02)

    debut = time.monotonic()
    await repeter("essai", tour, arret, repos)
    assert time.monotonic() - debut < 5
    assert len(durees) == 1
    assert durees[0] >= 0.02
