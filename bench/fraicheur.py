"""Freshness: from the 202 of an event to the first answer of the indicator API that counts it, steady or in bursts.

``python -m bench.fraicheur`` (see bench/README.md). A whole stack runs as ``vigie up`` starts it; calls are posted
over HTTP in small batches, at times fixed beforehand, whatever the answers take; now and then a batch carries a
call of a caisse that no other event touches, and the API is asked for that caisse until its figure moves. In bursts,
the events of ``RAFALE`` seconds leave at once, one batch after the other.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path

import httpx
import uvloop

from bench.milieu import machine, port_libre
from shared.events.contrat import MEDIA_LOT
from shared.network.reseau import charger
from vigie import kafka
from vigie.pile import SERVICES, Pile

PERIODE = 0.02  # s between two posts
RAFALE = 10.0  # s between two bursts
PAR_ENVOI_MAX = 500
"""Events of a batch, in a burst."""

SONDES = 7
"""Caisses kept for the sampled events."""

ELAN = 3.0
"""Seconds of load before anything is measured."""

_PAUSE = 0.004  # s between two questions about one sampled event
_PATIENCE = 10.0  # s after which a sampled event is a failure


class Essai:
    """One run against a stack: what was sent, and how long each sampled event took to show."""

    def __init__(self, url: str, debit: int, periode: float = PERIODE) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=50))
        self._periode, self._par_periode = periode, round(debit * periode)
        slugs = [c.slug for c in charger().caisses]
        self._sondes, self._autres = slugs[:SONDES], cycle(slugs[SONDES:])
        self._demande: tuple[str, asyncio.Future[float | None]] | None = None
        self._fini = False
        self._numeros = count()
        self.envoyes = 0
        self.retards: list[float] = []
        """Seconds between the time a post was due and the time it left."""
        self.delais: list[float] = []

    async def executer(self, duree: float) -> None:
        """Load for ``duree`` s after the run-up; sampled events are followed one at a time meanwhile."""
        async with self._client, asyncio.TaskGroup() as groupe:
            fin = time.perf_counter() + ELAN + duree
            envoi = groupe.create_task(self._charger(groupe, fin))
            await asyncio.sleep(ELAN)
            for slug in cycle(self._sondes):
                if time.perf_counter() > fin - 1 or (delai := await self._suivre(slug)) is None:
                    break
                self.delais.append(delai)
            await envoi

    async def _charger(self, groupe: asyncio.TaskGroup, fin: float) -> None:
        prevu, envois = time.perf_counter(), []
        while prevu < fin:
            await asyncio.sleep(max(0.0, prevu - time.perf_counter()))
            self.retards.append(time.perf_counter() - prevu)
            envois.append(groupe.create_task(self._envoyer_tout()))
            prevu += self._periode
        await asyncio.gather(*envois)
        self._fini = True
        if self._demande is not None:
            self._demande[1].set_result(None)

    async def _envoyer_tout(self) -> None:
        """What is due at once, in batches one after the other."""
        for debut in range(0, self._par_periode, PAR_ENVOI_MAX):
            await self._envoyer(min(PAR_ENVOI_MAX, self._par_periode - debut))

    async def _envoyer(self, combien: int) -> None:
        demande, self._demande = self._demande, None
        caisses = [next(self._autres) for _ in range(combien)]
        if demande is not None:
            caisses[-1] = demande[0]
        corps = b"[" + b",".join(appel(next(self._numeros), slug) for slug in caisses) + b"]"
        reponse = await self._client.post("/v1/events", content=corps, headers={"content-type": MEDIA_LOT})
        recu = time.perf_counter()
        if reponse.status_code != 202 or reponse.json()["refuses"]:
            raise RuntimeError(f"envoi refusé : {reponse.status_code} {reponse.text[:300]}")
        self.envoyes += len(caisses)
        if demande is not None:
            demande[1].set_result(recu)

    async def _suivre(self, slug: str) -> float | None:
        """Seconds from the 202 to the figure; None when no post is left to carry an event."""
        avant = await self._n(slug)
        if self._fini:
            return None
        visible: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._demande = (slug, visible)
        recu = await visible
        if recu is None:
            return None
        while await self._n(slug) == avant:
            if time.perf_counter() - recu > _PATIENCE:
                raise RuntimeError(f"un appel de {slug} ne se voit pas après {_PATIENCE:.0f} s")
            await asyncio.sleep(_PAUSE)
        return time.perf_counter() - recu

    async def _n(self, slug: str) -> int:
        aujourdhui = datetime.now(UTC).date()
        bornes = {"du": str(aujourdhui - timedelta(days=1)), "au": str(aujourdhui + timedelta(days=1))}
        reponse = await self._client.get("/v1/indicateurs/taux_decroche/valeurs", params={"caisse": slug, **bornes})
        reponse.raise_for_status()
        return int(reponse.json()["valeurs"][0]["n"])


def appel(numero: int, slug: str) -> bytes:
    """A call of this caisse, answered just now after 40 s."""
    fin = datetime.now(UTC)
    jalons = {"presente": (fin - timedelta(seconds=40)).isoformat(), "decroche": fin.isoformat()}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"bench-{numero}",
            "source": f"urn:vigie:source:telephonie-{slug}",
            "type": "vigie.appel.dossier.v1",
            "subject": f"{numero:010d}",
            "data": {"caisse": slug, "motif": "droits", "jalons": jalons},
        }
    ).encode()


@contextmanager
def pile(avec_kafka: bool) -> Iterator[Pile]:
    """A new stack on ports of its own, in a folder that goes with it."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    try:
        if avec_kafka:
            os.environ["VIGIE_KAFKA_BOOTSTRAP"] = kafka.demarrer(dossier / "kafka", port_libre())
        with Pile(dossier, ports={nom: port_libre() for nom in SERVICES}) as debout:
            yield debout
    finally:
        os.environ.pop("VIGIE_KAFKA_BOOTSTRAP", None)
        kafka.arreter(dossier / "kafka")
        shutil.rmtree(dossier, ignore_errors=True)


