"""``/v1/propositions`` and ``/v1/missions``: reading what is proposed, agreed and under way."""

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from services.entraide.appels import Service
from services.entraide.domain.cycle_de_vie import Etat, en_attente_de
from services.entraide.propositions import store
from services.entraide.propositions.annonces import slug_du_cote
from services.entraide.propositions.lignes import MISSIONS, VIVANTES
from services.entraide.propositions.presentation import detailler, etiquette, presenter
from services.entraide.suivi.store import dernieres_suites
from shared.dossiers.api.parametres import parametre_invalide
from shared.network.jours import date_de, jour_de
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.erreurs import Introuvable
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Jour, Numero, json

routes = APIRouter(tags=["propositions et missions"])

Pour = Annotated[str | None, Query(description="Slug ou nom d'une caisse : celles où elle est aidante ou aidée")]
Process = Annotated[str | None, Query(max_length=100, description="Code du processus, par exemple ij")]
PageDemandee = Annotated[Page, Depends(page_demandee)]
Rang = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@routes.get("/v1/propositions", summary="Les propositions : la boîte d'un coordinateur, ou tout le réseau")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: PageDemandee,
    pour: Pour = None,
    etat: Annotated[list[Etat] | None, Query(description="À répéter pour plusieurs états")] = None,
    process: Process = None,
    besoin: Annotated[str | None, Query(max_length=300)] = None,
    plan: Annotated[int | None, Query(ge=1)] = None,
    a_repondre: Annotated[bool, Query(description="Seulement celles qui attendent une réponse de « pour »")] = False,
) -> dict[str, Any]:
    """Les plus récentes d'abord ; sans « pour », celles de tout le réseau."""
    caisse = _caisse(pour)
    if a_repondre and caisse is None:
        raise parametre_invalide("pour", "dites de quelle caisse la réponse est attendue.")
    return await _page(
        request, response, service, page, "propositions", caisse=caisse, etats=etat, process=process, besoin=besoin,
        plan=plan, attendue_de=caisse if a_repondre else None,
    )  # fmt: skip


@routes.get("/v1/propositions/{numero}", summary="Une proposition, son histoire et ce qui peut y être fait")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que chaque commande demande dans If-Match, l'effet prédit par le plan, et qui peut quoi."""
    async with service.moteur.connect() as conn:
        lue = await store.lire(conn, numero)
        if lue is None:
            raise Introuvable(f"La proposition {numero} n'existe pas.")
        lignes = await store.lire_historique(conn, numero)
    return json(detailler(lue, lignes, service.clock.now()), ETag=etiquette(lue))


@routes.get("/v1/missions", summary="Les missions ordonnées, en cours et finies")
async def missions(
    request: Request,
    response: Response,
    service: Service,
    page: PageDemandee,
    pour: Pour = None,
    etat: Annotated[list[Etat] | None, Query(description="ordonnee, active, terminee, interrompue")] = None,
    process: Process = None,
    du: Annotated[Jour | None, Query(description="En cours ce jour ou après")] = None,
    au: Annotated[Jour | None, Query(description="En cours ce jour ou avant")] = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord. Une mission est une proposition dont l'ordre est donné ; elle garde son numéro."""
    etats: Collection[Etat] = MISSIONS if etat is None else [e for e in etat if e in MISSIONS]
    return await _page(
        request, response, service, page, "missions", caisse=_caisse(pour), etats=etats, process=process,
        du=None if du is None else jour_de(du), au=None if au is None else jour_de(au),
    )  # fmt: skip


@routes.get("/v1/coordination", summary="Ce que la coordination nationale a sous les yeux")
async def coordination(service: Service) -> dict[str, Any]:
    """Les propositions et missions vivantes par état, les réponses attendues par caisse, les ordres de mission qui
    manquent, les besoins dont un reste attend un nouveau plan. « suites » : chaque semaine, ce que les
    missions actives ont encore à faire ; « utile » faux : l'aidée peut libérer l'équipe."""
    async with service.moteur.connect() as conn:
        vivantes = await store.lister(conn, etats=VIVANTES)
        rendus = await store.a_reallouer(conn)
        suites = await dernieres_suites(conn, [lue.id for lue in vivantes if lue.proposition.etat == "active"])
    attendues: dict[str, list[int]] = {}
    for lue in vivantes:
        for cote in en_attente_de(lue.proposition):
            attendues.setdefault(str(slug_du_cote(lue, cote)), []).append(lue.proposition.echeance)
    return {
        "par_etat": dict(sorted(Counter(lue.proposition.etat for lue in vivantes).items())),
        "reponses_attendues": [
            {"caisse": caisse, "nombre": len(jours), "prochaine_echeance": date_de(min(jours)).isoformat()}
            for caisse, jours in sorted(attendues.items(), key=lambda cj: (min(cj[1]), cj[0]))
        ],
        "ordres_attendus": [presenter(lue) for lue in vivantes if lue.proposition.etat == "engagee"],
        "suites": [
            presenter(lue) | {nom: getattr(suites[lue.id], nom) for nom in ("lundi", "volume", "utile", "phrase")}
            for lue in vivantes
            if lue.id in suites
        ],
        "besoins_a_reallouer": list(rendus),
    }


async def _page(
    request: Request, response: Response, service: Service, page: Page, nom: str, **filtres: Any
) -> dict[str, Any]:
    apres = page.apres(tuple[Rang])
    async with service.moteur.connect() as conn:
        lues = await store.lister(conn, avant=apres[0] if apres else None, limite=page.limite + 1, **filtres)
    montrees, suivant = paginer(lues, page, lambda lue: (lue.id,))
    lier_suivante(request, response, suivant)
    return {nom: [presenter(lue) for lue in montrees], "suivant": suivant}


def _caisse(nom: str | None) -> str | None:
    if nom is None:
        return None
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise parametre_invalide("pour", str(exc)) from None


ACCES: Acces = {
    f"GET /v1/{chemin}": ouvert_a(*LECTEURS)
    for chemin in ("propositions", "propositions/{numero}", "missions", "coordination")
}
"""An entraide is the business of two caisses at the least: who reads one reads all."""
