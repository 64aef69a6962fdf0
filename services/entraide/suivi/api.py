"""``/v1/missions/{numero}/suivi`` and ``/effet``, ``/v1/rapports/{annee}``, ``/v1/fragilites``."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Row

from services.entraide.appels import Service
from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.aides import Montees
from services.entraide.besoins.amonts import Amonts as AmontsDesCharges
from services.entraide.domain.effet import HORIZONS
from services.entraide.propositions import store as propositions
from services.entraide.propositions.lignes import Lue
from services.entraide.propositions.presentation import presenter
from services.entraide.suivi import commun, deroulement, rapports, store
from services.entraide.suivi.missions import (
    COTES,
    a_commence,
    caisse_du_cote,
    debut,
    est_mission,
    fin,
    mesurable_le,
    mois_du_debut,
    suivis,
)
from services.entraide.suivi.suite import suites
from shared.dossiers.api.parametres import organisme_nomme, parametre_invalide
from shared.indicators.statistiques import RESEAU
from shared.network.jours import date_de
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.amonts import Amonts, LectureImpossible
from shared.service.erreurs import Conflit, Indisponible, Introuvable
from shared.service.openapi import CSV_AUSSI
from shared.service.reponses import Numero, json

routes = APIRouter(tags=["suivi de l'entraide"])

ATTENTE_S = 60
"""Before asking again a service that does not answer."""


@routes.get("/v1/missions/{numero}/suivi", summary="Ce qu'une mission a livré, et ce qu'on voit des deux côtés")
async def lire_suivi(service: Service, numero: Numero) -> Response:
    """Livré contre convenu, semaine par semaine, montée en charge comprise ; chaque indicateur des deux caisses, comme
    responsable et comme productrice ; l'aidée telle qu'elle serait sans l'aide, avec l'hypothèse qui le dit ; et, tant
    qu'elle est active, si la suite en est encore utile (« suite » ; « utile » faux : elle peut être libérée)."""
    lue, toutes, montees = await _mission(service, numero)
    if not a_commence(lue):
        raise Conflit(f"La mission {numero} n'a pas commencé : il n'y a rien à suivre.", etat=lue.proposition.etat)
    jour = commun.jour_du_reseau(service.clock.now())
    du, au = debut(lue), max(debut(lue), min(jour, fin(lue)))
    async with httpx.AsyncClient() as client:
        amonts = Amonts(client, service.reglages.amonts)
        try:
            livree, partagee = await deroulement.livraison(amonts, lue, toutes, montees, jour)
            attribution = await deroulement.attribution(amonts, lue, du, au)
            contrefactuel = await deroulement.contrefactuel(amonts, lue, jour, livree)
            reste = await _suite(service, client, lue, toutes, montees)
        except LectureImpossible as exc:
            raise Indisponible(str(exc), retry_after_s=ATTENTE_S) from None
    return json(
        {
            "mission": presenter(lue),
            "livraison": deroulement.presenter_livraison(livree, lue, partagee),
            "attribution": {"du": date_de(du), "au": date_de(au), "indicateurs": attribution},
            "contrefactuel": contrefactuel,
            "suite": reste,
        }
    )


async def _suite(
    service: ServiceEntraide, client: httpx.AsyncClient, lue: Lue, toutes: Sequence[Lue], montees: Montees
) -> dict[str, Any] | None:
    if lue.proposition.etat != "active":
        return None
    charges = AmontsDesCharges(client, service.reglages.amonts)
    clef = (lue.proposition.aidee, lue.proposition.process)
    vues = await suites(charges, clef, toutes, service.clock.now(), service.reglages.echantillon, montees)
    return asdict(vues[lue.id])


@routes.get("/v1/missions/{numero}/effet", summary="Ce qu'une mission a changé")
async def lire_effet(service: Service, numero: Numero) -> Response:
    """Un, deux et trois mois après : l'aidée et l'aidante, contre leur propre projection d'avant et contre les caisses
    qui ont été dans la même situation sans aide, avec l'intervalle. « non_distinguee » : rien ne dit que ce n'est pas
    le hasard. Une mesure ne change plus ; une nouvelle version de l'indicateur en fait une autre, à côté."""
    lue, _, _ = await _mission(service, numero)
    async with service.moteur.connect() as conn:
        gardes = await store.lire_effets(conn, [numero])
        attendues = await store.lire_projections(conn, numero)
    faits = {(li.cote, li.indicateur, li.horizon) for li in gardes}
    attente = [
        {
            "cote": cote, "caisse": caisse_du_cote(lue, cote), "indicateur": suivi.indicateur.code, "horizon": horizon,
            "mois": str(mois_du_debut(lue).plus(horizon)), "mesurable_le": date_de(mesurable_le(lue, horizon)),
            "attendu": _attendu(attendues.get((cote, suivi.indicateur.code, horizon))),
        }
        for horizon in HORIZONS
        for cote in COTES
        for suivi in suivis(lue.proposition.process)
        if (cote, suivi.indicateur.code, horizon) not in faits
    ]  # fmt: skip
    mesures = [_decrire(ligne) for ligne in gardes]
    return json({"mission": presenter(lue), "synthese": _synthese(gardes), "effets": mesures, "a_mesurer": attente})


