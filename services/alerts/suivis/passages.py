"""What may become what: one table per thing that is followed, and the one function that reads them. Pure."""

from collections.abc import Mapping
from typing import Literal

Exigence = Literal["libre", "motivee"]
"""Whether a step says why."""

Passages = Mapping[str, Mapping[str, Exigence]]
"""State -> next state -> what the step requires. A state without a row is the last."""


class PassageImpossible(Exception):
    """The state does not lead there; ``str()`` is a French sentence."""


class MotifManquant(ValueError):
    """The step must say why; ``str()`` is a French sentence."""


def passer(passages: Passages, de: str, vers: str, motif: str | None) -> None:
    """Check one step. Raises PassageImpossible, MotifManquant."""
    suites = passages.get(de, {})
    if vers not in suites:
        possibles = " ou ".join(f"« {etat} »" for etat in suites) or "rien d'autre"
        raise PassageImpossible(f"« {de} » ne devient pas « {vers} » : seulement {possibles}.")
    if suites[vers] == "motivee" and not (motif or "").strip():
        raise MotifManquant(f"Dites pourquoi, pour passer de « {de} » à « {vers} ».")
