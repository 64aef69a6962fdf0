"""Reading the keys of a mapping one by one, gathering every fault instead of stopping at the first."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from vigie.importation.erreurs import Faute
from vigie.importation.instants import motif_complet
from vigie.importation.lignes import BOM
from vigie.importation.modele import TOUJOURS, Condition, Moment, gabarit

NUL = ("", "null", "~")
"""How YAML writes nothing."""

_ENCODAGES = re.compile(r"utf-8(-sig)?|ascii|iso8859-\d+|cp\d+|mac-roman|koi8-r")
_TEMOIN = b'\n,;\t|"'

COMPARES_MAX = 500
"""Most names compared to find the close ones: a binary file taken for a CSV may have a million columns."""
CITES_MAX = 30

UN_MOMENT = "une colonne ou un gabarit « {date} {heure} »"

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""The shape of the codes of caisses and platforms."""


def proches(nom: str, connus: Iterable[str]) -> str:
    """ "Vouliez-vous dire … ?" with the closest names, or the first CITES_MAX of them when none is close."""
    liste = sorted(connus)[:COMPARES_MAX]
    voisins = get_close_matches(nom, liste, n=3, cutoff=0.5)
    if voisins:
        return f"Vouliez-vous dire {' ou '.join(voisins)} ?"
    return f"Acceptés : {', '.join(liste[:CITES_MAX])}{'…' if len(liste) > CITES_MAX else ''}."


@dataclass(slots=True)
class Releve:
    """The faults found so far. Each reader returns something usable, so that the rest is still checked."""

    fautes: list[Faute] = field(default_factory=list)

    def faute(self, chemin: str, message: str) -> None:
        self.fautes.append(Faute(chemin, message))

    def texte(self, brut: Any, chemin: str, attendu: str) -> str:
        """A non-empty text; ``attendu`` says what it should be. "" after a fault."""
        if isinstance(brut, str) and brut.strip():
            return brut
        self.faute(chemin, f"il faut {attendu}.")
        return ""

    def table(self, brut: Any, chemin: str, attendu: str) -> dict[str, Any]:
        """A YAML mapping; an absent one is empty. {} after a fault."""
        if brut is None or brut in NUL:
            return {}
        if isinstance(brut, dict) and all(isinstance(cle, str) for cle in brut):
            return brut
        self.faute(chemin, f"il faut {attendu}.")
        return {}

    def choix(self, brut: Any, chemin: str, choix: tuple[str, ...]) -> str:
        if isinstance(brut, str) and brut in choix:
            return brut
        self.faute(chemin, f"{_cite(brut)} n'est pas accepté. {proches(str(brut), choix)}")
        return choix[0]

    def cles(self, brut: dict[str, Any], chemin: str, connues: Iterable[str]) -> None:
        """Every key of ``brut`` that is not among ``connues``."""
        connues = tuple(connues)
        for cle in brut:
            if cle not in connues:
                ici = f"{chemin}.{cle}" if chemin else cle
                self.faute(ici, f"clé inconnue. {proches(cle, connues)}")

    def textes(self, brut: Any, chemin: str, attendu: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        liste = brut if isinstance(brut, list) else [brut]
        if liste and all(isinstance(v, str) for v in liste):
            return tuple(liste)
        self.faute(chemin, f"il faut {attendu}.")
        return ()

    def condition(self, brut: dict[str, Any], chemin: str) -> Condition:
        """``when`` and ``unless`` of a YAML mapping: column -> accepted value, or list of values."""
        if "when" not in brut and "unless" not in brut:
            return TOUJOURS
        return Condition(self._cas(brut, chemin, "when"), self._cas(brut, chemin, "unless"))

    def _cas(self, brut: dict[str, Any], chemin: str, mot: str) -> dict[str, frozenset[str]]:
        ici = f"{chemin}.{mot}" if chemin else mot
        cas = self.table(brut.get(mot), ici, "un mapping {colonne: valeur ou [valeurs]}")
        return {
            colonne: frozenset(v.strip() for v in self.textes(valeurs, f"{ici}.{colonne}", "une valeur ou une liste"))
            for colonne, valeurs in cas.items()
        }

    def format_heure(self, brut: Any, chemin: str) -> str:
        texte = self.texte(brut, chemin, "iso8601, epoch ou un motif strptime (exemple : %d/%m/%Y %H:%M:%S)")
        if texte and texte not in ("iso8601", "epoch") and not motif_complet(texte):
            self.faute(
                chemin,
                f"{_cite(texte)} ne donne pas l'année, le mois et le jour. Acceptés : iso8601, epoch (secondes Unix), "
                "ou un motif strptime complet (exemple : %d/%m/%Y %H:%M:%S).",
            )
        return texte

    def moment(self, brut: Any, chemin: str, format_: str) -> Moment:
        """A column, a template of columns, or {time, when, unless, time_format}."""
        if isinstance(brut, dict):
            self.cles(brut, chemin, ("time", "when", "unless", "time_format"))
            if "time_format" in brut:
                format_ = self.format_heure(brut["time_format"], f"{chemin}.time_format")
            texte = self.texte(brut.get("time"), f"{chemin}.time", UN_MOMENT)
            return Moment(gabarit(texte), format_, self.condition(brut, chemin), chemin)
        texte = self.texte(brut, chemin, f"{UN_MOMENT}, ou {{time: …, when: …, unless: …}}")
        return Moment(gabarit(texte), format_, TOUJOURS, chemin)

    def zone(self, brut: str) -> ZoneInfo:
        try:
            return ZoneInfo(brut)
        except (ValueError, OSError, KeyError):
            self.faute("timezone", f"{_cite(brut)} n'est pas un fuseau (exemples : Europe/Paris, Indian/Reunion).")
            return ZoneInfo("Europe/Paris")

    def encodage(self, brut: str) -> str:
        """A codec that keeps newlines and separators as single ASCII bytes, as the reading of lines needs."""
        try:
            nom = codecs.lookup(brut).name
            lisible = bool(_ENCODAGES.fullmatch(nom)) and '\n,;\t|"'.encode(nom) in (_TEMOIN, BOM + _TEMOIN)
        except (LookupError, UnicodeError, TypeError, ValueError):
            lisible = False
        if not lisible:
            self.faute("encoding", f"{_cite(brut)} n'est pas lu. Exemples : utf-8, cp1252, latin-1.")
            return "utf-8"
        return "utf-8" if nom == "utf-8-sig" else nom


def _cite(brut: Any) -> str:
    return f"« {brut} »" if isinstance(brut, str) else "cette valeur"
