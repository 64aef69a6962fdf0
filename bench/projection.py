"""Back-test of the projections: cut the past, project, compare with what happened.

``python -m bench.projection`` (see docs/projection.md). On the simulated network (the demonstration's incidents
included), cut after months 5 and 6 of 8 and in the middle of the next; on real logs of public cases when they are
there, at every month. For each kind of indicator: coverage of the 80 % interval, median absolute error, and that of
"the last month repeats". The last line is a JSON document.
"""

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from bench import cellules_nationales as cn
from bench.jeux_projection import JOUR, Jeu, cas_reels, cellules, simuler
from services.claims.domain import DEFINITION as CLAIMS
from shared.clock import SystemClock
from shared.database import embarque
from shared.database.embarque import BASE, serveur_embarque
from shared.dossiers.application import creer
from shared.dossiers.lieux import contexte
from shared.indicators.periodes import Periode
from shared.indicators.projection.projeter import (
    PasAssezDHistoire,
    Projetee,
    Question,
    apprendre,
    projeter,
)
from shared.indicators.statistiques import RESEAU
from shared.network.jours import date_de, jour_de
from shared.service.reglages import Reglages

LIMITES = {"reclamation": 10, "courrier": 14, "ij": 30, "cmuc_acs": 30, "fsp": 21, "reel": 30}
"""Days (calendar) of the due cohorts tested."""

COUPES = (date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 14))
"""Last evening known: the ends of months 5 and 6 of 8, and the middle of the seventh."""


@dataclass(frozen=True, slots=True)
class Essai:
    """One value projected and what it came to be."""

    jeu: str
    arrete: int
    genre: str
    horizon: str
    caisse: int
    projete: Projetee
    vrai: float
    naif: float


def vraie(jeu: Jeu, question: Question, caisse: int) -> float:
    """What the indicator came to be, read on the files themselves; NaN where nothing was measured."""
    du, au = question.periode
    ici = (jeu.caisse == caisse) | (caisse == RESEAU)
    ouvert, clos, n, compte = jeu.ouvert[ici], jeu.clos[ici], jeu.n[ici], jeu.compte[ici] == 1
    reste = (ouvert <= au) & (clos > au)
    fermes = compte & (clos >= du) & (clos <= au)
    if question.genre == "stock":
        return float(n[reste].sum())
    if question.genre == "echeance":
        dus = (ouvert + (question.limite or 0) >= du) & (ouvert + (question.limite or 0) <= au)
        tenus = dus & compte & (clos - ouvert <= (question.limite or 0))
        return 100 * float(n[tenus].sum()) / float(n[dus].sum()) if dus.any() else float("nan")
    if question.genre == "stock_age_quantile":
        return _quantile(au - ouvert[reste], n[reste])
    if question.genre == "delai_quantile":
        return _quantile((clos - ouvert)[fermes], n[fermes])
    secondes = jeu.secondes[ici] * n
    return float(secondes[fermes].sum()) / float(n[fermes].sum()) / JOUR if fermes.any() else float("nan")


def _quantile(valeurs: np.ndarray, n: np.ndarray) -> float:
    if not len(valeurs):
        return float("nan")
    return float(np.percentile(np.repeat(valeurs, n), 90, method="inverted_cdf"))


GENRES = ("stock", "stock_age_quantile", "delai_moyen", "delai_quantile", "echeance")


def eprouver(jeu: Jeu, arrete: int, fin: int, limite: int) -> Iterator[Essai]:
    """Both horizons, every kind of indicator, from the evening of ``arrete``; nothing beyond the day ``fin``."""
    ici = contexte(jour_de(date(2026, 1, 5)) * JOUR)
    appris = apprendre(*cellules(jeu, arrete), ici.calendriers, arrete)
    courant = _mois(arrete + 1)
    suivant = _mois(courant.au + 1)
    passe = _mois(courant.du - 1)
    for horizon, periode in (("fin_mois", courant), ("fin_mois_suivant", suivant)):
        if periode.au >= fin:
            continue
        for genre in GENRES:
            question = Question(genre, periode, limite=limite if genre == "echeance" else None)
            avant = Question(genre, passe, limite=question.limite)
            seule = None if len(np.unique(jeu.caisse)) > 1 else int(jeu.caisse[0])
            for projete in projeter(appris, question, caisse=seule):
                vrai, naif = vraie(jeu, question, projete.caisse), vraie(jeu, avant, projete.caisse)
                if projete.mesure.valeur is not None and np.isfinite(vrai) and np.isfinite(naif):
                    yield Essai(jeu.nom, arrete, genre, horizon, projete.caisse, projete, vrai, naif)


