"""The values of the whole network over one period, and the rows that are read of it, written once."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec

from shared.catalogue.indicateurs import Indicateur
from shared.dossiers.couvertures import Couverture
from shared.dossiers.presentation import NOM_RESEAU, Ligne, presenter
from shared.dossiers.vues import LIBELLE_RESEAU
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.reseau import charger

Forme = Literal["json", "csv", "csv_fr"]
"""``csv``: RFC 4180, comma and decimal point. ``csv_fr``: semicolon and decimal comma, as French spreadsheets open."""

COLONNES_CSV = (
    "indicateur", "version", "unite", "vue", "caisse", "nom", "du", "au", "valeur", "n", "bas", "haut", "verdict",
    "objectif", "socle", "seuil_alerte", "statut", "reconduite", "hypothese", "rupture", "numerateur", "denominateur",
    "completude", "complet",
)  # fmt: skip

_CIBLE = ("objectif", "socle", "seuil_alerte", "statut", "reconduite", "hypothese")

_OUI_NON = {True: "oui", False: "non"}


class Etat(NamedTuple):
    """What a table was made from: see ``mouvements`` for ``version``, ``entrees.heure_de`` for ``heure``."""

    version: int
    heure: int | None


class Titre(NamedTuple):
    """What the rows of one answer have in common. ``horloge``: another clock than the catalogue's, if one is asked.
    ``connu_le``: the day whose targets judge them; None: today's."""

    indicateur: Indicateur
    vue: str
    horloge: str | None = None
    connu_le: date | None = None


@dataclass(slots=True)
class Tableau:
    """Values of one period. ``valeurs``: what is measured, of every caisse and of the network."""

    periode: Periode
    etat: Etat | None
    valeurs: Sequence[Valeur]
    _lignes: dict[tuple[str | None, Forme], tuple[str, Sequence[bytes]]] = field(default_factory=dict)

    def lignes(
        self, titre: Titre, forme: Forme, couverture: Couverture, organisme: int | None = None
    ) -> Sequence[bytes]:
        """A row for the network, then one for each caisse in the order of ``rangs``, measured or not; or one alone.

        Rows once written stand as long as what they are built on (``couverture``).
        """
        empreinte, ecrites = self._lignes.get((titre.horloge, forme), ("", ()))
        if ecrites and empreinte == couverture.empreinte and titre.connu_le is None:
            return ecrites if organisme is None else [ecrites[rangs()[organisme]]]
        parts = {self.periode: couverture.parts}
        documents = presenter(
            titre.indicateur, self.valeurs, [self.periode], organisme, titre.horloge, titre.connu_le, parts
        )
        lignes = list(map(msgspec.json.encode, documents) if forme == "json" else _en_csv(titre, forme, documents))
        if organisme is None and titre.connu_le is None:
            self._lignes[titre.horloge, forme] = couverture.empreinte, lignes
        return lignes


@cache
def rangs() -> dict[int, int]:
    """Organism code -> rank of its row in a table."""
    return {code: rang for rang, code in enumerate((RESEAU, *(c.code for c in charger().caisses)))}


def entete_csv(forme: Forme) -> bytes:
    """The first line of a CSV; a byte order mark tells a French spreadsheet that it is UTF-8."""
    return (b"\xef\xbb\xbf" if forme == "csv_fr" else b"") + _ligne_csv(COLONNES_CSV, forme)


def _en_csv(titre: Titre, forme: Forme, lignes: Sequence[Ligne]) -> Iterator[bytes]:
    i = titre.indicateur
    noms = {NOM_RESEAU: LIBELLE_RESEAU} | {c.slug: c.nom for c in charger().caisses}
    for ligne in lignes:
        bornes: Any = ligne["intervalle"] or (None, None)
        cible: Any = ligne["cible"] or {}
        part: Any = ligne["completude"] or {}
        communs = (i.code, i.version, i.unite, titre.vue, ligne["caisse"], noms[str(ligne["caisse"])])
        mesure = (ligne["du"], ligne["au"], ligne["valeur"], ligne["n"], *bornes, ligne["verdict"])
        exacts = (ligne["rupture"], ligne["numerateur"], ligne["denominateur"], part.get("taux"), part.get("complet"))
        yield _ligne_csv((*communs, *mesure, *(cible.get(nom) for nom in _CIBLE), *exacts), forme)


def _ligne_csv(champs: Sequence[object], forme: Forme) -> bytes:
    texte = io.StringIO(newline="")
    dits = [_OUI_NON[c] if isinstance(c, bool) else c for c in champs]
    if forme == "csv_fr":
        decimales = (str(c).replace(".", ",") if isinstance(c, float) else c for c in dits)
        csv.writer(texte, delimiter=";").writerow(decimales)
    else:
        csv.writer(texte).writerow(dits)
    return texte.getvalue().encode()
