"""``/v1/comites``: preparing a month, and reading what the comité sees."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import httpx
import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Service, champ_invalide, json, une_fois
from services.alerts.comite import store
from services.alerts.comite.calendrier import Mois, MoisInvalide, dernier_a_preparer, lire_mois
from services.alerts.comite.dossier import PLAN_INDISPONIBLE
from services.alerts.comite.instantane import Instantane
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.preparation import Preparateur, PreparationImpossible
from services.alerts.comite.regles import charger_regles
from services.alerts.comite.seance import Seance, decrire, trier
from services.alerts.contestations.marques import Marque, contestee
from services.alerts.contestations.store import contestations_en_cours
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import LECTEURS_DU_RESEAU, Acces, ouvert_a
from shared.service.erreurs import AppelEnCours, Conflit, Indisponible, Introuvable
from shared.service.etag import etag, reponse_conditionnelle
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer

routes = APIRouter(tags=["comité d'alerte"])

ATTENTE_S = 5
"""Before asking again for a preparation that another makes."""


def mois_du_chemin(mois: Annotated[str, Path(description="Mois examiné, AAAA-MM")]) -> Mois:
    """The month of the path. Raises Introuvable."""
    try:
        return lire_mois(mois)
    except MoisInvalide as exc:
        raise Introuvable(str(exc)) from None


MoisDemande = Annotated[Mois, Depends(mois_du_chemin)]


class Preparation(Corps):
    """Which month to prepare."""

    mois: Annotated[str | None, Field(description="AAAA-MM ; sans lui, le dernier dont le jour est venu")] = None
    sans_attendre: Annotated[
        bool, Field(description="Figer même si un service ne répond pas : ses chiffres seront non mesurés")
    ] = False


@routes.post(
    "/v1/comites", status_code=201, summary="Préparer un comité", responses={200: {"description": "Il l'était déjà"}}
)
async def preparer(service: Service, corps: Preparation, cle: CleIdempotence, principal: PrincipalCourant) -> Response:
    """Fige le mois et instruit les dossiers. Déjà fait : le comité tel qu'il est, avec 200. Un mois ne se fige qu'une
    fois, quel que soit le nombre d'appels."""
    del cle  # The month itself is the key: prepared once, whoever asks.
    regles = charger_regles(service.reglages.comite_regles)
    try:
        mois = lire_mois(corps.mois) if corps.mois else dernier_a_preparer(
            service.clock.now(), regles.preparation.jour_ouvre
        )  # fmt: skip
    except MoisInvalide as exc:
        raise champ_invalide("mois", str(exc)) from None
    async with httpx.AsyncClient() as client:
        preparateur = Preparateur(
            service.moteur, Lecteur(client, service.reglages.amonts), service.journal, service.clock, regles
        )
        try:
            fait = await preparateur.preparer(mois, principal.identifiant, sans_attendre=corps.sans_attendre)
        except PreparationImpossible as exc:
            if not exc.passagere:
                raise Conflit(str(exc)) from None
            raise Indisponible(str(exc), retry_after_s=60) from None
    if fait is None:
        raise AppelEnCours(f"La préparation de {mois.en_clair} est en cours.", retry_after_s=ATTENTE_S)
    async with service.moteur.connect() as conn:
        document, etiquette = await etat(conn, mois)
    return json(document, 201 if fait else 200, ETag=etiquette, Location=f"/v1/comites/{mois}")


@routes.get("/v1/comites", summary="Les comités")
async def lister(
    request: Request, response: Response, service: Service, page: Annotated[Page, Depends(page_demandee)]
) -> dict[str, Any]:
    """Le plus récent d'abord."""
    avant = page.apres(tuple[str])
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, avant[0] if avant else None, page.limite + 1)
    montres, suivant = paginer(lues, page, lambda ligne: (ligne.mois,))
    lier_suivante(request, response, suivant)
    return {"comites": [_entete(ligne) for ligne in montres], "suivant": suivant}


@routes.get("/v1/comites/{mois}", summary="Un comité")
async def lire(request: Request, service: Service, mois: MoisDemande) -> Response:
    """Son état, ses membres, les mesures proposées et ce qui en est décidé. L'ETag sert aux actes de la séance."""
    async with service.moteur.connect() as conn:
        document, etiquette = await etat(conn, mois)
    if request.headers.get("if-none-match") == etiquette:
        return Response(status_code=304, headers={"ETag": etiquette})
    return json(document, ETag=etiquette)


