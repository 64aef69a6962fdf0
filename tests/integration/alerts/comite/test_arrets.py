"""The process of a comité is killed outright: PostgreSQL takes back what it held, and the next one does it all once."""

import asyncio
import signal
import sys

import pytest

from services.alerts.comite.calendrier import dernier_a_preparer
from tests.integration.alerts.comite.conftest import MOIS, Comite
from tests.integration.alerts.comite.test_preparation import evenements
from tests.integration.api.conftest import instant


async def tuer_pendant(comite: Comite, url: str, quoi: str, etape: str) -> None:
    """Let another process come that far, then SIGKILL."""
    processus = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.comite_seul", url, comite.reseau.clock.now().isoformat(), quoi, etape,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    sortie = processus.stdout
    assert sortie is not None
    try:
        async with asyncio.timeout(60):
            while (await sortie.readline()).decode().strip() != etape:
                assert not sortie.at_eof(), "il a fini sans en passer par là"
    finally:
        processus.send_signal(signal.SIGKILL)
        await processus.wait()


@pytest.mark.parametrize(("etape", "figes"), [("figer", 0), ("classer", 1)])
async def test_un_processus_tue_en_preparant_laisse_un_seul_instantane(
    comite: Comite, postgres_url: str, etape: str, figes: int
) -> None:
    await tuer_pendant(comite, postgres_url, "preparer", etape)
    assert await comite.compter("comite_instantanes") == figes
    assert await comite.compter("comite_dossiers") == 0
    assert await comite.preparateur.preparer(MOIS) is True
    comptes = [await comite.compter(t) for t in ("comite_instantanes", "comite_evenements", "comite_dossiers")]
    assert comptes == [1, 1, 2]


async def test_un_processus_tue_en_closant_n_a_rien_envoye_et_le_suivant_envoie_tout_une_fois(
    comite: Comite, postgres_url: str
) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    await tuer_pendant(comite, postgres_url, "clore", "poster")
    tables = ("comite_lettres", "documents", "notifications", "comite_decisions")
    assert [await comite.compter(t) for t in tables] == [0, 0, 0, 0]
    await comite.acte("cloture")
    assert [await comite.compter(t) for t in tables] == [3, 3, 3, 2]
    dites = [e["type"] for e in await evenements(comite)]
    assert dites.count("vigie.comite.lettre.v1") == 3


@pytest.mark.parametrize(
    ("maintenant", "mois"),
    [
        # The clocks go back on 25 October 2026 at 3:00: both 2:30 are of the same day.
        ("2026-10-25 02:30", "2026-09"),
        ("2027-03-04 23:30", "2027-01"),
        ("2027-03-05 00:30", "2027-02"),
    ],
)
def test_une_horloge_qui_saute_donne_le_dernier_mois_dont_le_jour_est_venu(maintenant: str, mois: str) -> None:
    assert str(dernier_a_preparer(instant(maintenant))) == mois
