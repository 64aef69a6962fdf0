"""``/v1/evocations`` and ``/v1/cibles-adaptees``: a target out of reach for a local reason, adapted for a time."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Corps,
    Numero,
    Service,
    caisse_de_la_ligne,
    caisse_demandee,
    champ_invalide,
    depart,
    etiquette,
    json,
    page_de_lignes,
    trouvee,
    une_fois,
)
from services.alerts.contestations import store
from services.alerts.contestations.domain import (
    PASSAGES_EVOCATION,
    Adaptation,
    AdaptationInvalide,
    Bornes,
    EtatEvocation,
    verifier,
)
from services.alerts.contestations.reponses import (
    Depot,
    Reponse,
    Retrait,
    annoncer_depot,
    conclure,
    reponse,
    valeurs_deposees,
)
from services.alerts.contestations.tables import cibles_adaptees, evocations
from services.alerts.domain import NOM
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation
from services.alerts.suivis import histoire
from shared.catalogue.indicateurs import indicateur as indicateur_de
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, du_corps, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee
from shared.service.reponses import Instant, Jour

routes = APIRouter(tags=["évocations"])

Borne = Annotated[
    Decimal | None, Field(ge=0, max_digits=20, decimal_places=6, description="Dans l'unité de l'indicateur")
]


class NouvelleEvocation(Depot):
    """``du`` and ``au``: the days the target is asked to be adapted for."""

    objectif: Borne = None
    socle: Borne = None


class CibleAccordee(Corps):
    du: date
    au: date
    objectif: Borne = None
    socle: Borne = None


class ReponseEvocation(Reponse):
    """``adaptation``: what is granted; without it, ``accordee`` grants what was asked."""

    issue: Literal["accordee", "partielle", "refusee"]
    adaptation: CibleAccordee | None = None


@routes.post("/v1/evocations", status_code=201, summary="Évoquer une cible")
async def deposer(
    request: Request, service: Service, corps: NouvelleEvocation, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """La caisse dit quelle difficulté locale manifeste met la cible hors d'atteinte, quand, et ce qu'elle demande."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant = service.clock.now()
        valeurs = valeurs_deposees(corps, principal.nom, principal.identifiant, maintenant)
        bornes = Bornes(corps.objectif, corps.socle)
        _verifier(corps.indicateur, corps.du, corps.au, bornes, "objectif")
        demande = {"objectif": corps.objectif, "socle": corps.socle}
        ligne = await store.deposer(conn, evocations, valeurs | demande)
        if ligne is None:
            raise Conflit("Une évocation de cette cible pour ces jours attend déjà sa réponse.")
        await annoncer_depot(conn, "evocation", ligne, maintenant)
        return await reponse(conn, "evocation", ligne, presenter(ligne), 201, Location=f"/v1/evocations/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/evocations", summary="Les évocations")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    etat: EtatEvocation | None = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord."""
    condition: ColumnElement[bool] | None = None if etat is None else evocations.c.etat == etat
    if caisse is not None:
        celle = evocations.c.caisse == caisse_demandee(caisse)
        condition = celle if condition is None else condition & celle
    async with service.moteur.connect() as conn:
        lues = await registres.lister(conn, evocations, depart(page), page.limite + 1, condition)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"evocations": [presenter(ligne) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/evocations/{numero}", summary="Une évocation et son histoire")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa réponse demande."""
    async with service.moteur.connect() as conn:
        ligne = trouvee(await registres.lire(conn, evocations, numero), "L'évocation", numero)
        return await reponse(conn, "evocation", ligne, presenter(ligne))