@routes.get("/v1/comites/{mois}/instantane", summary="L'instantané figé")
async def instantane(request: Request, service: Service, mois: MoisDemande) -> Response:
    """Les octets mêmes dont l'empreinte SHA-256 est imprimée au procès-verbal."""
    async with service.moteur.connect() as conn:
        ligne = await comite(conn, mois)
        garde = await store.lire_instantane(conn, mois)
    assert garde is not None
    reponse = reponse_conditionnelle(request, garde[1])
    reponse.headers["Vigie-Empreinte"] = f"sha256:{ligne.empreinte}"
    return reponse


@routes.get("/v1/comites/{mois}/dossiers", summary="Les dossiers")
async def dossiers(service: Service, mois: MoisDemande) -> dict[str, Any]:
    """Une ligne par caisse au-delà d'un seuil ; le détail est au dossier."""
    async with service.moteur.connect() as conn:
        await comite(conn, mois)
        lus = await store.lire_dossiers(conn, mois)
        marques = await contestations_en_cours(conn, lus)
    return {"dossiers": [_ligne_de_dossier(_marquer(d, marques, mois)) for d in lus.values()]}


@routes.get("/v1/comites/{mois}/dossiers/{caisse}", summary="Le dossier d'une caisse")
async def dossier(request: Request, service: Service, mois: MoisDemande, caisse: str) -> Response:
    """Tout ce qui éclaire la décision, ce qui manque étant dit."""
    slug = caisse_du_chemin(caisse)
    async with service.moteur.connect() as conn:
        await comite(conn, mois)
        lus = await store.lire_dossiers(conn, mois, slug)
        jointes = await store.lire_pieces(conn, mois, slug)
        marques = await contestations_en_cours(conn, [slug])
    if slug not in lus:
        raise Introuvable(f"{slug} n'a pas de dossier au comité de {mois.en_clair} : aucun seuil n'y est franchi.")
    plans = [p.contenu | {"recu_le": p.recu_le} for p in jointes if p.genre == "plan_provisoire"]
    dits = [p.contenu | {"recu_le": p.recu_le} for p in jointes if p.genre == "commentaire"]
    document = _marquer(lus[slug], marques, mois) | {
        "plan_provisoire": plans[-1] if plans else PLAN_INDISPONIBLE,
        "commentaires_du_comite": dits,
    }
    return reponse_conditionnelle(request, msgspec.json.encode(document))


class Commentaire(Corps):
    texte: Annotated[str, Field(min_length=1, max_length=4_000)]


