"""Statistics of one indicator over the network: spread, control charts, funnel plot, delays with the stock."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import ADate, Options, Service, periodes_demandees
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme, parametre_invalide
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.cellules import Vue
from shared.dossiers.comme_connu import comme_connu, exiger_connue, presenter_chargement
from shared.dossiers.statistiques_reseau.avec_stock import survie
from shared.dossiers.statistiques_reseau.cartes import cartes, mois_entiers
from shared.dossiers.statistiques_reseau.durees import compter_au_dela, par_detenteur, presenter_comptes
from shared.dossiers.statistiques_reseau.ecarts import Groupe, entonnoir_des_caisses, etendue
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, bornes
from shared.dossiers.statistiques_reseau.groupes import groupe_de
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Pas, Periode
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de, jour_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.etag import reponse_conditionnelle
from shared.service.reponses import Corps

routes = APIRouter(tags=["statistiques"])

Code = Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")]
Du = Annotated[date | None, Field(description="Premier jour compris ; sans lui, le 1er du mois de « au »")]
Au = Annotated[date | None, Field(description="Dernier jour compris ; sans lui, aujourd'hui")]
Seuil = Annotated[
    Decimal | None, Field(ge=0, le=100_000, description="Borne au-delà de laquelle compter, non comprise")
]
DansGroupe = Annotated[str | None, Field(description="Une caisse : seules ses comparables (et elle) sont retenues")]


class _Options(Corps):
    """The options of a question; one that does not exist is refused, rather than answered with another figure."""

    du: Du = None
    au: Au = None


class _Connu(_Options):
    a_date: ADate = None


class _Cote(_Connu):
    vue: Annotated[Vue, Field(description="Caisse responsable, ou caisse qui a fait le travail")] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None


class OptionsDispersion(_Cote):
    pas: Annotated[Pas | None, Field(description="Découpage ; sans lui, une seule période")] = None
    groupe: DansGroupe = None


class OptionsEntonnoir(_Cote):
    groupe: DansGroupe = None
    seuil: Seuil = None


class OptionsCartes(Corps):
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None
    au: Annotated[date | None, Field(description="Les derniers mois entiers jusqu'à ce jour ; sans lui, hier")] = None
    mois: Annotated[int, Field(ge=2, le=120, description="Nombre de mois")] = 24
    vue: Vue = "responsable"
    horloge: str | None = None
    a_date: ADate = None


class OptionsDelai(_Cote):
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None


class OptionsSurvie(_Connu):
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None
    pas: Pas | None = None


class OptionsDepassement(OptionsDelai):
    seuil: Annotated[Decimal, Field(ge=0, le=100_000, description="Borne au-delà de laquelle compter, non comprise")]


Lecture = Callable[[Fonds, AsyncConnection], Awaitable[Document]]


LectureDemandee = Callable[[Fonds, AsyncConnection, Demande], Awaitable[Document]]


async def repondre(request: Request, service: ServiceDossiers, lire: Lecture) -> Response:
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        fonds = Fonds(service.definition.nom, service.dictionnaire, service.evaluateur)
        try:
            document = await lire(fonds, conn)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    return reponse_conditionnelle(request, msgspec.json.encode(document))


async def repondre_a(
    request: Request, service: ServiceDossiers, demande: Demande, a_date: date | None, lire: LectureDemandee
) -> Response:
    """To a question about one indicator, put as of the evening of ``a_date``."""
    nom = service.definition.nom

    async def alors(fonds: Fonds, conn: AsyncConnection) -> Document:
        if a_date is None:
            return _entete(demande) | await lire(fonds, conn, demande)
        connue, chargement = await comme_connu(conn, nom, demande, a_date, None)
        document = await lire(fonds, conn, connue)
        await exiger_connue(conn, nom, connue)
        return _entete(connue) | presenter_chargement(chargement, a_date) | document

    return await repondre(request, service, alors)


def _maintenant(service: ServiceDossiers) -> int:
    return int(service.clock.now().timestamp())


def _aujourdhui(service: ServiceDossiers) -> date:
    return date_de(fuseau("Europe/Paris").jour(_maintenant(service)))


def _periodes(service: ServiceDossiers, options: _Options, pas: Pas | None = None) -> list[Periode]:
    au = options.au or (options.a_date if isinstance(options, _Connu) else None)
    return periodes_demandees(Options(du=options.du, au=au, pas=pas), _maintenant(service))


def _demande(service: ServiceDossiers, code: str, options: _Cote, pas: Pas | None = None) -> Demande:
    periodes = _periodes(service, options, pas)
    indicateur = indicateur_nomme(service.definition.nom, code)
    return Demande(indicateur, periodes, _maintenant(service), options.vue, horloge=options.horloge)


def _entete(demande: Demande) -> Document:
    indicateur = demande.indicateur
    return {"indicateur": indicateur.code, "version": indicateur.version, "unite": indicateur.unite, "vue": demande.vue}


async def _groupe(fonds: Fonds, conn: AsyncConnection, caisse: str | None, demande: Demande) -> Groupe:
    code = organisme_nomme(caisse, "groupe")
    if code is None:
        return None
    au = demande.periodes[-1].au
    membres = await groupe_de(conn, fonds.schema, fonds.dictionnaire, code, au, demande.connu)
    return frozenset(membre.caisse for membre in membres)


def _de_la_caisse(lignes: list[Document], caisse: str | None) -> list[Document]:
    organisme = organisme_nomme(caisse)
    return lignes if organisme is None else [li for li in lignes if organisme_nomme(str(li["caisse"])) == organisme]


@routes.get("/v1/indicateurs/{code}/dispersion", summary="Écarts entre les caisses")
async def dispersion(
    request: Request, service: Service, code: Code, options: Annotated[OptionsDispersion, Query()]
) -> Response:
    """Premier décile, médiane et 9e décile des caisses (chacune compte pour une), extrêmes nommés, caisses sous le
    socle et sous l'objectif, et la même période un an plus tôt jugée sur la même cible."""
    demande = _demande(service, code, options, options.pas)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        groupe = await _groupe(fonds, conn, options.groupe, demande)
        return {"periodes": await etendue(fonds, conn, demande, groupe)}

    return await repondre_a(request, service, demande, options.a_date, lire)


