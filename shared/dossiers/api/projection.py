"""``GET /v1/indicateurs/{code}/projection``: where an indicator will be at the end of this month, or of the next."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from shared.dossiers.api.indicateurs import Service
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme, parametre_invalide
from shared.dossiers.projection import Horizon, projection
from shared.dossiers.statistiques_reseau.fonds import Fonds
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Periode
from shared.indicators.projection.projeter import Apport
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de, jour_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])


class OptionsProjection(Corps):
    """The options of a projection; one that does not exist is refused."""

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None
    horizon: Annotated[Horizon, Field(description="Fin du mois en cours, du suivant, ou 2 à 4 mois après")] = "fin_mois"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None
    capacite_en_plus: Annotated[
        float | None,
        Field(ge=-100_000, le=100_000, description="Dossiers de plus par semaine (négatif : de moins), d'une caisse"),
    ] = None
    a_partir_du: Annotated[
        date | None, Field(description="Premier jour de la capacité en plus ; sans lui, aujourd'hui")
    ] = None


@routes.get("/v1/indicateurs/{code}/projection", summary="Où en sera l'indicateur à la fin du mois")
async def projeter_indicateur(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code d'un stock, d'un délai, d'un âge de stock ou d'un taux à échéance")],
    options: Annotated[OptionsProjection, Query()],
) -> Response:
    """Du triangle des ouvertures et des clôtures connues hier soir : arrivées attendues, clôtures par âge au rythme
    récent, et l'indicateur du mois tel qu'il se fermera, avec un intervalle à 80 %.

    « capacite_en_plus » : la même caisse avec tant de dossiers traités de plus par semaine (les plus anciens d'abord),
    et sans, à côté. « projetable » faux : pas assez d'histoire, ce que « phrase » dit.
    """
    organisme = organisme_nomme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    aujourdhui = fuseau("Europe/Paris").jour(maintenant)
    indicateur = indicateur_nomme(service.definition.nom, code)
    if options.capacite_en_plus is not None and not organisme:
        raise parametre_invalide("caisse", "une capacité en plus se donne à une caisse : nommez-la.")
    if options.a_partir_du is not None and options.capacite_en_plus is None:
        raise parametre_invalide("a_partir_du", "il date une capacité en plus : donnez « capacite_en_plus ».")
    apport = None
    if options.capacite_en_plus is not None:
        apport = Apport(options.capacite_en_plus, jour_de(options.a_partir_du or date_de(aujourdhui)))
    demande = Demande(
        indicateur, [Periode(aujourdhui, aujourdhui)], maintenant, caisse=organisme, horloge=options.horloge
    )
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        fonds = Fonds(service.definition.nom, service.dictionnaire, service.evaluateur)
        try:
            document = await projection(fonds, conn, demande, options.horizon, apport)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "code", str(exc)) from None
    return reponse_conditionnelle(request, msgspec.json.encode(document))


ACCES: Acces = {"GET /v1/indicateurs/{code}/projection": ouvert_a(*LECTEURS)}