@routes.post("/v1/comites/{mois}/dossiers/{caisse}/commentaires", status_code=201, summary="Commenter un dossier")
async def commenter(
    request: Request,
    service: Service,
    mois: MoisDemande,
    caisse: str,
    corps: Commentaire,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Le dossier lui-même ne change pas."""
    slug = caisse_du_chemin(caisse)

    async def action(conn: AsyncConnection) -> Response:
        await comite(conn, mois)
        if slug not in await store.lire_dossiers(conn, mois, slug):
            raise Introuvable(f"{slug} n'a pas de dossier au comité de {mois.en_clair}.")
        contenu = {"par": principal.identifiant, "texte": corps.texte}
        rang = len(await store.lire_pieces(conn, mois, slug)) + 1
        await store.joindre(conn, str(mois), slug, "commentaire", f"{rang}:{cle}", contenu, service.clock.now())
        return json(contenu, 201)

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/comites/{mois}/lettres", summary="Les lettres et procès-verbaux d'un comité")
async def lettres(service: Service, mois: MoisDemande) -> dict[str, Any]:
    """Vide avant la clôture. Chaque pièce se lit en PDF à l'adresse « document »."""
    async with service.moteur.connect() as conn:
        await comite(conn, mois)
        lues = await store.lire_lettres(conn, mois)
    return {
        "lettres": [
            {
                "cle": le.cle, "acte": le.acte, "modele": le.modele, "destinataire": le.destinataire,
                "creee_le": le.creee_le, "document": f"/v1/documents/{le.cle}",
            }
            for le in lues
        ]
    }  # fmt: skip


@routes.get("/v1/comites/{mois}/evenements", summary="Tout ce qui s'est passé, dans l'ordre")
async def evenements(service: Service, mois: MoisDemande) -> dict[str, Any]:
    """De quoi rejouer la séance."""
    async with service.moteur.connect() as conn:
        await comite(conn, mois)
        lus = await store.lire_evenements(conn, mois)
    return {
        "evenements": [
            {"rang": rang, "type": e.type, "instant": e.instant, "par": e.par, "donnees": e.donnees}
            for rang, e in enumerate(lus, 1)
        ]
    }


async def comite(conn: AsyncConnection, mois: Mois, *, pour_ecrire: bool = False) -> Row[Any]:
    """The row of a comité. Raises Introuvable."""
    ligne = await store.lire_comite(conn, mois, pour_ecrire=pour_ecrire)
    if ligne is None:
        raise Introuvable(f"Le comité de {mois.en_clair} n'est pas préparé.")
    return ligne


async def etat(conn: AsyncConnection, mois: Mois) -> tuple[dict[str, Any], str]:
    """The document of a comité, and its ETag."""
    ligne = await comite(conn, mois)
    seance, _ = await store.lire_seance(conn, mois)
    garde = await store.lire_instantane(conn, mois)
    assert garde is not None
    return presenter(ligne, seance, garde[0]), etiquette(ligne)


def etiquette(ligne: Row[Any]) -> str:
    """The ETag of a comité: it changes with each act."""
    return etag(f"{ligne.mois}:{ligne.version}".encode())


def presenter(ligne: Row[Any], seance: Seance, fige: Instantane) -> dict[str, Any]:
    """A comité as people and programs read it."""
    franchies = [li for li in fige.lignes if li.a_examiner]
    return _entete(ligne) | {
        "president": seance.president.identifiant if seance.president else None,
        "membres": [{"identifiant": m.identifiant, "nom": m.nom, "qualite": m.qualite} for m in seance.membres],
        "quorum": seance.quorum or None,
        "controle": fige.controle,
        "franchissements": len(franchies),
        "a_surveiller": [
            {"caisse": li.caisse, "indicateur": li.indicateur, "gravite": li.gravite}
            for li in franchies
            if li.gravite != "avere"
        ],
        "mesures": [
            {
                "caisse": cle[0], "mesure": cle[1], "proposee": cle in seance.proposees,
                "indicateurs": list(seance.proposees.get(cle, ())),
                "decision": decrire(seance.decisions[cle]) if cle in seance.decisions else None,
            }
            for cle in trier({*seance.proposees, *seance.decisions})
        ],
        "a_decider": len(seance.a_decider),
        "addenda": seance.addenda,
        "manques": list(fige.manques),
    }  # fmt: skip


def _entete(ligne: Row[Any]) -> dict[str, Any]:
    champs = ("mois", "etat", "version", "empreinte", "fige_le", "prepare_le", "ouvert_le", "clos_le", "resume")
    return {champ: ligne._mapping[champ] for champ in champs}


def _marquer(lu: Mapping[str, Any], marques: Sequence[Marque], mois: Mois) -> dict[str, Any]:
    """A case file with what is contested in it today: the file itself does not change."""
    slug = lu["caisse"]["slug"]
    return {
        **lu,
        "constats": [
            c | {"contestee": contestee(marques, slug, c["indicateur"], mois.du, mois.au)} for c in lu["constats"]
        ],
    }


def _ligne_de_dossier(lu: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "caisse": lu["caisse"]["slug"],
        "nom": lu["caisse"]["nom"],
        "constats": [
            {c: constat[c] for c in ("indicateur", "valeur", "unite", "seuil", "gravite", "contestee")}
            for constat in lu["constats"]
        ],
        "mesures": [p["mesure"] for p in lu["propositions"]],
        "manques": len(lu["manques"]),
    }


def caisse_du_chemin(nom: str) -> str:
    """The slug of a caisse by any of its names. Raises Introuvable."""
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise Introuvable(str(exc)) from None


ACCES: Acces = {
    "POST /v1/comites": ouvert_a("reseau", "president"),
    "GET /v1/comites": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/comites/{mois}": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/comites/{mois}/instantane": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/comites/{mois}/dossiers": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/comites/{mois}/dossiers/{caisse}": ouvert_a(*LECTEURS_DU_RESEAU),
    "POST /v1/comites/{mois}/dossiers/{caisse}/commentaires": ouvert_a("reseau", "comite", "president"),
    "GET /v1/comites/{mois}/lettres": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/comites/{mois}/evenements": ouvert_a(*LECTEURS_DU_RESEAU),
}
