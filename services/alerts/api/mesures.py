"""``/v1/mesures``: values declared with their source and date, beside those that Vigie computes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Corps,
    Numero,
    Service,
    caisse_de_la_ligne,
    caisse_demandee,
    champ_invalide,
    depart,
    json,
    page_de_lignes,
    trouvee,
    une_fois,
)  # fmt: skip
from services.alerts.domain.mesures import Mesure, MesureRefusee, juger, verifier
from services.alerts.domain.portee import RESEAU
from services.alerts.store import mesures as depot
from services.alerts.store.registres import FUSEAU
from services.alerts.store.tables import mesures as table_mesures
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee
from shared.service.reponses import Instant, Jour

routes = APIRouter(tags=["mesures déclarées"])

LOT_MAX = 5_000

_SANS_NOUVELLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Une liste, et ce que chacune est devenue ; ou une mesure qui était déjà là",
        "content": {"application/json": {}},
    }
}


class NouvelleMesure(Corps):
    """The days are those of ``annee``, or ``du`` to ``au``, both in."""

    convention: Annotated[str, Field(max_length=100, description="cnam-2018-2022, par exemple ; ou « vigie »")]
    code: Annotated[
        str, Field(max_length=100, description="Code de la ligne dans la convention ; sous « vigie », de l'indicateur")
    ]
    segment: Annotated[str | None, Field(max_length=100)] = None
    caisse: Annotated[str, Field(max_length=200, description="Slug ou nom d'une caisse, ou « reseau »")] = RESEAU
    annee: Annotated[int | None, Field(ge=1995, le=2045)] = None
    du: date | None = None
    au: date | None = None
    valeur: Annotated[Decimal, Field(max_digits=20, decimal_places=6)]
    source: Annotated[str, Field(min_length=1, max_length=500, description="Le document où elle est lue")]
    date: Annotated[date, Field(description="Date de cette source")]
    commentaire: Annotated[str | None, Field(max_length=2_000)] = None


@routes.post("/v1/mesures", status_code=201, summary="Déclarer des mesures", responses=_SANS_NOUVELLE)
async def deposer(
    request: Request,
    service: Service,
    corps: NouvelleMesure | Annotated[list[NouvelleMesure], Field(min_length=1, max_length=LOT_MAX)],
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Une mesure, ou une liste dont chaque élément est accepté ou refusé à part.

    La même clé (convention, code, segment, caisse, période) envoyée de nouveau corrige : l'ancienne valeur reste
    lisible, telle qu'elle était connue. Un indicateur que Vigie calcule se déclare aussi : la valeur déclarée vit à
    côté de la calculée et n'y entre jamais ; le composite CPG la prend, et le dit, là où rien n'a pu être calculé.
    Hors de toute convention, ou sans ligne dans aucune, il se déclare sous la convention « vigie ».
    """

    async def action(conn: AsyncConnection) -> Response:
        if isinstance(corps, NouvelleMesure):
            try:
                document = await _deposer(conn, service, corps, principal.identifiant)
            except MesureRefusee as exc:
                raise champ_invalide(exc.champ, str(exc)) from None
            if document["statut"] == "inchangee":
                return json(document)
            return json(document, 201, Location=f"/v1/mesures/{document['id']}")
        resultats = []
        for position, mesure in enumerate(corps):
            try:
                document = await _deposer(conn, service, mesure, principal.identifiant)
                resultat = {"statut": document["statut"], "id": document["id"]}
            except MesureRefusee as exc:
                resultat = {"statut": "refusee", "champ": exc.champ, "message": str(exc)}
            resultats.append({"position": position, **resultat})
        refusees = sum(r["statut"] == "refusee" for r in resultats)
        return json({"acceptees": len(resultats) - refusees, "refusees": refusees, "resultats": resultats})

    return await une_fois(request, service, cle, principal, action)


async def _deposer(conn: AsyncConnection, service: Service, corps: NouvelleMesure, par: str) -> dict[str, Any]:
    maintenant = service.clock.now()
    aujourdhui = date_de(fuseau(FUSEAU).jour(int(maintenant.timestamp())))
    du, au = _periode(corps)
    mesure = Mesure(
        corps.convention, corps.code, corps.segment, corps.caisse, du, au, corps.valeur, corps.source, corps.date,
        corps.commentaire,
    )  # fmt: skip
    ligne, statut = await depot.deposer(conn, verifier(mesure, aujourdhui), maintenant, par)
    return _presenter(ligne, aujourdhui) | {"statut": statut}


def _periode(corps: NouvelleMesure) -> tuple[date, date]:
    if corps.annee is not None and corps.du is None and corps.au is None:
        return date(corps.annee, 1, 1), date(corps.annee, 12, 31)
    if corps.annee is None and corps.du is not None and corps.au is not None:
        return corps.du, corps.au
    raise MesureRefusee("annee", "Donnez l'année, ou bien les deux jours « du » et « au ».")


@routes.get("/v1/mesures", summary="Les mesures déclarées")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    convention: str | None = None,
    code: str | None = None,
    segment: str | None = None,
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse, ou « reseau »")] = None,
    du: Annotated[Jour | None, Query(description="Celles qui ont un jour à partir de celui-ci")] = None,
    au: Annotated[Jour | None, Query(description="Celles qui ont un jour jusqu'à celui-ci")] = None,
    a_date: Annotated[Instant | None, Query(description="Telles qu'elles étaient connues à cet instant")] = None,
    remplacees: Annotated[bool, Query(description="Les valeurs corrigées depuis aussi")] = False,
) -> dict[str, Any]:
    """Avec la cible de leur dernière année et le verdict, l'une et l'autre tels que connus à la même date."""
    organisme = caisse if caisse in (None, RESEAU) else caisse_demandee(str(caisse))
    filtre: Mapping[str, Any] = {
        "convention": convention, "code": code, "segment": segment, "organisme": organisme, "du": du, "au": au,
    }  # fmt: skip
    async with service.moteur.connect() as conn:
        lues = await depot.lister(
            conn, dict(filtre), a_date, depart(page) or 0, page.limite + 1, avec_remplacees=remplacees
        )
    montrees, suivant = page_de_lignes(request, response, page, lues)
    connu_le = (a_date or service.clock.now()).date()
    return {"mesures": [_presenter(ligne, connu_le) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/mesures/{numero}", summary="Une mesure déclarée")
async def lire(service: Service, numero: Numero) -> dict[str, Any]:
    """Remplacée ou non."""
    async with service.moteur.connect() as conn:
        ligne = trouvee(await depot.lire(conn, numero), "La mesure", numero)
    return _presenter(ligne, service.clock.now().date())


def _presenter(ligne: Row[Any], connu_le: date) -> dict[str, Any]:
    champs = {nom: ligne._mapping[nom] for nom in Mesure.__slots__}
    jugee = juger(Mesure(**champs), connu_le)
    return {
        "id": ligne.id,
        "caisse": champs.pop("organisme"),
        "date": champs.pop("date_source"),
        **champs,
        "valeur": float(ligne.valeur),
        "valeur_exacte": str(ligne.valeur),
        "par": ligne.par,
        "enregistree_le": ligne.enregistree_le,
        "remplacee_le": ligne.remplacee_le,
        **jugee,
    }


ACCES: Acces = {
    "POST /v1/mesures": ouvert_a("reseau"),
    "GET /v1/mesures": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/mesures/{numero}": ouvert_a(*LECTEURS, caisse=caisse_de_la_ligne(table_mesures, "organisme")),
}
