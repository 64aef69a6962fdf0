"""Latency of the indicator API: the whole network over 36 months, one indicator, in one call, and what is near it.

``python -m bench.valeurs`` (see bench/README.md). A whole stack runs as ``vigie up`` starts it, gauges included, on
a database with national months of cells (``bench.cellules_nationales``).
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvloop

from bench import cellules_nationales as cn
from bench.brut import Brut
from bench.milieu import machine, port_libre
from bench.publier import publier, tableau
from shared.database import embarque
from shared.indicators.periodes import Periode
from shared.network.jours import date_de

LECTEURS = 10

CODES = {"contacts": ("taux_decroche",), "claims": ("delai_fse_d9", "stock_fse")}
"""The indicators asked for, by service."""

COLONNES = ("Question", "1 reader p50 ms", "p99 ms", f"{LECTEURS} readers p50 ms", "p99 ms")

_DIX = f"{LECTEURS}_lecteurs"

QUESTIONS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "network, 36 months": (("reseau_36_mois", "1_lecteur"), ("reseau_36_mois", _DIX)),
    "network, 1 month": (("reseau_1_mois", "1_lecteur"), ("reseau_1_mois", _DIX)),
    "one caisse, 36 months": (("caisse_36_mois", "1_lecteur"), ("caisse_36_mois", _DIX)),
    "CSV, 36 months": (("csv_36_mois", "1_lecteur"), ("csv_36_mois", _DIX)),
    "every indicator, 1 month": (
        ("tous_les_indicateurs_1_mois", "1_lecteur"), ("tous_les_indicateurs_1_mois", _DIX),
    ),
    "not modified": (("non_modifie_36_mois",), ()),
    "36 months, right after a batch": (("reseau_36_mois_apres_un_lot",), ()),
    "36 months, right after a late batch": (("reseau_36_mois_apres_un_lot_tardif",), ()),
    "36 months, a batch every 0.2 s": (
        ("reseau_36_mois_pendant_les_lots_1_lecteurs",), (f"reseau_36_mois_pendant_les_lots_{_DIX}",),
    ),
}  # fmt: skip
"""Rows of the table: where each measure is, with one reader and with ten."""

LOTS = 8
"""Batches after each of which one question is put."""

ENTRE_LOTS = 0.2
"""Seconds between two batches, when they do not stop."""

JOURS_TARDIFS = 28
"""Working days back to the oldest that a late batch touches."""

_JAUGES = "vigie_indicateur_rafraichissement_secondes{"

DEMARRAGE = 60.0
"""Seconds a service may take to be ready."""


@dataclass(frozen=True, slots=True)
class Pile:
    """The address of the database, and of each service."""

    database_url: str
    urls: Mapping[str, str]


@contextmanager
def pile() -> Iterator[Pile]:
    """A new PostgreSQL, and the two dossier services on it, on ports of their own."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    services: list[subprocess.Popen[bytes]] = []
    try:
        embarque.demarrer(dossier / "postgres")
        serveur = embarque.serveur_embarque(dossier / "postgres")
        embarque.creer_base(serveur, "bench")
        ports = {nom: port_libre() for nom in ("contacts", "claims")}
        for nom, port in ports.items():
            commande = [sys.executable, "-m", "vigie", "serve", nom, "--port", str(port)]
            with (dossier / f"{nom}.log").open("wb") as sortie:
                milieu = {**os.environ, "VIGIE_DATABASE_URL": serveur.url("bench"), "VIGIE_HOME": str(dossier)}
                services.append(subprocess.Popen(commande, env=milieu, stdout=sortie, stderr=sortie))
        urls = {nom: f"http://127.0.0.1:{port}" for nom, port in ports.items()}
        for nom, url in urls.items():
            attendre_pret(url, dossier / f"{nom}.log")
        yield Pile(serveur.url("bench"), urls)
    finally:
        for service in services:
            service.terminate()
            service.wait(30)
        embarque.arreter(dossier / "postgres")
        shutil.rmtree(dossier, ignore_errors=True)


def attendre_pret(url: str, sortie: Path) -> None:
    fin = time.monotonic() + DEMARRAGE
    while time.monotonic() < fin:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"un service ne démarre pas : {sortie.read_text()[-2000:]}")


