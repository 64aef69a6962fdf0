"""How long the preparation of a comité takes at the size of the network: 107 caisses × 10 indicators.

``python -m bench.comite_preparation [--mois 13]`` starts a new PostgreSQL and the three services as ``vigie serve``
does, sends them months of events of every caisse by HTTP (each Wednesday closes a week; one caisse of six is in
trouble), then asks alerts to prepare the last month that is over. The last line is a JSON document.
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as heure
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from bench.milieu import machine, port_libre
from bench.valeurs import Pile, attendre_pret, pile
from shared.network.reseau import charger

PARIS = ZoneInfo("Europe/Paris")
LOT = 1_000
ATTENTE = 600.0
"""Seconds the services may take to count everything."""

DOSSIERS: tuple[tuple[str, str, tuple[str, ...], str, dict[str, str], int, int], ...] = (
    # service, process, first milestones, last, attributes, usual days, days in trouble
    ("claims", "ij", ("aat_recu", "dsij_recue"), "payee", {"subrogee": "non"}, 25, 45),
    ("claims", "cmuc_acs", ("recue",), "decidee_accord", {}, 18, 45),
    ("claims", "fsp", ("recue",), "payee", {"beneficiaire": "assure"}, 11, 26),
    ("claims", "fsp", ("recue",), "payee", {"beneficiaire": "medecin"}, 11, 26),
    ("claims", "fse", ("recue",), "payee", {"beneficiaire": "assure"}, 6, 14),
    ("claims", "ame", ("recue",), "decidee_accord", {}, 19, 70),
    ("contacts", "reclamation", ("recue",), "repondue", {"service": "administratif"}, 7, 14),
    ("contacts", "courriel", ("recu",), "repondu", {}, 1, 6),
)


def evenements(du: date, au: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """(service, event), week by week: three delays of each process of each caisse, and its calls."""
    numeros = itertools.count(1)
    for semaine in range((au - du).days // 7):
        clos = datetime.combine(du + timedelta(days=7 * semaine), heure(17), PARIS)
        for rang, caisse in enumerate(charger().caisses):
            trouble = rang % 6 == 0
            for service, process, debuts, fin, attributs, sain, lent in DOSSIERS:
                for ecart in (-1, 0, 2):
                    recu = clos - timedelta(days=(lent if trouble else sain) + ecart)
                    jalons = {**dict.fromkeys(debuts, recu), fin: clos}
                    yield service, _dossier(next(numeros), process, caisse.slug, jalons, nombre=40, **attributs)
            for fin, nombre in (("decroche", 600 if trouble else 900), ("abandonne", 400 if trouble else 100)):
                jalons = {"presente": clos, fin: clos + timedelta(seconds=40)}
                yield "contacts", _dossier(next(numeros), "appel", caisse.slug, jalons, nombre=nombre)


def _dossier(numero: int, process: str, caisse: str, jalons: dict[str, datetime], **data: Any) -> dict[str, Any]:
    dates = {nom: instant.isoformat() for nom, instant in jalons.items()}
    return {
        "specversion": "1.0", "id": f"b-{numero}", "source": "urn:vigie:source:banc", "subject": f"d-{numero}",
        "type": f"vigie.{process}.dossier.v1", "data": {"caisse": caisse, "jalons": dates, **data},
    }  # fmt: skip


async def envoyer(debout: Pile, du: date, au: date) -> int:
    """Send everything and wait until it counts; how many events."""
    lots: dict[str, list[bytes]] = {"contacts": [], "claims": []}
    total = 0
    async with httpx.AsyncClient(timeout=120) as client:

        async def vider(service: str) -> None:
            corps, lots[service] = b"\n".join(lots[service]), []
            entetes = {"content-type": "application/x-ndjson"}
            reponse = await client.post(f"{debout.urls[service]}/v1/events", content=corps, headers=entetes)
            reponse.raise_for_status()

        for service, evenement in evenements(du, au):
            total += 1
            lots[service].append(json.dumps(evenement).encode())
            if len(lots[service]) == LOT:
                await vider(service)
        for service in lots:
            await vider(service)
    conn = await asyncpg.connect(debout.database_url)
    fin = time.monotonic() + ATTENTE
    for service in lots:
        while await conn.fetchval(
            f"SELECT count(*) FROM journal.partition p LEFT JOIN {service}.positions q USING (topic, partition) "
            "WHERE p.topic = $1 AND p.next > coalesce(q.next, 0)", f"vigie.{service}.v1",
        ):  # fmt: skip
            if time.monotonic() > fin:
                raise RuntimeError(f"{service} n'a pas tout compté")
            await asyncio.sleep(0.2)
    await conn.close()
    return total


def preparer(debout: Pile, mois: str) -> dict[str, Any]:
    """Start alerts, have the month prepared, and say how long it took and what it found."""
    port, dossier = port_libre(), Path(tempfile.mkdtemp(prefix="vigie-bench-alertes-"))
    milieu = {
        **os.environ, "VIGIE_DATABASE_URL": debout.database_url, "VIGIE_HOME": str(dossier),
        "VIGIE_CONTACTS_URL": debout.urls["contacts"], "VIGIE_CLAIMS_URL": debout.urls["claims"],
    }  # fmt: skip
    commande = [sys.executable, "-m", "vigie", "serve", "alerts", "--role", "api", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with (dossier / "alerts.log").open("wb") as sortie:
        service = subprocess.Popen(commande, env=milieu, stdout=sortie, stderr=sortie)
    try:
        attendre_pret(url, dossier / "alerts.log")
        debut = time.perf_counter()
        entetes = {"Idempotency-Key": "banc"}
        reponse = httpx.post(f"{url}/v1/comites", json={"mois": mois}, headers=entetes, timeout=300)
        duree = time.perf_counter() - debut
        reponse.raise_for_status()
        lu = reponse.json()
        return {
            "secondes": round(duree, 1), "mois": mois, "franchissements": lu["franchissements"],
            "mesures": len(lu["mesures"]), "dossiers": lu["resume"]["caisses"], "manques": lu["manques"],
        }  # fmt: skip
    finally:
        service.terminate()
        service.wait(30)


def main() -> None:
    lire = argparse.ArgumentParser(description="Durée de la préparation d'un comité à la taille du réseau.")
    lire.add_argument("--mois", type=int, default=13, help="mois d'événements")
    options = lire.parse_args()
    etat = machine()
    juge = date.today().replace(day=1) - timedelta(days=1)
    with pile() as debout:
        # To this day: a source that has said nothing since would be silent.
        envoyes = asyncio.run(envoyer(debout, juge - timedelta(days=30 * options.mois), date.today()))
        resultat = preparer(debout, f"{juge:%Y-%m}")
    print(json.dumps({**resultat, "evenements": envoyes, "machine": etat}, ensure_ascii=False))


if __name__ == "__main__":
    main()
