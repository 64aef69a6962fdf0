"""Reading one event: bytes in, an ``Evenement`` out or a ``Refus`` that says where and why.

This is on the hot path of ingestion and of every consumer: one pass over the fields, closed lists looked up in
dictionaries built once, the personal-data guard run only on strings that no closed list vouches for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from shared.catalogue.processus import AUTRE, Processus
from shared.events.contrat import (
    LIGNE_RECUE_MAX,
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
from shared.events.garde import deux_noms_ordinaires, donnee_personnelle, personnelle
from shared.events.illisible import Illisible, repecher, situer, verifier_taille
from shared.events.instants import AVENIR_MAX, EPOQUE_MAX, instant_de
from shared.events.valeurs import (
    assures,
    caisse_inconnue,
    cible,
    grandeur,
    jalon_inconnu,
    nom,
    nom_frequent,
    nombre,
    plateforme,
    refus_de,
    texte_de,
    type_inconnu,
    verifier_hors_liste,
)

_decoder = msgspec.json.Decoder(Enveloppe)
_CHAMPS_COMPTES = 1_000
"""Most unknown fields counted by name: their names come from outside."""
_CHAMPS = frozenset(("caisse", "productrice", "plateforme", "assure", "nombre", "jalons", "cible"))
"""Fields of ``data`` that every process has."""
NORMAL, TARDIF, CORRECTION, RETRAIT = range(4)


_Regles = Mapping[str, tuple[bool, str]]
"""Jalon -> whether it keeps every date, and its path."""


@dataclass(frozen=True, slots=True)
class _Genre:
    """What a type name means: the process and the one jalon it brings (None: several, or a retraction)."""

    process: str
    jalon: str | None
    multiple: bool
    retrait: bool
    regles: _Regles
    attributs: Mapping[str, Mapping[str, str]]


class Lecteur:
    """Reads the events of the given processes; build one per process (it is stateless but for its tables).

    ``caisses`` maps each slug to its organism code. ``champs_inconnus`` and ``valeurs_autres`` count, per
    (process, field), what was let in without being understood.
    """

    def __init__(self, processus: Iterable[Processus], caisses: Mapping[str, int]) -> None:
        self._caisses = dict(caisses)
        processus = tuple(processus)
        self._genres = {type_: genre for p in processus for type_, genre in _genres(p)}
        self._grandeurs = {(p.code, nom): maximum for p in processus for nom, maximum in p.grandeurs.items()}
        self._slugs, self._types = tuple(self._caisses), tuple(self._genres)
        self.champs_inconnus: dict[tuple[str, str], int] = {}
        self.valeurs_autres: dict[tuple[str, str], int] = {}

    def lire(self, ligne: bytes, enregistre: int) -> Evenement:
        """The event of one JSON line. ``enregistre``: Unix seconds to use when it carries no ``recordedtime``.

        Raises Refus, with the source and id of the event when they could be read.
        """
        if len(ligne) > LIGNE_RECUE_MAX:
            verifier_taille(ligne)
        try:
            enveloppe = _decoder.decode(ligne)
        except Illisible:
            enveloppe = None
        if enveloppe is None:  # outside the handler: what decoding says may quote the line
            enveloppe = repecher(ligne)
        try:
            return self._evenement(enveloppe, enregistre)
        except Refus as refus:
            raise situer(refus, msgspec.structs.asdict(enveloppe)) from None

    def _evenement(self, e: Enveloppe, enregistre: int) -> Evenement:
        genre = self._genres.get(e.type)
        if genre is None:
            raise type_inconnu(e.type, self._types)
        _verifier_noms(e)
        if e.recordedtime is not None:
            enregistre = instant_de(e.recordedtime, "recordedtime", EPOQUE_MAX)
        if genre.retrait:
            contenu, cause = self._retrait(e, genre), RETRAIT
        else:
            dernier = enregistre + AVENIR_MAX
            contenu = self._contenu(e, genre, dernier if dernier < EPOQUE_MAX else EPOQUE_MAX)
            retard = enregistre - contenu.temps
            cause = CORRECTION if contenu.revision else TARDIF if retard > TARD else NORMAL
        return Evenement(genre.process, e.source, e.namespace or e.source, e.subject, contenu, enregistre, cause)

    def _contenu(self, e: Enveloppe, genre: _Genre, dernier: int) -> Contenu:
        jalons: dict[str, int | list[int]] = {}
        attributs: dict[str, str] = {}
        caisse = productrice = combien = 0
        chez = assure = ""
        listes = genre.attributs
        for champ, valeur in e.data.items():
            liste = listes.get(champ)
            if valeur is None:
                if liste is None and champ not in _CHAMPS:
                    self._champ_inconnu(genre.process, champ, valeur)
            elif liste is not None:
                lu = liste.get(valeur) if isinstance(valeur, str) else None
                attributs[champ] = lu or self._hors_liste(liste, genre.process, champ, valeur)
            elif champ == "caisse":
                caisse = self._caisse(valeur, "data.caisse")
            elif champ == "jalons" and genre.jalon is None:
                jalons = _jalons(valeur, genre.regles, dernier)
            elif champ == "assure":
                assure = assures(valeur)
            elif champ == "productrice":
                productrice = self._caisse(valeur, "data.productrice")
            elif champ == "plateforme":
                chez = plateforme(valeur)
            elif champ == "nombre":
                combien = nombre(valeur)
            else:
                self._champ_inconnu(genre.process, champ, valeur)
        temps = _temps(e.time, genre, jalons, dernier)
        return Contenu(0, e.id, e.revision or 0, temps, jalons, caisse, productrice, chez, combien, attributs, assure)

    def _retrait(self, e: Enveloppe, genre: _Genre) -> Contenu:
        donnees = dict(e.data)
        visee = cible(donnees.pop("cible", None))
        if donnees.get("assure") is not None:
            assures(donnees.pop("assure"))
        for champ, valeur in donnees.items():
            if champ in _CHAMPS or champ in genre.attributs:
                _garder(valeur, f"data.{champ}")
            else:
                self._champ_inconnu(genre.process, champ, valeur)
        if e.time is not None:
            instant_de(e.time, "time", EPOQUE_MAX)
        return Contenu(0, visee, e.revision or REVISION_MAX)

    def _hors_liste(self, liste: Mapping[str, str], process: str, champ: str, valeur: Any) -> str:
        if not liste:
            return grandeur(valeur, f"data.{champ}", self._grandeurs[process, champ])
        texte = texte_de(valeur)
        lu = None if texte is None else liste.get(texte)
        if lu is not None:
            return lu
        verifier_hors_liste(valeur, f"data.{champ}")
        self.valeurs_autres[process, champ] = self.valeurs_autres.get((process, champ), 0) + 1
        return AUTRE

    def _caisse(self, valeur: Any, champ: str) -> int:
        code = self._caisses.get(valeur) if isinstance(valeur, str) else None
        if code is None:
            raise caisse_inconnue(valeur, champ, self._slugs)
        return code

    def _champ_inconnu(self, process: str, champ: str, valeur: Any) -> None:
        cle = (process, champ)
        compte = self.champs_inconnus.get(cle)
        if compte is not None:
            _garder(valeur, f"data.{champ}")
            self.champs_inconnus[cle] = compte + 1
            return
        _garder({champ: valeur}, "data")
        if champ in _CHAMPS:
            raise Refus("valeur_invalide", f"data.{champ} ne va pas avec ce type d'événement.", f"data.{champ}")
        if len(champ) <= 40 and len(self.champs_inconnus) < _CHAMPS_COMPTES:
            self.champs_inconnus[cle] = 1


def _garder(valeur: Any, chemin: str) -> None:
    trouve = donnee_personnelle(valeur, chemin)
    if trouve is not None:
        raise personnelle(*trouve)


def _genres(p: Processus) -> Iterable[tuple[str, _Genre]]:
    listes: dict[str, Mapping[str, str]] = {
        nom: {AUTRE: AUTRE, **{v: v for v in valeurs}} for nom, valeurs in p.attributs.items()
    }
    listes |= {nom: {} for nom in p.grandeurs}  # no list: ``_hors_liste`` reads the number
    regles = {jalon: (regle == "multiple", f"data.jalons.{jalon}") for jalon, regle in p.jalons.items()}
    for jalon, (multiple, _) in regles.items():
        yield f"vigie.{p.code}.{jalon}.v1", _Genre(p.code, jalon, multiple, False, regles, listes)
    yield f"vigie.{p.code}.{TYPE_DOSSIER}.v1", _Genre(p.code, None, False, False, regles, listes)
    yield f"vigie.{p.code}.{TYPE_RETRAIT}.v1", _Genre(p.code, None, False, True, regles, listes)


def _verifier_noms(e: Enveloppe) -> None:
    ensemble = f"{e.id}|{e.subject}"
    if len(ensemble) > TEXTE_MAX or not deux_noms_ordinaires(ensemble):
        nom(e.id, "id")
        nom(e.subject, "subject")
    nom_frequent(e.source, "source")
    if e.namespace:
        nom_frequent(e.namespace, "namespace")
    if e.datacontenttype is not None:
        nom_frequent(e.datacontenttype, "datacontenttype")
    if e.revision is not None and not 0 <= e.revision <= REVISION_MAX:
        raise Refus("enveloppe_invalide", f"revision doit être entre 0 et {REVISION_MAX}.", "revision")


def _temps(temps: str | None, genre: _Genre, jalons: dict[str, int | list[int]], dernier: int) -> int:
    """When the event happened: ``time``, or the latest of its milestones; adds a single milestone to ``jalons``."""
    if temps is not None:
        instant = instant_de(temps, "time", dernier)
        if genre.jalon is not None:
            jalons[genre.jalon] = [instant] if genre.multiple else instant
        return instant
    if genre.jalon is not None:
        raise Refus("enveloppe_invalide", "L'attribut time manque : quand le jalon a-t-il eu lieu ?", "time")
    if not jalons:
        raise Refus("enveloppe_invalide", "Ni time ni jalons : l'événement n'a pas de date.", "time")
    return max(t if isinstance(t, int) else t[-1] for t in jalons.values())


def _jalons(valeur: Any, regles: _Regles, dernier: int) -> dict[str, int | list[int]]:
    if not isinstance(valeur, dict):
        raise refus_de(valeur, "data.jalons doit associer un nom de jalon à une date.", "data.jalons")
    lus: dict[str, int | list[int]] = {}
    for jalon, dates in valeur.items():
        regle = regles.get(jalon)
        if regle is None:
            raise jalon_inconnu(jalon, tuple(regles))
        multiple, champ = regle
        if multiple:
            liste = dates if isinstance(dates, list) else [dates]
            instants = sorted({instant_de(date, champ, dernier) for date in liste if date is not None})
            if instants:
                lus[jalon] = instants
        elif dates is not None:
            lus[jalon] = instant_de(dates, champ, dernier)
    return lus
