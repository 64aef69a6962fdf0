"""``GET /v1/dossiers/{process}/{id}``: the milestones of one dossier and how it counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from shared.catalogue.processus import Processus
from shared.database.connexion import acquerir
from shared.dossiers.api.phrases import phrase
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.contributions import DIMENSIONS, MESURES, Contribution, lire_strate
from shared.dossiers.etat import Valeur, decoder_contenus, jalons_de, ordre, synthese
from shared.dossiers.gardees import decoder_contributions
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE
from shared.events.contrat import Contenu
from shared.network.jours import date_de
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.application import piece
from shared.service.erreurs import Introuvable
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["dossiers"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

_JOURS = {"jour", "jour_ouvert", "jour_clos"}


@routes.get("/v1/dossiers/{process}/{id:path}", summary="Un dossier : ses jalons et comment il compte")
async def lire(
    request: Request,
    service: Service,
    process: str,
    id: str,
    namespace: Annotated[str | None, Query(description="Numérotation à laquelle le dossier appartient")] = None,
) -> Response:
    """Le dossier de ce numéro, ou chacun de ceux qui le portent dans des numérotations différentes."""
    dossiers = await _lus(service, process, id, namespace)
    if not dossiers:
        raise Introuvable(f"Aucun dossier {id!r} du processus {process}. Vérifiez le numéro et sa numérotation.")
    return reponse_conditionnelle(request, msgspec.json.encode({"dossiers": dossiers}))


async def _lus(service: ServiceDossiers, process: str, id: str, namespace: str | None) -> list[dict[str, Any]]:
    """Those of this number. Raises Introuvable for a process that is not the service's."""
    processus = next((p for p in service.definition.processus if p.code == process), None)
    if processus is None:
        connus = ", ".join(p.code for p in service.definition.processus)
        raise Introuvable(f"Le service {service.definition.nom} n'a pas de processus {process!r}. Connus : {connus}.")
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
    series = {
        code: nom.partition("|")[2]
        for code, nom in service.dictionnaire.noms("serie").items()
        if nom.startswith(f"{process}|") and namespace in (None, nom.partition("|")[2])
    }
    async with acquerir(service.pool) as conn_:
        # PostgreSQL's text cannot hold a NUL, and no dossier has one in its number.
        cles = [(id, code) for code in series if "\x00" not in id]
        lignes = await Depot(service.definition.nom).lire(conn_, cles)
    return [
        _decrire(service, processus, id, series[serie], decoder_contenus(etat), decoder_contributions(gardees))
        for (_, serie), (etat, gardees, _) in sorted(lignes.items())
    ]


def _decrire(
    service: ServiceDossiers,
    processus: Processus,
    subject: str,
    namespace: str,
    contenus: Sequence[Contenu],
    contributions: Sequence[Contribution],
) -> dict[str, Any]:
    vivants = ordre((c for c in contenus if c.temps), lambda code: service.dictionnaire.nom("source", code))
    jalons = jalons_de(vivants, processus.jalons) if vivants else {}
    dit = synthese(vivants) if vivants else None
    slugs = {c.code: c.slug for c in charger().caisses}
    caisse = charger().par_code.get(dit.caisse) if dit else None
    zone = ZoneInfo(caisse.fuseau if caisse else "Europe/Paris")

    def nom(colonne: str, code: int) -> str:
        return slugs.get(code, str(code)) if colonne == "caisse" else service.dictionnaire.nom(colonne, code)

    return {
        "process": processus.code,
        "namespace": namespace,
        "id": subject,
        "caisse": slugs.get(dit.caisse) if dit else None,
        "productrice": slugs.get(dit.productrice) if dit else None,
        "plateforme": dit.plateforme or None if dit else None,
        "nombre": (dit.nombre or 1) if dit else 0,
        "attributs": dict(dit.attributs) if dit else {},
        "jalons": {nom: _instants(valeur, zone) for nom, valeur in sorted(jalons.items(), key=_premier)},
        "compte": phrase(processus, jalons, dit is not None and dit.caisse != 0, contributions, nom),
        "contributions": [_contribution(service, slugs, c) for c in contributions],
        "evenements": [
            {
                "source": service.dictionnaire.nom("source", c.source),
                "id": c.id,
                "revision": c.revision,
                "retire": not c.temps,
                "jalons": {nom: _instants(valeur, zone) for nom, valeur in c.jalons.items()},
            }
            for c in sorted(contenus, key=lambda c: (c.temps, c.source, c.id))
        ],
    }


def _contribution(service: ServiceDossiers, slugs: Mapping[int, str], contribution: Contribution) -> dict[str, Any]:
    genre, dims, montants = contribution
    nom = service.dictionnaire.nom
    lisible: dict[str, Any] = {"cellule": TABLE[genre]}
    for colonne, valeur in zip(DIMENSIONS[genre], dims, strict=True):
        if colonne in ("process", "issue", "plateforme", "grandeur"):
            lisible[colonne] = nom(colonne, valeur)
        elif colonne in ("caisse", "productrice"):
            lisible[colonne] = slugs.get(valeur)
        elif colonne == "strate":
            lisible[colonne] = lire_strate(nom("strate", valeur))
        elif colonne in _JOURS:
            lisible[colonne] = date_de(valeur)
        elif valeur != -1:
            lisible[colonne] = valeur
    return lisible | {"montants": dict(zip(MESURES[genre], montants, strict=True))}


def _premier(jalon: tuple[str, Valeur]) -> int:
    return jalon[1][0] if isinstance(jalon[1], list) else jalon[1]


def _instants(valeur: Valeur, zone: ZoneInfo) -> Any:
    """Local time of the dossier's caisse, with its offset."""
    if isinstance(valeur, list):
        return [datetime.fromtimestamp(v, zone) for v in valeur]
    return datetime.fromtimestamp(valeur, zone)


async def _sa_caisse(request: Request) -> str | None:
    """The caisse of the dossiers of this number; None when there are none, or of several caisses."""
    chemin, namespaces = request.path_params, request.query_params.getlist("namespace")
    service = await piece(ServiceDossiers)(request)
    lus = await _lus(service, chemin["process"], chemin["id"], namespaces[-1] if namespaces else None)
    caisses = {dossier["caisse"] for dossier in lus}
    return caisses.pop() if len(caisses) == 1 else None


ACCES: Acces = {"GET /v1/dossiers/{process}/{id}": ouvert_a(*LECTEURS, caisse=_sa_caisse)}