def _mois(jour: int) -> Periode:
    le = date_de(jour)
    suivant = date(le.year + le.month // 12, le.month % 12 + 1, 1)
    return Periode(jour_de(le.replace(day=1)), jour_de(suivant) - 1)


def resumer(essais: Sequence[Essai]) -> dict[str, Any]:
    """Coverage in %, median absolute errors, and the share of the naive one's that is left."""
    if not essais:
        return {"n": 0}
    vrais, naifs = (np.array([getattr(e, nom) for e in essais]) for nom in ("vrai", "naif"))
    valeurs, bas, haut = (
        np.array([getattr(e.projete.mesure, nom) for e in essais]) for nom in ("valeur", "bas", "haut")
    )
    eps = 1e-9
    erreur, naive = float(np.median(np.abs(valeurs - vrais))), float(np.median(np.abs(naifs - vrais)))
    return {
        "n": len(essais),
        "couverture": round(100 * float(np.mean((bas <= vrais + eps) & (vrais <= haut + eps))), 1),
        "erreur_mediane": round(erreur, 3),
        "erreur_naive": round(naive, 3),
        "rapport": round(erreur / naive, 3) if naive else None,
        "erreur_moyenne": round(float(np.abs(valeurs - vrais).mean()), 3),
        "naive_moyenne": round(float(np.abs(naifs - vrais).mean()), 3),
        "biais": round(float((valeurs - vrais).mean()), 3),
        "largeur_mediane": round(float(np.median(haut - bas)), 3),
    }


async def latences(mois: int, fois: int = 5) -> dict[str, float]:
    """Milliseconds of the whole network in one call, on so many national months of cells (median of ``fois``).

    Claims alone, in this process, on a new PostgreSQL: from the question to the last byte, without the network.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    try:
        app = creer(CLAIMS, Reglages(database_url=SecretStr(embarque.demarrer(dossier)), role="api"), SystemClock())
        async with LifespanManager(app, startup_timeout=120, shutdown_timeout=60) as vie:
            async with asyncpg.create_pool(serveur_embarque(dossier).url(BASE), min_size=1, max_size=2) as pool:
                await cn.feuilles(pool, cn.mois(mois, date.today()), cn.aujourd_hui())
            transport = httpx.ASGITransport(app=vie.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=300) as client:
                return await _chronometrer(client, fois)
    finally:
        embarque.arreter(dossier)
        shutil.rmtree(dossier, ignore_errors=True)


async def _chronometrer(client: httpx.AsyncClient, fois: int) -> dict[str, float]:
    medianes = {}
    for code in ("stock_fse", "delai_fse_d9"):
        for horizon in ("fin_mois", "fin_mois_suivant"):
            durees = []
            for _ in range(fois):
                debut = time.perf_counter()
                reponse = await client.get(f"/v1/indicateurs/{code}/projection", params={"horizon": horizon})
                reponse.raise_for_status()
                durees.append(1_000 * (time.perf_counter() - debut))
            medianes[f"{code}/{horizon}"] = round(sorted(durees)[fois // 2], 1)
    return medianes


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.projection", description="Contre-épreuve des projections")
    options.add_argument("--graine", type=int, default=1)
    options.add_argument("--fraction", type=int, default=100, help="un dossier sur tant")
    options.add_argument("--detail", action="store_true", help="aussi par processus")
    options.add_argument("--api", type=int, default=0, help="aussi la latence de l'API, sur tant de mois nationaux")
    choix = options.parse_args(arguments)
    debut = time.perf_counter()
    jeux, fin = simuler(choix.graine, 8, choix.fraction)
    genere = time.perf_counter() - debut
    simules: list[Essai] = []
    for jeu in jeux:
        for coupe in COUPES:
            simules += eprouver(jeu, jour_de(coupe), jour_de(fin), LIMITES[jeu.nom])
    reels: list[Essai] = []
    for jeu in cas_reels():
        dernier, arrete = int(jeu.ouvert.max()), _mois(_mois(int(jeu.ouvert.min()) + 150).au + 1).au
        while arrete < dernier - 31:
            try:
                reels += eprouver(jeu, arrete, dernier, LIMITES["reel"])
            except PasAssezDHistoire:
                print(f"{jeu.nom} : pas assez d'histoire au {date_de(arrete):%d/%m/%Y}", flush=True)
            arrete = _mois(arrete + 1).au
    resultat: dict[str, Any] = {"generation_s": round(genere, 1), "total_s": round(time.perf_counter() - debut, 1)}
    fins_de_mois = [e for e in simules if date_de(e.arrete + 1).day == 1]
    for nom, essais in (("simulateur", simules), ("simulateur_fins_de_mois", fins_de_mois), ("reel", reels)):
        resultat[nom] = {"tous": resumer(essais)}
        for horizon in ("fin_mois", "fin_mois_suivant"):
            for genre in GENRES:
                choisis = [e for e in essais if (e.genre, e.horizon) == (genre, horizon)]
                resultat[nom][f"{genre}/{horizon}"] = resumer(choisis)
                if choix.detail:
                    for processus in dict.fromkeys(e.jeu for e in choisis):
                        siens = [e for e in choisis if e.jeu == processus]
                        print(genre, horizon, processus, resumer(siens), flush=True)
                        print("   reseau", resumer([e for e in siens if e.caisse == RESEAU]), flush=True)
    if choix.api:
        resultat["api_ms"] = asyncio.run(latences(choix.api))
    for nom in ("simulateur", "simulateur_fins_de_mois", "reel"):
        for cle, ligne in resultat[nom].items():
            print(f"{nom:11} {cle:36} {ligne}", flush=True)
    print(json.dumps(resultat))


if __name__ == "__main__":
    principal()
