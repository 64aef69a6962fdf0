"""What is told of a proposition on the log, in the transaction that changes it: its present, and what was done."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.domain import NOM, TOPIC_ENTRAIDE
from services.entraide.domain.activites import productivite
from services.entraide.domain.cycle_de_vie import Cote, Termes, en_attente_de
from services.entraide.propositions.lignes import Lue, Trace
from shared.database.transactions import pilote
from shared.log.envoi import publier
from shared.network.jours import date_de

TYPE_PROPOSITION = "vigie.entraide.proposition.v1"
"""One event for each revision; ``revision`` 0 is the proposal."""

TYPE_RAPPEL = "vigie.entraide.rappel.v1"
"""An answer, or a mission order, is awaited and its last day is near."""

CENTIEMES = 100


async def annoncer(conn: AsyncConnection, lue: Lue, trace: Trace, instant: datetime) -> None:
    """Put one change in the outbox, in the caller's transaction."""
    donnees = present(lue) | {
        "commande": trace.commande, "de": trace.de, "par": trace.par, "role": trace.role,
        "au_nom_de": slug_du_cote(lue, trace.au_nom_de), "auteur": auteur(lue, trace), "motif": trace.motif,
        "termes_demandes": None if trace.termes is None else decrire_termes(trace.termes),
    }  # fmt: skip
    await _publier(conn, TYPE_PROPOSITION, f"proposition-{lue.id}-{trace.revision}", lue.id, instant, donnees)


async def annoncer_rappel(
    conn: AsyncConnection, lue: Lue, quoi: str, cote: Cote, terme: int, instant: datetime
) -> None:
    """Put a reminder in the outbox, in the caller's transaction. ``terme``: the day it is about."""
    donnees = present(lue) | {"quoi": quoi, "caisse": slug_du_cote(lue, cote), "terme": date_de(terme).isoformat()}
    await _publier(conn, TYPE_RAPPEL, f"rappel-{lue.id}-{quoi}-{cote}-{terme}", lue.id, instant, donnees)


async def _publier(
    conn: AsyncConnection, type_: str, identifiant: str, numero: int, instant: datetime, donnees: dict[str, Any]
) -> None:
    evenement = {
        "specversion": "1.0", "id": identifiant, "source": f"urn:vigie:service:{NOM}", "type": type_,
        "subject": f"proposition/{numero}", "time": instant, "data": donnees,
    }  # fmt: skip
    corps = msgspec.json.encode(evenement)
    await publier(await pilote(conn), NOM, TOPIC_ENTRAIDE, f"proposition|{numero}".encode(), corps)


def present(lue: Lue) -> dict[str, Any]:
    """A proposition as every event carries it."""
    p = lue.proposition
    return {
        "proposition": lue.id, "revision": p.revision, "etat": p.etat, "plan": lue.plan, "besoin": lue.besoin,
        "pole": lue.pole, "aidante": p.aidante, "aidee": p.aidee, "process": p.process,
        "unite": productivite(p.process).unite, **decrire_termes(p.termes),
        "echeance": date_de(p.echeance).isoformat(),
        "engagements": sorted(str(slug_du_cote(lue, c)) for c in p.engagements),
        "attendues": sorted(str(slug_du_cote(lue, c)) for c in en_attente_de(p)),
        "couvert": lue.couvert, "reste_rendu": lue.reste_rendu,
    }  # fmt: skip


def decrire_termes(termes: Termes) -> dict[str, Any]:
    """Terms as people read them: ETP by week, first and last day."""
    return {
        "debut": date_de(termes.debut).isoformat(),
        "fin": date_de(termes.fin).isoformat(),
        "etp": [etp / CENTIEMES for etp in termes.etp],
        "volume": termes.volume,
    }


def slug_du_cote(lue: Lue, cote: Cote | None) -> str | None:
    """The caisse of a side."""
    if cote is None:
        return None
    return lue.proposition.aidante if cote == "aidante" else lue.proposition.aidee


def auteur(lue: Lue, trace: Trace) -> str:
    """Who acted, as a caisse or ``coordination-phare`` or ``vigie``: what the other side must be able to see."""
    if trace.role == "nationale":
        return "coordination-phare"
    return "vigie" if trace.role == "systeme" else str(slug_du_cote(lue, trace.role))
