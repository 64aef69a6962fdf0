"""The personal-data guard: nothing that looks like a NIR, an e-mail address or a phone number may enter.

Closed lists, slugs, dates and pseudonyms are safe by construction and never come here; every other string and
number does. It goes by shape, so it refuses too much rather than too little; what it cannot see is listed in
``docs/evenements.md``. Every search is linear in the length of the text, whatever the text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from shared.events.contrat import TEXTE_MAX, Refus

_S = r"[\s./\-‐-―]"
"""What people put between groups of digits: blanks (no-break ones too), full stop, slash, any dash."""

_COURRIEL = re.compile(r"[^\s@]@[\w-]+\.\w")
_DATE = rf"\d{{2}}{_S}\d{{2}}{_S}(?:19|20)\d{{2}}(?!\d)"
_TELEPHONE = re.compile(
    rf"(?<![^\W_])(?<!\+)(?:\+\d(?:{_S}?(?:\(0\){_S}?)?\d){{7,14}}(?![^\W_])"
    rf"|(?:00(?:33|262|269|508|59[0467]|68[179]){_S}?(?:\(0\){_S}?)?|(?!{_DATE})0)[1-9](?:{_S}?\d{{2}}){{4}}(?![^\W_]))"
)
_CORPS_NIR = (
    rf"[1-478]{_S}?\d{{2}}{_S}?(?:0[1-9]|1[0-2]|[23]\d|4[0-2]|[5-9]\d){_S}?(?:\d{{2}}|2[ABab]){_S}?\d{{3}}{_S}?\d{{3}}"
    rf"(?:{_S}?\d{{2}})?(?![^\W_])"
)
"""13 or 15 characters: sex, year, month (20 and above when unknown), département (2A and 2B too), and two ranks."""

_NIR = re.compile(rf"(?<![^\W_]){_CORPS_NIR}")
_INTERNATIONAL = re.compile(r"(?<![^\W_])(?<!\+)\+\d(?:[ .-]?\d){7,14}(?![^\W_])")
_FAMILLES = (("adresse électronique", _COURRIEL), ("numéro de téléphone", _TELEPHONE), ("NIR", _NIR))
_FAMILLES_NOM = (("adresse électronique", _COURRIEL), ("numéro de téléphone", _INTERNATIONAL), ("NIR", _NIR))

_MOT = rf"(?!{_CORPS_NIR})[0-9A-Za-z]++"
_NOM = rf"{_MOT}(?:[_.:/-]++{_MOT})*+"
deux_noms_ordinaires = re.compile(rf"{_NOM}\|{_NOM}").fullmatch
"""Vouches for nearly every ``id|subject`` in one match: letters, digits and a few signs, and no NIR."""

_paires_ordinaires = re.compile(rf"(?:{_NOM}\|{_NOM}\n)*+").fullmatch


def toutes_ordinaires(paires: Sequence[str]) -> bool:
    """Whether ``deux_noms_ordinaires`` vouches for every ``id|subject``, none longer than TEXTE_MAX; in one match."""
    texte = "\n".join([*paires, ""])
    # A pair with a bar or a line of its own would pass for two.
    entieres = texte.count("|") == texte.count("\n") == len(paires)
    return entieres and max(map(len, paires), default=0) <= TEXTE_MAX and _paires_ordinaires(texte) is not None


_HUIT_CHIFFRES = re.compile(r"\d(?:\D{0,4}\d){7}")
"""What every phone number and every NIR has."""


def famille_personnelle(texte: str) -> str | None:
    """What kind of personal data ``texte`` seems to hold (French noun), or None."""
    if "@" not in texte and _HUIT_CHIFFRES.search(texte) is None:
        return None
    return next((famille for famille, motif in _FAMILLES if motif.search(texte)), None)


def famille_du_nom(texte: str) -> str | None:
    """The same for an id, a source or a subject, where ten digits are a file number, not a phone number."""
    return next((famille for famille, motif in _FAMILLES_NOM if motif.search(texte)), None)


def donnee_personnelle(valeur: Any, chemin: str) -> tuple[str, str] | None:
    """The first personal datum in a JSON value, as (path, kind), keys included; None when there is none."""
    if isinstance(valeur, str):
        famille = famille_personnelle(valeur)
        return (chemin, famille) if famille is not None else None
    for ou, texte in _textes(valeur, chemin):
        famille = famille_personnelle(texte)
        if famille is not None:
            return ou, famille
    return None


def personnelle(champ: str, famille: str) -> Refus:
    """The refusal of a personal datum found at ``champ``."""
    return Refus("donnees_personnelles", f"{champ} ressemble à une donnée personnelle ({famille}) : à retirer.", champ)


def chemin_de(chemin: str, cle: str, rang: int) -> str:
    """The path of member ``cle``, number ``rang`` of its object: by its rank if its name could tell something."""
    sur = len(cle) <= 40 and cle.isprintable() and famille_personnelle(cle) is None
    nom = cle if sur else f"(champ n° {rang + 1})"
    return f"{chemin}.{nom}" if chemin else nom


def _textes(valeur: Any, chemin: str) -> Iterator[tuple[str, str]]:
    """Every text and whole number of a JSON value with its path, in order; depth is not bounded by the stack."""
    pile: list[tuple[str, Any]] = [(chemin, valeur)]
    while pile:
        ou, v = pile.pop()
        if isinstance(v, str):
            yield ou, v
        elif isinstance(v, dict):
            membres = [(chemin_de(ou, cle, rang), cle, dedans) for rang, (cle, dedans) in enumerate(v.items())]
            for sous_chemin, cle, _ in membres:
                yield sous_chemin, cle
            pile += [(_abrege(sous_chemin), dedans) for sous_chemin, _, dedans in reversed(membres)]
        elif isinstance(v, list):
            pile += [(_abrege(f"{ou}[{rang}]"), dedans) for rang, dedans in reversed(list(enumerate(v)))]
        elif isinstance(v, int) and not isinstance(v, bool):
            yield ou, str(v)
        elif isinstance(v, float) and v.is_integer():
            yield ou, str(int(v))


def _abrege(chemin: str) -> str:
    """A path short enough to be kept, however deep it goes."""
    return chemin if len(chemin) <= TEXTE_MAX else f"{chemin[: TEXTE_MAX - 1]}…"
