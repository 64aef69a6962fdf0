"""The fault campaign in small: one fault is held, and what it controls catches each inconsistency that it is shown.

The whole of it is ``make chaos``.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.campagne import Campagne
from tests.chaos.charge import Plan
from tests.chaos.invariants import CONTROLES, controler
from tests.chaos.pannes import PANNES
from tests.chaos.site import AIDEE, Site, ouvrir_site

pytestmark = [pytest.mark.e2e]

DEGATS = {
    "positions": "UPDATE alerts.positions SET next = next - 1 WHERE topic = 'vigie.entraide.v1'",
    "dossiers": "UPDATE claims.clos SET n = n + 1 WHERE ctid = (SELECT ctid FROM claims.clos LIMIT 1)",
    "missions": """
        INSERT INTO entraide.propositions_historique
            (proposition, revision, commande, de, vers, par, role, jour, instant)
        SELECT proposition, revision + 1, commande, de, vers, par, role, jour, instant
        FROM entraide.propositions_historique WHERE commande = 'ordonner' LIMIT 1""",
    "comites": "UPDATE entraide.besoins SET cle = cle || '-bis', mois = '1999-01' WHERE NOT provisoire",
}
"""What breaks each control, done behind the back of the services."""


@pytest.fixture
def dossier() -> Iterator[Path]:
    """Outside pytest's own folders, which the account of PostgreSQL may not enter."""
    chemin = Path(tempfile.mkdtemp(prefix="vigie-chaos-"))
    yield chemin
    shutil.rmtree(chemin, ignore_errors=True)


@pytest.mark.timeout(300)
async def test_une_panne_est_tenue_et_chaque_incoherence_qui_suit_est_vue(dossier: Path) -> None:
    campagne = Campagne(7, dossier, ouvrir_site, dossiers=400)
    async with ouvrir_site("postgres", dossier) as site:
        plan = Plan()
        ligne = await campagne.jouer_une(site, plan, PANNES["sigkill_cloture"])
        assert ligne.verdict == "tenu", ligne.ecarts
        assert ligne.relances > 0
        await site.eteindre()
        vus: list[str] = []
        for nom, degat in DEGATS.items():
            await site.pool.execute(degat)
            vus.append(nom)
            assert await _en_faute(site, plan) == set(vus)
        site.recepteurs[AIDEE].corps.popitem()
        assert await _en_faute(site, plan) == set(CONTROLES)


async def _en_faute(site: Site, plan: Plan) -> set[str]:
    """Names of the controls that find something."""
    return {ecart.partition(" : ")[0] for ecart in await controler(site, plan)}
