"""What the routes of the plans share."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Service, champ_invalide, json
from services.alerts.plans import store
from services.alerts.plans.presentation import etiquette, presenter
from services.alerts.plans.rappels import calendrier_et_jour
from services.alerts.suivis import histoire
from shared.service.erreurs import Conflit, Introuvable

ACTIONS_MAX = 100

Intitule = Annotated[str, Field(min_length=1, max_length=1_000, description="Ce qui sera fait")]
Responsable = Annotated[str, Field(min_length=1, max_length=200, description="La fonction de qui s'en charge")]


class NouvelleAction(Corps):
    intitule: Intitule
    responsable: Responsable
    echeance: date


def verifier_echeances(service: Service, caisse: str, prevues: Sequence[NouvelleAction]) -> None:
    _, jour = calendrier_et_jour(caisse, service.clock.now())
    for rang, prevue in enumerate(prevues):
        if prevue.echeance < jour:
            raise champ_invalide(f"actions.{rang}.echeance", "elle est déjà passée.")


def trouve(complet: store.Complet | None, numero: int) -> store.Complet:
    if complet is None:
        raise Introuvable(f"Le plan {numero} n'existe pas.")
    return complet


def ouvert(complet: store.Complet) -> store.Complet:
    if complet.plan.etat != "ouvert":
        raise Conflit("Ce plan est clos : plus rien n'y change.", etat=complet.plan.etat)
    return complet


async def reponse(conn: AsyncConnection, service: Service, numero: int, statut: int = 200, **entetes: str) -> Response:
    complet = trouve(await store.lire(conn, numero), numero)
    document = presenter(complet, service.clock.now())
    document["historique"] = await histoire.lire(conn, "plan", numero)
    return json(document, statut, ETag=etiquette(complet.plan), **entetes)
