"""``GET /v1/indicateurs`` and their values."""

from datetime import date
from difflib import get_close_matches
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.dossiers.api.parametres import parametre_invalide
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.presentation import NOM_RESEAU, decrire, presenter
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Pas, Periode, decouper
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.network.reseau import CaisseInconnue, charger
from shared.service.application import piece
from shared.service.erreurs import Introuvable
from shared.service.etag import reponse_conditionnelle

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


class Options(BaseModel):
    """The options of a question; one that does not exist is refused, rather than answered with another figure."""

    model_config = ConfigDict(extra="forbid")

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None
    plateforme: Annotated[str | None, Field(description="Plateforme téléphonique")] = None
    du: Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    pas: Annotated[Pas | None, Field(description="Découpage ; sans lui, une seule période")] = None
    vue: Annotated[Vue, Field(description=_VUE)] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None


@routes.get("/v1/indicateurs/{code}/valeurs", summary="Valeurs d'un indicateur")
async def valeurs(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[Options, Query()],
) -> Response:
    """Une ligne par caisse et par période ; « valeur » est nulle quand rien n'est mesuré, jamais 0 ni 100 %.

    « n » est l'effectif : le dénominateur d'un taux, les dossiers ou appels d'un délai, les dossiers d'un stock.
    """
    indicateur = _indicateur(service, code)
    organisme = _organisme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    periodes = _periodes(options, date_de(fuseau("Europe/Paris").jour(maintenant)))
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        demande = Demande(
            indicateur,
            periodes,
            maintenant,
            options.vue,
            None if organisme == RESEAU else organisme,
            _plateforme(service, options.plateforme),
            options.horloge,
        )
        try:
            calculees = await service.evaluateur.valeurs(conn, demande)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    document = {
        "indicateur": indicateur.code,
        "version": indicateur.version,
        "unite": indicateur.unite,
        "vue": options.vue,
        "valeurs": presenter(calculees, periodes, organisme),
    }
    return reponse_conditionnelle(request, msgspec.json.encode(document))


def _periodes(options: Options, aujourdhui: date) -> list[Periode]:
    fin = options.au or aujourdhui
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


def _indicateur(service: ServiceDossiers, code: str) -> Indicateur:
    connus = {i.code: i for i in indicateurs_du_service(service.definition.nom)}
    if code not in connus:
        proches = get_close_matches(code, connus, n=3)
        suite = f"Proches : {', '.join(proches)}." if proches else "La liste : GET /v1/indicateurs."
        raise Introuvable(f"Le service {service.definition.nom} n'a pas d'indicateur {code!r}. {suite}")
    return connus[code]


def _organisme(caisse: str | None) -> int | None:
    if caisse is None:
        return None
    if caisse == NOM_RESEAU:
        return RESEAU
    try:
        return charger().caisse(caisse).code
    except CaisseInconnue as exc:
        raise parametre_invalide("caisse", str(exc)) from None


def _plateforme(service: ServiceDossiers, nom: str | None) -> int | None:
    if nom is None:
        return None
    code = service.dictionnaire.connait("plateforme", nom)
    if code is None:
        connues = sorted(service.dictionnaire.noms("plateforme").values())
        suite = f" Connues : {', '.join(connues[:20])}." if connues else ""
        raise parametre_invalide("plateforme", f"aucun événement n'est encore venu de « {nom[:40]} ».{suite}")
    return code
