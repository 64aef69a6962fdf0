"""``GET /v1/indicateurs``, and the options of every question about their values."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from shared.catalogue.indicateurs import indicateurs_du_service
from shared.dossiers.api.parametres import parametre_invalide
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.presentation import decrire
from shared.indicators.periodes import Pas, Periode, decouper
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.application import piece
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["indicateurs"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

PERIODES_MAX = 400
"""Periods in one answer: a year of days, or 33 years of months."""

_VUE = (
    "Caisse responsable, ou caisse qui a fait le travail ; de ce second côté, comme par plateforme, un taux à échéance "
    "ne connaît que les éléments clos : personne n'a encore traité les autres"
)

_JOURS_AU_PLUS = {"jour": 1, "semaine": 7, "mois": 31}


@routes.get("/v1/indicateurs", summary="Les indicateurs de ce service")
async def lister(request: Request, service: Service) -> Response:
    """Chaque indicateur avec ce qu'il mesure, son unité, son sens et sa formule."""
    document = {"indicateurs": [decrire(i) for i in indicateurs_du_service(service.definition.nom)]}
    return reponse_conditionnelle(request, msgspec.json.encode(document))


class Options(Corps):
    """The options of a question; one that does not exist is refused, rather than answered with another figure."""

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None
    plateforme: Annotated[str | None, Field(description="Plateforme téléphonique")] = None
    du: Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    pas: Annotated[Pas | None, Field(description="Découpage ; sans lui, une seule période")] = None
    vue: Annotated[Vue, Field(description=_VUE)] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None


ADate = Annotated[date | None, Field(description="Tel que connu au soir de ce jour, de Paris")]


class OptionsValeurs(Options):
    """Those of the values, which can be asked as of a past day."""

    a_date: ADate = None
    version: Annotated[str | None, Field(description="Version de la formule ; sinon celle en vigueur alors")] = None


def periodes_demandees(options: Options, maintenant: int) -> list[Periode]:
    """The periods of a question put at Unix second ``maintenant``. Raises DonneesInvalides."""
    aujourdhui = date_de(fuseau("Europe/Paris").jour(maintenant))
    connu = getattr(options, "a_date", None)
    fin = options.au or connu or aujourdhui
    debut = options.du or fin.replace(day=1)
    if fin < debut:
        raise parametre_invalide(
            "du" if options.du else "au", f"la période est vide : du {debut:%d/%m/%Y} au {fin:%d/%m/%Y}."
        )
    if options.pas is not None and (fin - debut).days // _JOURS_AU_PLUS[options.pas] > PERIODES_MAX:
        raise parametre_invalide(
            "pas",
            f"plus de {PERIODES_MAX} périodes de « {options.pas} ». Raccourcissez la période, ou élargissez le pas.",
        )
    return decouper(debut, fin, options.pas)


ACCES: Acces = {"GET /v1/indicateurs": ouvert_a(*LECTEURS)}
