"""The personal-data guard: nothing that looks like a NIR, an e-mail address or a phone number may enter.

Closed lists, slugs and pseudonyms are safe by construction and never come here; every other string does.
"""

import re
from collections.abc import Iterator
from typing import Any

_COURRIEL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_TELEPHONE = re.compile(r"(?<![\w+])(?:(?:\+|00)33[ .-]?(?:\(0\)[ .-]?)?|0)[1-9](?:[ .-]?\d{2}){4}(?!\w)")
_NIR = re.compile(
    r"(?<!\w)[1-478][ .-]?\d{2}[ .-]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .-]?(?:\d{2}|2[ABab])[ .-]?\d{3}[ .-]?\d{3}"
    r"(?:[ .-]?\d{2})?(?!\w)"
)
_FAMILLES = (("adresse électronique", _COURRIEL), ("numéro de téléphone", _TELEPHONE), ("NIR", _NIR))


def famille_personnelle(texte: str) -> str | None:
    """What kind of personal data ``texte`` seems to hold (French noun), or None."""
    for famille, motif in _FAMILLES:
        if motif.search(texte):
            return famille
    return None


def donnee_personnelle(valeur: Any, chemin: str) -> tuple[str, str] | None:
    """The first personal datum in a JSON value, as (path, kind), keys included; None when there is none."""
    for ou, texte in _textes(valeur, chemin):
        famille = famille_personnelle(texte)
        if famille is not None:
            return ou, famille
    return None


def _textes(valeur: Any, chemin: str) -> Iterator[tuple[str, str]]:
    if isinstance(valeur, str):
        yield chemin, valeur
    elif isinstance(valeur, int) and not isinstance(valeur, bool):
        yield chemin, str(valeur)
    elif isinstance(valeur, dict):
        for rang, (cle, dedans) in enumerate(valeur.items()):
            # The path must not repeat what it protects: a suspicious key is named by its rank.
            nom = cle if famille_personnelle(cle) is None else f"(champ n° {rang + 1})"
            yield f"{chemin}.{nom}", cle
            yield from _textes(dedans, f"{chemin}.{nom}")
    elif isinstance(valeur, list):
        for rang, dedans in enumerate(valeur):
            yield from _textes(dedans, f"{chemin}[{rang}]")
