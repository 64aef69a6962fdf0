"""``/v1/plans/{numero}/actions``: adding to a plan, and following what it undertakes."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Motif, Numero, Service, champ_invalide, json, une_fois
from services.alerts.plans import store
from services.alerts.plans.api import LE_SIEN
from services.alerts.plans.domain import PASSAGES_ACTION, EtatAction
from services.alerts.plans.presentation import etiquette, etiquette_action, presenter_action
from services.alerts.plans.rappels import calendrier_et_jour
from services.alerts.plans.reponses import (
    ACTIONS_MAX,
    Intitule,
    NouvelleAction,
    Responsable,
    ouvert,
    reponse,
    trouve,
    verifier_echeances,
)
from services.alerts.suivis import histoire
from services.alerts.suivis.reponses import franchir
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.erreurs import Introuvable
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant

routes = APIRouter(tags=["plans d'actions"])

NumeroAction = Annotated[int, Path(ge=1, le=1_000_000)]


class AjoutActions(Corps):
    actions: Annotated[list[NouvelleAction], Field(min_length=1, max_length=ACTIONS_MAX)]
    motif: Motif


class ChangementAction(Corps):
    """What changes; the rest stays. ``motif``: required to go back, to leave the count, or to move the deadline."""

    etat: EtatAction | None = None
    echeance: date | None = None
    intitule: Intitule | None = None
    responsable: Responsable | None = None
    motif: Motif | None = None


@routes.get("/v1/plans/{numero}/actions/{rang}", summary="Une action d'un plan")
async def lire_action(service: Service, numero: Numero, rang: NumeroAction) -> Response:
    """Avec l'ETag que sa modification demande."""
    async with service.moteur.connect() as conn:
        complet = trouve(await store.lire(conn, numero), numero)
    return _reponse_action(complet, rang, service)


@routes.patch("/v1/plans/{numero}/actions/{rang}", summary="Suivre une action")
async def modifier(
    request: Request,
    service: Service,
    numero: Numero,
    rang: NumeroAction,
    corps: ChangementAction,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Faite, partielle, obsolète ; ou une autre échéance, dont l'ancienne reste dans l'histoire. Demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        complet = ouvert(trouve(await store.lire(conn, numero, verrouiller=True), numero))
        avant = _action(complet, rang)
        exiger_if_match(request, etiquette_action(avant))
        change = {
            champ: valeur
            for champ, valeur in corps.model_dump(exclude={"motif"}, exclude_none=True).items()
            if avant._mapping[champ] != valeur
        }
        if not change:
            return _reponse_action(complet, rang, service)
        _verifier_changement(service, complet, avant.etat, change, corps.motif)
        maintenant = service.clock.now()
        traces = {c: {"avant": avant._mapping[c], "apres": v} for c, v in change.items()}
        if "echeance" in change:
            change["echeance_fixee_le"] = maintenant
        if "etat" in change:
            change["terminee_le"] = maintenant if change["etat"] in ("faite", "obsolete") else None
        await store.modifier_action(conn, numero, rang, change)
        await histoire.tracer(
            conn, "plan", numero, maintenant, "action", principal.identifiant, corps.motif, {"action": rang, **traces}
        )
        return _reponse_action(trouve(await store.lire(conn, numero), numero), rang, service)

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/plans/{numero}/actions", status_code=201, summary="Ajouter des actions")
async def ajouter(
    request: Request, service: Service, numero: Numero, corps: AjoutActions, cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:  # fmt: skip
    """À la suite des autres ; demande l'ETag du plan dans If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        complet = ouvert(trouve(await store.lire(conn, numero, verrouiller=True), numero))
        exiger_if_match(request, etiquette(complet.plan))
        if len(complet.actions) + len(corps.actions) > ACTIONS_MAX:
            raise champ_invalide("actions", f"un plan en a au plus {ACTIONS_MAX}.")
        verifier_echeances(service, complet.plan.caisse, corps.actions)
        maintenant = service.clock.now()
        prevues = [a.model_dump() for a in corps.actions]
        ajoutees = await store.ajouter_actions(conn, numero, prevues, maintenant)
        await store.modifier_plan(conn, numero)
        donnees = {"numeros": ajoutees, **corps.model_dump(mode="json", include={"actions"})}
        await histoire.tracer(conn, "plan", numero, maintenant, "ajout", principal.identifiant, corps.motif, donnees)
        return await reponse(conn, service, numero, 201)

    return await une_fois(request, service, cle, principal, action)


def _verifier_changement(
    service: Service, complet: store.Complet, etat: str, change: dict[str, Any], motif: str | None
) -> None:
    if "etat" in change:
        franchir(PASSAGES_ACTION, etat, change["etat"], motif)
    if "echeance" in change:
        _, jour = calendrier_et_jour(complet.plan.caisse, service.clock.now())
        if change["echeance"] < jour:
            raise champ_invalide("echeance", "elle est déjà passée.")
        if motif is None:
            raise champ_invalide("motif", "dites pourquoi l'échéance change.")


def _action(complet: store.Complet, rang: int) -> Any:
    trouvee = next((a for a in complet.actions if a.numero == rang), None)
    if trouvee is None:
        raise Introuvable(f"Le plan {complet.plan.id} n'a pas d'action {rang}.")
    return trouvee


def _reponse_action(complet: store.Complet, rang: int, service: Service) -> Response:
    action = _action(complet, rang)
    return json(presenter_action(action, complet.plan.caisse, service.clock.now()), ETag=etiquette_action(action))


ACCES: Acces = {
    "GET /v1/plans/{numero}/actions/{rang}": ouvert_a(*LECTEURS, caisse=LE_SIEN),
    "PATCH /v1/plans/{numero}/actions/{rang}": ouvert_a("reseau", "caisse", caisse=LE_SIEN),
    "POST /v1/plans/{numero}/actions": ouvert_a("reseau", "caisse", caisse=LE_SIEN),
}
