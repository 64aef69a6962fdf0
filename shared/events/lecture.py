"""Reading one event: bytes in, an ``Evenement`` out or a ``Refus`` that says where and why.

This is on the hot path of ingestion and of every consumer: one pass over the fields, closed lists looked up in
dictionaries built once, the personal-data guard run only on strings that no closed list vouches for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from math import floor
from typing import Any

import msgspec

from shared.catalogue.processus import AUTRE, Processus
from shared.events.contrat import (
    NOMBRE_MAX,
    REVISION_MAX,
    TARD,
    TEXTE_MAX,
    TYPE_DOSSIER,
    TYPE_RETRAIT,
    Contenu,
    Enveloppe,
    Evenement,
    Refus,
)
from shared.events.garde import donnee_personnelle, famille_personnelle

EPOQUE_MIN = int(datetime(1995, 1, 1, tzinfo=UTC).timestamp())
"""Earliest date taken: the working-day calendars begin there."""

AVENIR_MAX = 400 * 86_400
"""Seconds a date may lie after the moment it is recorded: a planned end is possible, the year 2999 is not."""

_ASSURE = re.compile(r"k[0-9a-z]{1,8}\.[A-Za-z0-9_-]{16,64}")
_decoder = msgspec.json.Decoder(Enveloppe)
_NORMAL, _TARDIF, _CORRECTION, _RETRAIT = range(4)


@dataclass(frozen=True, slots=True)
class _Genre:
    """What a type name means: the process and the one jalon it brings (None: several, or a retraction)."""

    process: str
    jalon: str | None
    retrait: bool
    regles: Mapping[str, str]
    attributs: Mapping[str, Mapping[Any, str]]


class Lecteur:
    """Reads the events of the given processes; build one per process (it is stateless but for its tables).

    ``caisses`` maps each slug to its organism code. ``champs_inconnus`` and ``valeurs_autres`` count, per
    (process, field), what was let in without being understood.
    """

    def __init__(self, processus: Iterable[Processus], caisses: Mapping[str, int]) -> None:
        self._caisses = caisses
        self._genres = {type_: genre for p in processus for type_, genre in _genres(p)}
        self.champs_inconnus: dict[tuple[str, str], int] = {}
        self.valeurs_autres: dict[tuple[str, str], int] = {}

    def lire(self, ligne: bytes, enregistre: int) -> Evenement:
        """The event of one JSON line. ``enregistre``: Unix seconds to use when it carries no ``recordedtime``.

        Raises Refus, with the source and id of the event when they could be read.
        """
        try:
            enveloppe = _decoder.decode(ligne)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise _illisible(ligne, exc) from None
        try:
            return self._evenement(enveloppe, enregistre)
        except Refus as refus:
            if len(enveloppe.source) <= TEXTE_MAX and len(enveloppe.id) <= TEXTE_MAX:
                refus.source, refus.id = _propre(enveloppe.source), _propre(enveloppe.id)
            raise

    def _evenement(self, enveloppe: Enveloppe, enregistre: int) -> Evenement:
        genre = self._genres.get(enveloppe.type)
        if genre is None:
            raise self._type_inconnu(enveloppe.type)
        _verifier_enveloppe(enveloppe)
        if enveloppe.recordedtime is not None:
            enregistre = _secondes(enveloppe.recordedtime, "recordedtime")
        contenu = Contenu(0, enveloppe.id, enveloppe.revision)
        if genre.retrait:
            self._retirer(enveloppe, contenu)
            cause = _RETRAIT
        else:
            self._remplir(enveloppe, genre, contenu, enregistre + AVENIR_MAX)
            if enveloppe.revision:
                cause = _CORRECTION
            else:
                cause = _TARDIF if enregistre - contenu.temps > TARD else _NORMAL
        return Evenement(
            genre.process,
            enveloppe.source,
            enveloppe.namespace or enveloppe.source,
            enveloppe.subject,
            contenu,
            enregistre,
            cause,
        )

    def _remplir(self, enveloppe: Enveloppe, genre: _Genre, contenu: Contenu, avenir: int) -> None:
        attributs: dict[str, str] = {}
        jalons: dict[str, int | list[int]] = {}
        for champ, valeur in enveloppe.data.items():
            connus = genre.attributs.get(champ)
            if connus is not None:
                attributs[champ] = self._attribut(connus, genre.process, champ, valeur)
            elif champ == "caisse":
                contenu.caisse = self._caisse(valeur, "data.caisse")
            elif champ == "productrice":
                contenu.productrice = self._caisse(valeur, "data.productrice")
            elif champ == "jalons" and genre.jalon is None:
                jalons = _jalons(valeur, genre.regles, avenir)
            elif champ == "plateforme":
                contenu.plateforme = _texte(valeur if isinstance(valeur, str) else "", "data.plateforme")
            elif champ == "assure":
                contenu.assure = _pseudonyme(valeur)
            elif champ == "nombre":
                contenu.nombre = _nombre(valeur)
            else:
                self._champ_inconnu(genre.process, champ, valeur)
        temps = enveloppe.time
        if genre.jalon is not None:
            if temps is None:
                raise Refus("enveloppe_invalide", "L'attribut time manque : quand le jalon a-t-il eu lieu ?", "time")
            instant = _borne(_secondes(temps, "time"), avenir, "time")
            jalons[genre.jalon] = [instant] if genre.regles[genre.jalon] == "multiple" else instant
        elif temps is not None:
            instant = _borne(_secondes(temps, "time"), avenir, "time")
        else:
            instant = max((t if isinstance(t, int) else t[-1] for t in jalons.values()), default=0)
            if not instant:
                raise Refus("enveloppe_invalide", "Ni time ni jalons : l'événement n'a pas de date.", "time")
        contenu.temps = instant
        contenu.jalons = jalons
        contenu.attributs = attributs

    def _retirer(self, enveloppe: Enveloppe, contenu: Contenu) -> None:
        trouve = donnee_personnelle({k: v for k, v in enveloppe.data.items() if k != "assure"}, "data")
        if trouve is not None:
            raise _personnelle(*trouve)
        cible = enveloppe.data.get("cible")
        if not isinstance(cible, str) or not 0 < len(cible) <= TEXTE_MAX or not cible.isprintable():
            raise Refus(
                "valeur_invalide",
                "Un retrait doit nommer dans data.cible l'id de l'événement retiré.",
                "data.cible",
            )
        contenu.id = cible
        contenu.revision = enveloppe.revision or REVISION_MAX

    def _attribut(self, connus: Mapping[Any, str], process: str, champ: str, valeur: Any) -> str:
        try:
            connu = connus.get(valeur)
        except TypeError:
            raise Refus("valeur_invalide", f"data.{champ} doit être un texte.", f"data.{champ}") from None
        if connu is not None:
            return connu
        if valeur is None:
            return ""
        trouve = donnee_personnelle(valeur, f"data.{champ}")
        if trouve is not None:
            raise _personnelle(*trouve)
        self.valeurs_autres[process, champ] = self.valeurs_autres.get((process, champ), 0) + 1
        return AUTRE

    def _caisse(self, valeur: Any, champ: str) -> int:
        code = self._caisses.get(valeur) if isinstance(valeur, str) else None
        if code is not None:
            return code
        trouve = donnee_personnelle(valeur, champ)
        if trouve is not None:
            raise _personnelle(*trouve)
        proches = get_close_matches(str(valeur)[:TEXTE_MAX], self._caisses, n=3)
        suite = f" Proches : {', '.join(proches)}." if proches else " Exemple : cpam-75."
        raise Refus("caisse_inconnue", f"{champ} : {str(valeur)[:60]!r} n'est pas une caisse du réseau.{suite}", champ)

    def _champ_inconnu(self, process: str, champ: str, valeur: Any) -> None:
        trouve = donnee_personnelle({champ: valeur}, "data")
        if trouve is not None:
            raise _personnelle(*trouve)
        if champ in ("jalons", "cible"):
            raise Refus("valeur_invalide", f"data.{champ} ne va pas avec ce type d'événement.", f"data.{champ}")
        if len(champ) <= 40 and len(self.champs_inconnus) < 1_000:
            self.champs_inconnus[process, champ] = self.champs_inconnus.get((process, champ), 0) + 1

    def _type_inconnu(self, type_: str) -> Refus:
        proches = get_close_matches(type_[:TEXTE_MAX], self._genres, n=3)
        suite = f" Proches : {', '.join(proches)}." if proches else " Attendu : vigie.<processus>.<jalon>.v1."
        return Refus("type_inconnu", f"Type d'événement inconnu : {type_[:80]!r}.{suite}", "type")


def _genres(p: Processus) -> Iterable[tuple[str, _Genre]]:
    attributs = {nom: _variantes(valeurs) for nom, valeurs in p.attributs.items()}
    for jalon in p.jalons:
        yield f"vigie.{p.code}.{jalon}.v1", _Genre(p.code, jalon, False, p.jalons, attributs)
    yield f"vigie.{p.code}.{TYPE_DOSSIER}.v1", _Genre(p.code, None, False, p.jalons, attributs)
    yield f"vigie.{p.code}.{TYPE_RETRAIT}.v1", _Genre(p.code, None, True, p.jalons, attributs)


def _variantes(valeurs: tuple[str, ...]) -> dict[Any, str]:
    """Every JSON value that means one of the closed list: the text, its number, and true/false for oui/non."""
    variantes: dict[Any, str] = {AUTRE: AUTRE, **{v: v for v in valeurs}}
    variantes |= {int(v): v for v in valeurs if v.isdecimal()}
    if {"oui", "non"} <= set(valeurs):
        variantes |= {True: "oui", False: "non"}
    return variantes


def _verifier_enveloppe(enveloppe: Enveloppe) -> None:
    if enveloppe.specversion != "1.0":
        raise Refus("enveloppe_invalide", "specversion doit être « 1.0 ».", "specversion")
    _nom(enveloppe.id, "id")
    _nom(enveloppe.subject, "subject")
    _nom_frequent(enveloppe.source, "source")
    if enveloppe.namespace:
        _nom_frequent(enveloppe.namespace, "namespace")
    if not 0 <= enveloppe.revision <= REVISION_MAX:
        raise Refus("enveloppe_invalide", f"revision doit être entre 0 et {REVISION_MAX}.", "revision")


def _nom(texte: str, champ: str) -> None:
    if not 0 < len(texte) <= TEXTE_MAX:
        raise Refus("enveloppe_invalide", f"{champ} doit avoir de 1 à {TEXTE_MAX} caractères.", champ)
    if not texte.isprintable() or "|" in texte:
        raise Refus("enveloppe_invalide", f"{champ} contient un caractère interdit (contrôle ou « | »).", champ)
    if "@" in texte and famille_personnelle(texte):
        raise _personnelle(champ, "adresse électronique")


_nom_frequent = lru_cache(4096)(_nom)


def _jalons(valeur: Any, regles: Mapping[str, str], avenir: int) -> dict[str, int | list[int]]:
    if not isinstance(valeur, dict):
        raise Refus("valeur_invalide", "data.jalons doit associer un nom de jalon à une date.", "data.jalons")
    lus: dict[str, int | list[int]] = {}
    for nom, dates in valeur.items():
        champ = f"data.jalons.{nom}" if len(nom) <= 40 else "data.jalons"
        regle = regles.get(nom)
        if regle is None:
            if famille := famille_personnelle(nom):
                raise _personnelle("data.jalons", famille)
            proches = get_close_matches(nom, regles, n=2) or list(regles)
            raise Refus("valeur_invalide", f"{champ} : jalon inconnu. Connus : {', '.join(proches)}.", champ)
        if dates is None:
            continue
        if regle == "multiple":
            liste = dates if isinstance(dates, list) else [dates]
            lus[nom] = sorted({_borne(_instant(d, champ), avenir, champ) for d in liste})
            if not lus[nom]:
                del lus[nom]
        else:
            lus[nom] = _borne(_instant(dates, champ), avenir, champ)
    return lus


def _instant(valeur: Any, champ: str) -> int:
    try:
        return _secondes(datetime.fromisoformat(valeur), champ)
    except (ValueError, TypeError):
        if (trouve := donnee_personnelle(valeur, champ)) is not None:
            raise _personnelle(*trouve) from None
        raise Refus("date_invalide", f"{champ} : date illisible. Attendu : 2026-11-03T09:12:44+01:00.", champ) from None


def _secondes(instant: datetime, champ: str) -> int:
    if instant.tzinfo is None:
        raise Refus("date_invalide", f"{champ} : il manque le décalage horaire (Z ou +01:00).", champ)
    return floor(instant.timestamp())


def _borne(secondes: int, avenir: int, champ: str) -> int:
    if EPOQUE_MIN <= secondes <= avenir:
        return secondes
    quand = "avant 1995" if secondes < EPOQUE_MIN else "à plus de 400 jours dans l'avenir"
    raise Refus("date_absurde", f"{champ} : date {quand}.", champ)


@lru_cache(4096)
def _texte(valeur: str, champ: str) -> str:
    if not 0 < len(valeur) <= 40 or not valeur.isprintable():
        raise Refus("valeur_invalide", f"{champ} doit être un texte de 1 à 40 caractères.", champ)
    if (trouve := donnee_personnelle(valeur, champ)) is not None:
        raise _personnelle(*trouve)
    return valeur


def _pseudonyme(valeur: Any) -> str:
    if isinstance(valeur, str) and _ASSURE.fullmatch(valeur):
        return valeur
    if (trouve := donnee_personnelle(valeur, "data.assure")) is not None:
        raise _personnelle(*trouve)
    raise Refus(
        "valeur_invalide",
        "data.assure doit être un pseudonyme k<clé>.<condensat> (HMAC à la clé du réseau), jamais un identifiant.",
        "data.assure",
    )


def _nombre(valeur: Any) -> int:
    if isinstance(valeur, int) and not isinstance(valeur, bool) and 0 < valeur <= NOMBRE_MAX:
        return valeur
    raise Refus("valeur_invalide", f"data.nombre doit être un entier de 1 à {NOMBRE_MAX}.", "data.nombre")


def _personnelle(champ: str, famille: str) -> Refus:
    return Refus("donnees_personnelles", f"{champ} ressemble à une donnée personnelle ({famille}) : à retirer.", champ)


def _propre(texte: str) -> str:
    """An id fit to be kept with a refusal: never a personal datum, never a control character."""
    return "(masqué)" if famille_personnelle(texte) else re.sub(r"[^ -~À-ÿ]", "?", texte)


def _illisible(ligne: bytes, exc: Exception) -> Refus:
    if isinstance(exc, msgspec.ValidationError):
        champ = str(exc).partition("`$.")[2].rstrip("`") or None
        quoi = f"Enveloppe invalide : {exc}."
        try:
            brut = msgspec.json.decode(ligne)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            brut = None
        trouve = donnee_personnelle(brut.get("data"), "data") if isinstance(brut, dict) else None
        return _personnelle(*trouve) if trouve else Refus("enveloppe_invalide", quoi, champ)
    return Refus("json_invalide", f"JSON illisible : {exc}.")
