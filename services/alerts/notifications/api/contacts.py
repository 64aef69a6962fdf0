"""``/v1/caisses/{slug}/contacts``: who is written to, and through what."""

from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field
from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as deposer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Service, champ_invalide, etiquette, json, une_fois
from services.alerts.assemblage import ServiceAlertes
from services.alerts.notifications.coffre import SecretIllisible
from services.alerts.notifications.domain import PREMIER, nom_du_destinataire
from services.alerts.notifications.tables import contacts, destinataires
from services.alerts.notifications.webhook import nouveau_secret
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import LECTEURS, Acces, du_chemin, ouvert_a
from shared.service.erreurs import Indisponible, Introuvable
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant

routes = APIRouter(tags=["contacts"])

Slug = Annotated[str, Path(min_length=1, max_length=100, description="Slug ou nom d'une caisse")]
_COURRIEL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"


class Contact(Corps):
    nom: Annotated[str, Field(min_length=1, max_length=200)]
    fonction: Annotated[str | None, Field(max_length=200)] = None
    courriel: Annotated[str, Field(max_length=254, pattern=_COURRIEL)]


class Webhook(Corps):
    """``nouveau_secret``: ask for another one. ``actif``: false sets it aside, true puts it back."""

    url: Annotated[str, Field(min_length=8, max_length=2_000)]
    actif: bool = True
    nouveau_secret: bool = False


class Contacts(Corps):
    """The first contact is written to first; the second when the first does not answer."""

    contacts: Annotated[list[Contact], Field(max_length=2)]
    courriel: Annotated[bool, Field(description="Écrire aux contacts ; sinon, webhook et boîte de réception")] = True
    webhook: Webhook | None = None


@routes.get("/v1/caisses/{slug}/contacts", summary="Les contacts d'une caisse")
async def lire(service: Service, slug: Slug) -> Response:
    """Avec l'ETag que leur modification demande."""
    caisse = destinataire(slug)
    async with service.moteur.connect() as conn:
        document = await _document(conn, caisse)
    return json(document, ETag=etiquette(document))


@routes.put("/v1/caisses/{slug}/contacts", summary="Changer les contacts d'une caisse")
async def changer(
    request: Request, service: Service, slug: Slug, corps: Contacts, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Demande If-Match. Le secret d'un webhook est donné une seule fois, dans la réponse qui le crée."""
    caisse = destinataire(slug)
    url = None if corps.webhook is None else _url_de_webhook(corps.webhook.url)

    async def action(conn: AsyncConnection) -> Response:
        await conn.execute(deposer(destinataires).values(caisse=caisse, courriel=True).on_conflict_do_nothing())
        ligne = (
            await conn.execute(select(destinataires).where(destinataires.c.caisse == caisse).with_for_update())
        ).one()
        exiger_if_match(request, etiquette(await _document(conn, caisse)))
        secret: str | None = None
        valeurs: dict[str, Any] = {"courriel": corps.courriel, "webhook_url": url, "webhook_secret": None}
        valeurs |= {"echec_depuis": None, "desactive_le": None, "motif": None}
        if corps.webhook is not None:
            secret = nouveau_secret() if ligne.webhook_secret is None or corps.webhook.nouveau_secret else None
            valeurs["webhook_secret"] = ligne.webhook_secret if secret is None else _sceller(service, secret, caisse)
            if not corps.webhook.actif:
                valeurs |= {"desactive_le": service.clock.now(), "motif": f"Désactivé par {principal.nom}."}
        await conn.execute(destinataires.update().where(destinataires.c.caisse == caisse).values(valeurs))
        await conn.execute(delete(contacts).where(contacts.c.caisse == caisse))
        lignes = [
            {"caisse": caisse, "rang": rang, **contact.model_dump()}
            for rang, contact in enumerate(corps.contacts, start=PREMIER)
        ]
        if lignes:
            await conn.execute(insert(contacts), lignes)
        document = await _document(conn, caisse)
        etag = etiquette(document)
        if secret is not None:
            document["webhook"]["secret"] = secret
        return json(document, ETag=etag)

    return await une_fois(request, service, cle, principal, action)


def _sceller(service: ServiceAlertes, secret: str, caisse: str) -> str:
    try:
        return service.reglages.coffre().sceller(secret, caisse)
    except SecretIllisible as exc:
        raise Indisponible(str(exc)) from None


async def _document(conn: AsyncConnection, caisse: str) -> dict[str, Any]:
    lus = await conn.execute(select(contacts).where(contacts.c.caisse == caisse).order_by(contacts.c.rang))
    choix = (await conn.execute(select(destinataires).where(destinataires.c.caisse == caisse))).one_or_none()
    webhook = None
    if choix is not None and choix.webhook_url is not None:
        webhook = {
            "url": choix.webhook_url,
            "actif": choix.desactive_le is None,
            "desactive_le": choix.desactive_le,
            "motif": choix.motif,
            "echec_depuis": choix.echec_depuis,
        }
    return {
        "caisse": caisse,
        "contacts": [{"rang": c.rang, "nom": c.nom, "fonction": c.fonction, "courriel": c.courriel} for c in lus],
        "courriel": choix is None or choix.courriel,
        "webhook": webhook,
    }


def destinataire(nom: str) -> str:
    """The slug of a caisse by any of its names, or a national addressee. Raises Introuvable."""
    if nom_du_destinataire(nom) is not None:
        return nom
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise Introuvable(str(exc)) from None


def _url_de_webhook(texte: str) -> str:
    try:
        url = httpx.URL(texte)
    except httpx.InvalidURL:
        raise champ_invalide("webhook.url", "ce n'est pas une adresse.") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.fragment:
        raise champ_invalide("webhook.url", "donnez une adresse https://… sans identifiant ni fragment.")
    return str(url)


ACCES: Acces = {
    "GET /v1/caisses/{slug}/contacts": ouvert_a(*LECTEURS, caisse=du_chemin("slug")),
    "PUT /v1/caisses/{slug}/contacts": ouvert_a("reseau", "caisse", caisse=du_chemin("slug")),
}
