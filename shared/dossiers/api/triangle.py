"""``GET /v1/indicateurs/{code}/triangle``: the run-off triangle of one delay and the age of its open files."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import Options, Service, periodes_demandees
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme
from shared.dossiers.api.statistiques import Code, repondre_a
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds
from shared.dossiers.statistiques_reseau.triangle import triangle
from shared.dossiers.valeurs import Demande
from shared.indicators.statistiques import RESEAU
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])

SEMAINES_MAX = 53


class OptionsTriangle(Corps):
    """An option that does not exist is refused, rather than answered with another figure."""

    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse, ou « reseau »")] = "reseau"
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    semaines: Annotated[int, Field(ge=2, le=SEMAINES_MAX, description="Semaines d'ouverture, jusqu'à « au »")] = 13
    a_date: Annotated[date | None, Field(description="Tel que connu au soir de ce jour, de Paris")] = None


@routes.get("/v1/indicateurs/{code}/triangle", summary="Le triangle d'un délai, et l'âge de son stock")
async def lire_triangle(
    request: Request, service: Service, code: Code, options: Annotated[OptionsTriangle, Query()]
) -> Response:
    """« clos » cumule, pour les dossiers ouverts une semaine, ceux que sept jours, quatorze jours, etc. ont suffi à
    clore, quelle qu'en soit l'issue ; la suite s'arrête là où tous n'ont pas encore vécu si longtemps."""
    maintenant = int(service.clock.now().timestamp())
    organisme = organisme_nomme(options.caisse)
    jour = options.au or options.a_date
    periodes = periodes_demandees(Options(du=jour, au=jour), maintenant)
    indicateur = indicateur_nomme(service.definition.nom, code)
    caisse = None if organisme == RESEAU else organisme
    demande = Demande(indicateur, [p._replace(du=p.au) for p in periodes], maintenant, caisse=caisse)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        return {"caisse": options.caisse, **await triangle(fonds, conn, demande, options.semaines)}

    return await repondre_a(request, service, demande, options.a_date, lire)


ACCES: Acces = {"GET /v1/indicateurs/{code}/triangle": ouvert_a(*LECTEURS)}
