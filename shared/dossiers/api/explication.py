"""``GET /v1/indicateurs/{code}/explication``: how one figure was made, in words and for programs."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from shared.catalogue.indicateurs import Indicateur
from shared.database.connexion import acquerir
from shared.dossiers.api.parametres import indicateur_alors, organisme_nomme, parametre_invalide, plateforme_nommee
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.comme_connu import comme_connu, exiger_connue, presenter_chargement
from shared.dossiers.explication.document import document, dossiers_de, expliquer
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de, jour_de
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.application import piece
from shared.service.etag import reponse_conditionnelle
from shared.service.pagination import LIMITE_MAX, LIMITE_PAR_DEFAUT, Page, ecrire_curseur
from shared.service.reponses import Corps

routes = APIRouter(tags=["indicateurs"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]


class OptionsExplication(Corps):
    """One figure: a period, and a caisse or the network. An option that does not exist is refused."""

    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse, ou « reseau »")] = "reseau"
    plateforme: Annotated[str | None, Field(description="Plateforme téléphonique")] = None
    du: Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")] = None
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")] = None
    vue: Annotated[Vue, Field(description="Caisse responsable, ou caisse qui a fait le travail")] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None
    limite: Annotated[int, Field(ge=1, le=LIMITE_MAX, description="Dossiers par page")] = LIMITE_PAR_DEFAUT
    curseur: Annotated[str | None, Field(description="Le « suivant » des dossiers de la page précédente")] = None
    a_date: Annotated[date | None, Field(description="Tel que connu au soir de ce jour, de Paris")] = None
    version: Annotated[str | None, Field(description="Version de la formule ; sinon celle en vigueur alors")] = None


@routes.get("/v1/indicateurs/{code}/explication", summary="Comment un chiffre a été fait")
async def explication(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[OptionsExplication, Query()],
) -> Response:
    """Ce que le chiffre compte, ce qu'il laisse de côté et pourquoi, l'intervalle, la cible, le verdict, la formule.

    « completude » dit sur quelles sources il est bâti. « phrases » dit tout en français. « dossiers » montre par pages
    ceux qui sont derrière : autour d'un décile, manqués par un taux, encore en instance.
    """
    apres = Page(options.limite, options.curseur).apres(tuple[str, int])
    definition, dictionnaire = service.definition, service.dictionnaire
    async with service.moteur.connect() as conn:
        # The value and its parts are of one instant.
        await conn.execution_options(isolation_level="REPEATABLE READ")
        await dictionnaire.actualiser(conn)
        indicateur = await indicateur_alors(conn, definition.nom, code, options.a_date)
        demande, dit = _demande(service, indicateur, options), {}
        try:
            if options.a_date is not None or options.version is not None:
                demande, chargement = await comme_connu(conn, definition.nom, demande, options.a_date, options.version)
                dit = presenter_chargement(chargement, options.a_date)
            figure = await expliquer(definition.nom, dictionnaire, service.evaluateur, conn, demande)
            await exiger_connue(conn, definition.nom, demande)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    async with acquerir(service.pool) as conn_:
        page = await dossiers_de(conn_, definition.nom, dictionnaire, figure, options.limite, apres)
    suivant = ecrire_curseur(page.suivant) if page and page.suivant else None
    return reponse_conditionnelle(request, msgspec.json.encode(document(figure, page, suivant) | dit))


def _demande(service: ServiceDossiers, indicateur: Indicateur, options: OptionsExplication) -> Demande:
    organisme = organisme_nomme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    au = options.au or options.a_date or date_de(fuseau("Europe/Paris").jour(maintenant))
    du = options.du or au.replace(day=1)
    if au < du:
        raise parametre_invalide(
            "du" if options.du else "au", f"la période est vide : du {du:%d/%m/%Y} au {au:%d/%m/%Y}."
        )
    return Demande(
        indicateur,
        [Periode(jour_de(du), jour_de(au))],
        maintenant,
        options.vue,
        None if organisme == RESEAU else organisme,
        plateforme_nommee(service.dictionnaire, options.plateforme),
        options.horloge,
    )


ACCES: Acces = {"GET /v1/indicateurs/{code}/explication": ouvert_a(*LECTEURS, caisse=de_la_requete())}
"""Figures are everyone's in the network; the files they are made of are their caisse's."""
