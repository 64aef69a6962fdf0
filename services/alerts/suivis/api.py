"""``/v1/suivis``: audits de processus and accompagnements SI, from their proposal to their conclusion."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Corps,
    Motif,
    Numero,
    Service,
    caisse_connue,
    caisse_de_la_ligne,
    caisse_demandee,
    champ_invalide,
    depart,
    json,
    page_de_lignes,
    trouvee,
    une_fois,
)  # fmt: skip
from services.alerts.store import registres
from services.alerts.suivis import histoire, store
from services.alerts.suivis.domain import ENGAGES, PASSAGES, Candidat, Etat, Genre, charger_capacite, classer
from services.alerts.suivis.reponses import franchir
from services.alerts.suivis.tables import suivis
from shared.catalogue.processus import tous_les_processus
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, LECTEURS_DU_RESEAU, Acces, de_la_requete, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee

routes = APIRouter(tags=["audits et accompagnements"])

Annee = Annotated[int, Field(ge=1996, le=2044)]
Jours = Annotated[int, Field(ge=1, le=10_000, description="Jours d'auditeur")]
Degrades = Annotated[int, Field(ge=0, le=12, description="Mois au-delà du seuil d'alerte, sur douze")]
Ecart = Annotated[float, Field(ge=0, le=1e6, description="Écart au seuil d'alerte, en % du seuil")]


class NouveauSuivi(Corps):
    genre: Genre
    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse")]
    process: Annotated[str, Field(max_length=100, description="Processus concerné, par exemple ij")]
    motif: Motif
    jours: Jours | None = None
    mois_degrades: Degrades = 0
    ecart: Ecart = 0


class Changement(Corps):
    """What changes; the rest stays. An audit is ``programme`` for a year and some days; ``rendu`` with a conclusion."""

    etat: Etat | None = None
    annee: Annee | None = None
    jours: Jours | None = None
    debut: date | None = None
    fin: date | None = None
    mois_degrades: Degrades | None = None
    ecart: Ecart | None = None
    conclusion: Annotated[str | None, Field(min_length=1, max_length=20_000)] = None
    motif: Motif | None = None


@routes.post("/v1/suivis", status_code=201, summary="Proposer un audit ou un accompagnement SI")
async def proposer(
    request: Request, service: Service, corps: NouveauSuivi, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Hors d'un comité ; ceux qu'un comité décide s'ouvrent d'eux-mêmes."""

    async def action(conn: AsyncConnection) -> Response:
        if corps.process not in tous_les_processus():
            raise champ_invalide("process", f"« {corps.process} » n'est pas un processus.")
        if corps.genre != "audit" and corps.jours is not None:
            raise champ_invalide("jours", "seul un audit prend des jours d'auditeur.")
        maintenant = service.clock.now()
        valeurs = corps.model_dump() | {"caisse": caisse_connue(corps.caisse), "cree_par": principal.identifiant}
        ligne = await store.ouvrir(conn, valeurs, maintenant)
        assert ligne is not None
        await histoire.tracer(conn, "suivi", ligne.id, maintenant, "ouverture", principal.identifiant, corps.motif)
        return await _reponse(conn, ligne, 201, Location=f"/v1/suivis/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/suivis", summary="Les audits et les accompagnements SI")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    genre: Genre | None = None,
    etat: Etat | None = None,
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    annee: Annotated[int | None, Query(ge=1996, le=2044, description="Année dont il prend la capacité")] = None,
) -> dict[str, Any]:
    """Les plus récents d'abord."""
    voulus = {
        "genre": genre, "etat": etat, "annee": annee, "caisse": None if caisse is None else caisse_demandee(caisse),
    }  # fmt: skip
    conditions: list[ColumnElement[bool]] = [suivis.c[nom] == v for nom, v in voulus.items() if v is not None]
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, depart(page), page.limite + 1, conditions)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"suivis": [presenter(ligne) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/suivis/classement", summary="Les audits proposés, dans l'ordre, et la capacité d'une année")
async def classement(service: Service, annee: Annotated[int, Query(ge=1996, le=2044)]) -> dict[str, Any]:
    """Les plus durables d'abord, puis les plus profonds. Un audit sans durée dite compte pour la durée supposée."""
    capacite = charger_capacite()
    async with service.moteur.connect() as conn:
        engages = await store.jours_engages(conn, annee)
        proposes = {li.id: li for li in await store.audits_proposes(conn)}
    candidats = [
        Candidat(li.id, li.mois_degrades, li.ecart, li.jours or capacite.jours_par_audit) for li in proposes.values()
    ]
    places = classer(candidats, capacite.jours(annee) - engages)
    return {
        "annee": annee,
        "capacite_jours": capacite.jours(annee),
        "engages_jours": engages,
        "restants_jours": capacite.jours(annee) - engages,
        "audits": [
            {"rang": p.rang, "dans_la_capacite": p.dans_la_capacite, **presenter(proposes[numero])}
            for numero, p in places.items()
        ],
    }


@routes.get("/v1/suivis/{numero}", summary="Un audit ou un accompagnement SI, et son histoire")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa modification demande."""
    async with service.moteur.connect() as conn:
        return await _reponse(conn, trouvee(await registres.lire(conn, suivis, numero), "Le suivi", numero))


@routes.patch("/v1/suivis/{numero}", summary="Faire avancer un suivi")
async def modifier(
    request: Request,
    service: Service,
    numero: Numero,
    corps: Changement,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Proposé, programmé, en cours, rendu, clos. Un audit ne se programme que dans la capacité de l'année ; demande
    If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        avant = trouvee(await registres.lire(conn, suivis, numero, verrouiller=True), "Le suivi", numero)
        exiger_if_match(request, etiquette(avant))
        donnes = corps.model_dump(exclude={"motif"}, exclude_none=True)
        change = {champ: valeur for champ, valeur in donnes.items() if avant._mapping[champ] != valeur}
        if not change:
            return await _reponse(conn, avant)
        if avant.etat == "clos":
            raise Conflit("Ce suivi est clos : plus rien n'y change.", etat="clos")
        maintenant = service.clock.now()
        if "etat" in change:
            franchir(PASSAGES, avant.etat, change["etat"], corps.motif)
            change["etat_le"] = maintenant
            if change["etat"] == "propose" or (avant.etat == "programme" and change["etat"] == "clos"):
                change["annee"] = None
        apres = dict(avant._mapping) | change
        _verifier(apres)
        if apres["genre"] == "audit" and apres["etat"] in ENGAGES and change.keys() & {"etat", "annee", "jours"}:
            await _tenir_la_capacite(conn, numero, apres)
        ligne = await store.modifier(conn, numero, change)
        traces = {c: {"avant": avant._mapping[c], "apres": v} for c, v in change.items() if c != "etat_le"}
        await histoire.tracer(
            conn, "suivi", numero, maintenant, "changement", principal.identifiant, corps.motif, traces
        )
        return await _reponse(conn, ligne)

    return await une_fois(request, service, cle, principal, action)


def _verifier(apres: dict[str, Any]) -> None:
    if apres["debut"] is not None and apres["fin"] is not None and apres["fin"] < apres["debut"]:
        raise champ_invalide("fin", "il finirait avant d'avoir commencé.")
    if apres["etat"] == "rendu" and apres["conclusion"] is None:
        raise champ_invalide("conclusion", "elle est demandée pour rendre le suivi.")
    if apres["genre"] != "audit":
        if apres["jours"] is not None or apres["annee"] is not None:
            raise champ_invalide("jours", "seul un audit prend des jours d'auditeur d'une année.")
    elif apres["etat"] in ("programme", "en_cours", "rendu") and (apres["annee"] is None or apres["jours"] is None):
        raise champ_invalide("annee", "dites de quelle année, et combien de jours d'auditeur il prend.")
    elif apres["annee"] is not None and apres["jours"] is None:
        raise champ_invalide("jours", "dites combien de jours d'auditeur il prend de cette année.")


async def _tenir_la_capacite(conn: AsyncConnection, numero: int, apres: dict[str, Any]) -> None:
    if apres["annee"] is None:
        return
    await store.retenir_l_annee(conn, apres["annee"])
    engages, capacite = await store.jours_engages(conn, apres["annee"], numero), charger_capacite()
    restants = capacite.jours(apres["annee"]) - engages
    if apres["jours"] > restants:
        raise Conflit(
            f"Il reste {restants} jours d'auditeur en {apres['annee']}, et cet audit en demande {apres['jours']}.",
            restants_jours=restants,
        )


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A follow-up as people and programs read it."""
    return {**ligne._mapping, "caisse_nom": charger().par_slug[ligne.caisse].nom}


def etiquette(ligne: Row[Any]) -> str:
    return f'"suivi-{ligne.id}-{ligne.version}"'


async def _reponse(conn: AsyncConnection, ligne: Row[Any], statut: int = 200, **entetes: str) -> Response:
    document = presenter(ligne) | {"historique": await histoire.lire(conn, "suivi", ligne.id)}
    return json(document, statut, ETag=etiquette(ligne), **entetes)


ACCES: Acces = {
    "POST /v1/suivis": ouvert_a("reseau", "comite", "president", "auditeur"),
    "GET /v1/suivis": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/suivis/classement": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/suivis/{numero}": ouvert_a(*LECTEURS, caisse=caisse_de_la_ligne(suivis)),
    "PATCH /v1/suivis/{numero}": ouvert_a("reseau", "auditeur"),
}
