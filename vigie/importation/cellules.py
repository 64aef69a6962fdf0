"""The parts of a mapping as functions of the cells of one row, once the place of each column is known."""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from shared.catalogue.processus import AUTRE
from shared.events.contrat import NOMBRE_MAX
from vigie.importation.champs import SLUG
from vigie.importation.modele import Attribut, Condition, Gabarit
from vigie.importation.resultats import Raison

Cellules = list[str]
Rangs = dict[str, int]
"""Column -> its place in the row."""

CITE_MAX = 40
"""Most characters of a cell that a message repeats."""


class Refus(Exception):
    """This row makes no event; becomes a RejetLigne."""

    def __init__(self, raison: Raison, message: str) -> None:
        super().__init__(message)
        self.raison = raison
        self.message = message


def cite(texte: str) -> str:
    return f"« {texte[:CITE_MAX]}… »" if len(texte) > CITE_MAX else f"« {texte} »"


def nomme(colonnes: tuple[str, ...]) -> str:
    """ "Colonne « a »" or "Colonnes « a », « b »", to begin a message with."""
    return ("Colonne " if len(colonnes) == 1 else "Colonnes ") + ", ".join(f"« {c} »" for c in colonnes)


def texte_de(gabarit: Gabarit, rangs: Rangs) -> Callable[[Cellules], str]:
    """The text of a column or template; "" as soon as one of its cells is empty."""
    forme = gabarit.forme
    prendre = itemgetter(*(rangs[c] for c in gabarit.colonnes))
    if forme == "%s":
        return prendre
    if not gabarit.compose:
        return lambda cellules: forme % prendre(cellules) if prendre(cellules) else ""

    def composer(cellules: Cellules) -> str:
        parts = prendre(cellules)
        return forme % parts if all(parts) else ""

    return composer


def condition_de(condition: Condition, rangs: Rangs) -> Callable[[Cellules], bool] | None:
    """Whether a row is meant; None when every row is."""
    voulu = [(rangs[c], valeurs) for c, valeurs in condition.voulu.items()]
    exclu = [(rangs[c], valeurs) for c, valeurs in condition.exclu.items()]
    if not voulu and not exclu:
        return None

    def remplie(cellules: Cellules) -> bool:
        for rang, valeurs in voulu:
            if cellules[rang] not in valeurs:
                return False
        for rang, valeurs in exclu:
            if cellules[rang] not in valeurs:
                return True
        return not exclu

    return remplie


def attribut_de(
    attribut: Attribut, rangs: Rangs, connue: Callable[[str], str | list[str] | None]
) -> Callable[[Cellules], tuple[str | list[str] | None, bool]]:
    """The value of an attribute (None: say nothing) and whether another stands in for what the file says.

    ``connue`` gives the value as it may leave, None when it is not understood, and raises Refus.
    """
    rang, defaut, table = rangs[attribut.colonne], attribut.defaut, attribut.valeurs
    remplie = condition_de(attribut.condition, rangs)

    @lru_cache(8_192)
    def traduire(brut: str) -> tuple[str | list[str] | None, bool]:
        if table is not None and brut in table:
            return table[brut], False
        if table is not None and defaut is not None:
            return defaut, True
        valeur = connue(brut)
        return (AUTRE, True) if valeur is None else (valeur, False)

    def lire(cellules: Cellules) -> tuple[str | list[str] | None, bool]:
        brut = cellules[rang]
        if not brut or (remplie is not None and not remplie(cellules)):
            return defaut, False
        return traduire(brut)

    return lire


def de_la_liste(liste: tuple[str, ...]) -> Callable[[str], str | None]:
    """For an attribute with a closed list: what is not in it must not leave, it may be a name."""
    permis = frozenset((*liste, AUTRE))
    return lambda brut: brut if brut in permis else None


def code_du_reseau(attribut: Attribut) -> Callable[[str], str]:
    """For a caisse or a platform: a code, or the row is refused, since a free text may be a name."""

    def code(brut: str) -> str:
        if SLUG.fullmatch(brut):
            return brut
        raise Refus(
            "code_invalide",
            f"{nomme((attribut.colonne,))} : {cite(brut)} n'est pas un code de {attribut.nom} ; "
            f"traduisez-le dans values.{attribut.nom} ou donnez un défaut (defaults.{attribut.nom}).",
        )

    return code


def nombre_de(colonne: str, rangs: Rangs) -> Callable[[Cellules], int]:
    """How many alike items a row stands for: an integer from 0 to NOMBRE_MAX. Raises Refus."""
    rang = rangs[colonne]

    def lire(cellules: Cellules) -> int:
        brut = cellules[rang]
        if brut.isascii() and brut.isdecimal() and len(brut) <= 18 and int(brut) <= NOMBRE_MAX:
            return int(brut)
        raise Refus("nombre_invalide", f"{nomme((colonne,))} : {cite(brut)} n'est pas un entier de 0 à {NOMBRE_MAX}.")

    return lire
