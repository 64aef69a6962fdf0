"""The servers of a campaign, each on a volume of its own, and the far ends: who receives, who owns the figures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services.alerts.comite.calendrier import mois_de
from shared.database.serveur import ServeurPostgres
from shared.network.reseau import charger
from shared.service.serveur import ouvrir_socket
from tests.chaos.lien import Lien
from tests.chaos.volume import Volume, volume
from tests.integration.alerts.comite.conftest import Proprietaires
from tests.integration.alerts.notifications.conftest import Recepteur, servir_recepteur
from tests.support.processus_vigie import port_libre
from tests.support.serveurs import postgres_embarque
from vigie import kafka

MIO = 1_536
"""Size of a server's volume: what the set, its indexes and the WAL take, several times."""


@dataclass(frozen=True, slots=True)
class Base:
    """PostgreSQL, its data and its journal."""

    serveur: ServeurPostgres
    volume: Volume

    @property
    def journal(self) -> str:
        return (self.serveur.donnees / "serveur.log").read_text(errors="replace")


@contextmanager
def base(dossier: Path) -> Iterator[Base]:
    """A running PostgreSQL."""
    with volume(dossier / "base", MIO) as vol:
        serveur = postgres_embarque(vol.dossier / "pg")
        serveur.demarrer()
        try:
            yield Base(serveur, vol)
        finally:
            serveur.arreter()


@dataclass(frozen=True, slots=True)
class Broker:
    """Apache Kafka with two doors: ``bootstrap`` for who looks on, and one that answers with the address of ``lien``,
    by which everything that the services say to it passes."""

    dossier: Path
    port: int
    lien: Lien
    volume: Volume

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def journal(self) -> str:
        return (self.dossier / "kafka.log").read_text(errors="replace")

    @property
    def pid(self) -> int | None:
        return kafka.statut(self.dossier).pid

    def demarrer(self) -> None:
        assert isinstance(self.lien.cible, int)
        porte = kafka.EcouteGardee(
            "SSL",  # the name of the second door, which is as open as the first
            self.lien.cible,
            {
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:PLAINTEXT",
                "advertised.listeners": f"PLAINTEXT://{self.bootstrap},SSL://127.0.0.1:{self.lien.port}",
            },
        )
        kafka.demarrer(self.dossier, self.port, gardee=porte)

    def arreter(self) -> None:
        kafka.arreter(self.dossier)

    def tuer(self) -> None:
        kafka.tuer(self.dossier)


@contextmanager
def broker(dossier: Path) -> Iterator[Broker]:
    """A running Apache Kafka. Raises ErreurKafka."""
    with volume(dossier / "broker", MIO) as vol:
        ouvert = Broker(vol.dossier / "kafka", port_libre(), Lien(port_libre()), vol)
        try:
            ouvert.demarrer()
            yield ouvert
        finally:
            ouvert.arreter()


class Chiffres(Proprietaires):
    """The owners of the figures, in the same trouble whatever the month: Paris in a crisis, Toulouse drifting."""

    def _valeurs(self, code: str, options: dict[str, str]) -> Any:
        fin = mois_de(date.fromisoformat(options["au"]))
        debut = mois_de(date.fromisoformat(options["du"])) if "pas" in options else fin
        nombre = 12 * (fin.annee - debut.annee) + fin.numero - debut.numero + 1
        lignes = [
            {
                "caisse": caisse, "du": str(mois.du), "au": str(mois.au), "valeur": valeur,
                "n": 0 if valeur is None else self.n, "intervalle": None, "cible": None, "rupture": False,
                "verdict": "non_mesure" if valeur is None else "sous_le_socle",
            }
            for rang in range(1 - nombre, 1)
            for mois in (fin.plus(rang),)
            for caisse in ("reseau", *(c.slug for c in charger().caisses))
            for valeur in (self._serie(code, caisse)[max(rang - 1, -12)],)
        ]  # fmt: skip
        vue = options.get("vue", "responsable")
        return {"indicateur": code, "version": f"{code}-1", "unite": "?", "vue": vue, "valeurs": lignes}


@asynccontextmanager
async def chiffres(proprietaires: Proprietaires) -> AsyncIterator[str]:
    """Their address; what they do not know answers 404."""

    async def repondre(request: Request) -> Response:
        demande = httpx.Request("GET", str(request.url))
        try:
            reponse = proprietaires.repondre(demande)
        except KeyError:
            return Response(status_code=404)
        return Response(reponse.content, reponse.status_code, media_type="application/json")

    prise = ouvrir_socket("127.0.0.1", 0)
    app = Starlette(routes=[Route("/{reste:path}", repondre)])
    serveur = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    async with _en_marche(serveur, prise):
        yield f"http://127.0.0.1:{prise.getsockname()[1]}"


@asynccontextmanager
async def _en_marche(serveur: uvicorn.Server, prise: Any) -> AsyncIterator[None]:
    tache = asyncio.create_task(serveur.serve(sockets=[prise]))
    try:
        yield
    finally:
        serveur.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(tache, 20)
        prise.close()


class RecepteurHonnete(Recepteur):
    """Obeys the identifier: what comes twice has one effect. ``differents``: identifiers that came back changed."""

    def __init__(self) -> None:
        super().__init__()
        self.differents: set[str] = set()

    async def recevoir(self, request: Request) -> Response:
        deja = self.corps.get(request.headers.get("webhook-id", ""))
        try:
            reponse = await super().recevoir(request)
        except ClientDisconnect:  # the link was reset before all of it had come
            return Response(status_code=400)
        if deja is not None and deja != await request.body():
            self.differents.add(request.headers["webhook-id"])
        return reponse

    @property
    def doubles(self) -> int:
        """Calls that brought nothing new."""
        return self.appels - len(self.corps)


@asynccontextmanager
async def recepteur() -> AsyncIterator[RecepteurHonnete]:
    async with servir_recepteur(RecepteurHonnete()) as ouvert:
        assert isinstance(ouvert, RecepteurHonnete)
        yield ouvert
