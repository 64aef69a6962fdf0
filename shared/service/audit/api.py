"""``GET /v1/audit``: the register of this service, by pages, for who audits it."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from shared.database.connexion import acquerir
from shared.service.acces import Acces, ouvert_a
from shared.service.audit.ligne import TEXTE_MAX
from shared.service.audit.registre import Filtre, Registre, dernieres, tete
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Jour

routes = APIRouter(tags=["audit"])

ROUTE = "GET /v1/audit"

ACCES: Acces = {ROUTE: ouvert_a("auditeur")}

LECTURE = {ROUTE: ("du", "au", "sujet", "caisse")}
"""Reading the register leaves a trace in it."""

Rang = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Texte = Annotated[str | None, Query(max_length=TEXTE_MAX, pattern=r"^[^\x00-\x1f]+$")]

PARIS = ZoneInfo("Europe/Paris")

_PREMIER, _DERNIER = date(1970, 1, 1), date(9999, 12, 30)
"""Days that have a beginning and an end in UTC; the register has no other."""


@routes.get("/v1/audit", summary="Qui a lu ou changé quoi")
async def lire(
    request: Request,
    response: Response,
    page: Annotated[Page, Depends(page_demandee)],
    du: Annotated[Jour | None, Query(description="Premier jour compris, de Paris")] = None,
    au: Annotated[Jour | None, Query(description="Dernier jour compris")] = None,
    sujet: Texte = None,
    caisse: Texte = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord. « tete » est la fin de la chaîne : notez-la ailleurs, elle dira si l'on en a ôté
    (`vigie audit verifier --tete`)."""
    registre: Registre = request.app.pieces[Registre]
    apres = page.apres(tuple[Rang])
    async with acquerir(registre.pool) as conn:
        fin = await tete(conn, registre.schema)
        filtre = Filtre(*entre(du, au), sujet, caisse)
        lues = await dernieres(conn, registre.schema, filtre, apres[0] if apres else None, page.limite + 1)
    montrees, suivant = paginer(lues, page, lambda ligne: (ligne.numero,))
    lier_suivante(request, response, suivant)
    return {
        "lignes": [ligne.document() for ligne in montrees],
        "tete": {"numero": fin.numero, "empreinte": fin.empreinte.hex()},
        "suivant": suivant,
    }


def entre(du: date | None, au: date | None) -> tuple[datetime | None, datetime | None]:
    """The instants of these days of Paris, the second not included."""
    debut = None if du is None else datetime.combine(_borne(du), time(), PARIS)
    fin = None if au is None else datetime.combine(_borne(au) + timedelta(days=1), time(), PARIS)
    return debut, fin


def _borne(jour: date) -> date:
    return min(max(jour, _PREMIER), _DERNIER)
