"""A million lines that nobody should send: posted to a real service, imported from a file, and what it made of them."""

import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from bench.fuzz.processus import CLE, service
from tests.support.envois import MAPPING
from tests.support.lignes_hostiles import flot, rangees_hostiles

PAR_ENVOI = 1_000
"""Lines of one post: an answer tells of as many refusals, so that each is compared."""

RAISONS_LIBRES = {"donnees_personnelles"}
"""A reason that may come before the one expected: letting nothing personal in goes first."""


def envoyer(url_base: str, dossier: Path, graine: int, combien: int) -> dict[str, Any]:
    """Post ``combien`` lines of NDJSON to a real claims process, which also reads them.

    ``inattendues``: lines that were taken or refused otherwise than they should (there must be none).
    """
    bilan: Counter[str] = Counter()
    inattendues: list[str] = []
    debut = time.perf_counter()
    with service("claims", url_base, dossier, {}) as (adresse, memoire), httpx.Client(timeout=300) as client:
        lignes = flot(graine, combien)
        while lot := list(islice(lignes, PAR_ENVOI)):
            reponse = client.post(
                f"{adresse}/v1/events",
                content=b"\n".join(octets.replace(b"\n", b" ") for octets, _ in lot),
                headers={"content-type": "application/x-ndjson"},
            )
            if reponse.status_code != 202:
                inattendues.append(f"{reponse.status_code} {reponse.text[:300]}")
                continue
            lu = reponse.json()
            bilan["acceptees"] += lu["acceptes"]
            bilan["refusees"] += lu["refuses"]
            inattendues += _comparer(lot, lu)
        secondes = time.perf_counter() - debut
        premiere, seconde = memoire.pic_mio(0.1, 0.5), memoire.pic_mio(0.5)
    return {
        "lignes": combien, **bilan, "inattendues": inattendues[:20], "secondes": round(secondes, 1),
        "pic_mio_premiere_moitie": premiere, "pic_mio_seconde_moitie": seconde,
    }  # fmt: skip


def _comparer(lot: list[tuple[bytes, str | None]], lu: dict[str, Any]) -> Iterator[str]:
    """Lines whose fate is not the one expected. A scratched line may be empty: it then has no result."""
    if lu["acceptes"] + lu["refuses"] > len(lot):
        yield f"{lu['acceptes'] + lu['refuses']} résultats pour {len(lot)} lignes"
    raisons = {r["position"]: r["raison"] for r in lu["resultats"] if r["statut"] == "refuse"}
    for position, (octets, attendue) in enumerate(lot, 1):
        if attendue is None:
            continue
        trouvee = raisons.get(position, "")
        if trouvee != attendue and trouvee not in RAISONS_LIBRES:
            yield f"{octets[:120]!r} : {trouvee or 'acceptée'} au lieu de {attendue or 'acceptée'}"


def importer(url_base: str, dossier: Path, graine: int, combien: int) -> dict[str, Any]:
    """Import ``combien`` rows of CSV with the command. ``bonnes``: those that had to get in."""
    fichier, mapping = dossier / "hostile.csv", dossier / "hostile.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    bonnes = 0
    with fichier.open("wb") as sortie:
        sortie.write(b"demande,etape,instant,caisse\n")
        for octets, bonne in rangees_hostiles(graine, combien):
            sortie.write(octets)
            bonnes += bonne
    debut = time.perf_counter()
    avant = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    fini = vigie(url_base, dossier, "import", str(fichier), "--mapping", str(mapping))
    pic = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    fichier.unlink()
    return {
        "lignes": combien, "bonnes": bonnes, "code": fini.returncode, "secondes": round(time.perf_counter() - debut, 1),
        "pic_mio": round(max(pic, avant) / 1024, 1), "sortie": (fini.stdout + fini.stderr).strip().splitlines()[-30:],
    }  # fmt: skip


def verifier(url_base: str, dossier: Path) -> bool:
    """Whether ``vigie verify`` finds everything as it should be."""
    return vigie(url_base, dossier, "verify").returncode == 0


def vigie(url_base: str, dossier: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """``vigie …`` on that database."""
    propre = {**os.environ, "VIGIE_DATABASE_URL": url_base, "VIGIE_HOME": str(dossier), "VIGIE_CLE_PSEUDONYME": CLE}
    return subprocess.run(
        [sys.executable, "-m", "vigie", *arguments], env=propre, capture_output=True, text=True, check=False
    )
