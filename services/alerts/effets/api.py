"""``/v1/mesures-decidees``: what the comité decided, and what it changed."""

from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Row

from services.alerts.api.commun import Service, caisse_demandee, json
from services.alerts.comite.calendrier import jour_de_preparation
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.regles import Mesure
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.effets import store
from services.alerts.effets.domain import HORIZONS
from services.alerts.effets.mesure import decidee_en, mesurables, mesurer_et_garder
from services.alerts.effets.store import Cle, cle_de
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, du_chemin, ouvert_a
from shared.service.erreurs import Conflit, Indisponible, Introuvable
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer

routes = APIRouter(tags=["mesures décidées"])

ATTENTE_S = 60
"""Before asking again a service that does not answer."""


def cle_du_chemin(
    mois: Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", description="Mois du comité, AAAA-MM")],
    acte: Annotated[int, Path(ge=0, le=10_000, description="0 : la clôture ; n : l'addendum n")],
    caisse: Annotated[str, Path(max_length=100, description="Slug de la caisse")],
    mesure: Annotated[Mesure, Path(description="La mesure, telle qu'elle était proposée")],
) -> Cle:
    """The measure the path names."""
    return Cle(mois, acte, caisse, mesure)


CleDemandee = Annotated[Cle, Depends(cle_du_chemin)]


@routes.get("/v1/mesures-decidees", summary="Les mesures décidées")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    mois: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}$", description="Mois du comité, AAAA-MM")] = None,
    retenue: Annotated[Mesure | None, Query(description="La mesure retenue")] = None,
) -> dict[str, Any]:
    """Comité par comité, avec la conclusion sur leur effet quand elle est connue."""
    filtre = {"caisse": None if caisse is None else caisse_demandee(caisse), "mois": mois, "retenue": retenue}
    apres = page.apres(tuple[str, int, str, str])
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, None if apres is None else Cle(*apres), page.limite + 1, filtre)
        montrees, suivant = paginer(lues, page, cle_de)
        effets = await store.effets_de(conn, [cle_de(ligne) for ligne in montrees])
    lier_suivante(request, response, suivant)
    decrites = [
        _decrire(li)
        | {
            "conclusions": [
                {"indicateur": e.indicateur, "horizon": e.horizon, "conclusion": e.resultat["conclusion"]}
                for e in effets.get(cle_de(li), ())
            ]
        }
        for li in montrees
    ]
    return {"mesures": decrites, "suivant": suivant}


@routes.get("/v1/mesures-decidees/{mois}/{acte}/{caisse}/{mesure}/effet", summary="L'effet d'une mesure")
async def lire(service: Service, cle: CleDemandee) -> Response:
    """Un, deux et trois mois après : de combien la caisse a bougé, une fois ôté ce que sont devenues celles qui
    étaient dans la même situation sans mesure, avec l'intervalle. « non_distinguee » : rien ne dit que ce n'est pas le
    hasard."""
    return await _reponse(service, cle)


@routes.post("/v1/mesures-decidees/{mois}/{acte}/{caisse}/{mesure}/effet", summary="Mesurer de nouveau un effet")
async def refaire(
    service: Service, cle: CleDemandee, idempotence: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Avec les chiffres d'aujourd'hui ; les mesures précédentes restent. Se refait sans dommage."""
    del idempotence  # Measured twice, the second replaces the first by the same.
    ligne = await _trouvee(service, cle)
    maintenant = service.clock.now()
    voulus = [(code, h) for code in ligne.indicateurs for h in mesurables(ligne, maintenant)]
    if not voulus:
        premier = jour_de_preparation(decidee_en(ligne).plus(HORIZONS[0]))
        raise Conflit(f"Trop tôt : le premier mois d'après se mesure à partir du {premier:%d/%m/%Y}.")
    async with httpx.AsyncClient() as client:
        try:
            await mesurer_et_garder(
                service.moteur, Lecteur(client, service.reglages.amonts), ligne, voulus, maintenant,
                principal.identifiant, remplacer=True,
            )  # fmt: skip
        except LectureImpossible as exc:
            raise Indisponible(str(exc), retry_after_s=ATTENTE_S) from None
    return await _reponse(service, cle)


async def _trouvee(service: Service, cle: Cle) -> Row[Any]:
    async with service.moteur.connect() as conn:
        ligne = await store.lire(conn, cle)
    if ligne is None:
        raise Introuvable(f"Aucune mesure {cle} n'a été retenue.")
    return ligne


async def _reponse(service: Service, cle: Cle) -> Response:
    ligne = await _trouvee(service, cle)
    async with service.moteur.connect() as conn:
        gardes = {(e.indicateur, e.horizon): e for e in (await store.effets_de(conn, [cle])).get(cle, ())}
    effets = []
    for code in ligne.indicateurs:
        defini = indicateur(code)
        for horizon in HORIZONS:
            mois = decidee_en(ligne).plus(horizon)
            garde = gardes.get((code, horizon))
            commun = {
                "indicateur": code, "libelle": defini.libelle, "unite": defini.unite, "sens": defini.sens,
                "horizon": horizon, "mois": str(mois), "mesurable_le": jour_de_preparation(mois),
            }  # fmt: skip
            if garde is None:
                effets.append({**commun, "conclusion": None, "calcule_le": None})
            else:
                effets.append({**commun, **garde.resultat, "calcule_le": garde.calcule_le})
    return json({**_decrire(ligne), "effets": effets})


def _decrire(ligne: Row[Any]) -> dict[str, Any]:
    return {
        **cle_de(ligne)._asdict(),
        "caisse_nom": charger().par_slug[ligne.caisse].nom,
        "retenue": ligne.retenue,
        "indicateurs": list(ligne.indicateurs),
        "motif": ligne.motif,
        "decidee_le": ligne.prise_le,
    }


ACCES: Acces = {
    "GET /v1/mesures-decidees": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/mesures-decidees/{mois}/{acte}/{caisse}/{mesure}/effet": ouvert_a(*LECTEURS, caisse=du_chemin("caisse")),
    "POST /v1/mesures-decidees/{mois}/{acte}/{caisse}/{mesure}/effet": ouvert_a("reseau"),
}
