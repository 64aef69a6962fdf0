"""French typography: numbers, dates, months and sentences as a French reader expects them printed."""

import math
import re
from datetime import date, datetime

FINE = "\u202f"
"""Narrow no-break space: before ; ! ? % and between thousands."""
INSECABLE = "\u00a0"
"""No-break space: before a colon, inside guillemets, between a number and its word."""

MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_MOIS_COURTS = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip
_ARRONDI_MAX = 3
_UNITES_COLLEES = {"%": "%", "s": "s"}
_REGLES = (
    (re.compile(r"[ \u00a0\u202f]*([;!?:]*[;!?])(?=\s|$|»|\))"), FINE + r"\1"),
    (re.compile(r"[ \u00a0\u202f]*([;!?:]*:)(?=\s|$|»)"), INSECABLE + r"\1"),
    (re.compile(r"«[ \u00a0\u202f]*"), "«" + INSECABLE),
    (re.compile(r"[ \u00a0\u202f]*»"), INSECABLE + "»"),
    (re.compile(r"(?<=\d)[ \u00a0\u202f]*%"), FINE + "%"),
    (re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), FINE),
    (re.compile(r"'"), "’"),
)  # fmt: skip


def jour(valeur: date) -> str:
    """« 1er mars 2026 », « 20 novembre 2026 », kept on one line."""
    numero = "1er" if valeur.day == 1 else str(valeur.day)
    return INSECABLE.join((numero, MOIS[valeur.month - 1], str(valeur.year)))


def mois(valeur: date) -> str:
    """« octobre 2026 »."""
    return f"{MOIS[valeur.month - 1]}{INSECABLE}{valeur.year}"


def du_mois(en_clair: str) -> str:
    """« d’octobre 2026 », « de mars 2026 », from « octobre 2026 »."""
    texte = phrase(en_clair).replace(" ", INSECABLE)
    return ("d’" if texte[:1].lower() in "aeiouyé" else "de ") + texte


def mois_court(valeur: date) -> str:
    """« oct. »: for the axis of a chart."""
    return _MOIS_COURTS[valeur.month - 1]


def instant(valeur: datetime) -> str:
    """« 9 novembre 2026 à 14 h 05 », in the zone the instant carries."""
    return f"{jour(valeur.date())} à {valeur.hour}{INSECABLE}h{INSECABLE}{valeur.minute:02d}"


def nombre(valeur: float, decimales: int = 1) -> str:
    """« 1 234,5 »: decimal comma, narrow spaces, no useless zero."""
    texte = f"{valeur:,.{decimales}f}"
    if "." in texte:
        texte = texte.rstrip("0").rstrip(".")
    texte = "0" if texte == "-0" else texte
    return texte.replace(",", FINE).replace(".", ",").replace("-", "\u2212")


def decimales_utiles(valeur: float, borne: float | None) -> int:
    """Fewest decimals, from one, that do not print a value as the bound it differs from."""
    for decimales in range(1, _ARRONDI_MAX):
        if borne is None or valeur == borne or nombre(valeur, decimales) != nombre(borne, decimales):
            return decimales
    return _ARRONDI_MAX


def grandeur(valeur: float, unite: str, decimales: int = 1) -> str:
    """A number with its unit: « 87,4 % », « 31,2 jours », « 1 jour »."""
    texte = nombre(valeur, decimales)
    if unite in _UNITES_COLLEES:
        return texte + FINE + unite
    mots = unite.removesuffix("s") if abs(round(valeur, decimales)) < 2 and unite != "jours ouvrés" else unite
    return texte + INSECABLE + mots


def intervalle(bas: float | None, haut: float | None, unite: str) -> str:
    """« entre 85,1 et 89,9 % »; one bound alone: « au moins… », « au plus… »; none, or twice the same: empty."""
    bas, haut = (None if b is None or not math.isfinite(b) else b for b in (bas, haut))
    if bas is not None and haut is not None and nombre(bas) == nombre(haut):
        return ""
    if bas is not None and haut is not None:
        return f"entre {nombre(bas)} et {grandeur(haut, unite)}"
    if bas is not None:
        return f"au moins {grandeur(bas, unite)}"
    return "" if haut is None else f"au plus {grandeur(haut, unite)}"


def en_cours_de_phrase(texte: str) -> str:
    """A label inside a sentence: « délai de… », but « IJ… » as it is."""
    return texte[:1].lower() + texte[1:] if texte[1:2].islower() else texte


def phrase(texte: str) -> str:
    """A sentence written by a person or a program, with French spaces, guillemets and apostrophes."""
    for motif, remplacement in _REGLES:
        texte = motif.sub(remplacement, texte)
    return texte.strip()
