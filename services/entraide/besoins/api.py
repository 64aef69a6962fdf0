"""``/v1/besoins``: what caisses lack, whether the comité decided it or the caisse asks for it itself."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.appels import Service, caisse_de, numero_du_chemin, une_fois
from services.entraide.besoins import store
from services.entraide.besoins.inscription import NouveauBesoin, clore, inscrire
from services.entraide.besoins.presentation import pour_l_etiquette, presenter
from services.entraide.besoins.tables import besoins as t
from services.entraide.domain.activites import activite, activites, libelles
from services.entraide.propositions.store import couverts
from shared.database.transactions import pilote
from shared.dossiers.api.parametres import parametre_invalide
from shared.network.jours import jour_de
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import LECTEURS, Acces, du_corps, ouvert_a
from shared.service.erreurs import Conflit, Introuvable
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Corps, Motif, Numero, caisse_connue, champ_invalide, etiquette, json

routes = APIRouter(tags=["besoins"])

SEMAINES_MAX = 53

EtatBesoin = Literal["a_dimensionner", "ouvert", "non_dimensionne", "clos"]
Volume = Annotated[float, Field(ge=0, le=100_000_000, allow_inf_nan=False)]


def _lundi(jour: date) -> date:
    if jour.weekday() != 0:
        raise ValueError(f"le {jour:%d/%m/%Y} n'est pas un lundi")
    return jour


ParSemaine = Annotated[dict[Annotated[date, AfterValidator(_lundi)], Volume], Field(max_length=SEMAINES_MAX)]
Priorite = Annotated[int, Field(ge=1, le=10, description="Multiplie le prix de ce qui manque")]


class NouvelleDemande(Corps):
    """A caisse's own request."""

    caisse: Annotated[str, Field(description="Slug ou nom de la caisse à aider")]
    process: Annotated[str, Field(max_length=100)]
    motif: Literal["accumulation", "reorganisation", "adossement"]
    debut: date
    fin: date
    volume: Annotated[Volume | None, Field(description="À absorber, dans l'unité du process ; sans lui, calculé")] = (
        None
    )
    arrivees_en_plus: Annotated[
        ParSemaine, Field(default_factory=dict, description="Dossiers attendus en plus, par lundi (adossement)")
    ]
    capacite_en_moins: Annotated[
        ParSemaine, Field(default_factory=dict, description="Volume que la caisse ne pourra traiter, par lundi")
    ]
    voies: Annotated[
        tuple[str, ...] | None, Field(description="Voies ouvertes chez elle ; sans elles, celle du process")
    ] = None
    remise: str = "fil_de_l_eau"
    couloir: Annotated[str, Field(max_length=100)] = "general"
    obstacles: tuple[str, ...] = ()
    priorite: Priorite = 1
    commentaire: Annotated[str | None, Field(max_length=4_000)] = None


class Amendement(Corps):
    """What a coordinator changes; a field left out stays as it is."""

    motif: Motif
    volume: Annotated[Volume | None, Field(description="Le volume retenu ; null : celui que donne le calcul")] = None
    debut: date | None = None
    fin: date | None = None
    arrivees_en_plus: ParSemaine | None = None
    capacite_en_moins: ParSemaine | None = None
    voies: tuple[str, ...] | None = None
    remise: str | None = None
    couloir: Annotated[str | None, Field(max_length=100)] = None
    obstacles: tuple[str, ...] | None = None
    priorite: Priorite | None = None


class Cloture(Corps):
    motif: Motif


