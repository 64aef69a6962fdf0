"""``/v1/notifications`` and ``/v1/boite``: what was said, where it stands, acknowledging it, sending it again."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Rang, Service, caisse_de_la_ligne, json, une_fois
from services.alerts.notifications import store
from services.alerts.notifications.api.contacts import destinataire
from services.alerts.notifications.domain import PREMIER, SECOND, etat_notification
from services.alerts.notifications.publication import livrer
from services.alerts.notifications.tables import notifications
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.erreurs import Conflit, Introuvable
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, ecrire_curseur, lier_suivante, page_demandee

routes = APIRouter(tags=["notifications"])

Identifiant = Annotated[uuid.UUID, Path(description="Celui du message, que portent aussi le courriel et le webhook")]
PageDemandee = Annotated[Page, Depends(page_demandee)]


class Renvoi(Corps):
    """Where to send again."""

    canal: Literal["courriel", "webhook"] = "courriel"
    rang: Annotated[int, Field(ge=PREMIER, le=SECOND, description="Contact, pour un courriel")] = PREMIER


@routes.get("/v1/boite", summary="La boîte de réception d'une caisse")
async def boite(
    request: Request,
    response: Response,
    service: Service,
    page: PageDemandee,
    caisse: Annotated[str, Query(description="Slug ou nom d'une caisse")],
) -> dict[str, Any]:
    """Tout ce qui lui a été dit, quels que soient les autres canaux ; les plus récents d'abord."""
    return await _lister(request, response, service, page, destinataire(caisse))


@routes.get("/v1/notifications", summary="Les notifications et leur remise")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: PageDemandee,
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord."""
    return await _lister(request, response, service, page, None if caisse is None else destinataire(caisse))


@routes.get("/v1/notifications/{identifiant}", summary="Une notification et chacun de ses envois")
async def lire(service: Service, identifiant: Identifiant) -> dict[str, Any]:
    """Chaque essai, ce qu'il a donné et quand vient le suivant."""
    async with service.moteur.connect() as conn:
        return await _detail(conn, identifiant)


@routes.post("/v1/notifications/{identifiant}/accuse", summary="Accuser réception")
async def accuser(
    request: Request, service: Service, identifiant: Identifiant, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Le premier accusé reste ; les rappels s'arrêtent."""

    async def action(conn: AsyncConnection) -> Response:
        await store.accuser(conn, identifiant, principal.identifiant, "api", service.clock.now())
        return json(await _detail(conn, identifiant))

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/notifications/{identifiant}/renvoi", summary="Envoyer de nouveau")
async def renvoyer(
    request: Request,
    service: Service,
    identifiant: Identifiant,
    corps: Renvoi,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Ce qui n'est pas parti repart aussitôt sous le même identifiant ; ce qui est parti est dit une fois de plus."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant = service.clock.now()
        rang = corps.rang if corps.canal == "courriel" else 0
        await _detail(conn, identifiant)
        lues = (await store.livraisons_de(conn, [identifiant])).get(identifiant, [])
        ici = [li for li in lues if (li.canal, li.rang) == (corps.canal, rang)]
        if ici and ici[-1].etat in ("a_envoyer", "echec"):
            if not await store.relancer_livraison(conn, ici[-1].id, maintenant):
                raise Conflit("Cet envoi est en cours à l'instant même. Attendez son résultat.")
        else:
            await livrer(conn, identifiant, corps.canal, rang, ici[-1].occurrence + 1 if ici else 0, maintenant)
        return json(await _detail(conn, identifiant), 202)

    return await une_fois(request, service, cle, principal, action)


async def _lister(
    request: Request, response: Response, service: Service, page: Page, caisse: str | None
) -> dict[str, Any]:
    apres = page.apres(tuple[Rang])
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, caisse, apres[0] if apres else None, page.limite + 1)
        montrees = lues[: page.limite]
        livrees = await store.livraisons_de(conn, [li.id for li in montrees])
    suivant = ecrire_curseur((montrees[-1].numero,)) if len(lues) > page.limite else None
    lier_suivante(request, response, suivant)
    return {"notifications": [_presenter(li, livrees.get(li.id, [])) for li in montrees], "suivant": suivant}


async def _detail(conn: AsyncConnection, identifiant: uuid.UUID) -> dict[str, Any]:
    ligne = await store.lire(conn, identifiant)
    if ligne is None:
        raise Introuvable(f"La notification {identifiant} n'existe pas.")
    livrees = (await store.livraisons_de(conn, [identifiant])).get(identifiant, [])
    tentes: dict[int, list[dict[str, Any]]] = {}
    for e in await store.essais_de(conn, [li.id for li in livrees]):
        tentes.setdefault(e.livraison, []).append({"instant": e.instant, "issue": e.issue, "detail": e.detail})
    return {
        **_presenter(ligne, livrees),
        "donnees": ligne.donnees,
        "livraisons": [
            {
                "canal": li.canal, "rang": li.rang or None, "occurrence": li.occurrence, "etat": li.etat,
                "tentatives": li.tentatives, "prochain_essai": li.prochain_essai, "terminee_le": li.terminee_le,
                "detail": li.detail, "essais": tentes.get(li.id, []),
            }
            for li in livrees
        ],
    }  # fmt: skip


def _presenter(ligne: Row[Any], livrees: Sequence[Row[Any]]) -> dict[str, Any]:
    etat = etat_notification([li.etat for li in livrees], accusee=ligne.accusee_le is not None)
    return {
        "id": ligne.id,
        "caisse": ligne.caisse,
        "genre": ligne.genre,
        "objet": ligne.objet,
        "texte": ligne.texte,
        "document": None if ligne.document is None else f"/v1/documents/{ligne.document}",
        "creee_le": ligne.creee_le,
        "etat": etat,
        "accuse_attendu": ligne.accuse_attendu,
        "accusee_le": ligne.accusee_le,
        "accusee_par": ligne.accusee_par,
        "accusee_voie": ligne.accusee_voie,
        "relances": ligne.relances,
        "prochaine_relance": ligne.prochaine_relance,
    }


_LA_SIENNE = caisse_de_la_ligne(notifications, parametre="identifiant", lire=uuid.UUID)

ACCES: Acces = {
    "GET /v1/boite": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/notifications": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/notifications/{identifiant}": ouvert_a(*LECTEURS, caisse=_LA_SIENNE),
    "POST /v1/notifications/{identifiant}/accuse": ouvert_a("reseau", "caisse", caisse=_LA_SIENNE),
    "POST /v1/notifications/{identifiant}/renvoi": ouvert_a("reseau"),
}
