"""``GET /v1/alertes``, one alert with its history, and what people do with it: answer for it, comment it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Corps,
    Motif,
    Numero,
    Service,
    caisse_de_la_ligne,
    caisse_demandee,
    depart,
    json,
    trouvee,
    une_fois,
)
from services.alerts.contestations.marques import Marque, contestee
from services.alerts.contestations.store import contestations_en_cours
from services.alerts.domain.escalade import NIVEAUX, ReglagesEscalade, echeance
from services.alerts.domain.etats import (
    VIVANTS,
    Action,
    Etat,
    Genre,
    Transition,
    TransitionImpossible,
    prendre_en_compte,
)
from services.alerts.domain.performance import surveilles_le
from services.alerts.store import alertes as depot
from services.alerts.store import registres
from services.alerts.store.tables import alertes, evaluation
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, ecrire_curseur, lier_suivante

routes = APIRouter(tags=["alertes"])

_ESCALADE = ReglagesEscalade()

_CHAMPS = (
    "id", "genre", "caisse", "objet", "etat", "depuis", "creee_le", "ouverte_le", "finie_le", "constat", "valeur",
    "effectif", "seuil", "details", "gravite", "p", "p_ajustee", "niveau", "prise_en_compte_par",
    "prise_en_compte_expire", "inhibee_par", "vu_le", "version",
)  # fmt: skip


class Options(Corps):
    """The filters of the list; one that does not exist is refused, rather than answered with other alerts."""

    etat: Annotated[list[Etat] | None, Field(description="Sans lui : les alertes vivantes")] = None
    toutes: Annotated[bool, Field(description="Les alertes finies aussi")] = False
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse")] = None
    genre: Annotated[Genre | None, Field(description="Nature de l'alerte")] = None
    objet: Annotated[str | None, Field(description="Indicateur, source ou déclaration")] = None
    gravite: Annotated[Literal["avere", "a_surveiller"] | None, Field(description="Rang du franchissement")] = None
    depuis: Annotated[AwareDatetime | None, Field(description="Vivantes à cet instant ou après")] = None
    limite: Annotated[int, Field(ge=1, le=500)] = 50
    curseur: str | None = None


class PriseEnCompte(Corps):
    """Somebody answers for the alert."""

    motif: Motif
    expire_le: Annotated[
        AwareDatetime | None, Field(description="Sans lui : 5 jours ouvrés, au calendrier de la caisse")
    ] = None


class Commentaire(Corps):
    """A line to add to the history."""

    texte: Motif


@routes.get("/v1/alertes", summary="Les alertes")
async def lister(
    request: Request, response: Response, service: Service, options: Annotated[Options, Query()]
) -> dict[str, Any]:
    """Les plus récentes d'abord. « controle » dit combien de franchissements avérés sont sans doute faux."""
    page = Page(options.limite, options.curseur)
    etats = options.etat or (None if options.toutes or options.depuis is not None else VIVANTS)
    caisse = None if options.caisse is None else caisse_demandee(options.caisse)
    filtre = depot.Filtre(etats, caisse, options.genre, options.objet, options.gravite, options.depuis)
    async with service.moteur.connect() as conn:
        lues = await depot.lister(conn, filtre, depart(page), page.limite + 1)
        silences = await registres.silences_en_cours(conn, service.clock.now())
        marques = await contestations_en_cours(conn, {ligne.caisse for ligne in lues})
        derniere = (await conn.execute(select(evaluation))).one_or_none()
    montrees = lues[: page.limite]
    suivant = ecrire_curseur((montrees[-1].id,)) if len(lues) > page.limite else None
    lier_suivante(request, response, suivant)
    return {
        "alertes": [presenter(ligne, silences, marques, service.clock.now()) for ligne in montrees],
        "controle": _controle(derniere),
        "suivant": suivant,
    }


@routes.get("/v1/alertes/{numero}", summary="Une alerte et son histoire")
async def lire(service: Service, numero: Numero) -> Response:
    """L'ETag est celui de la version : une valeur rafraîchie ne le change pas, une transition le change."""
    async with service.moteur.connect() as conn:
        return await _reponse(conn, service, numero)


