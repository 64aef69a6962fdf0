"""A caisse that entraide helped too often: the comité hears it once, and no longer proposes PHARE."""

import asyncio
import json
from typing import Any

from services.alerts.comite.plans_provisoires import TOPIC_ENTRAIDE, TYPE_FRAGILITE, ecouter_plans
from tests.integration.alerts.comite.conftest import MOIS, Comite
from tests.support.attente import attendre

PHRASE = "Fragilité structurelle : cpam-75 a été aidée 3 fois en 12 mois sur « ij »."


def fragilite(debuts: list[str]) -> tuple[bytes, bytes]:
    data = {
        "caisse": "cpam-75", "process": "ij", "depuis": debuts[-1], "debuts": debuts, "phrase": PHRASE,
        "missions": [1, 4, 9], "seuil": 3, "mois": 12,
    }  # fmt: skip
    return b"fragilite", json.dumps({"id": f"f-{debuts[-1]}", "type": TYPE_FRAGILITE, "data": data}).encode()


async def entendre(comite: Comite, *evenements: tuple[bytes, bytes]) -> None:
    service, arret = comite.reseau.service, asyncio.Event()
    await service.journal.assurer_topic(TOPIC_ENTRAIDE, 1)
    async with service.pool.acquire() as conn, conn.transaction():
        await service.journal.ajouter_dans(conn, TOPIC_ENTRAIDE, list(evenements))
    ecoute = asyncio.create_task(ecouter_plans(service, arret))

    async def lu() -> bool:
        lus = await service.pool.fetchval("SELECT max(next) FROM alerts.positions WHERE topic = $1", TOPIC_ENTRAIDE)
        return (lus or 0) >= len(evenements)

    await attendre(lu, 20, "rien n'est lu")
    arret.set()
    await asyncio.wait_for(ecoute, 20)


async def dossier(comite: Comite) -> tuple[set[str], dict[str, Any]]:
    await comite.preparateur.preparer(MOIS)
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    return {p["mesure"] for p in lu["propositions"]}, lu


async def test_une_fragilite_dite_propose_un_delestage_plutot_que_l_entraide(comite: Comite) -> None:
    debuts = [str(MOIS.plus(recul).du) for recul in (-8, -5, -1)]
    await entendre(comite, fragilite(debuts), fragilite(debuts))
    assert await comite.compter("comite_fragilites") == 1
    mesures, lu = await dossier(comite)
    assert "delestage_ou_tram" in mesures
    assert "courrier_entraide" not in mesures
    (dite,) = lu["fragilites"]
    assert (dite["process"], dite["debuts"], dite["phrase"]) == ("ij", debuts, PHRASE)


async def test_une_fragilite_ancienne_ne_ferme_plus_l_entraide(comite: Comite) -> None:
    await entendre(comite, fragilite([str(MOIS.plus(recul).du) for recul in (-22, -18, -13)]))
    mesures, lu = await dossier(comite)
    assert "delestage_ou_tram" not in mesures
    assert lu["fragilites"] == []
