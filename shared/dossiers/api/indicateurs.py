"""``GET /v1/indicateurs`` and their values."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.presentation import NOM_RESEAU, decrire, presenter
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Pas, decouper, jour_de
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.reseau import CaisseInconnue, charger
from shared.service.application import piece
from shared.service.erreurs import DonneesInvalides, Introuvable
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["indicateurs"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

PERIODES_MAX = 400
"""Periods in one answer: a year of days, or 33 years of months."""


@routes.get("/v1/indicateurs", summary="Les indicateurs de ce service")
async def lister(request: Request, service: Service) -> Response:
    """Chaque indicateur avec ce qu'il mesure, son unité, son sens et sa formule."""
    document = {"indicateurs": [decrire(i) for i in indicateurs_du_service(service.definition.nom)]}
    return reponse_conditionnelle(request, msgspec.json.encode(document))


@routes.get("/v1/indicateurs/{code}/valeurs", summary="Valeurs d'un indicateur")
async def valeurs(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None,
    plateforme: Annotated[str | None, Query(description="Plateforme téléphonique")] = None,
    du: Annotated[date | None, Query(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None,
    au: Annotated[date | None, Query(description="Dernier jour compris ; sans lui, aujourd'hui")] = None,
    pas: Annotated[Pas | None, Query(description="Découpage ; sans lui, une seule période")] = None,
    vue: Annotated[Vue, Query(description="Caisse responsable, ou caisse qui a fait le travail")] = "responsable",
    horloge: Annotated[str | None, Query(description="Autre horloge pour un délai, par exemple jours_ouvres")] = None,
) -> Response:
    """Une ligne par caisse et par période ; « valeur » est nulle quand rien n'est mesuré, jamais 0 ni 100 %."""
    indicateur = _indicateur(service, code)
    organisme = _organisme(caisse)
    maintenant = service.clock.now()
    fin = au or jour_de(fuseau("Europe/Paris").jour(int(maintenant.timestamp())))
    debut = du or fin.replace(day=1)
    periodes = decouper(debut, fin, pas)
    if not periodes:
        raise DonneesInvalides(f"La période est vide : du {debut} au {fin}.")
    if len(periodes) > PERIODES_MAX:
        raise DonneesInvalides(f"{len(periodes)} périodes demandées : {PERIODES_MAX} au plus. Élargissez le pas.")
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        code_plateforme = _plateforme(service, plateforme)
        demande = Demande(
            indicateur,
            periodes,
            int(maintenant.timestamp()),
            vue,
            None if organisme == RESEAU else organisme,
            code_plateforme,
            horloge,
        )
        try:
            calculees = await service.evaluateur.valeurs(conn, demande)
        except DemandeInvalide as exc:
            raise DonneesInvalides(str(exc)) from None
    document = {
        "indicateur": indicateur.code,
        "version": indicateur.version,
        "unite": indicateur.unite,
        "vue": vue,
        "valeurs": presenter(calculees, periodes, organisme),
    }
    return reponse_conditionnelle(request, msgspec.json.encode(document))


def _indicateur(service: ServiceDossiers, code: str) -> Indicateur:
    for indicateur in indicateurs_du_service(service.definition.nom):
        if indicateur.code == code:
            return indicateur
    raise Introuvable(f"Le service {service.definition.nom} n'a pas d'indicateur {code!r} : voyez /v1/indicateurs.")


def _organisme(caisse: str | None) -> int | None:
    if caisse is None:
        return None
    if caisse == NOM_RESEAU:
        return RESEAU
    try:
        return charger().caisse(caisse).code
    except CaisseInconnue as exc:
        raise DonneesInvalides(str(exc)) from None


def _plateforme(service: ServiceDossiers, nom: str | None) -> int | None:
    if nom is None:
        return None
    code = service.dictionnaire.connait("plateforme", nom)
    if code is None:
        raise DonneesInvalides(f"Aucun événement n'est encore venu de la plateforme {nom!r}.")
    return code
