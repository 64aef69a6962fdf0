"""What surrounds the figures: comparable caisses, the sources and their silences, the gaming detectors."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import Options, Service, periodes_demandees
from shared.dossiers.api.parametres import organisme_nomme, parametre_invalide
from shared.dossiers.api.statistiques import Au, Du, repondre
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds
from shared.dossiers.statistiques_reseau.groupes import decrire_groupe, groupe_de
from shared.dossiers.statistiques_reseau.manipulations import detecter
from shared.dossiers.statistiques_reseau.sources import etat_des_sources
from shared.network.heure_locale import fuseau
from shared.network.jours import jour_de

routes = APIRouter(tags=["statistiques"])


class OptionsGroupe(BaseModel):
    model_config = ConfigDict(extra="forbid")

    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse")]
    au: Au = None


@routes.get("/v1/groupes", summary="Les caisses comparables à une caisse")
async def groupes(request: Request, service: Service, options: Annotated[OptionsGroupe, Query()]) -> Response:
    """Les plus proches par la taille, les volumes et la composition des dossiers de ce service, sur un an ; la caisse
    elle-même d'abord. Critères et poids sont une hypothèse, dans « groupes.yaml »."""
    code = organisme_nomme(options.caisse)
    if not code:
        raise parametre_invalide("caisse", "le réseau n'a pas de comparable : nommez une caisse.")
    maintenant = int(service.clock.now().timestamp())
    au = jour_de(options.au) if options.au else fuseau("Europe/Paris").jour(maintenant)

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        return decrire_groupe(code, au, await groupe_de(conn, fonds.schema, fonds.dictionnaire, code, au))

    return await repondre(request, service, lire)


class OptionsCaisse(BaseModel):
    model_config = ConfigDict(extra="forbid")

    caisse: Annotated[str | None, Field(description="Seulement ce qui parle de cette caisse")] = None


@routes.get("/v1/sources", summary="Ce que les sources ont envoyé, et lesquelles se taisent")
async def sources(request: Request, service: Service, options: Annotated[OptionsCaisse, Query()]) -> Response:
    """Chaque source et processus : dernier événement, reçus et attendus aujourd'hui et sur sept jours, silence compté
    en heures d'ouverture, indicateurs bâtis dessus. Les silencieuses d'abord."""
    organisme = organisme_nomme(options.caisse) or None
    maintenant = int(service.clock.now().timestamp())

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        return {"sources": await etat_des_sources(conn, fonds.schema, fonds.dictionnaire, maintenant, organisme)}

    return await repondre(request, service, lire)


class OptionsDetecteurs(BaseModel):
    model_config = ConfigDict(extra="forbid")

    du: Du = None
    au: Au = None
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : toutes")] = None


@routes.get("/v1/detecteurs", summary="Ce qui embellit un indicateur plus que le service")
async def detecteurs(request: Request, service: Service, options: Annotated[OptionsDetecteurs, Query()]) -> Response:
    """Dossiers faciles clos d'abord, clôtures défaites, droits ouverts sur dossier incomplet, éléments échus classés,
    abandons courts en hausse : valeur par caisse et seuil d'attention. Une détection n'accuse personne."""
    organisme = organisme_nomme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    (periode,) = periodes_demandees(Options(du=options.du, au=options.au), maintenant)

    async def lire(fonds: Fonds, conn: AsyncConnection) -> Document:
        return {"detecteurs": await detecter(fonds, conn, periode, maintenant, organisme)}

    return await repondre(request, service, lire)
