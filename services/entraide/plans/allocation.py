"""From open needs to a plan kept and put to the coordinators: gathered, computed apart, written if nothing moved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.amonts import Amonts
from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.plans import store
from services.entraide.plans.a_part import calculer_a_part
from services.entraide.plans.contenu import Contenu
from services.entraide.plans.empreinte import donnees_en_clair, empreinte
from services.entraide.plans.rassemblement import Base, assembler, lire_ailleurs, lire_la_base
from services.entraide.propositions.lignes import Ligne
from services.entraide.propositions.store import proposer, realloues
from shared.network.jours import jour_de
from shared.service.erreurs import Conflit

VERROU = 0x656E7472616964
"""Advisory lock under which a plan is written: one at a time."""


class RienAAllouer(Exception):
    """No open need has anything left; ``str()`` is a French sentence."""


@dataclass(frozen=True)
class PlanPret:
    """A plan computed, not written yet. ``base``: what the tables said when it was begun."""

    base: Base
    cles: Collection[str] | None
    provisoires: bool
    donnees: dict[str, Any]
    contenu: Contenu


async def preparer(
    service: ServiceEntraide,
    client: httpx.AsyncClient,
    *,
    provisoires: bool = False,
    cles: Collection[str] | None = None,
) -> PlanPret:
    """Gather and compute, in no transaction: seconds. See ``lire_la_base`` for the needs it is about.

    Raises RienAAllouer, LectureImpossible, PlanTropLong, CalculEnEchec.
    """
    maintenant = service.clock.now()
    async with service.moteur.connect() as conn:
        base = await lire_la_base(conn, maintenant, provisoires=provisoires, cles=cles)
    if not base.besoins:
        raise RienAAllouer("Aucun besoin ouvert n'a de reste à allouer.")
    situations, alertes = await lire_ailleurs(service, Amonts(client, service.reglages.amonts), base, maintenant)
    entree = assembler(base, situations, alertes)
    contenu = await calculer_a_part(entree, service.reglages.allocation_delai_s)
    return PlanPret(base, cles, provisoires, donnees_en_clair(entree), contenu)


async def verifier_inchange(conn: AsyncConnection, pret: PlanPret, maintenant: datetime) -> None:
    """Under the lock of the plans, until the end of the transaction. Raises Conflit when the tables say otherwise."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:verrou)"), {"verrou": VERROU})
    present = await lire_la_base(conn, maintenant, provisoires=pret.provisoires, cles=pret.cles)
    if present.empreinte != pret.base.empreinte:
        raise Conflit("Pôles, besoins ou propositions ont changé pendant le calcul : rien n'est proposé. Recommencez.")


async def proposer_le_plan(conn: AsyncConnection, pret: PlanPret, maintenant: datetime, par: str) -> int:
    """Keep the plan and put its missions to the coordinators, in the caller's transaction; its number.

    Raises Conflit.
    """
    await verifier_inchange(conn, pret, maintenant)
    plan = await store.garder(
        conn, "allocation", None, maintenant, par, empreinte(pret.donnees), pret.donnees, pret.contenu
    )
    await proposer(conn, plan, lignes(pret.contenu), maintenant)
    await realloues(conn, [li.cle for li in pret.base.lignes], plan)
    await store.marquer(conn, [li.id for li in pret.base.lignes], plan)
    return plan


def lignes(contenu: Contenu) -> Sequence[Ligne]:
    """The missions of a plan as the coordinators get them, each with what it is for."""
    par_cle = {b["cle"]: b for b in contenu["besoins"]}
    return [
        Ligne(
            besoin=m["besoin"],
            pole=m["pole"],
            aidante=m["aidante"],
            aidee=m["aidee"],
            process=m["process"],
            termes=Termes(jour_de(date.fromisoformat(m["debut"])), tuple(m["etp"]), m["volume"]),
            explication=par_cle[m["besoin"]],
        )
        for m in contenu["missions"]
    ]
