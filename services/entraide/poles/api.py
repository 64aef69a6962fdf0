"""``/v1/poles``: who can help, with what, when; and the history of every change."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.appels import Service, caisse_de, une_fois
from services.entraide.poles import store
from services.entraide.poles.description import ETP_MAX, Description, Faute, fautes, normaliser
from services.entraide.poles.importation import importer
from services.entraide.poles.lecture_csv import FichierIllisible
from services.entraide.poles.presentation import presenter
from services.entraide.poles.store import PoleLu
from services.entraide.poles.tables import poles
from shared.dossiers.api.parametres import parametre_invalide
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import LECTEURS, Acces, du_corps, ouvert_a
from shared.service.erreurs import Conflit, DonneesInvalides, Introuvable, RequeteMalformee
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Corps, Motif, etiquette, json

routes = APIRouter(tags=["pôles"])

Cle = Annotated[str, Path(max_length=100, description="Clé du pôle")]
Etp = Annotated[float, Field(ge=0, le=ETP_MAX, allow_inf_nan=False)]


class PoleDonne(Corps):
    caisse: Annotated[str, Field(description="Slug ou nom de la caisse aidante")]
    process: Annotated[tuple[str, ...], Field(min_length=1, max_length=20, description="Ce qu'il sait traiter")]
    etp: Annotated[Etp, Field(description="ETP qu'il peut prêter une semaine ordinaire")]
    voies: Annotated[tuple[str, ...], Field(description="Voies d'accès ; sans elles, celles de ses process")] = ()
    remises: Annotated[tuple[str, ...], Field(min_length=1)] = ("fil_de_l_eau", "complexite")
    couloirs: Annotated[tuple[str, ...], Field(min_length=1, description="Systèmes d'information qu'il atteint")] = (
        "general",
    )
    exceptions: Annotated[dict[date, Etp], Field(default_factory=dict, description="ETP d'une semaine, par son lundi")]
    productivites: Annotated[
        dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]],
        Field(default_factory=dict, description="Volume annuel par ETP qu'il observe, dans l'unité du process"),
    ]
    montee: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...] | None,
        Field(max_length=12, description="Part de la pleine productivité des premières semaines"),
    ] = None
    hypothese: Annotated[bool, Field(description="Vrai : ces chiffres ne viennent d'aucune source")] = False
    source: Annotated[str | None, Field(max_length=500)] = None

    def description(self, cle: str) -> Description:
        """Raises DonneesInvalides, which names every faulty field."""
        d = Description(cle=cle, **{nom: getattr(self, nom) for nom in PoleDonne.model_fields})
        trouvees = fautes(d)
        if trouvees:
            raise _invalide(trouvees)
        return normaliser(d)


class NouveauPole(PoleDonne):
    cle: Annotated[str, Field(min_length=1, max_length=100, description="Clé du pôle, choisie une fois pour toutes")]


@routes.get("/v1/poles", summary="Le registre des pôles")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom de l'aidante")] = None,
    retires: Annotated[bool, Query(description="Les pôles retirés aussi")] = False,
) -> dict[str, Any]:
    """Dans l'ordre des clés. « etp » est ce qu'un pôle peut prêter, avant ce qu'il prête déjà."""
    apres = page.apres(tuple[str])
    async with service.moteur.connect() as conn:
        lus = await store.lister(
            conn, caisse=None if caisse is None else _caisse_demandee(caisse), apres=apres[0] if apres else "",
            limite=page.limite + 1, retires=retires,
        )  # fmt: skip
    montres, suivant = paginer(lus, page, lambda lu: (lu.description.cle,))
    lier_suivante(request, response, suivant)
    return {"poles": [presenter(lu) for lu in montres], "suivant": suivant}


