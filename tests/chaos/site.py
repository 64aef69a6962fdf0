"""Everything a campaign runs on, for one engine: servers, links, ``vigie serve`` processes and their supervisor."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import asyncpg
import httpx

from shared.database import embarque
from tests.chaos import serveurs
from tests.chaos.lien import Lien
from tests.chaos.serveurs import Base, Broker, RecepteurHonnete
from tests.integration.alerts.comite.conftest import mois_trouble
from tests.support.attente import attendre
from tests.support.pannes import Banc, ouvrir_banc
from tests.support.processus_vigie import HORLOGE, Decalage, Serveur, port_libre, precharger

Moteur = Literal["postgres", "kafka"]

PROCESSUS: Mapping[str, tuple[str, str]] = {
    "claims-api": ("claims", "api"),
    "claims-consommateur-1": ("claims", "consumer"),
    "claims-consommateur-2": ("claims", "consumer"),
    "alerts": ("alerts", "tout"),
    "entraide": ("entraide", "tout"),
    "contacts": ("contacts", "tout"),
    "console": ("console", "tout"),
}
"""Service and role, by name."""

CONSOMMATEURS = ("claims-consommateur-1", "claims-consommateur-2")

AIDANTE, AIDEE, EN_CRISE = "cpam-31", "cpam-67", "cpam-75"
"""The caisses of the campaign, each with a webhook: the comité writes to the first and the last."""

_VUS = {"contacts": "contacts", "claims": "claims-api"}
"""Processes that the console reads for the figures of each service."""

_BASE = "chaos"
_RELANCE_S = 0.3
"""Between a process's end and its next start, as a supervisor of processes would do it."""