@routes.post("/v1/besoins", status_code=201, summary="Demander de l'aide")
async def demander(
    request: Request, service: Service, corps: NouvelleDemande, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Une accumulation, une réorganisation prévue ou un adossement. Le besoin est dimensionné dans les secondes qui
    suivent, par le stock et la projection ; il vit jusqu'à « fin ». Une caisse n'a qu'un besoin à la fois par process :
    sinon, amendez-le."""

    async def action(conn: AsyncConnection) -> Response:
        caisse, maintenant = caisse_connue(corps.caisse), service.clock.now()
        _verifier(corps.process, corps.debut, corps.fin, corps.voies, corps.remise, corps.obstacles)
        deja = await store.vivant(conn, caisse, corps.process)
        if deja is not None:
            raise Conflit(f"{caisse} a déjà un besoin sur « {corps.process} » : amendez le besoin {deja.id}.")
        besoin = NouveauBesoin(
            f"demande|{caisse}|{corps.process}|{maintenant.isoformat()}", caisse, corps.process, corps.motif,
            corps.debut, corps.fin, voies=corps.voies, remise=corps.remise, couloir=corps.couloir,
            obstacles=corps.obstacles, priorite=corps.priorite, commentaire=corps.commentaire, volume=corps.volume,
            arrivees_en_plus=_en_clair(corps.arrivees_en_plus), capacite_en_moins=_en_clair(corps.capacite_en_moins),
        )  # fmt: skip
        numero = await inscrire(await pilote(conn), besoin, maintenant, principal.identifiant)
        if numero is None:
            raise Conflit("Cette demande vient d'être faite.")
        return await _repondre(conn, numero, 201, Location=f"/v1/besoins/{numero}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/besoins", summary="Les besoins")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom de la caisse à aider")] = None,
    process: Annotated[str | None, Query()] = None,
    etat: Annotated[list[EtatBesoin] | None, Query(description="Sans lui : ceux qui vivent")] = None,
    provisoires: Annotated[bool | None, Query(description="Ceux de la préparation seuls, ou aucun")] = None,
) -> dict[str, Any]:
    """Les plus récents d'abord. « reste » : ce que ses propositions vivantes ne couvrent pas."""
    conditions: list[ColumnElement[bool]] = [t.c.etat.in_(etat) if etat else t.c.etat != "clos"]
    if caisse is not None:
        conditions.append(t.c.caisse == _caisse_demandee(caisse))
    if process is not None:
        conditions.append(t.c.process == process)
    if provisoires is not None:
        conditions.append(t.c.provisoire == provisoires)
    apres = page.apres(tuple[int])
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, conditions, apres[0] if apres else None, page.limite + 1)
        pris = await couverts(conn, [ligne.cle for ligne in lues])
    montrees, suivant = paginer(lues, page, lambda ligne: (ligne.id,))
    lier_suivante(request, response, suivant)
    return {"besoins": [presenter(ligne, pris.get(ligne.cle, 0.0)) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/besoins/{numero}", summary="Un besoin")
async def lire(service: Service, numero: Numero) -> Response:
    """L'ETag sert à l'amender ou à le clore."""
    async with service.moteur.connect() as conn:
        return await _repondre(conn, numero)


@routes.get("/v1/besoins/{numero}/historique", summary="L'histoire d'un besoin")
async def lire_historique(service: Service, numero: Numero) -> dict[str, Any]:
    """Création, dimensionnements, amendements et clôture : qui, quand, pourquoi."""
    async with service.moteur.connect() as conn:
        _trouve(await store.lire(conn, numero), numero)
        lignes = await store.lire_historique(conn, numero)
    return {"besoin": numero, "historique": [dict(ligne._mapping) for ligne in lignes]}


@routes.post("/v1/besoins/{numero}/amendement", summary="Amender un besoin")
async def amender(
    request: Request,
    service: Service,
    numero: Numero,
    corps: Amendement,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Volume, dates, voies, obstacles, priorité : par le coordinateur, avec un motif et l'ETag dans If-Match. Un champ
    absent reste ce qu'il est ; « volume » à null rend le volume au calcul."""

    async def action(conn: AsyncConnection) -> Response:
        present = _vivant(await store.lire(conn, numero, verrouiller=True), numero)
        exiger_if_match(request, etiquette(pour_l_etiquette(present)))
        valeurs = _valeurs(corps)
        if not valeurs:
            raise champ_invalide("motif", "rien n'est changé : donnez au moins un champ.")
        _verifier(
            present.process, valeurs.get("debut", present.debut), valeurs.get("fin", present.fin),
            valeurs.get("voies"), valeurs.get("remise"), valeurs.get("obstacles", ()),
        )  # fmt: skip
        await store.amender(conn, present, valeurs, service.clock.now(), principal.identifiant, corps.motif)
        return await _repondre(conn, numero)

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/besoins/{numero}/cloture", summary="Clore un besoin")
async def fermer(
    request: Request, service: Service, numero: Numero, corps: Cloture, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Plus rien ne lui est alloué ; ce qui est engagé continue. Demande l'ETag dans If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        present = _vivant(await store.lire(conn, numero, verrouiller=True), numero)
        exiger_if_match(request, etiquette(pour_l_etiquette(present)))
        await clore(await pilote(conn), numero, service.clock.now(), principal.identifiant, corps.motif)
        return await _repondre(conn, numero)

    return await une_fois(request, service, cle, principal, action)


def _valeurs(corps: Amendement) -> dict[str, Any]:
    donnes = corps.model_dump(exclude_unset=True, exclude={"motif"})
    valeurs: dict[str, Any] = {nom: v for nom, v in donnes.items() if v is not None and nom != "volume"}
    for nom in ("arrivees_en_plus", "capacite_en_moins"):
        if nom in valeurs:
            valeurs[nom] = _en_clair(valeurs[nom])
    for nom in ("voies", "obstacles"):
        if nom in valeurs:
            valeurs[nom] = sorted(valeurs[nom])
    if "volume" in donnes:
        valeurs |= {"volume": donnes["volume"], "volume_donne": donnes["volume"] is not None}
    return valeurs


def _verifier(
    process: str,
    debut: date,
    fin: date,
    voies: tuple[str, ...] | list[str] | None,
    remise: str | None,
    obstacles: tuple[str, ...] | list[str],
) -> None:
    """Raises DonneesInvalides, which names the field."""
    if process not in {a.process for a in activites()}:
        connus = ", ".join(sorted({a.process for a in activites()}))
        raise champ_invalide("process", f"PHARE ne couvre pas « {process} ». Couverts : {connus}.")
    if activite(process, jour_de(debut)) is None:
        raise champ_invalide("debut", f"PHARE ne couvre pas « {process} » au {debut:%d/%m/%Y}.")
    if fin < debut:
        raise champ_invalide("fin", "le dernier jour précède le premier.")
    familles = (("voies", voies or ()), ("remises", () if remise is None else (remise,)), ("obstacles", obstacles))
    for famille, donnes in familles:
        for nom in donnes:
            if nom not in libelles()[famille]:
                champ = "remise" if famille == "remises" else famille
                raise champ_invalide(
                    champ, f"« {nom} » est inconnu. Connus : {', '.join(sorted(libelles()[famille]))}."
                )


def _en_clair(serie: dict[date, float]) -> dict[str, float]:
    return {lundi.isoformat(): volume for lundi, volume in sorted(serie.items())}


def _trouve(ligne: Row[Any] | None, numero: int) -> Row[Any]:
    if ligne is None:
        raise Introuvable(f"Le besoin {numero} n'existe pas.")
    return ligne


def _vivant(ligne: Row[Any] | None, numero: int) -> Row[Any]:
    if _trouve(ligne, numero).etat == "clos":
        raise Conflit(f"Le besoin {numero} est clos.")
    return _trouve(ligne, numero)


async def _repondre(conn: AsyncConnection, numero: int, statut: int = 200, **entetes: str) -> Response:
    ligne = _trouve(await store.lire(conn, numero), numero)
    pris = await couverts(conn, [ligne.cle])
    document = presenter(ligne, pris.get(ligne.cle, 0.0))
    return json(document, statut, ETag=etiquette(pour_l_etiquette(ligne)), **entetes)


def _caisse_demandee(nom: str) -> str:
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise parametre_invalide("caisse", str(exc)) from None


LE_SIEN = caisse_de(lambda numero: select(t.c.caisse).where(t.c.id == numero), numero_du_chemin)

ACCES: Acces = {
    "POST /v1/besoins": ouvert_a("reseau", "coordination-phare", "caisse", "coordinateur", caisse=du_corps()),
    "GET /v1/besoins": ouvert_a(*LECTEURS),
    "GET /v1/besoins/{numero}": ouvert_a(*LECTEURS),
    "GET /v1/besoins/{numero}/historique": ouvert_a(*LECTEURS),
    "POST /v1/besoins/{numero}/amendement": ouvert_a("reseau", "coordination-phare", "coordinateur", caisse=LE_SIEN),
    "POST /v1/besoins/{numero}/cloture": ouvert_a("reseau", "coordination-phare", "coordinateur", caisse=LE_SIEN),
}
