"""The load of one fault: two sources, two coordinators, a president and who reads the console, honest: each repeats
what was not answered.

What they ask is written in the `Plan` before it is asked; what must come of it is worked out from there alone.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.propositions import store
from services.entraide.propositions.lignes import Ligne
from shared.database.connexion import creer_moteur
from shared.database.transactions import transaction
from shared.network.jours import jour_de
from tests.chaos.appels import Appels
from tests.chaos.site import AIDANTE, AIDEE, Site
from tests.support.jeu_seme import Attendu, Jeu

ORDRES = (("acceptation", AIDANTE), ("acceptation", AIDEE), ("ordre-de-mission", AIDANTE))
"""What the coordinators of a proposition say, in this order."""

MEMBRES = ("local", "membre-2", "membre-3")

PATIENCE_S = 240.0
"""How long an honest client repeats a call."""

LOT, PAUSE_S = 100, 0.03

ESSAI_S = 8.0
"""One try of a call; then it is sent again."""

PAGES = ("/", f"/caisses/{AIDEE}", "/sources", "/entraide")
"""Of the console, read at every turn; at the end of a fault they must come whole."""

EN_PANNE = "injoignable"
"""What a page says in the place of a part that it could not read."""

_PLANS = itertools.count(1)


@dataclass
class Plan:
    """What was asked of a site since it was opened. ``appels``: by outcome. ``comites``: decisions by month, (caisse,
    measure)."""

    attendu: Attendu = field(default_factory=Attendu)
    appels: Counter[str] = field(default_factory=Counter)
    rejets: int = 0
    missions: list[int] = field(default_factory=list)
    comites: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


class SansReponse(Exception):
    """A call was refused, or never answered; ``str()`` says which."""


async def insister(
    client: httpx.AsyncClient, methode: str, chemin: str, corps: Any = None, **entetes: str
) -> httpx.Response:
    """One call, sent again under the same key until it is answered. Raises SansReponse."""
    fin, detail = time.monotonic() + PATIENCE_S, ""
    noms = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    donnees = {"content": corps} if isinstance(corps, bytes) else {"json": corps}
    while time.monotonic() < fin:
        try:
            reponse = await client.request(methode, chemin, headers=noms, **({} if corps is None else donnees))
        except httpx.HTTPError as exc:
            detail = repr(exc)
        else:
            if reponse.is_success:
                return reponse
            detail = f"{reponse.status_code} {reponse.text[:300]}"
            if reponse.status_code < 500 and "retry-after" not in reponse.headers:
                break
        await asyncio.sleep(0.2)
    raise SansReponse(f"{methode} {chemin} : {detail}")


@dataclass
class Charge:
    """One load. ``mois``: of its comité; ``missions``: propositions put forward and taken to their order."""

    site: Site
    plan: Plan
    jeu: Jeu
    mois: str
    appels: Appels = field(default_factory=Appels)
    missions: int = 5
    _suite: asyncio.Event = field(default_factory=asyncio.Event)
    _taches: list[asyncio.Task[None]] = field(default_factory=list)
    envoyes: int = 0

    async def commencer(self) -> None:
        """Everybody at work; the second half of the events and of the missions waits for `continuer`."""
        self.plan.attendu += self.jeu.attendu
        self.plan.appels += self.appels.issues
        numeros = await self._proposer()
        self.plan.missions += numeros
        self._taches += [
            asyncio.create_task(tache)
            for tache in (
                self._envoyer("claims", self.jeu.lignes), self._envoyer("contacts", self.appels.lignes),
                self._coordonner(numeros), self._presider(), self._regarder(),
            )
        ]  # fmt: skip

    def continuer(self) -> None:
        self._suite.set()

    async def finir(self, delai: float = PATIENCE_S) -> None:
        """Everything that was asked is answered. Raises SansReponse."""
        self.continuer()
        async with asyncio.timeout(delai):
            await asyncio.gather(*self._taches)

    async def abandonner(self) -> None:
        for tache in self._taches:
            tache.cancel()
        await asyncio.gather(*self._taches, return_exceptions=True)

    async def _envoyer(self, service: str, lignes: Sequence[bytes]) -> None:
        async with httpx.AsyncClient(base_url=self.site.url(service), timeout=ESSAI_S) as client:
            for debut in range(0, len(lignes), LOT):
                if debut >= len(lignes) // 2:
                    await self._suite.wait()
                corps = b"\n".join(lignes[debut : debut + LOT])
                reponse = await insister(client, "POST", "/v1/events", corps, content_type="application/x-ndjson")
                if reponse.json()["refuses"]:
                    raise SansReponse(f"événements refusés : {reponse.text[:300]}")
                self.envoyes += len(lignes[debut : debut + LOT])
                await asyncio.sleep(PAUSE_S)

    async def _regarder(self) -> None:
        """Read pages while it lasts, whatever they say; then each again until nothing is missing on it."""
        async with httpx.AsyncClient(base_url=self.site.url("console"), timeout=20) as client:
            for page in itertools.cycle(PAGES):
                if self._suite.is_set():
                    break
                await insister(client, "GET", page)
                await asyncio.sleep(0.3)
            fin = time.monotonic() + PATIENCE_S
            for page in PAGES:
                while EN_PANNE in (await insister(client, "GET", page)).text:
                    if time.monotonic() > fin:
                        raise SansReponse(f"GET {page} : une partie manque encore")
                    await asyncio.sleep(0.5)

    async def _proposer(self) -> list[int]:
        """Put as many propositions forward as a plan would, before anything goes wrong."""
        maintenant = self.site.horloge.now()
        lundi = maintenant.date() + timedelta(days=21 - maintenant.weekday())
        termes = Termes(jour_de(lundi), (100, 100), 200.0)
        cle = f"{self.mois}|{AIDEE}|chaos"
        plan = next(_PLANS)
        lignes = [
            Ligne(cle, f"pole-{rang}", AIDANTE, AIDEE, "ij", termes, {"phrase": "Le besoin est couvert."})
            for rang in range(self.missions)
        ]
        moteur = creer_moteur(self.site.banc.url, "chaos")
        try:
            async with transaction(moteur) as conn:
                return list(await store.proposer(conn, plan, lignes, maintenant))
        finally:
            await moteur.dispose()

    async def _coordonner(self, numeros: Sequence[int]) -> None:
        async with httpx.AsyncClient(base_url=self.site.url("entraide"), timeout=ESSAI_S) as client:
            for rang, numero in enumerate(numeros):
                if rang >= len(numeros) // 2:
                    await self._suite.wait()
                for ordre, caisse in ORDRES:
                    vue = (await insister(client, "GET", f"/v1/propositions/{numero}")).headers["etag"]
                    await insister(
                        client, "POST", f"/v1/propositions/{numero}/{ordre}", {"pour": caisse}, if_match=vue,
                        idempotency_key=f"chaos-{numero}-{ordre}-{caisse}",
                    )  # fmt: skip
                    await asyncio.sleep(0.1)

    async def _presider(self) -> None:
        racine = f"/v1/comites/{self.mois}"
        async with httpx.AsyncClient(base_url=self.site.url("alerts"), timeout=20) as client:

            async def acter(quoi: str, corps: Any) -> None:
                vu = (await insister(client, "GET", racine)).headers["etag"]
                cle = f"chaos-{self.mois}-{quoi}"
                await insister(client, "POST", f"{racine}/{quoi}", corps, if_match=vu, idempotency_key=cle)

            await insister(client, "POST", "/v1/comites", {"mois": self.mois}, idempotency_key=f"chaos-{self.mois}")
            await acter(
                "ouverture", {"president": MEMBRES[0], "membres": [{"identifiant": m, "nom": m} for m in MEMBRES]}
            )
            lues = (await insister(client, "GET", racine)).json()["mesures"]
            proposees = [(m["caisse"], m["mesure"]) for m in lues if m["proposee"]]
            self.plan.comites[self.mois] = proposees
            decisions = [{"caisse": c, "mesure": m, "issue": "acceptee"} for c, m in proposees]
            if decisions:
                await acter("decisions", decisions)
            await acter("cloture", {})