@routes.post("/v1/alertes/{numero}/prise-en-compte", summary="Prendre en compte une alerte")
async def acquitter(
    request: Request,
    service: Service,
    numero: Numero,
    corps: PriseEnCompte,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Arrête l'escalade et les rappels jusqu'à l'expiration ; demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = await _verrouillee(conn, numero)
        exiger_if_match(request, _etiquette(ligne))
        maintenant = service.clock.now()
        ouvertures = ouvertures_de(charger().par_slug[ligne.caisse])
        expire = corps.expire_le or echeance(maintenant, _ESCALADE.jours_prise_en_compte, ouvertures)
        suivi = depot.suivi_de(ligne)
        try:
            nouveau, lignes = prendre_en_compte(suivi, maintenant, principal.identifiant, corps.motif, expire)
        except TransitionImpossible as exc:
            raise Conflit(str(exc), etat=ligne.etat) from None
        assert nouveau is not None
        await depot.enregistrer(conn, depot.Vivante(numero, ligne.version, suivi, None), nouveau, lignes, None)
        return await _reponse(conn, service, numero)

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/alertes/{numero}/commentaire", status_code=201, summary="Commenter une alerte")
async def commenter(
    request: Request,
    service: Service,
    numero: Numero,
    corps: Commentaire,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Ajoute une ligne à l'histoire, à la suite de toutes les autres ; aucun état ne change."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = await _verrouillee(conn, numero)
        dite: Action = "commentaire"
        trace = Transition(dite, service.clock.now(), ligne.etat, ligne.etat, principal.identifiant, corps.texte)
        await depot.inscrire(conn, numero, ligne.version, [trace], ligne.valeur)
        await conn.execute(update(alertes).where(alertes.c.id == numero).values(version=ligne.version + 1))
        return await _reponse(conn, service, numero, statut=201)

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/seuils", summary="Les indicateurs surveillés")
async def seuils(service: Service) -> dict[str, Any]:
    """Le seuil, la borne de retour et les durées de chacun ; ce sont des hypothèses, aucune source n'en donne."""
    jour = service.clock.now().date()
    return {
        "seuils": [
            {
                "indicateur": s.indicateur, "seuil": str(s.seuil), "retour": str(s.retour), "fenetre_jours": s.fenetre,
                "persistance_jours": s.persistance, "retour_jours": s.persistance_retour, "vue": s.vue,
                "liste": s.liste, "courrier": s.courrier, "note": s.note, "hypothese": True,
            }
            for s in surveilles_le(jour)
        ]
    }  # fmt: skip


async def _verrouillee(conn: AsyncConnection, numero: int) -> Row[Any]:
    return trouvee(await depot.lire(conn, numero, verrouiller=True), "L'alerte", numero)


async def _reponse(conn: AsyncConnection, service: Service, numero: int, statut: int = 200) -> Response:
    ligne = trouvee(await depot.lire(conn, numero), "L'alerte", numero)
    silences = await registres.silences_en_cours(conn, service.clock.now())
    marques = await contestations_en_cours(conn, [ligne.caisse])
    histoire = await depot.historique(conn, numero)
    document = presenter(ligne, silences, marques, service.clock.now()) | {
        "historique": [
            {
                champ: li._mapping[champ]
                for champ in ("rang", "instant", "action", "de", "vers", "par", "motif", "valeur")
            }
            for li in histoire
        ]
    }
    return json(document, statut, ETag=_etiquette(ligne))


def presenter(ligne: Row[Any], silences: list[Any], marques: Sequence[Marque], instant: datetime) -> dict[str, Any]:
    """An alert as people and programs read it. ``contestee``: what is said while its figure waits for an answer."""
    document = {champ: ligne._mapping[champ] for champ in _CHAMPS}
    cle = depot.cle_de(ligne)
    return document | {
        "caisse_nom": charger().par_slug[ligne.caisse].nom,
        "destinataire": NIVEAUX[ligne.niveau],
        "silences": [s.id for s in silences if s.tait(cle, instant)],
        "contestee": _contestee(ligne, marques),
    }


def _contestee(ligne: Row[Any], marques: Sequence[Marque]) -> Mapping[str, Any] | None:
    if ligne.genre != "performance":
        return None
    du, au = (date.fromisoformat(ligne.details[borne]) for borne in ("du", "au"))
    return contestee(marques, ligne.caisse, ligne.objet, du, au)


def _etiquette(ligne: Row[Any]) -> str:
    return f'"alerte-{ligne.id}-{ligne.version}"'


def _controle(derniere: Row[Any] | None) -> dict[str, Any] | None:
    """What the last complete evaluation says of all the crossings; None before it."""
    if derniere is None or derniere.complete_le is None:
        return None
    champs = ("complete_le", "vue_le", "essais", "averes", "fausses_attendues", "sans_reponse")
    return {champ: derniere._mapping[champ] for champ in champs}


_LA_SIENNE = caisse_de_la_ligne(alertes)

ACCES: Acces = {
    "GET /v1/alertes": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/alertes/{numero}": ouvert_a(*LECTEURS, caisse=_LA_SIENNE),
    "POST /v1/alertes/{numero}/prise-en-compte": ouvert_a("reseau", "caisse", caisse=_LA_SIENNE),
    "POST /v1/alertes/{numero}/commentaire": ouvert_a(
        "reseau", "comite", "president", "caisse", "coordinateur", caisse=_LA_SIENNE
    ),
    "GET /v1/seuils": ouvert_a(*LECTEURS),
}
