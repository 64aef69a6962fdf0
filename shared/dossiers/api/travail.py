"""``GET /v1/travail``: who worked whose files, week by week: what entraide, délestage and TRAM really delivered."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from shared.dossiers.api.indicateurs import Options, Service, periodes_demandees
from shared.dossiers.api.parametres import organisme_nomme, parametre_invalide
from shared.dossiers.statistiques_reseau.fonds import Fonds
from shared.dossiers.statistiques_reseau.travail import travail
from shared.indicators.periodes import Pas
from shared.indicators.statistiques import RESEAU
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])

FORMES = ("dossiers", "flux")
"""Processes in which something is done, by someone."""


class OptionsTravail(Corps):
    """The options of the question; one that does not exist is refused."""

    process: Annotated[str, Field(description="Processus, par exemple ij")]
    caisse: Annotated[str | None, Field(description="Caisse responsable")] = None
    productrice: Annotated[str | None, Field(description="Caisse qui a fait le travail")] = None
    du: Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    pas: Annotated[Pas | None, Field(description="Découpage ; sans lui, une seule période")] = None


@routes.get("/v1/travail", summary="Qui a fait le travail de qui")
async def lire_travail(request: Request, service: Service, options: Annotated[OptionsTravail, Query()]) -> Response:
    """Par caisse responsable, caisse productrice et période : dossiers clos (ou contacts finis), dans l'unité du
    processus, et leurs issues. Nommez au moins l'une des deux caisses. Une période sans travail n'a pas de ligne."""
    process = next((p for p in service.definition.processus if p.code == options.process), None)
    if process is None or process.forme not in FORMES:
        raise parametre_invalide("process", f"{options.process[:40]!r} n'est pas un processus traité ici.")
    caisse, productrice = _nommee(options.caisse, "caisse"), _nommee(options.productrice, "productrice")
    if caisse is None and productrice is None:
        raise parametre_invalide("caisse", "nommez la caisse responsable, la productrice, ou les deux.")
    voulues = Options(du=options.du, au=options.au, pas=options.pas)
    periodes = periodes_demandees(voulues, int(service.clock.now().timestamp()))
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        fonds = Fonds(service.definition.nom, service.dictionnaire, service.evaluateur)
        lignes = await travail(fonds, conn, process, periodes, caisse, productrice)
    document = {"process": process.code, "unite": process.unite, "lignes": lignes}
    return reponse_conditionnelle(request, msgspec.json.encode(document))


def _nommee(nom: str | None, champ: str) -> int | None:
    code = organisme_nomme(nom, champ)
    if code == RESEAU:
        raise parametre_invalide(champ, "nommez une caisse, et non le réseau.")
    return code


ACCES: Acces = {"GET /v1/travail": ouvert_a(*LECTEURS)}