@routes.post("/v1/poles", status_code=201, summary="Inscrire un pôle")
async def inscrire(
    request: Request, service: Service, corps: NouveauPole, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Une clé déjà prise est un conflit ; un pôle retiré revient par PUT."""

    async def action(conn: AsyncConnection) -> Response:
        d = corps.description(corps.cle)
        if await store.lire(conn, d.cle, verrouiller=True) is not None:
            raise Conflit(f"Le pôle {d.cle} existe déjà : modifiez-le par PUT.")
        lu = await store.ecrire(conn, d, None, service.clock.now(), principal.identifiant, None)
        return _repondre(lu, 201, Location=f"/v1/poles/{d.cle}")

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/poles/import", summary="Importer un registre (CSV)")
async def importer_un_fichier(
    request: Request, service: Service, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Le corps est le fichier (UTF-8). Une ligne fautive est refusée avec sa ligne, sa colonne et la raison ; les
    autres entrent. Un pôle connu est mis à jour ; un pôle inchangé le reste ; rien n'est retiré."""
    octets = await request.body()

    async def action(conn: AsyncConnection) -> Response:
        try:
            texte = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise RequeteMalformee("Le fichier n'est pas en UTF-8.") from None
        try:
            bilan = await importer(conn, texte, service.clock.now(), principal.identifiant)
        except FichierIllisible as exc:
            raise RequeteMalformee(str(exc)) from None
        return json(bilan)

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/poles/{pole}", summary="Un pôle")
async def lire(service: Service, pole: Cle) -> Response:
    """L'ETag sert à le modifier ou à le retirer."""
    async with service.moteur.connect() as conn:
        return _repondre(_trouve(await store.lire(conn, pole), pole))


@routes.get("/v1/poles/{pole}/historique", summary="Les changements d'un pôle")
async def lire_historique(service: Service, pole: Cle) -> dict[str, Any]:
    """Chaque changement : qui, quand, pourquoi, avant et après."""
    async with service.moteur.connect() as conn:
        _trouve(await store.lire(conn, pole), pole)
        lignes = await store.lire_historique(conn, pole)
    return {"pole": pole, "historique": [dict(li._mapping) for li in lignes]}


@routes.put("/v1/poles/{pole}", summary="Modifier un pôle")
async def modifier(
    request: Request,
    service: Service,
    pole: Cle,
    corps: PoleDonne,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str | None, Query(max_length=2_000, description="Pourquoi, en clair")] = None,
) -> Response:
    """Le pôle entier, tel qu'il devient ; demande son ETag dans If-Match. Un pôle retiré revient."""

    async def action(conn: AsyncConnection) -> Response:
        avant = _trouve(await store.lire(conn, pole, verrouiller=True), pole)
        exiger_if_match(request, etiquette(presenter(avant)))
        d = corps.description(pole)
        return _repondre(await store.ecrire(conn, d, avant, service.clock.now(), principal.identifiant, motif))

    return await une_fois(request, service, cle, principal, action)


@routes.delete("/v1/poles/{pole}", summary="Retirer un pôle")
async def retirer(
    request: Request,
    service: Service,
    pole: Cle,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[Motif, Query()],
) -> Response:
    """Rien de nouveau ne lui est demandé ; ses missions en cours continuent, son histoire reste."""

    async def action(conn: AsyncConnection) -> Response:
        avant = _trouve(await store.lire(conn, pole, verrouiller=True), pole)
        exiger_if_match(request, etiquette(presenter(avant)))
        if avant.retire_le is not None:
            raise Conflit(f"Le pôle {pole} est déjà retiré.")
        return _repondre(await store.retirer(conn, avant, service.clock.now(), principal.identifiant, motif))

    return await une_fois(request, service, cle, principal, action)


def _trouve(lu: PoleLu | None, pole: str) -> PoleLu:
    if lu is None:
        raise Introuvable(f"Le pôle {pole} n'existe pas.")
    return lu


def _repondre(lu: PoleLu, statut: int = 200, **entetes: str) -> Response:
    document = presenter(lu)
    return json(document, statut, ETag=etiquette(document), **entetes)


def _invalide(trouvees: list[Faute]) -> DonneesInvalides:
    erreurs = [{"emplacement": f"corps.{f.champ}", "message": f.raison} for f in trouvees]
    return DonneesInvalides(" ".join(f"Champ « {f.champ} » : {f.raison}" for f in trouvees), erreurs=erreurs)


def _caisse_demandee(nom: str) -> str:
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise parametre_invalide("caisse", str(exc)) from None


async def _cle_du_chemin(request: Request) -> str:
    return str(request.path_params["pole"])


LE_SIEN = caisse_de(lambda cle: select(poles.c.caisse).where(poles.c.cle == cle), _cle_du_chemin)

ACCES: Acces = {
    "GET /v1/poles": ouvert_a(*LECTEURS),
    "POST /v1/poles": ouvert_a("reseau", "coordination-phare", "coordinateur", caisse=du_corps()),
    "POST /v1/poles/import": ouvert_a("reseau", "coordination-phare"),
    "GET /v1/poles/{pole}": ouvert_a(*LECTEURS),
    "GET /v1/poles/{pole}/historique": ouvert_a(*LECTEURS),
    "PUT /v1/poles/{pole}": ouvert_a("reseau", "coordination-phare", "coordinateur", caisse=LE_SIEN),
    "DELETE /v1/poles/{pole}": ouvert_a("reseau", "coordination-phare", "coordinateur", caisse=LE_SIEN),
}