@routes.post("/v1/evocations/{numero}/reponse", summary="Répondre à une évocation")
async def repondre(
    request: Request, service: Service, numero: Numero, corps: ReponseEvocation, cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:  # fmt: skip
    """Accordée ou partielle, la cible de la caisse est adaptée pour ces jours ; demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant = service.clock.now()

        async def adapter(ligne: Row[Any]) -> None:
            adaptation = _accordee(ligne, corps)
            if adaptation is not None:
                await store.poser(
                    conn, ligne.caisse, ligne.indicateur, adaptation, maintenant, principal.identifiant, corps.texte
                )
                await demander_evaluation(conn, NOM, TOUT)

        def dire(ligne: Row[Any]) -> dict[str, Any]:
            adaptation = _accordee(ligne, corps)
            if adaptation is None:
                return {"adaptation": None}
            objectif, socle = adaptation.bornes.objectif, adaptation.bornes.socle
            return {
                "adaptation": {
                    "du": adaptation.du.isoformat(), "au": adaptation.au.isoformat(),
                    "objectif": _nombre(objectif), "socle": _nombre(socle),
                }
            }  # fmt: skip

        ligne = await conclure(
            conn, request, service, "evocation", evocations, PASSAGES_EVOCATION, numero, corps.issue, corps.texte,
            principal.identifiant, corps.comite, dire, adapter,
        )  # fmt: skip
        return await reponse(conn, "evocation", ligne, presenter(ligne))

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/evocations/{numero}/retrait", summary="Retirer une évocation")
async def retirer(
    request: Request, service: Service, numero: Numero, corps: Retrait, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """La caisse y renonce ; demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = await conclure(
            conn, request, service, "evocation", evocations, PASSAGES_EVOCATION, numero, "retiree", corps.motif,
            principal.identifiant,
        )  # fmt: skip
        return await reponse(conn, "evocation", ligne, presenter(ligne))

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/cibles-adaptees", summary="Les cibles adaptées")
async def lister_adaptees(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    indicateur: str | None = None,
    jour: Annotated[Jour | None, Query(description="Celles qui valent ce jour-là")] = None,
    a_date: Annotated[Instant | None, Query(description="Telles qu'elles étaient connues à cet instant")] = None,
) -> dict[str, Any]:
    """Deux temps : les jours où elles valent, et quand on les a sues. Une borne nulle est celle de la convention."""
    filtre = {"caisse": None if caisse is None else caisse_demandee(caisse), "indicateur": indicateur}
    async with service.moteur.connect() as conn:
        lues = await store.lister_adaptees(conn, filtre, jour, a_date, depart(page) or 0, page.limite + 1)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"cibles": [presenter_adaptee(ligne) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/cibles-adaptees/{numero}", summary="Une cible adaptée")
async def lire_adaptee(service: Service, numero: Numero) -> Response:
    """Remplacée ou non ; avec l'ETag que sa fin demande."""
    async with service.moteur.connect() as conn:
        ligne = trouvee(await store.lire_adaptee(conn, numero), "La cible adaptée", numero)
    document = presenter_adaptee(ligne)
    return json(document, ETag=etiquette(document))


@routes.delete("/v1/cibles-adaptees/{numero}", summary="Mettre fin à une adaptation")
async def finir(
    request: Request,
    service: Service,
    numero: Numero,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str, Query(min_length=1, max_length=2_000)],
    jour: Annotated[Jour, Query(description="Premier jour où la cible de la convention vaut de nouveau")],
) -> Response:
    """Ce qu'elle valait reste lisible, tel qu'on le savait ; demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = trouvee(await store.lire_adaptee(conn, numero, verrouiller=True), "La cible adaptée", numero)
        exiger_if_match(request, etiquette(presenter_adaptee(ligne)))
        if ligne.remplacee_le is not None:
            raise Conflit(f"Déjà remplacée le {ligne.remplacee_le:%d/%m/%Y à %H:%M} (UTC).")
        if not ligne.du <= jour <= ligne.au:
            raise Conflit(f"Elle vaut du {ligne.du:%d/%m/%Y} au {ligne.au:%d/%m/%Y} : donnez un jour parmi ceux-là.")
        maintenant = service.clock.now()
        await store.finir(conn, ligne, jour, maintenant, principal.identifiant, motif)
        donnees = {"cible_adaptee": numero, "jour": jour.isoformat()}
        await histoire.tracer(
            conn, "evocation", ligne.evocation, maintenant, "fin", principal.identifiant, motif, donnees
        )
        await demander_evaluation(conn, NOM, TOUT)
        document = presenter_adaptee(trouvee(await store.lire_adaptee(conn, numero), "La cible adaptée", numero))
        return json(document, ETag=etiquette(document))

    return await une_fois(request, service, cle, principal, action)


def _verifier(code: str, du: date, au: date, bornes: Bornes, champ: str) -> None:
    try:
        verifier(du, au, bornes, indicateur_de(code).sens)
    except AdaptationInvalide as exc:
        raise champ_invalide(champ, str(exc)) from None


def _accordee(ligne: Row[Any], corps: ReponseEvocation) -> Adaptation | None:
    """What an answer grants. Raises DonneesInvalides."""
    donnee = corps.adaptation
    if corps.issue == "refusee":
        if donnee is not None:
            raise champ_invalide("adaptation", "un refus n'adapte rien.")
        return None
    if donnee is None:
        if corps.issue == "partielle":
            raise champ_invalide("adaptation", "dites ce qui est accordé, et pour quels jours.")
        return Adaptation(ligne.du, ligne.au, Bornes(ligne.objectif, ligne.socle), ligne.id)
    bornes = Bornes(donnee.objectif, donnee.socle)
    _verifier(ligne.indicateur, donnee.du, donnee.au, bornes, "adaptation")
    return Adaptation(donnee.du, donnee.au, bornes, ligne.id)


def _nombre(borne: Decimal | None) -> float | None:
    return None if borne is None else float(borne)


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """An évocation as people and programs read it."""
    bornes = {"objectif": _nombre(ligne.objectif), "socle": _nombre(ligne.socle)}
    return {**ligne._mapping, **bornes, "caisse_nom": charger().par_slug[ligne.caisse].nom}


def presenter_adaptee(ligne: Row[Any]) -> dict[str, Any]:
    """An adapted target as people and programs read it."""
    return {**ligne._mapping, "objectif": _nombre(ligne.objectif), "socle": _nombre(ligne.socle)}


_LA_SIENNE = caisse_de_la_ligne(evocations)

ACCES: Acces = {
    "POST /v1/evocations": ouvert_a("reseau", "caisse", caisse=du_corps()),
    "GET /v1/evocations": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/evocations/{numero}": ouvert_a(*LECTEURS, caisse=_LA_SIENNE),
    "POST /v1/evocations/{numero}/reponse": ouvert_a("comite", "president"),
    "POST /v1/evocations/{numero}/retrait": ouvert_a("caisse", caisse=_LA_SIENNE),
    "GET /v1/cibles-adaptees": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/cibles-adaptees/{numero}": ouvert_a(*LECTEURS, caisse=caisse_de_la_ligne(cibles_adaptees)),
    "DELETE /v1/cibles-adaptees/{numero}": ouvert_a("comite", "president"),
}
