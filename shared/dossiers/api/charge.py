"""``GET /v1/indicateurs/{code}/charge``: open files by age, arrivals to come and pace, week by week."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import Service
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme, parametre_invalide
from shared.dossiers.api.statistiques import repondre
from shared.dossiers.charge import charge
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])

SEMAINES_MAX = 26
AVANCE_MAX = 28
"""Days from today to the first week, at most."""


class OptionsCharge(Corps):
    """The options of a load; one that does not exist is refused."""

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse ; sans elle, toutes")] = None
    a_partir_du: Annotated[date | None, Field(description="Premier jour de la première semaine ; sans lui, demain")] = (
        None
    )
    semaines: Annotated[int, Field(ge=1, le=SEMAINES_MAX)] = 12


@routes.get("/v1/indicateurs/{code}/charge", summary="Ce qui attend, ce qui arrive, ce que le rythme présent traite")
async def lire_la_charge(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code d'un stock, par exemple stock_cmuc_acs")],
    options: Annotated[OptionsCharge, Query()],
) -> Response:
    """Par caisse, connu hier soir : dossiers ouverts par âge en jours (« ages » : [âge, nombre]), puis, semaine par
    semaine, arrivées attendues, clôtures au rythme des six dernières semaines et, « clotures_au_mieux », à celui des
    meilleurs vingt-huit jours des six derniers mois. « avant » : d'ici à « a_partir_du ».
    """
    organisme = organisme_nomme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    aujourdhui = fuseau("Europe/Paris").jour(maintenant)
    premier = options.a_partir_du or date_de(aujourdhui + 1)
    if not 0 <= (premier - date_de(aujourdhui)).days <= AVANCE_MAX:
        raise parametre_invalide("a_partir_du", f"d'aujourd'hui à dans {AVANCE_MAX} jours.")
    if organisme == RESEAU:
        raise parametre_invalide("caisse", "le réseau n'a pas de charge à lui : nommez une caisse, ou aucune.")
    demande = Demande(indicateur_nomme(service.definition.nom, code), [Periode(aujourdhui, aujourdhui)], maintenant)

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        document = await charge(fonds, conn, demande, premier, options.semaines)
        if organisme is None:
            return document
        lignes = document["valeurs"]
        assert isinstance(lignes, list)
        return document | {"valeurs": [li for li in lignes if organisme_nomme(li["caisse"]) == organisme]}

    return await repondre(request, service, lire)


ACCES: Acces = {"GET /v1/indicateurs/{code}/charge": ouvert_a(*LECTEURS)}