async def mesurer(debout: Pile, nombre: int, demandes: int) -> dict[str, Any]:
    """Milliseconds of each question, by service."""
    aujourdhui = cn.aujourd_hui()
    periodes = cn.mois(nombre, date.today())
    pool = await asyncpg.create_pool(debout.database_url, min_size=1, max_size=4)
    debut = time.perf_counter()
    await asyncio.gather(cn.appels(pool, periodes, aujourdhui), cn.feuilles(pool, periodes, aujourdhui))
    resultat: dict[str, Any] = {
        "cellules": await cn.tailles(pool, "contacts", ["flux", "attentes"])
        | await cn.tailles(pool, "claims", ["clos", "ouverts"]),
        "generation_s": round(time.perf_counter() - debut),
    }
    print(resultat, flush=True)
    for service, codes in CODES.items():
        for code in codes:
            resultat[code] = await _indicateur(debout.urls[service], pool, service, code, periodes, demandes)
            print(code, resultat[code], flush=True)
    await cn.compter(pool, "contacts", cn.jours_pleins(2))
    await cn.compter(pool, "claims", cn.jours_pleins(2))
    resultat["jauges_s"] = await _jauges(debout)
    resultat["gardees"] = await cn.tailles(pool, "contacts", ["valeurs_gardees", "mouvements"])
    await pool.close()
    return resultat


