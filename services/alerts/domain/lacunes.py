"""What a figure lacks: a part of what its sources were expected to send did not come. Pure."""

from collections.abc import Mapping
from typing import Any


def lacune(part: Mapping[str, Any] | None) -> str | None:
    """The sentence on what is missing under a figure, of the ``completude`` of its row; None: nothing that is known.

    Days too young for anything to be expected of them say nothing against it: of what was expected, all came.
    """
    if part is None or part["complet"]:
        return None
    taux, muettes = part["taux"], part["sources_muettes"]
    if not muettes and (taux is None or taux >= 1):
        return None
    recus = "une part inconnue" if taux is None else f"{100 * taux:.0f} %"
    qui = f", {muettes} source(s) muette(s)" if muettes else ""
    return f"Chiffre bâti sur {recus} des événements attendus{qui}."