@dataclass
class Site:
    """``liens``: base, broker, api, recepteur. ``relances``: how often each process was started again."""

    moteur: Moteur
    dossier: Path
    base: Base
    broker: Broker | None
    banc: Banc
    liens: Mapping[str, Lien]
    recepteurs: Mapping[str, RecepteurHonnete]
    horloge: Decalage
    ports: Mapping[str, int]
    environnement: Mapping[str, str]
    propres: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Environment of one process alone."""
    relances: Counter[str] = field(default_factory=Counter)
    codes: dict[str, list[int]] = field(default_factory=dict)
    versions: dict[str, Sequence[str]] = field(default_factory=dict)
    processus: dict[str, Serveur] = field(default_factory=dict)
    eteint: bool = False

    @property
    def pool(self) -> asyncpg.Pool:
        """Straight to the database, past the links."""
        return self.banc.service.pool

    def url(self, service: str) -> str:
        """Where people reach a service; claims by its link."""
        port = self.liens["api"].port if service == "claims" else self.ports[service]
        return f"http://127.0.0.1:{port}"

    def lancer(self, nom: str) -> None:
        """A process in the version of the moment."""
        service, role = PROCESSUS[nom]
        bootstrap = None if self.broker is None else f"127.0.0.1:{self.broker.lien.port}"
        url = f"postgresql://postgres@127.0.0.1:{self.liens['base'].port}/{_BASE}"
        self.processus[nom] = Serveur(
            self.dossier, role, url, bootstrap, presse=True, service=service, port=self.ports[nom],
            environnement={**self.environnement, **self.propres.get(nom, {})},
            amenagements=("horloge", *self.versions.get(nom, ())),
        )  # fmt: skip

    async def tuer(self, *noms: str) -> None:
        """SIGKILL; the supervisor starts them again."""
        for nom in noms:
            await asyncio.to_thread(self.processus[nom].tuer)

    async def deployer(self, noms: Sequence[str], version: Sequence[str] = ()) -> None:
        """Replace these processes, one after the other, by this version of them."""
        for nom in noms:
            self.versions[nom] = version
            ancien = self.processus[nom]
            ancien.demander_la_fin()
            with contextlib.suppress(AssertionError):
                await ancien.finir(15)
            await self.tuer(nom)

    async def surveiller(self) -> None:
        """Start again whatever has ended, for ever."""
        while not self.eteint:
            for nom, processus in list(self.processus.items()):
                if (code := processus.code) is not None:
                    self.relances[nom] += 1
                    self.codes.setdefault(nom, []).append(code)
                    self.lancer(nom)
            await asyncio.sleep(_RELANCE_S)

    async def eteindre(self) -> None:
        """SIGKILL to every process, for good."""
        self.eteint = True
        await self.tuer(*self.processus)

    async def prets(self, delai: float = 180) -> None:
        """Every process says that it is ready, whatever became of those before it."""
        async with httpx.AsyncClient(timeout=3) as client:

            async def tous() -> bool:
                for nom in PROCESSUS:
                    try:
                        if (await client.get(f"http://127.0.0.1:{self.ports[nom]}/readyz")).status_code != 200:
                            return False
                    except httpx.HTTPError:
                        return False
                return True

            await attendre(tous, delai, "tous les processus sont prêts")

    def dire(self) -> str:
        """The end of what each process wrote."""
        return "\n".join(f"--- {nom}\n{p.ecrits()[-1500:]}" for nom, p in self.processus.items())


@asynccontextmanager
async def ouvrir_site(moteur: Moteur, dossier: Path) -> AsyncIterator[Site]:
    """The whole of it, ready. Raises ErreurKafka where there is no Kafka to be had."""
    precharger(*(f"services.{service}.app" for service in dict(PROCESSUS.values())))
    async with AsyncExitStack() as pile:
        base = pile.enter_context(serveurs.base(dossier))
        liens = {"base": Lien(base.serveur.dossier_socket / ".s.PGSQL.5432"), "api": Lien(port_libre())}
        embarque.creer_base(base.serveur, _BASE)
        broker = None
        if moteur == "kafka":
            broker = await asyncio.to_thread(pile.enter_context, serveurs.broker(dossier))
            liens["broker"] = broker.lien
        recepteurs = {c: await pile.enter_async_context(serveurs.recepteur()) for c in (AIDANTE, AIDEE, EN_CRISE)}
        liens["recepteur"] = Lien(recepteurs[AIDEE].port)
        for lien in liens.values():
            await pile.enter_async_context(lien.ouvert())
        chiffres = await pile.enter_async_context(serveurs.chiffres(serveurs.Chiffres(mois_trouble())))
        ports = {nom: port_libre() for nom in PROCESSUS}
        liens["api"].cible = ports["claims-api"]
        horloge = Decalage(dossier / "horloge")
        environnement = {
            "VIGIE_CONTACTS_URL": chiffres, "VIGIE_CLAIMS_URL": chiffres, HORLOGE: str(dossier / "horloge"),
            "VIGIE_ALERTS_URL": f"http://127.0.0.1:{ports['alerts']}",
            "VIGIE_ENTRAIDE_URL": f"http://127.0.0.1:{ports['entraide']}",
            "VIGIE_WEBHOOKS_AUTORISES": '["127.0.0.0/8"]', "VIGIE_ENVOI_DELAI_S": "8",
            "VIGIE_ANTIREBOND_S": "15",
        }  # fmt: skip
        banc = await pile.enter_async_context(
            ouvrir_banc(base.serveur.url(_BASE), None if broker is None else broker.bootstrap, dossier)
        )
        # The comité's figures are those of a month made for it; people read the real ones.
        vus = {f"VIGIE_{nom.upper()}_URL": f"http://127.0.0.1:{ports[processus]}" for nom, processus in _VUS.items()}
        site = Site(
            moteur, dossier, base, broker, banc, liens, recepteurs, horloge, ports, environnement, {"console": vus}
        )
        for nom in PROCESSUS:
            site.lancer(nom)
        veille = asyncio.create_task(site.surveiller())
        try:
            await site.prets()
            await _brancher(site)
            yield site
        finally:
            site.eteint = True
            await asyncio.gather(veille, return_exceptions=True)
            await site.eteindre()


async def _brancher(site: Site) -> None:
    """The caisses give the address of their receivers, and no e-mail."""
    async with httpx.AsyncClient(base_url=site.url("alerts"), timeout=30) as client:
        for caisse, recepteur in site.recepteurs.items():
            port = site.liens["recepteur"].port if caisse == AIDEE else recepteur.port
            chemin = f"/v1/caisses/{caisse}/contacts"
            vu = await client.get(chemin)
            corps = {
                "contacts": [{"nom": "Direction", "courriel": "direction@caisse.test"}], "courriel": False,
                "webhook": {"url": f"http://127.0.0.1:{port}/vigie"},
            }  # fmt: skip
            entetes = {"if-match": vu.headers["etag"], "idempotency-key": f"chaos-{caisse}"}
            reponse = await client.put(chemin, json=corps, headers=entetes)
            reponse.raise_for_status()
            recepteur.secret = reponse.json()["webhook"]["secret"]