def mesurer(avec_kafka: bool, debit: int, duree: float, periode: float = PERIODE) -> dict[str, float]:
    """One engine: milliseconds of the sampled events, and what was really sent. ``periode``: seconds between posts."""
    with pile(avec_kafka) as debout, asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        essai = Essai(debout.urls["contacts"], debit, periode)
        boucle.run(essai.executer(duree))
    delais = sorted(1_000 * d for d in essai.delais)
    releve = {
        "p50_ms": round(statistics.median(delais), 1),
        "p99_ms": round(delais[-(-99 * len(delais) // 100) - 1], 1),
        "max_ms": round(delais[-1], 1),
        "mesures": len(delais),
        "envoyes_par_s": round(essai.envoyes / (duree + ELAN)),
        "retard_envoi_max_ms": round(1_000 * max(essai.retards), 1),
    }
    comment = "en continu" if periode == PERIODE else f"par rafales de {periode:.0f} s"
    print(f"{'kafka' if avec_kafka else 'postgres'}, {comment} : {releve}", flush=True)
    return releve


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.fraicheur", description="Du 202 à l'indicateur lisible")
    options.add_argument("--debit", type=int, default=1_500, help="événements par seconde")
    options.add_argument("--duree", type=float, default=30.0, help="secondes de mesure par moteur")
    options.add_argument("--kafka", action="store_true", help="aussi sur un vrai Apache Kafka")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    resultat = {}
    for moteur, avec_kafka in (("postgres", False), ("kafka", True)):
        if choix.kafka or not avec_kafka:
            resultat[moteur] = mesurer(avec_kafka, choix.debit, choix.duree)
            resultat[f"{moteur}_rafales"] = mesurer(avec_kafka, choix.debit, choix.duree, RAFALE)
    print(json.dumps({**resultat, "debit": choix.debit, "machine": etat}))


if __name__ == "__main__":
    principal()
