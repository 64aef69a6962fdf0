"""Pôles read from a CSV file: a bad line is refused with its number, its column and the reason; the others are kept.

Columns, in any order: ``cle``, ``caisse``, ``process``, ``etp``, and, if there are any, ``voies``, ``remises``,
``couloirs``, ``exceptions``, ``productivites``, ``montee``, ``hypothese``, ``source``. Several values in a cell are
separated by ``|``; ``exceptions`` are ``2026-12-21=0``, ``productivites`` are ``ij=4600``. The separator is ``;`` when
the first line has one, and decimals then may have a comma. Pure.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from math import isfinite
from typing import Any

from services.entraide.poles.description import Description, fautes, normaliser

OBLIGATOIRES = ("cle", "caisse", "process", "etp")


class FichierIllisible(ValueError):
    """Nothing of the file can be read; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class LigneRefusee:
    """``ligne`` from 1, the header being 1; ``colonne`` None: the line as a whole."""

    ligne: int
    colonne: str | None
    raison: str


@dataclass(frozen=True, slots=True)
class LigneLue:
    ligne: int
    pole: Description


def lire_csv(texte: str) -> tuple[list[LigneLue], list[LigneRefusee]]:
    """The pôles of a file, by line, and the lines refused. Raises FichierIllisible."""
    entete = texte.lstrip("\ufeff").partition("\n")[0]
    separateur = ";" if ";" in entete else ","
    lecteur = csv.DictReader(io.StringIO(texte.lstrip("\ufeff"), newline=""), delimiter=separateur, strict=True)
    colonnes = [(nom or "").strip() for nom in lecteur.fieldnames or ()]
    manquantes = [nom for nom in OBLIGATOIRES if nom not in colonnes]
    inconnues = [nom for nom in colonnes if nom not in _LECTURES]
    if manquantes or inconnues:
        dites = [f"il manque {', '.join(manquantes)}"] if manquantes else []
        dites += [f"colonnes inconnues : {', '.join(inconnues) or '(sans nom)'}"] if inconnues else []
        raise FichierIllisible(f"Première ligne : {' ; '.join(dites)}. Colonnes : {', '.join(_LECTURES)}.")
    lecteur.fieldnames = colonnes
    lues: list[LigneLue] = []
    refusees: list[LigneRefusee] = []
    vues: dict[str, int] = {}
    try:
        for brute in lecteur:
            numero = lecteur.line_num
            pole = _lire_ligne(numero, brute, refusees)
            if pole is None:
                continue
            if pole.cle in vues:
                refusees.append(LigneRefusee(numero, "cle", f"« {pole.cle} » est déjà à la ligne {vues[pole.cle]}."))
                continue
            vues[pole.cle] = numero
            lues.append(LigneLue(numero, pole))
    except csv.Error as exc:
        raise FichierIllisible(f"Ligne {lecteur.line_num} : ce n'est pas du CSV ({exc}).") from None
    return lues, refusees


def _lire_ligne(numero: int, brute: Mapping[str | None, Any], refusees: list[LigneRefusee]) -> Description | None:
    if None in brute or None in brute.values():
        refusees.append(LigneRefusee(numero, None, "la ligne n'a pas autant de cases que l'en-tête."))
        return None
    valeurs: dict[str, Any] = {}
    avant = len(refusees)
    for nom, case in brute.items():
        assert nom is not None
        texte = case.strip()
        if not texte and nom not in OBLIGATOIRES:
            continue
        try:
            valeurs[nom] = _LECTURES[nom](texte)
        except ValueError as exc:
            refusees.append(LigneRefusee(numero, nom, str(exc)))
    if len(refusees) > avant:
        return None
    pole = Description(**valeurs)
    trouvees = fautes(pole)
    refusees += [LigneRefusee(numero, f.champ, f.raison) for f in trouvees]
    return None if trouvees else normaliser(pole)


def _nombre(texte: str) -> float:
    try:
        valeur = float(texte.replace(",", ".").replace("\u202f", "").replace(" ", ""))
    except ValueError:
        raise ValueError(f"« {texte} » n'est pas un nombre.") from None
    if not isfinite(valeur):
        raise ValueError(f"« {texte} » n'est pas un nombre.")
    return valeur


def _liste(texte: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in texte.split("|") if part.strip()))


def _nombres(texte: str) -> tuple[float, ...]:
    return tuple(_nombre(part.strip()) for part in texte.split("|"))


def _paires(texte: str) -> dict[str, float]:
    paires = {}
    for part in _liste(texte):
        nom, egal, valeur = part.partition("=")
        if not egal:
            raise ValueError(f"« {part} » : écrivez nom=nombre.")
        paires[nom.strip()] = _nombre(valeur.strip())
    return paires


def _exceptions(texte: str) -> dict[date, float]:
    paires = _paires(texte)
    try:
        return {date.fromisoformat(jour): etp for jour, etp in paires.items()}
    except ValueError:
        raise ValueError(f"« {texte} » : un lundi s'écrit AAAA-MM-JJ.") from None


def _oui(texte: str) -> bool:
    if texte.lower() not in ("oui", "non"):
        raise ValueError(f"« {texte} » : oui ou non.")
    return texte.lower() == "oui"


_LECTURES: Mapping[str, Callable[[str], Any]] = {
    "cle": str,
    "caisse": str,
    "process": _liste,
    "etp": _nombre,
    "voies": _liste,
    "remises": _liste,
    "couloirs": _liste,
    "exceptions": _exceptions,
    "productivites": _paires,
    "montee": _nombres,
    "hypothese": _oui,
    "source": str,
}
"""How each column is read; ValueError says what is wrong, in French."""

assert set(_LECTURES) == {f.name for f in fields(Description)}
