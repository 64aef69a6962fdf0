"""What the pages read of the entraide service."""

from typing import Any

from services.console.amont import Amont

VIVANTES = ("proposee", "engagee")
"""States of a proposal that somebody still has to act on before it is a mission."""


async def entraide_de_caisse(amont: Amont, slug: str) -> Any:
    """The missions that a caisse gives or receives."""
    return await amont.lire("entraide", "/v1/missions", {"pour": slug})


async def dernier_plan(amont: Amont) -> Any:
    """The last allocation, whole; None when none was made."""
    liste = (await amont.lire("entraide", "/v1/allocations", {"genre": "allocation", "limite": 1}))["allocations"]
    return await amont.lire("entraide", f"/v1/allocations/{liste[0]['id']}") if liste else None