async def _indicateur(
    url: str, pool: asyncpg.Pool, service: str, code: str, periodes: Sequence[Periode], demandes: int
) -> dict[str, Any]:
    chemin, dernier = f"/v1/indicateurs/{code}/valeurs", periodes[-1]
    tout = {"du": str(date_de(periodes[0].du)), "au": str(date_de(dernier.au)), "pas": "mois"}
    un_mois = {"du": str(date_de(dernier.du)), "au": str(date_de(dernier.au))}
    for periode in periodes:
        await cn.bouger(pool, service, periode)
    async with Brut(url) as client:
        froid = await _duree(client, chemin, tout)
        lue = await client.lire(chemin, tout)
    mesures: dict[str, Any] = {"froid_ms": round(froid, 1), "octets_compresses": lue.octets}
    questions: Mapping[str, tuple[str, dict[str, str]]] = {
        "reseau_36_mois": (chemin, tout),
        "reseau_1_mois": (chemin, un_mois),
        "caisse_36_mois": (chemin, tout | {"caisse": "cpam-75"}),
        "csv_36_mois": (chemin, tout | {"format": "csv"}),
        "tous_les_indicateurs_1_mois": ("/v1/valeurs", un_mois),
    }
    for nom, (ou, options) in questions.items():
        await _lecteurs(url, ou, options, 1, 1)
        mesures[nom] = {
            "1_lecteur": await _lecteurs(url, ou, options, 1, demandes),
            f"{LECTEURS}_lecteurs": await _lecteurs(url, ou, options, LECTEURS, demandes // LECTEURS),
        }
    connue = {"if-none-match": lue.entetes["etag"]}
    mesures["non_modifie_36_mois"] = await _lecteurs(url, chemin, tout, 1, demandes, connue)
    hier, *_, avant = jours = cn.jours_pleins(JOURS_TARDIFS)
    for nom, touches in (("un_lot", jours[:2]), ("un_lot_tardif", [hier, jours[8], avant])):
        mesures[f"reseau_36_mois_apres_{nom}"] = await _apres(url, pool, service, touches, (chemin, tout))
    for lecteurs in (1, LECTEURS):
        async with _lots_sans_cesse(pool, service, jours[:2]) as ecrits:
            lus = await _lecteurs(url, chemin, tout, lecteurs, demandes // lecteurs)
        mesures[f"reseau_36_mois_pendant_les_lots_{lecteurs}_lecteurs"] = {**lus, "lots": len(ecrits)}
    return mesures


async def _apres(
    url: str, pool: asyncpg.Pool, service: str, jours: Sequence[int],
    question: tuple[str, dict[str, str]],
) -> dict[str, float]:  # fmt: skip
    """The first question after each of some batches."""
    durees = []
    async with Brut(url) as client:
        for _ in range(LOTS):
            await cn.compter(pool, service, jours)
            durees.append(await _duree(client, *question))
    return {"premiere_ms": round(durees[0], 1), **_resumer(durees[1:])}


@asynccontextmanager
async def _lots_sans_cesse(pool: asyncpg.Pool, service: str, jours: Sequence[int]) -> AsyncIterator[list[int]]:
    """Batches one after the other, ``ENTRE_LOTS`` apart; how many so far, as a list."""
    ecrits: list[int] = []

    async def ecrire() -> None:
        while True:
            await cn.compter(pool, service, jours)
            ecrits.append(len(ecrits))
            await asyncio.sleep(ENTRE_LOTS)

    tache = asyncio.create_task(ecrire())
    try:
        yield ecrits
    finally:
        tache.cancel()
        with suppress(asyncio.CancelledError):
            await tache


async def _jauges(debout: Pile) -> dict[str, float]:
    """Seconds of the last refresh of the gauges, by service, and of one more made since: its cells moved meanwhile."""
    durees = {}
    for service, url in debout.urls.items():
        lue, fin = "", time.monotonic() + 60
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            while time.monotonic() < fin:
                page = (await client.get("/metrics")).text
                ligne = next((li for li in page.splitlines() if li.startswith(_JAUGES)), "")
                if lue and ligne != lue:
                    durees[service] = round(float(ligne.rpartition(" ")[2]), 3)
                    break
                lue = ligne
                await asyncio.sleep(1)
    return durees


async def _lecteurs(
    url: str, ou: str, options: dict[str, str], lecteurs: int, chacun: int, entetes: dict[str, str] | None = None
) -> dict[str, float]:
    async def lire() -> list[float]:
        async with Brut(url) as lecteur:
            return [await _duree(lecteur, ou, options, entetes) for _ in range(chacun)]

    return _resumer([d for lues in await asyncio.gather(*(lire() for _ in range(lecteurs))) for d in lues])


def _resumer(mesurees: Sequence[float]) -> dict[str, float]:
    durees = sorted(mesurees)
    return {
        "p50_ms": round(durees[len(durees) // 2], 1),
        "p99_ms": round(durees[-(-99 * len(durees) // 100) - 1], 1),
        "max_ms": round(durees[-1], 1),
    }


async def _duree(lecteur: Brut, ou: str, options: dict[str, str], entetes: dict[str, str] | None = None) -> float:
    """Milliseconds from the question to the last byte of the answer."""
    debut = time.perf_counter()
    reponse = await lecteur.lire(ou, options, entetes)
    duree = 1_000 * (time.perf_counter() - debut)
    if reponse.statut not in (200, 304):
        raise RuntimeError(f"{ou} : {reponse.statut}")
    return duree


def section(releve: Mapping[str, Any], etat: Mapping[str, object]) -> str:
    """What docs/performance.md holds."""
    conditions = (
        f"{releve['mois']} national months, {releve['cellules']['contacts.flux']['lignes']:,} rows of flow cells"
    )
    lignes: list[tuple[object, ...]] = []
    for code in (code for codes in CODES.values() for code in codes):
        mesures = releve[code]
        lignes.append((f"`{code}`, cold", mesures["froid_ms"], "", "", ""))
        for question, (seul, a_dix) in QUESTIONS.items():
            un, dix = _suivre(mesures, seul), _suivre(mesures, a_dix)
            lignes.append((question, un["p50_ms"], un["p99_ms"], dix.get("p50_ms", ""), dix.get("p99_ms", "")))
    return tableau(conditions, etat, COLONNES, lignes)


def _suivre(mesures: Mapping[str, Any], chemin: Sequence[str]) -> Mapping[str, Any]:
    for nom in chemin:
        mesures = mesures[nom]
    return mesures if chemin else {}


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.valeurs", description="Latence de l'API des indicateurs")
    options.add_argument("--mois", type=int, default=36, help="mois nationaux de cellules")
    options.add_argument("--demandes", type=int, default=200, help="demandes par mesure")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    with pile() as debout, asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        resultat = boucle.run(mesurer(debout, choix.mois, choix.demandes)) | {"mois": choix.mois}
    if choix.publier:
        publier("values", section(resultat, etat))
    print(json.dumps({**resultat, "machine": etat}))


if __name__ == "__main__":
    principal()
