"""A proposition lived from a terminal, against the service."""

import asyncio
import json
from pathlib import Path

from tests.integration.alerts.conftest import servir
from tests.integration.entraide.atelier_propositions import ouvrir_entraide
from tests.support.commande import Vigie


async def test_deux_coordinateurs_s_accordent_depuis_un_terminal(postgres_url: str, tmp_path: Path) -> None:
    async with ouvrir_entraide(postgres_url, "2026-03-02 09:00") as entraide, servir(entraide.app) as url:
        numero = str(await entraide.proposer())
        vigie = Vigie(tmp_path, VIGIE_ENTRAIDE_URL=url, COLUMNS="200")

        async def lancer(*mots: str, code: int = 0) -> str:
            return await asyncio.to_thread(vigie, "entraide", *mots, code=code)

        assert "au plus tard le 09/03/2026 : cpam-31, cpam-75" in await lancer("propositions", "--pour", "Paris")
        await lancer("accepter", numero, "--pour", "cpam-75")
        assert "pour quelle caisse elle agit" in await lancer("accepter", numero, code=2)
        await lancer("amender", numero, "--pour", "cpam-31", "--etp", "0.5", "--etp", "1", "--motif", "Un agent absent")
        await lancer("accepter", numero, "--pour", "cpam-75")
        assert "ordonnee" in await lancer("ordonner", numero, "--pour", "cpam-31")
        (mission,) = json.loads(await lancer("missions", "--json"))
        assert (mission["etp"], mission["volume"]) == ([0.5, 1.0], 150.0)


async def test_sans_pile_la_commande_dit_quoi_faire(tmp_path: Path) -> None:
    assert "vigie up" in Vigie(tmp_path)("entraide", "missions", code=2)
