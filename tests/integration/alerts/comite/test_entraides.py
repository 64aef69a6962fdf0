"""Entraide under way stands in the case file, and is not proposed again while it lasts."""

import json

import pytest

from services.alerts.notifications.avis_entraide import TYPE_PROPOSITION
from tests.integration.alerts.comite.conftest import Comite
from tests.integration.alerts.comite.test_fragilites import dossier


async def dire(comite: Comite, revision: int, etat: str, process: str = "ij") -> None:
    """What entraide told of its proposition 7, as alerts keeps it."""
    contenu = {
        "proposition": 7, "revision": revision, "etat": etat, "aidante": "cpam-31", "aidee": "cpam-75",
        "process": process, "unite": "demande", "debut": "2026-03-16", "fin": "2026-05-10", "volume": 240.0,
    }  # fmt: skip
    await comite.reseau.service.pool.execute(
        "INSERT INTO alerts.avis_entraide (cle, type, contenu, recu_le) VALUES ($1, $2, $3::jsonb, now())",
        f"{process}-{revision}", TYPE_PROPOSITION, json.dumps(contenu),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("etat", "process", "en_cours", "proposee"),
    [("active", "ij", 1, False), ("terminee", "ij", 0, True), ("active", "fsp", 1, True)],
)
async def test_une_entraide_en_cours_se_voit_au_dossier_et_n_est_pas_proposee_une_seconde_fois(
    comite: Comite, etat: str, process: str, en_cours: int, proposee: bool
) -> None:
    await dire(comite, 3, etat, process)
    await dire(comite, 1, "proposee", process)
    mesures, lu = await dossier(comite)
    assert [(e["proposition"], e["etat"]) for e in lu["entraide_en_cours"]] == [(7, etat)] * en_cours
    assert ("courrier_entraide" in mesures) is proposee