@routes.get("/v1/indicateurs/{code}/entonnoir", summary="Une caisse s'écarte-t-elle plus que sa taille ne le permet ?")
async def entonnoir(
    request: Request, service: Service, code: Code, options: Annotated[OptionsEntonnoir, Query()]
) -> Response:
    """Le taux de chaque caisse et les limites que sa taille permet (trois écarts-types), sur une période.

    Pour un délai ou une attente, donnez « seuil » : le taux est la part au-delà. « limites_binomiales » ne tient
    compte que du hasard ; « limites » aussi de ce que les caisses diffèrent toutes un peu, et c'est elle qui désigne.
    """
    demande = _demande(service, code, options)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        groupe = await _groupe(fonds, conn, options.groupe, demande)
        return await entonnoir_des_caisses(fonds, conn, demande, groupe, options.seuil)

    return await repondre_a(request, service, demande, options.a_date, lire)


@routes.get("/v1/indicateurs/{code}/spc", summary="Cartes de contrôle, mois par mois")
async def spc(request: Request, service: Service, code: Code, options: Annotated[OptionsCartes, Query()]) -> Response:
    """Carte XmR (moyenne ± 2,66 étendue mobile), les quatre règles, et si la caisse peut tenir l'objectif telle qu'elle
    est : « capable », « incapable » ou « inconstant ». Un taux a aussi sa carte p' de Laney.

    Un signal dit que la série a changé ; il ne décide rien seul. Moins de 13 mois : limites provisoires.
    """
    organisme = organisme_nomme(options.caisse)
    hier = date_de(jour_de(_aujourdhui(service)) - 1)
    periodes = mois_entiers(min(options.au or options.a_date or hier, hier), options.mois)
    indicateur = indicateur_nomme(service.definition.nom, code)
    caisse = None if organisme == RESEAU else organisme
    demande = Demande(indicateur, periodes, _maintenant(service), options.vue, caisse, horloge=options.horloge)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        return {"series": _de_la_caisse(await cartes(fonds, conn, demande), options.caisse)}

    return await repondre_a(request, service, demande, options.a_date, lire)


@routes.get("/v1/indicateurs/{code}/survie", summary="Le décile d'un délai, stock compris")
async def avec_stock(
    request: Request, service: Service, code: Code, options: Annotated[OptionsSurvie, Query()]
) -> Response:
    """Le décile des dossiers clos, et celui de tous les dossiers en cours dans la période (Kaplan-Meier), en jours
    calendaires et ouvrés. « atteint » faux : à ce rythme, moins de cette part des dossiers serait jamais close.
    """
    organisme = organisme_nomme(options.caisse)
    periodes = _periodes(service, options, options.pas)
    indicateur = indicateur_nomme(service.definition.nom, code)
    caisse = None if organisme == RESEAU else organisme
    demande = Demande(indicateur, periodes, _maintenant(service), caisse=caisse)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        return {"valeurs": _de_la_caisse(await survie(fonds, conn, demande), options.caisse)}

    return await repondre_a(request, service, demande, options.a_date, lire)


@routes.get("/v1/indicateurs/{code}/detenteurs", summary="Dans quelles mains le délai est passé")
async def detenteurs(
    request: Request, service: Service, code: Code, options: Annotated[OptionsDelai, Query()]
) -> Response:
    """Jours moyens et part du temps de chaque détenteur (assuré, employeur, service médical, caisse, prenante), pour
    les dossiers clos dans la période."""
    demande = _demande(service, code, options)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        lignes = await par_detenteur(fonds, conn, demande)
        return {**bornes(demande.periodes[0]), "valeurs": _de_la_caisse(lignes, options.caisse)}

    return await repondre_a(request, service, demande, options.a_date, lire)


@routes.get("/v1/indicateurs/{code}/depassement", summary="Combien d'éléments dépassent un seuil")
async def depassement(
    request: Request, service: Service, code: Code, options: Annotated[OptionsDepassement, Query()]
) -> Response:
    """Par caisse : effectif, éléments strictement au-delà du seuil, et Σ x, Σ x² des durées entières (jours, ou
    secondes d'attente). De quoi éprouver un franchissement : part au-delà pour un décile, variance pour une moyenne.
    """
    demande = _demande(service, code, options)

    async def lire(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> Document:
        comptes = presenter_comptes(await compter_au_dela(fonds, conn, demande, options.seuil))
        entete = {**bornes(demande.periodes[0]), "seuil": float(options.seuil)}
        return {**entete, "valeurs": _de_la_caisse(comptes, options.caisse)}

    return await repondre_a(request, service, demande, options.a_date, lire)


ACCES: Acces = {
    "GET /v1/indicateurs/{code}/dispersion": ouvert_a(*LECTEURS),
    "GET /v1/indicateurs/{code}/entonnoir": ouvert_a(*LECTEURS),
    "GET /v1/indicateurs/{code}/spc": ouvert_a(*LECTEURS),
    "GET /v1/indicateurs/{code}/survie": ouvert_a(*LECTEURS),
    "GET /v1/indicateurs/{code}/detenteurs": ouvert_a(*LECTEURS),
    "GET /v1/indicateurs/{code}/depassement": ouvert_a(*LECTEURS),
}
