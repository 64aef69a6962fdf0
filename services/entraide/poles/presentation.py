"""Pôles and offers as the API shows them: plain JSON values, of which the ETag is made."""

from typing import Any

from sqlalchemy import Row

from services.entraide.poles.description import en_clair
from services.entraide.poles.store import PoleLu


def presenter(lu: PoleLu) -> dict[str, Any]:
    return en_clair(lu.description) | {
        "revision": lu.revision,
        "change_le": lu.change_le,
        "retire_le": lu.retire_le,
    }


def presenter_offre(ligne: Row[Any]) -> dict[str, Any]:
    return dict(ligne._mapping)
