"""Sections of docs/performance.md that a bench writes itself, between its own two markers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def publier(nom: str, corps: str) -> None:
    """Replace what stands between ``<!-- nom -->`` and ``<!-- /nom -->``. Raises ValueError when they are not there."""
    texte = PAGE.read_text(encoding="utf-8")
    neuf, n = re.subn(
        rf"(<!-- {nom} -->\n).*?(<!-- /{nom} -->)", lambda m: m[1] + corps + "\n" + m[2], texte, flags=re.S
    )
    if n != 1:
        raise ValueError(f"{PAGE.name} n'a pas une seule section {nom}")
    PAGE.write_text(neuf, encoding="utf-8")


def tableau(
    conditions: str, machine: Mapping[str, object], colonnes: Sequence[str], lignes: Iterable[Sequence[object]]
) -> str:
    """The conditions of a run and its machine in a sentence, then its Markdown table."""
    etat = ", ".join(f"{cle} {valeur}" for cle, valeur in machine.items())
    rangees = [colonnes, ["---"] * len(colonnes), *lignes]
    return "\n".join([f"{conditions}; machine: {etat}.", "", *(f"| {' | '.join(map(str, r))} |" for r in rangees)])
