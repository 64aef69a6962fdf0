"""What surrounds the figures: comparable caisses, the sources and their silences, the gaming detectors."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import ADate, Options, Service, periodes_demandees
from shared.dossiers.api.parametres import organisme_nomme, parametre_invalide
from shared.dossiers.api.statistiques import Au, Du, repondre
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.connu import JourNonConnu, exiger_connu, soir
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds
from shared.dossiers.statistiques_reseau.groupes import decrire_groupe, groupe_de
from shared.dossiers.statistiques_reseau.manipulations import detecter
from shared.dossiers.statistiques_reseau.sources import etat_des_sources
from shared.network.heure_locale import fuseau
from shared.network.jours import jour_de
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])


_RECEPTIONS_SANS_JOUR = (
    "ce que les sources ont envoyé est compté sans le jour où cela l'a été : la complétude ne se demande qu'à "
    "présent. Pour un chiffre tel que connu ce jour-là : GET /v1/indicateurs/{code}/valeurs?a_date="
)


def instant_de(service: ServiceDossiers, a_date: date | None) -> int:
    """Unix second a question is put at: now, or the evening of ``a_date``. Raises DonneesInvalides for a day to
    come."""
    maintenant = int(service.clock.now().timestamp())
    try:
        return maintenant if a_date is None else soir(jour_de(a_date), maintenant)
    except JourNonConnu as exc:
        raise parametre_invalide("a_date", str(exc)) from None


async def exiger_jour_connu(conn: AsyncConnection, schema: str, connu: int | None) -> None:
    """What was known that day can be told apart; asked after its cells are read. Raises DonneesInvalides."""
    try:
        await exiger_connu(conn, schema, [] if connu is None else [connu])
    except JourNonConnu as exc:
        raise parametre_invalide("a_date", str(exc)) from None


class OptionsGroupe(Corps):
    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse")]
    au: Au = None
    a_date: ADate = None


@routes.get("/v1/groupes", summary="Les caisses comparables à une caisse")
async def groupes(request: Request, service: Service, options: Annotated[OptionsGroupe, Query()]) -> Response:
    """Les plus proches par la taille, les volumes et la composition des dossiers de ce service, sur un an ; la caisse
    elle-même d'abord. Critères et poids sont une hypothèse, dans « groupes.yaml »."""
    code = organisme_nomme(options.caisse)
    if not code:
        raise parametre_invalide("caisse", "le réseau n'a pas de comparable : nommez une caisse.")
    present = instant_de(service, options.a_date)
    fin, connu = options.au or options.a_date, None if options.a_date is None else jour_de(options.a_date)
    au = jour_de(fin) if fin else fuseau("Europe/Paris").jour(present)

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        groupe = await groupe_de(conn, fonds.schema, fonds.dictionnaire, code, au, connu)
        await exiger_jour_connu(conn, fonds.schema, connu)
        return decrire_groupe(code, au, groupe)

    return await repondre(request, service, lire)


class OptionsCaisse(Corps):
    caisse: Annotated[str | None, Field(description="Seulement ce qui parle de cette caisse")] = None
    a_date: Annotated[date | None, Field(description="Refusé : voir la réponse")] = None


@routes.get("/v1/sources", summary="Ce que les sources ont envoyé, et lesquelles se taisent")
async def sources(request: Request, service: Service, options: Annotated[OptionsCaisse, Query()]) -> Response:
    """Chaque source et processus : dernier événement, reçus et attendus aujourd'hui et sur sept jours, silence compté
    en heures d'ouverture, indicateurs bâtis dessus. Les silencieuses d'abord."""
    if options.a_date is not None:
        raise parametre_invalide("a_date", _RECEPTIONS_SANS_JOUR)
    organisme = organisme_nomme(options.caisse) or None
    maintenant = int(service.clock.now().timestamp())

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        return {"sources": await etat_des_sources(conn, fonds.schema, fonds.dictionnaire, maintenant, organisme)}

    return await repondre(request, service, lire)


class OptionsDetecteurs(Corps):
    du: Du = None
    au: Au = None
    a_date: ADate = None
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None


@routes.get("/v1/detecteurs", summary="Ce qui embellit un indicateur plus que le service")
async def detecteurs(request: Request, service: Service, options: Annotated[OptionsDetecteurs, Query()]) -> Response:
    """Dossiers faciles clos d'abord, clôtures défaites, droits ouverts sur dossier incomplet, éléments échus classés,
    abandons courts en hausse : valeur par caisse et seuil d'attention. Une détection n'accuse personne."""
    organisme = organisme_nomme(options.caisse)
    maintenant = instant_de(service, options.a_date)
    connu = None if options.a_date is None else jour_de(options.a_date)
    (periode,) = periodes_demandees(Options(du=options.du, au=options.au or options.a_date), maintenant)

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        trouves = await detecter(fonds, conn, periode, maintenant, organisme, connu)
        await exiger_jour_connu(conn, fonds.schema, connu)
        return {"detecteurs": trouves}

    return await repondre(request, service, lire)


ACCES: Acces = {
    "GET /v1/groupes": ouvert_a(*LECTEURS),
    "GET /v1/sources": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/detecteurs": ouvert_a(*LECTEURS, caisse=de_la_requete()),
}
