"""``GET /v1/indicateurs/{code}/comparaison``: why a figure is no longer what it was."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from shared.dossiers.api.indicateurs import Service
from shared.dossiers.api.parametres import indicateur_alors, organisme_nomme, parametre_invalide, plateforme_nommee
from shared.dossiers.cellules import Vue
from shared.dossiers.confrontation import confronter, document
from shared.dossiers.presentation import NOM_RESEAU
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.jours import jour_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["indicateurs"])


class OptionsComparaison(Corps):
    """What is compared."""

    a_date: Annotated[date, Field(description="Premier jour : tel que connu ce soir-là, de Paris")]
    b_date: Annotated[date, Field(description="Second jour")]
    du: Annotated[date, Field(description="Premier jour de la période mesurée, compris")]
    au: Annotated[date, Field(description="Dernier jour de la période mesurée, compris")]
    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse, ou « reseau »")] = NOM_RESEAU
    plateforme: Annotated[str | None, Field(description="Plateforme téléphonique")] = None
    vue: Annotated[Vue, Field(description="De quel côté")] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None


@routes.get("/v1/indicateurs/{code}/comparaison", summary="Pourquoi une valeur a changé entre deux jours")
async def comparaison(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[OptionsComparaison, Query()],
) -> Response:
    """La valeur d'une même période telle que connue à deux dates, chacune sous la définition alors en vigueur, et les
    étapes de l'une à l'autre : le temps qui passe, les événements à l'heure, les tardifs, les corrections, les
    retraits, les dossiers recomptés, puis la définition sur les mêmes données. Leurs effets s'additionnent exactement.
    """
    for champ, debut, fin in (("b_date", options.a_date, options.b_date), ("au", options.du, options.au)):
        if fin < debut:
            raise parametre_invalide(champ, f"le {fin:%d/%m/%Y} est avant le {debut:%d/%m/%Y}.")
    organisme = organisme_nomme(options.caisse)
    nom = service.definition.nom
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        indicateur = await indicateur_alors(conn, nom, code, options.a_date)
    demande = Demande(
        indicateur,
        [Periode(jour_de(options.du), jour_de(options.au))],
        int(service.clock.now().timestamp()),
        options.vue,
        None if organisme == RESEAU else organisme,
        plateforme_nommee(service.dictionnaire, options.plateforme),
        options.horloge,
    )
    async with service.moteur.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        try:
            faite = await confronter(conn, nom, service.dictionnaire, demande, options.a_date, options.b_date)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    return reponse_conditionnelle(request, msgspec.json.encode(document(faite)))


ACCES: Acces = {"GET /v1/indicateurs/{code}/comparaison": ouvert_a(*LECTEURS)}
