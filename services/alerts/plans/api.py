"""``/v1/plans``: plans d'actions filed by the caisses, followed, and compared with what is measured."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, field_validator
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Auteur,
    Corps,
    Motif,
    Numero,
    Service,
    caisse_connue,
    caisse_de_la_ligne,
    caisse_demandee,
    champ_invalide,
    depart,
    une_fois,
)  # fmt: skip
from services.alerts.comite.calendrier import Mois, MoisInvalide, lire_mois, mois_de
from services.alerts.comite.lecture import Lecteur
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.notifications.publication import publier_notification
from services.alerts.plans import store
from services.alerts.plans.domain import PASSAGES_PLAN, EtatPlan
from services.alerts.plans.lecture import mesures_mensuelles
from services.alerts.plans.presentation import (
    comparaison,
    etiquette,
    presenter,
    presenter_demande,
)
from services.alerts.plans.rappels import calendrier_et_jour
from services.alerts.plans.reponses import (
    ACTIONS_MAX,
    NouvelleAction,
    reponse,
    trouve,
    verifier_echeances,
)
from services.alerts.plans.tables import plans
from services.alerts.plans.trajectoire import MOIS_MAX, TrajectoireInvalide, verifier
from services.alerts.suivis import histoire
from services.alerts.suivis.reponses import franchir
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, du_corps, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer

routes = APIRouter(tags=["plans d'actions"])


class PointAttendu(Corps):
    mois: Annotated[str, Field(description="AAAA-MM")]
    attendu: Annotated[Decimal, Field(max_digits=20, decimal_places=6, description="Dans l'unité de l'indicateur")]

    @field_validator("mois")
    @classmethod
    def _mois(cls, texte: str) -> str:
        try:
            return str(lire_mois(texte))
        except MoisInvalide as exc:
            raise ValueError(str(exc)) from None


class NouvelleTrajectoire(Corps):
    indicateur: Annotated[str, Field(max_length=100)]
    points: Annotated[list[PointAttendu], Field(min_length=1, max_length=MOIS_MAX)]


class NouveauPlan(Corps):
    """The answer of a caisse to a letter that asks for a plan."""

    lettre: Annotated[str, Field(max_length=300, description="Référence du courrier qui le demande")]
    caisse: Annotated[str, Field(description="Slug ou nom de la caisse qui répond")]
    actions: Annotated[list[NouvelleAction], Field(min_length=1, max_length=ACTIONS_MAX)]
    trajectoires: Annotated[
        list[NouvelleTrajectoire], Field(min_length=1, description="Une pour chaque indicateur du courrier")
    ]
    commentaire: Annotated[str | None, Field(max_length=4_000)] = None
    auteur: Auteur = None


class Cloture(Corps):
    motif: Motif


@routes.post("/v1/plans", status_code=201, summary="Déposer un plan d'actions")
async def deposer(
    request: Request, service: Service, corps: NouveauPlan, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Répond à un courrier qui le demande : des actions datées, et ce que l'indicateur vaudra mois par mois."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant, caisse = service.clock.now(), caisse_connue(corps.caisse)
        demande = await store.lire_demande(conn, corps.lettre)
        if demande is None:
            raise champ_invalide("lettre", f"aucun courrier {corps.lettre} ne demande de plan d'actions.")
        if demande.caisse != caisse:
            raise champ_invalide("caisse", f"ce courrier est adressé à {charger().par_slug[demande.caisse].nom}.")
        if await store.a_un_plan(conn, corps.lettre):
            raise Conflit(f"Un plan répond déjà au courrier {corps.lettre} : complétez-le.")
        attendus = _attendus(corps.trajectoires, demande.indicateurs)
        verifier_echeances(service, caisse, corps.actions)
        plan = {
            "caisse": caisse, "lettre": corps.lettre, "auteur": corps.auteur or principal.nom,
            "commentaire": corps.commentaire, "depose_par": principal.identifiant,
        }  # fmt: skip
        prevues = [a.model_dump() for a in corps.actions]
        numero = await store.deposer(conn, plan, prevues, attendus, maintenant)
        donnees = corps.model_dump(mode="json", include={"actions", "trajectoires"})
        await histoire.tracer(conn, "plan", numero, maintenant, "depot", principal.identifiant, donnees=donnees)
        await publier_notification(
            conn, cle=f"plan:{numero}:depot", caisse="comite", genre="plan_depose", maintenant=maintenant,
            objet=f"Plan d'actions déposé, {charger().par_slug[caisse].nom}",
            texte=f"{charger().par_slug[caisse].nom} répond au courrier {corps.lettre} par {len(prevues)} action(s).",
            donnees={"plan": numero, "lettre": corps.lettre, "caisse": caisse}, accuse_attendu=False,
        )  # fmt: skip
        return await reponse(conn, service, numero, 201, Location=f"/v1/plans/{numero}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/plans", summary="Les plans d'actions")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    etat: EtatPlan | None = None,
    lettre: Annotated[str | None, Query(description="Référence du courrier")] = None,
) -> dict[str, Any]:
    """Les plus récents d'abord, chacun avec son taux de réalisation."""
    conditions: list[ColumnElement[bool]] = []
    if caisse is not None:
        conditions.append(plans.c.caisse == caisse_demandee(caisse))
    if etat is not None:
        conditions.append(plans.c.etat == etat)
    if lettre is not None:
        conditions.append(plans.c.lettre == lettre)
    async with service.moteur.connect() as conn:
        lus = await store.lister(conn, depart(page), page.limite + 1, conditions)
    montres, suivant = paginer(lus, page, lambda complet: (complet.plan.id,))
    lier_suivante(request, response, suivant)
    return {"plans": [presenter(complet, service.clock.now()) for complet in montres], "suivant": suivant}


