"""Webhooks: a CloudEvent signed as Standard Webhooks asks, sent once at a time, redirects never followed."""

import asyncio
import base64
import secrets
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpcore
import httpx
import msgspec
from standardwebhooks import Webhook

from services.alerts.domain import NOM
from services.alerts.notifications.domain import Resultat
from services.alerts.notifications.envoi import Envoi
from services.alerts.notifications.garde import Garde
from services.alerts.notifications.reglages import ReglagesNotifications

_SECRET_OCTETS = 32
_REPONSE_MAX = 16_384
"""Bytes of an answer that are read; nothing in it is used but its status."""


def nouveau_secret() -> str:
    """A signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_OCTETS)).decode()


def evenement(envoi: Envoi) -> bytes:
    """The CloudEvent of a notification: the same bytes at each try. Its ``id`` is that of the notification."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(envoi.notification),
        "source": f"urn:vigie:service:{NOM}",
        "type": f"vigie.notification.{envoi.genre}.v1",
        "subject": envoi.caisse,
        "time": envoi.creee_le,
        "datacontenttype": "application/json",
        "data": {
            "objet": envoi.objet,
            "texte": envoi.texte,
            "document": envoi.lien_document,
            "accuse": envoi.lien_accuse,
            **envoi.donnees,
        },
    }
    return msgspec.json.encode(document)


def entetes(envoi: Envoi, corps: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of one try, signed at its instant."""
    assert envoi.secret is not None
    identite = str(envoi.notification)
    signature = Webhook(envoi.secret).sign(identite, envoi.instant, corps.decode())
    lignes = {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "user-agent": "Vigie",
        "accept": "*/*",
        "webhook-id": identite,
        "webhook-timestamp": str(int(envoi.instant.timestamp())),
        "webhook-signature": signature,
    }
    return [(nom.encode(), valeur.encode()) for nom, valeur in lignes.items()]


@dataclass(slots=True)
class WebhookSortant:
    """The channel. 2xx: delivered; 410: this address is gone; anything else, a redirect included, is tried again."""

    reglages: ReglagesNotifications
    _tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    async def envoyer(self, envoi: Envoi) -> Resultat:
        """Takes at most the delay of the settings, the answer included."""
        if envoi.adresse is None or envoi.secret is None:
            return Resultat("definitif", "La caisse n'a plus de webhook.")
        corps = evenement(envoi)
        try:
            async with asyncio.timeout(self.reglages.envoi_delai_s):
                return await self._appeler(envoi, corps)
        except TimeoutError:
            return Resultat("passager", f"Sans réponse en {self.reglages.envoi_delai_s:g} s.")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as exc:
            return Resultat("passager", f"Connexion : {exc or type(exc).__name__}")

    async def _appeler(self, envoi: Envoi, corps: bytes) -> Resultat:
        url = httpx.URL(envoi.adresse or "")
        cible = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        hote = url.raw_host if url.port is None else url.raw_host + f":{url.port}".encode()
        garde = Garde(self.reglages.webhooks_autorises, en_clair=url.scheme == "http")
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=garde, max_connections=1) as pool,
            pool.stream(
                "POST",
                cible,
                headers=[
                    (b"host", hote),
                    (b"content-length", str(len(corps)).encode()),
                    *entetes(envoi, corps),
                ],
                content=corps,
            ) as reponse,
        ):
            lus = 0
            async for bloc in reponse.aiter_stream():
                lus += len(bloc)
                if lus > _REPONSE_MAX:
                    break
            return _juger(reponse)


def _juger(reponse: httpcore.Response) -> Resultat:
    statut = reponse.status
    if 200 <= statut < 300:
        return Resultat("remise", f"Réponse {statut}")
    if statut == 410:
        return Resultat("definitif", "Réponse 410", parti=True)
    if 300 <= statut < 400:
        return Resultat("passager", f"Réponse {statut} : une redirection n'est pas suivie, donnez l'adresse finale.")
    return Resultat("passager", f"Réponse {statut}", attendre=_attente(reponse))


def _attente(reponse: httpcore.Response) -> timedelta | None:
    valeur = next((v for nom, v in reponse.headers if nom.lower() == b"retry-after"), b"")
    return timedelta(seconds=int(valeur)) if valeur.isdigit() and len(valeur) < 8 else None
