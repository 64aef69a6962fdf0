"""The provisional plan of a comité's preparation: what could be done, known before anybody decides."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.inscription import COMITE
from services.entraide.besoins.tables import besoins
from services.entraide.domain import NOM, TOPIC_ENTRAIDE
from services.entraide.plans import store
from services.entraide.plans.allocation import PlanPret, RienAAllouer, preparer, verifier_inchange
from services.entraide.plans.contenu import Contenu
from services.entraide.plans.empreinte import empreinte
from shared.database.transactions import pilote, transaction
from shared.log.envoi import publier

TYPE_PLAN = "vigie.entraide.plan_provisoire.v1"


async def repondre(service: ServiceEntraide, client: httpx.AsyncClient, preparation: Row[Any]) -> bool:
    """Compute, keep and publish the provisional plan of a month; False while one of its needs waits to be sized.

    Raises what ``preparer`` does, and Conflit.
    """
    async with service.moteur.connect() as conn:
        demandes = await _demandes(conn, preparation.cles)
    if any(d.etat == "a_dimensionner" for d in demandes):
        return False
    pret: PlanPret | None
    try:
        pret = await preparer(service, client, provisoires=True, cles=preparation.cles)
    except RienAAllouer:
        pret = None
    maintenant = service.clock.now()
    async with transaction(service.moteur) as conn:
        plan = None
        if pret is not None:
            await verifier_inchange(conn, pret, maintenant)
            plan = await store.garder(
                conn, "provisoire", preparation.mois, maintenant, COMITE, empreinte(pret.donnees), pret.donnees,
                pret.contenu,
            )  # fmt: skip
        if await store.repondre_a(conn, preparation.mois, plan, maintenant):
            contenu = None if pret is None else pret.contenu
            annonces = list(_annonces(demandes, contenu))
            await _publier(conn, preparation.mois, plan, annonces, maintenant)
    return True


async def _demandes(conn: AsyncConnection, cles: list[str]) -> list[Row[Any]]:
    return list(await conn.execute(select(besoins).where(besoins.c.cle.in_(cles)).order_by(besoins.c.cle)))


def _annonces(demandes: list[Row[Any]], contenu: Contenu | None) -> Iterator[dict[str, Any]]:
    """One for each provisional need, whatever came of it: what could not be said is said too."""
    suites = {} if contenu is None else {b["cle"]: b for b in contenu["besoins"]}
    for d in demandes:
        commun = {"caisse": d.caisse, "process": d.process, "debut": d.debut, "fin": d.fin}
        suite = suites.get(d.cle)
        if suite is None or contenu is None:
            phrase = d.raison or "Rien à absorber : la projection tient l'objectif chaque semaine."
            yield commun | {"poles": [], "fin_de_mois": None, "limite": None, "phrase": phrase}
            continue
        missions = [m for m in contenu["missions"] if m["besoin"] == d.cle]
        rang = _rang(date.fromisoformat(contenu["premier_lundi"]), d.fin, contenu["semaines"])
        yield commun | {
            "unite": suite["unite"],
            "hypothese": suite["hypothese"],
            "volume": suite["volume"],
            "volume_apporte": suite["volume_apporte"],
            "poles": [
                {nom: m[nom] for nom in ("pole", "aidante", "debut", "fin", "etp", "etp_semaines", "volume")}
                for m in missions
            ],
            "fin_de_mois": {"au": d.fin, **{nom: _au(suite[nom], rang) for nom in _PROJETES if nom in suite}},
            "semaines_sous_socle": suite["semaines_sous_socle"],
            "semaines_sous_objectif": suite["semaines_sous_objectif"],
            "limite": suite["limite"],
            "phrase": suite["phrase"],
        }


_PROJETES = ("stock", "retard_socle", "retard_objectif", "decroche")


def _rang(premier: date, fin: date, semaines: int) -> int:
    """The last whole week of the horizon that ends by ``fin``; the first one at least."""
    return max(0, min(semaines - 1, (fin + timedelta(days=1) - premier).days // 7 - 1))


def _au(suites: Mapping[str, list[float]], rang: int) -> dict[str, float]:
    return {nom: suites[nom][rang] for nom in ("sans", "avec")}


async def _publier(
    conn: AsyncConnection, mois: str, plan: int | None, plans: list[dict[str, Any]], maintenant: datetime
) -> None:
    evenement = {
        "specversion": "1.0",
        "id": f"plan-provisoire-{mois}",
        "source": f"urn:vigie:service:{NOM}",
        "type": TYPE_PLAN,
        "subject": mois,
        "time": maintenant,
        "data": {"mois": mois, "plan": plan, "plans": plans},
    }
    cle = f"plan_provisoire|{mois}".encode()
    await publier(await pilote(conn), NOM, TOPIC_ENTRAIDE, cle, msgspec.json.encode(evenement))
