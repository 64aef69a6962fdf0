"""Fifty readers of the indicator API and of the console while events come in; start of ``vigie up``; ``vigie verify``.

``python -m bench.lecteurs`` (see bench/README.md). A whole stack runs as ``vigie up`` starts it, on a database that
holds months of national cells. Each reader is a person or a dashboard: it asks, reads the answer to its last byte,
waits ``--pause`` seconds and asks the next thing; meanwhile events are posted at times fixed beforehand.
"""

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvloop

from bench import cellules_nationales as cn
from bench import croissance
from bench.brut import Brut
from bench.fraicheur import appel
from bench.milieu import machine, port_libre
from bench.publier import publier, tableau
from shared.database import embarque
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.verification import verifier
from shared.events.contrat import MEDIA_LOT
from shared.network.jours import date_de
from shared.network.reseau import charger
from vigie.pile import SERVICES, Pile

DIX_MILLIONS = 10_000_000

COLONNES = ("Route", "p50 ms, no load", "p99 ms, no load", "p50 ms, ingesting", "p99 ms, ingesting", "Failed")

LOT_S = 0.1
"""Seconds between two batches of events."""

ECHAUFFEMENT_S = 5.0
"""Seconds of reading, by as many readers as routes, before any counts."""

Route = tuple[str, str, dict[str, str]]
"""Service, path, query."""


def routes(mois: int) -> dict[str, Route]:
    """What is read, by the name it has in the table. ``{caisse}`` is another one at each reading."""
    periodes = cn.mois(mois, date.today())
    tout = {"du": str(date_de(periodes[0].du)), "au": str(date_de(periodes[-1].au)), "pas": "mois"}
    semaine = {"du": str(date.today() - timedelta(days=7)), "au": str(date.today())}
    return {
        "API network, one indicator, months": ("contacts", "/v1/indicateurs/taux_decroche/valeurs", tout),
        "API network, ninth decile, months": ("claims", "/v1/indicateurs/delai_fse_d9/valeurs", tout),
        "API one caisse, last days": (
            "contacts", "/v1/indicateurs/taux_decroche/valeurs", semaine | {"caisse": "{caisse}", "pas": "jour"},
        ),
        "API every indicator, last days": ("contacts", "/v1/valeurs", semaine),
        "Console network": ("console", "/", {}),
        "Console caisse": ("console", "/caisses/{caisse}", {}),
        "Console indicator of a caisse": ("console", "/caisses/{caisse}/indicateurs/taux_decroche", {}),
        "Console alerts": ("console", "/alertes", {}),
        "Console comités": ("console", "/comites", {}),
        "Console entraide": ("console", "/entraide", {}),
    }  # fmt: skip