@routes.get("/v1/plans/attendus", summary="Les plans demandés que personne n'a déposés")
async def attendus(
    service: Service, caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None
) -> dict[str, Any]:
    """Chaque courrier sans réponse, et de combien de jours ouvrés de la caisse il est en retard."""
    async with service.moteur.connect() as conn:
        demandes = await store.sans_plan(conn, None if caisse is None else caisse_demandee(caisse))
    return {"demandes": [presenter_demande(d, service.clock.now()) for d in demandes]}


@routes.get("/v1/plans/{numero}", summary="Un plan d'actions et son histoire")
async def lire(service: Service, numero: Numero) -> Response:
    """L'ETag du plan sert à le compléter ou à le clore ; chaque action porte le sien."""
    async with service.moteur.connect() as conn:
        return await reponse(conn, service, numero)


@routes.get("/v1/plans/{numero}/trajectoire", summary="Ce qui était promis, ce qui est mesuré")
async def trajectoire(service: Service, numero: Numero) -> dict[str, Any]:
    """Mois par mois : tenue ou en retard, et de combien. « ecart » est positif quand la mesure est meilleure que
    promis ; « averee » : tout l'intervalle est du mauvais côté. « situation » est nulle si le service ne répond pas."""
    async with service.moteur.connect() as conn:
        complet = trouve(await store.lire(conn, numero), numero)
    _, jour = calendrier_et_jour(complet.plan.caisse, service.clock.now())
    fini, comparees, manques = mois_de(jour).plus(-1), [], []
    async with httpx.AsyncClient() as client:
        lecteur = Lecteur(client, service.reglages.amonts)
        for code, points in complet.attendus.items():
            defini, caisse = indicateur(code), complet.plan.caisse
            du, au = min(points), min(max(points), fini)
            mesures = None
            try:
                lues = await mesures_mensuelles(lecteur, defini, caisse, du, au) if du <= au else {}
                mesures = lues.get(caisse, {})
            except LectureImpossible as exc:
                manques.append(str(exc))
            comparees.append(comparaison(code, complet.attendus, mesures, fini))
    return {"plan": numero, "caisse": complet.plan.caisse, "trajectoires": comparees, "manques": manques}


@routes.post("/v1/plans/{numero}/cloture", summary="Clore un plan d'actions")
async def clore(
    request: Request, service: Service, numero: Numero, corps: Cloture, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Plus rien n'y change ensuite ; demande l'ETag du plan dans If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        complet = trouve(await store.lire(conn, numero, verrouiller=True), numero)
        exiger_if_match(request, etiquette(complet.plan))
        franchir(PASSAGES_PLAN, complet.plan.etat, "clos", corps.motif)
        maintenant = service.clock.now()
        await store.modifier_plan(conn, numero, etat="clos", clos_le=maintenant)
        await histoire.tracer(conn, "plan", numero, maintenant, "cloture", principal.identifiant, corps.motif)
        return await reponse(conn, service, numero)

    return await une_fois(request, service, cle, principal, action)


def _attendus(trajectoires: Sequence[NouvelleTrajectoire], demandes: Sequence[str]) -> dict[str, dict[Mois, Decimal]]:
    donnees = [t.indicateur for t in trajectoires]
    if sorted(donnees) != sorted(demandes):
        raise champ_invalide("trajectoires", f"une, et une seule, pour chacun de : {', '.join(demandes)}.")
    attendus = {}
    for une in trajectoires:
        points = [(lire_mois(p.mois), p.attendu) for p in une.points]
        try:
            verifier(indicateur(une.indicateur), points)
        except TrajectoireInvalide as exc:
            raise champ_invalide("trajectoires", f"{une.indicateur} : {exc}") from None
        attendus[une.indicateur] = dict(points)
    return attendus


LE_SIEN = caisse_de_la_ligne(plans)

ACCES: Acces = {
    "POST /v1/plans": ouvert_a("reseau", "caisse", caisse=du_corps()),
    "GET /v1/plans": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/plans/attendus": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/plans/{numero}": ouvert_a(*LECTEURS, caisse=LE_SIEN),
    "GET /v1/plans/{numero}/trajectoire": ouvert_a(*LECTEURS, caisse=LE_SIEN),
    "POST /v1/plans/{numero}/cloture": ouvert_a("reseau", "comite", "president"),
}
