"""What a caisse files: a contested figure, a situation it declares, a request for help. One form each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Request, Response

from services.console.amont import Amont, RefusAmont
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.mots import COLONNES, SITUATIONS
from services.console.page import AmontCourant, LaCaisse, Service, aujourdhui, rendre, routeur
from services.console.pages.actes import fait
from services.console.pages.ma_caisse.espace import RUBRIQUE
from services.console.releves import fenetre, surveilles
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import Caisse

routes = routeur()

MOTIFS_AIDE = {
    "accumulation": "Accumulation de dossiers",
    "reorganisation": "Réorganisation prévue",
    "adossement": "Adossement d’un autre régime",
}
PROCESSUS_AIDES = {
    "appel": "Appels", "courriel": "Courriels", "ij": "Indemnités journalières", "fsp": "Feuilles de soins papier",
    "cmuc_acs": "CMU-C et ACS",
}  # fmt: skip
GENRES = {"situation": "Situation de service", "site_ferme": "Site fermé", "pca": "Plan de continuité déclenché"}


@dataclass(frozen=True, slots=True)
class Depot:
    """One form: where it is sent, what its page shows, what of it the service is told."""

    gabarit: str
    service: str
    chemin: str
    fait: str
    corps: Callable[[Caisse, Saisie], Mapping[str, Any]]
    contexte: Callable[[Service, Saisie, Request], Mapping[str, Any]]


def _contestation(caisse: Caisse, saisie: Saisie) -> Mapping[str, Any]:
    corps: dict[str, Any] = {
        "caisse": caisse.slug, "indicateur": saisie.texte("indicateur"), "du": saisie.texte("du"),
        "au": saisie.texte("au"), "motif": saisie.get("motif"), "auteur": saisie.texte("auteur"),
    }  # fmt: skip
    if (piece := saisie.texte("piece")) is not None:
        corps["pieces"] = [{"intitule": saisie.get("piece_intitule", "Pièce jointe"), "reference": piece}]
    return corps


def _declaration(caisse: Caisse, saisie: Saisie) -> Mapping[str, Any]:
    genre = saisie.get("genre", "situation")
    return {
        "caisse": caisse.slug,
        "genre": genre,
        "situation": saisie.texte("situation") if genre == "situation" else None,
        "site": saisie.texte("site"),
        "motif": saisie.get("motif"),
        "auteur": saisie.texte("auteur"),
    }


def _aide(caisse: Caisse, saisie: Saisie) -> Mapping[str, Any]:
    volume = (saisie.texte("volume") or "").replace(",", ".").replace("\u202f", "").replace(" ", "")
    return {
        "caisse": caisse.slug, "process": saisie.texte("process"), "motif": saisie.texte("motif"),
        "debut": saisie.texte("debut"), "fin": saisie.texte("fin"), "volume": volume or None,
        "commentaire": saisie.texte("commentaire"),
    }  # fmt: skip


def _pour_contester(service: Service, saisie: Saisie, request: Request) -> Mapping[str, Any]:
    du, au = fenetre(aujourdhui(service))
    demande = request.query_params
    return {
        "indicateurs": [(s.indicateur, indicateur(s.indicateur).libelle) for s in surveilles()],
        "voulu": saisie.get("indicateur") or demande.get("indicateur", ""),
        "du": saisie.get("du") or demande.get("du", str(du)),
        "au": saisie.get("au") or demande.get("au", str(au)),
        "colonnes": COLONNES,
    }


def _pour_declarer(service: Service, saisie: Saisie, request: Request) -> Mapping[str, Any]:
    del service, saisie, request
    return {"genres": GENRES, "situations": SITUATIONS}


def _pour_demander(service: Service, saisie: Saisie, request: Request) -> Mapping[str, Any]:
    jour = aujourdhui(service)
    lundi = jour + timedelta(days=7 - jour.weekday())
    return {
        "motifs": MOTIFS_AIDE,
        "processus": PROCESSUS_AIDES,
        "voulu": saisie.get("process") or request.query_params.get("process", ""),
        "debut": saisie.get("debut", str(lundi)),
        "fin": saisie.get("fin", str(lundi + timedelta(days=55))),
    }


async def _montrer(
    request: Request, service: Service, caisse: Caisse, depot: Depot, saisie: Saisie, refus: RefusAmont | None
) -> Response:
    contexte = {
        "caisse": caisse,
        "saisie": saisie,
        "cle": nouvelle_cle(),
        "faute": None if refus is None else str(refus),
        **depot.contexte(service, saisie, request),
    }
    return rendre(request, depot.gabarit, contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


async def _deposer(
    request: Request, service: Service, amont: Amont, caisse: Caisse, depot: Depot, saisie: Saisie
) -> Response:
    try:
        corps = dict(depot.corps(caisse, saisie))
        await amont.agir("POST", depot.service, depot.chemin, corps, cle=saisie.cle)
    except RefusAmont as exc:
        return await _montrer(request, service, caisse, depot, saisie, exc)
    return fait(f"/ma-caisse/{caisse.slug}", depot.fait)


def _formulaire(depot: Depot) -> Callable[..., Awaitable[Response]]:
    async def formulaire(request: Request, service: Service, caisse: LaCaisse) -> Response:
        return await _montrer(request, service, caisse, depot, RIEN, None)

    return formulaire


def _envoi(depot: Depot) -> Callable[..., Awaitable[Response]]:
    async def envoi(
        request: Request, service: Service, amont: AmontCourant, caisse: LaCaisse, saisie: SaisieVerifiee
    ) -> Response:
        return await _deposer(request, service, amont, caisse, depot, saisie)

    return envoi


DEPOTS: Mapping[str, Depot] = {
    "contester": Depot("contester.html", "alerts", "/v1/contestations", "contestation", _contestation, _pour_contester),
    "declaration": Depot("declarer.html", "alerts", "/v1/declarations", "declaration", _declaration, _pour_declarer),
    "aide": Depot("demander_aide.html", "entraide", "/v1/besoins", "besoin", _aide, _pour_demander),
}
"""By the last word of their address."""

for _mot, _depot in DEPOTS.items():
    routes.add_api_route(f"/ma-caisse/{{slug}}/{_mot}", _formulaire(_depot), methods=["GET"], name=f"{_mot}_page")
    routes.add_api_route(f"/ma-caisse/{{slug}}/{_mot}", _envoi(_depot), methods=["POST"], name=f"{_mot}_envoi")