class Lecteurs:
    """So many readers of ``questions`` at the services of ``urls``, and how long each answer took."""

    def __init__(self, urls: dict[str, str], questions: dict[str, Route], pause: float) -> None:
        services = {service for service, *_ in questions.values()}
        self._urls = {service: urls[service] for service in services}
        self._questions, self._pause = list(questions.items()), pause
        self._slugs = [c.slug for c in charger().caisses]
        self.oublier()

    def oublier(self) -> None:
        """What was measured so far."""
        self.durees: dict[str, list[float]] = defaultdict(list)
        self.echecs: dict[str, int] = defaultdict(int)

    async def lire(self, nombre: int, duree: float) -> None:
        """``nombre`` readers for ``duree`` s, arriving over one pause."""
        async with asyncio.TaskGroup() as groupe:
            fin = time.perf_counter() + duree
            for rang in range(nombre):
                groupe.create_task(self._lecteur(rang, self._pause * rang / nombre, fin))

    async def _lecteur(self, rang: int, attente: float, fin: float) -> None:
        await asyncio.sleep(attente)
        async with AsyncExitStack() as pile:
            connexions = {nom: await pile.enter_async_context(Brut(url)) for nom, url in self._urls.items()}
            while time.perf_counter() < fin:
                nom, (service, chemin, options) = self._questions[rang % len(self._questions)]
                slug = self._slugs[rang % len(self._slugs)]
                choix = {cle: valeur.format(caisse=slug) for cle, valeur in options.items()}
                debut = time.perf_counter()
                reponse = await connexions[service].lire(chemin.format(caisse=slug), choix)
                self.durees[nom].append(1_000 * (time.perf_counter() - debut))
                self.echecs[nom] += reponse.statut != 200
                rang += 7  # another route and another caisse each time
                await asyncio.sleep(self._pause)

    def bilan(self) -> dict[str, dict[str, float]]:
        """Milliseconds, by route."""
        return {
            nom: {
                "p50_ms": round(durees[len(durees) // 2], 1),
                "p99_ms": round(durees[-(-99 * len(durees) // 100) - 1], 1),
                "lectures": len(durees),
                "echecs": self.echecs[nom],
            }
            for nom, _ in self._questions
            if (durees := sorted(self.durees[nom]))
        }


async def envoyer(url: str, debit: int, duree: float) -> int:
    """Calls posted in batches at times fixed beforehand, one batch at a time; how many were accepted in the end.

    When a batch takes longer than ``LOT_S`` the next leaves at once: fewer than asked are sent, never a pile of them.
    """
    slugs, envoyes = [c.slug for c in charger().caisses], 0
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        debut = time.perf_counter()
        for prevu in (LOT_S * rang for rang in range(round(duree / LOT_S))) if debit else ():
            await asyncio.sleep(max(0.0, debut + prevu - time.perf_counter()))
            if time.perf_counter() - debut > duree:
                break
            lot = [appel(envoyes + k, slugs[(envoyes + k) % len(slugs)]) for k in range(round(debit * LOT_S))]
            reponse = await client.post(
                "/v1/events", content=b"[" + b",".join(lot) + b"]", headers={"content-type": MEDIA_LOT}
            )
            if reponse.status_code != 202 or reponse.json()["refuses"]:
                raise RuntimeError(f"envoi refusé : {reponse.status_code} {reponse.text[:300]}")
            envoyes += len(lot)
    return envoyes


async def pendant(debout: Pile, nombre: int, duree: float, debit: int, pause: float, mois: int) -> dict[str, Any]:
    """The readers, first alone then while events come in."""
    questions = routes(mois)
    releve: dict[str, Any] = {}
    for nom, charge in (("seuls", 0), ("pendant_l_ingestion", debit)):
        lecteurs = Lecteurs(dict(debout.urls), questions, pause)
        await lecteurs.lire(len(questions), ECHAUFFEMENT_S)
        lecteurs.oublier()
        envoi = asyncio.create_task(envoyer(debout.urls["contacts"], charge, duree))
        await lecteurs.lire(nombre, duree)
        releve[nom] = lecteurs.bilan()
        releve["envoyes_par_s"] = round(await envoi / duree)
        print(f"{nom} : {json.dumps(releve[nom], ensure_ascii=False)}", flush=True)
    return releve


async def remplir(url: str, mois: int) -> None:
    """National months of cells."""
    periodes, pool = cn.mois(mois, date.today()), await asyncpg.create_pool(url, min_size=1, max_size=4)
    await asyncio.gather(cn.appels(pool, periodes, cn.aujourd_hui()), cn.feuilles(pool, periodes, cn.aujourd_hui()))
    await pool.close()


def verifier_a_la_cli(url: str, evenements: int) -> dict[str, Any]:
    """Dossiers verified a second by what ``vigie verify`` runs, in two processes as it does on large tables."""
    asyncio.run(croissance.mesurer(url, evenements, 20))
    rapport = asyncio.run(verifier(url, croissance.SCHEMA, partial(calculs_du_service, croissance.SCHEMA), processus=2))
    if not rapport.ok:
        raise SystemExit("\n".join(rapport.lignes()))
    par_s = rapport.dossiers / rapport.duree
    return {
        "dossiers": rapport.dossiers,
        "secondes": round(rapport.duree, 2),
        "dossiers_par_s": round(par_s),
        "extrapole_10_millions_s": round(DIX_MILLIONS / par_s),
    }


def mesurer(choix: argparse.Namespace) -> dict[str, Any]:
    """A stack started twice in one folder (the first time makes the database), read, then verified beside it."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    ports = {nom: port_libre() for nom in SERVICES}
    releve: dict[str, Any] = {}
    try:
        for nom in ("premier_demarrage_s", "demarrage_s"):
            debut = time.perf_counter()
            with Pile(dossier, ports=ports) as debout:
                releve[nom] = round(time.perf_counter() - debut, 2)
                print(f"{nom} : {releve[nom]}", flush=True)
                if nom == "demarrage_s":
                    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
                        boucle.run(remplir(debout.database_url, choix.mois))
                        lu = pendant(debout, choix.lecteurs, choix.duree, choix.debit, choix.pause, choix.mois)
                        releve |= boucle.run(lu)
        embarque.demarrer(dossier / "postgres")
        serveur = embarque.serveur_embarque(dossier / "postgres")
        embarque.creer_base(serveur, "verification")
        releve["verify"] = verifier_a_la_cli(serveur.url("verification"), choix.evenements)
    finally:
        embarque.arreter(dossier / "postgres")
        shutil.rmtree(dossier, ignore_errors=True)
    return releve


def section(releve: dict[str, Any], choix: argparse.Namespace, etat: dict[str, object]) -> str:
    """What docs/performance.md holds."""
    conditions = (
        f"{choix.lecteurs} readers, {choix.pause} s between two readings of each, {choix.mois} months of cells, "
        f"{releve['envoyes_par_s']:,} events/s sent meanwhile"
    )
    lignes = []
    for nom, avec in releve["pendant_l_ingestion"].items():
        sans = releve["seuls"].get(nom, {})
        lignes.append(
            (nom, sans.get("p50_ms", ""), sans.get("p99_ms", ""), avec["p50_ms"], avec["p99_ms"], avec["echecs"])
        )
    v = releve["verify"]
    return (
        tableau(conditions, etat, COLONNES, lignes)
        + f"\n\n`vigie up` is ready {releve['demarrage_s']} s after it is asked ({releve['premier_demarrage_s']} s the "
        f"first time, which makes the database). `vigie verify`: {v['dossiers']:,} dossiers in {v['secondes']} s, "
        f"{v['dossiers_par_s']:,} a second; ten million would take {v['extrapole_10_millions_s']} s at that rate "
        "(extrapolated, not run; the start of its two processes is in it)."
    )


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.lecteurs", description="Lecteurs pendant l'ingestion, départ, verify")
    options.add_argument("--lecteurs", type=int, default=50)
    options.add_argument("--duree", type=float, default=30.0, help="secondes de lecture, deux fois")
    options.add_argument("--debit", type=int, default=500, help="événements par seconde")
    options.add_argument("--pause", type=float, default=1.0, help="secondes entre deux lectures d'un lecteur")
    options.add_argument("--mois", type=int, default=3, help="mois nationaux de cellules")
    options.add_argument("--evenements", type=int, default=1_500_000, help="derrière les dossiers vérifiés")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    releve = mesurer(choix)
    if choix.publier:
        publier("readers", section(releve, choix, etat))
    print(json.dumps({**releve, "lecteurs": choix.lecteurs, "debit": choix.debit, "machine": etat}))


if __name__ == "__main__":
    principal()