@routes.get("/v1/rapports/{annee}", summary="Le rapport annuel de l'entraide", responses=CSV_AUSSI)
async def lire_rapport(
    request: Request,
    service: Service,
    annee: Annotated[int, Path(ge=1996, le=2044)],
    format: Annotated[
        Literal["json", "csv"] | None, Query(description="Sans lui, selon Accept : application/json ou text/csv")
    ] = None,
    separateur: Annotated[
        Literal["virgule", "point-virgule"], Query(description="Du CSV : virgule, ou point-virgule (tableur français)")
    ] = "virgule",
) -> Response:
    """Par processus, dans son unité : volumes livrés et convenus, caisses aidées et aidantes, ETP engagés (« etp » : en
    équivalent sur l'année), besoin resté sans réponse, effets mesurés. Deux unités ne s'additionnent jamais."""
    maintenant = service.clock.now()
    async with httpx.AsyncClient() as client, service.moteur.connect() as conn:
        toutes, montees = await commun.missions(conn), await commun.montees(conn)
        lignes, manques = await rapports.rapport(
            conn, Amonts(client, service.reglages.amonts), annee, toutes, montees, commun.jour_du_reseau(maintenant)
        )
    voulu = format or ("csv" if "text/csv" in request.headers.get("accept", "") else "json")
    if voulu == "csv":
        texte = rapports.en_csv(annee, lignes, ";" if separateur == "point-virgule" else ",")
        return Response(texte, media_type="text/csv; charset=utf-8; header=present")
    return json(
        {"annee": annee, "etabli_le": maintenant, "processus": list(map(rapports.en_clair, lignes)), "manques": manques}
    )


@routes.get("/v1/fragilites", summary="Les caisses aidées trop souvent")
async def lire_fragilites(
    service: Service, caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None
) -> Response:
    """Les plus récentes d'abord. Chacune a été dite une fois au comité, qui y répond autrement que par l'entraide."""
    slug = None
    if caisse is not None:
        code = organisme_nomme(caisse)
        if code is None or code == RESEAU:
            raise parametre_invalide("caisse", "nommez une caisse, et non le réseau.")
        slug = charger().par_code[code].slug
    async with service.moteur.connect() as conn:
        lues = await store.lire_fragilites(conn, slug)
    return json({"fragilites": [dict(li._mapping) for li in lues]})


async def _mission(service: ServiceEntraide, numero: int) -> tuple[Lue, Sequence[Lue], Montees]:
    async with service.moteur.connect() as conn:
        lue = await propositions.lire(conn, numero)
        toutes, montees = await commun.missions(conn), await commun.montees(conn)
    if lue is None or not est_mission(lue):
        raise Introuvable(f"La mission {numero} n'existe pas.")
    return lue, toutes, montees


def _attendu(attendue: store.Attendue | None) -> dict[str, Any] | None:
    if attendue is None:
        return None
    if isinstance(attendue.projetee, str):
        return {"raison": attendue.projetee}
    p = attendue.projetee
    return {"valeur": p.valeur, "bas": p.bas, "haut": p.haut, "niveau": p.niveau, "tardive": attendue.tardive}


def _decrire(ligne: Row[Any]) -> dict[str, Any]:
    tete = ("cote", "indicateur", "horizon", "version", "calcule_le")
    return {**{nom: ligne._mapping[nom] for nom in tete}, **ligne.resultat}


def _synthese(gardes: Sequence[Row[Any]]) -> dict[str, Any]:
    """The last month measured, in sentences and counts; the last version of each indicator."""
    if not gardes:
        return {"horizon": None, "conclusions": {}, "phrases": ["Aucun mois n'est encore mesurable."]}
    horizon = max(li.horizon for li in gardes)
    derniers = {(li.cote, li.indicateur): li.resultat for li in gardes if li.horizon == horizon}
    conclusions = {
        cote: dict(Counter(r["conclusion"] for (c, _), r in derniers.items() if c == cote)) for cote in COTES
    }
    return {"horizon": horizon, "conclusions": conclusions, "phrases": [r["phrase"] for r in derniers.values()]}


ACCES: Acces = {
    "GET /v1/missions/{numero}/suivi": ouvert_a(*LECTEURS),
    "GET /v1/missions/{numero}/effet": ouvert_a(*LECTEURS),
    "GET /v1/rapports/{annee}": ouvert_a(*LECTEURS),
    "GET /v1/fragilites": ouvert_a(*LECTEURS),
}
