"""The bell: ``vigie.indicateur.change.v1`` says which caisses' cells moved, never by how much."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from shared.dossiers.dictionnaire import Dictionnaire
from shared.log.envoi import publier

TOPIC_CLOCHE = "vigie.indicateurs.v1"
"""Where changed cells are announced."""


async def sonner(
    conn: asyncpg.Connection,
    schema: str,
    dictionnaire: Dictionnaire,
    touchees: Iterable[tuple[int, ...]],
    identifiant: str,
    instant: datetime,
    position: Mapping[str, Any] | None = None,
) -> None:
    """Announce in the caller's transaction that the cells of these (process code, caisse code) changed.

    ``position``: up to where of the log the cells now stand, when that is why they moved. Silent when nothing did.
    """
    par_process: dict[str, list[int]] = {}
    for process, caisse in sorted(touchees):
        par_process.setdefault(dictionnaire.nom("process", process), []).append(caisse)
    if not par_process:
        return
    corps = {
        "specversion": "1.0",
        "id": identifiant,
        "source": f"urn:vigie:service:{schema}",
        "type": "vigie.indicateur.change.v1",
        "time": instant,
        "data": {"caisses": par_process} | ({"position": position} if position is not None else {}),
    }
    await publier(conn, schema, TOPIC_CLOCHE, schema.encode(), msgspec.json.encode(corps))
