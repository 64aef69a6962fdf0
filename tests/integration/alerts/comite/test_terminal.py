"""A whole comité from a terminal, on the real contacts and claims APIs."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.alerts.conftest import Reseau, servir
from tests.support.commande import Vigie

IJ = "delai_ij_premiere_non_subrogee_moyen"


async def _ij(reseau: Reseau, caisse: str, recue: str, reglee: str, nombre: int) -> None:
    assert reseau.claims is not None
    dossier = reseau.claims.dossier
    await reseau.claims.compter(
        dossier(
            "ij", {"aat_recu": recue, "dsij_recue": recue, "payee": reglee}, caisse=caisse, nombre=nombre,
            subrogee="non",
        )
    )  # fmt: skip


async def test_une_crise_des_ij_va_de_ses_evenements_au_proces_verbal(reseau: Reseau, tmp_path: Path) -> None:
    for rang, caisse in enumerate(("cpam-31", "cpam-33")):
        await _ij(reseau, caisse, "2026-02-02 09:00", f"2026-02-{20 + rang} 09:00", 400)
        await _ij(reseau, caisse, "2026-02-02 09:00", f"2026-02-{24 + rang} 09:00", 400)
    await _ij(reseau, "cpam-75", "2026-01-02 09:00", "2026-02-20 09:00", 500)
    await _ij(reseau, "cpam-75", "2026-01-02 09:00", "2026-02-27 09:00", 500)
    reseau.il_est("2026-03-06 09:00")

    async with servir(reseau.app) as url:
        vigie = Vigie(tmp_path, VIGIE_ALERTS_URL=url, COLUMNS="200")

        async def lancer(*mots: str, code: int = 0) -> str:
            return await asyncio.to_thread(vigie, "comite", *mots, "--mois", "2026-02", code=code)

        assert "courrier_entraide" in await lancer("preparer")
        refus = await lancer("clore", code=2)
        assert "n'est pas ouverte" in refus
        await lancer("ouvrir", "--president", "local: Mme Martin", "--membre", "b: M. B.", "--membre", "c: Mme C.")
        await lancer("decider", "--tout")
        assert "Clos" in await lancer("clore")
        fichier = tmp_path / "pv.pdf"
        await lancer("pv", "--sortie", str(fichier))
    assert fichier.read_bytes().startswith(b"%PDF-")
    dossier = await reseau.lire("/v1/comites/2026-02/dossiers/cpam-75")
    (constat,) = [c for c in dossier["constats"] if c["indicateur"] == IJ]
    assert constat["gravite"] == "avere"
    assert constat["detenteurs"] is not None
    assert constat["carte"] is not None


@pytest.mark.parametrize("mots", [["clore"], ["pv"]])
def test_sans_pile_la_commande_dit_quoi_faire(tmp_path: Path, mots: list[str]) -> None:
    assert "vigie up" in Vigie(tmp_path)("comite", *mots, "--mois", "2026-02", code=2)
