"""``GET /v1/reiterations`` and ``/v1/contacts-induits``: contacts read person by person, told motif by motif."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from shared.catalogue.derives import ECART_MAX, charger_regles
from shared.dossiers.api.indicateurs import Options, periodes_demandees
from shared.dossiers.api.parametres import organisme_nomme
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.derives.motifs import Compte, Question, contacts_induits, reiterations
from shared.indicators.statistiques import RESEAU
from shared.network.jours import date_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.application import piece
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["contacts répétés et induits"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]


class OptionsInduits(Corps):
    """One caisse or the network, and one period."""

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse ; « reseau », ou rien : toutes")] = None
    du: Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    vue: Annotated[Vue, Field(description="Caisse responsable, ou caisse qui a fait le travail")] = "responsable"


class OptionsReiterations(OptionsInduits):
    """The same, and the number of days."""

    jours: Annotated[int | None, Field(ge=0, le=ECART_MAX, description="Écart au contact précédent, en jours")] = None


@routes.get("/v1/reiterations", summary="Les contacts répétés, par motif")
async def repetes(request: Request, service: Service, options: Annotated[OptionsReiterations, Query()]) -> Response:
    """Contacts venus « jours » jours au plus après le précédent du même assuré pour le même motif, tous canaux.

    Ne compte que les contacts dont l'assuré (par son pseudonyme) et le motif sont connus. Un contact est compté à sa
    caisse et à son jour. « signale » : le motif dépasse les deux seuils donnés dans « signal ».
    """
    regles = charger_regles()
    jours = regles.jours if options.jours is None else options.jours
    question = _question(service, options)
    async with service.moteur.connect() as lecture:
        await service.dictionnaire.actualiser(lecture)
        schema = service.definition.nom
        comptes = await reiterations(lecture, schema, service.dictionnaire, question, jours)
    motifs = [
        _ligne(motif, compte, "reiterations", "canaux") | {"signale": compte.signale(regles)}
        for motif, compte in _tries(comptes)
    ]
    entete = {"jours": jours, "signal": {"plus_de": regles.plus_de, "taux": regles.taux}}
    document = _document(question, comptes, "reiterations") | entete | {"motifs": motifs}
    return reponse_conditionnelle(request, msgspec.json.encode(document))


@routes.get("/v1/contacts-induits", summary="Les contacts que fait naître un dossier en retard, par motif")
async def induits(request: Request, service: Service, options: Annotated[OptionsInduits, Query()]) -> Response:
    """Contacts d'assurés dont un dossier était, ce jour-là, ouvert au-delà de sa limite.

    Ne compte que les contacts dont l'assuré est connu par son pseudonyme. « dossiers » dit de quel processus était le
    dossier le plus en retard ; « limites », le nombre de jours de chacun. Un motif nul n'a pas été dit.
    """
    question = _question(service, options)
    async with service.moteur.connect() as lecture:
        await service.dictionnaire.actualiser(lecture)
        comptes = await contacts_induits(lecture, service.definition.nom, service.dictionnaire, question)
    motifs = [_ligne(motif, compte, "induits", "dossiers") for motif, compte in _tries(comptes)]
    limites = {process: limite.jours for process, limite in charger_regles().limites.items()}
    document = _document(question, comptes, "induits") | {"limites": limites, "motifs": motifs}
    return reponse_conditionnelle(request, msgspec.json.encode(document))


def _question(service: ServiceDossiers, options: OptionsInduits) -> Question:
    """Raises DonneesInvalides."""
    maintenant = int(service.clock.now().timestamp())
    (periode,) = periodes_demandees(Options(du=options.du, au=options.au), maintenant)
    caisse = organisme_nomme(options.caisse)
    return Question(periode, options.vue, None if caisse == RESEAU else caisse)


def _tries(comptes: Mapping[str, Compte]) -> list[tuple[str, Compte]]:
    return sorted(comptes.items(), key=lambda mc: (-mc[1].comptes, mc[0]))


def _document(question: Question, comptes: Mapping[str, Compte], quoi: str) -> dict[str, Any]:
    total = Compte(sum(c.contacts for c in comptes.values()), sum(c.comptes for c in comptes.values()))
    du, au = question.periode
    return {"du": date_de(du), "au": date_de(au), "contacts": total.contacts, quoi: total.comptes, "taux": total.taux}


def _ligne(motif: str, compte: Compte, quoi: str, par: str) -> dict[str, Any]:
    nombres = {"contacts": compte.contacts, quoi: compte.comptes, "taux": compte.taux}
    return {"motif": motif or None} | nombres | {par: dict(compte.dont.most_common())}


ACCES: Acces = {
    "GET /v1/reiterations": ouvert_a(*LECTEURS),
    "GET /v1/contacts-induits": ouvert_a(*LECTEURS),
}
