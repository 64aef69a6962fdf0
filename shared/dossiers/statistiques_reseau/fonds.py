"""What the network statistics share: reading cells for a question, and the words of their answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.cellules import Cellier, Entiers, Filtre, Selection, liste, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.presentation import NOM_RESEAU
from shared.dossiers.valeurs import Demande, DemandeInvalide, Evaluateur, sur_horloge
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur, exacte
from shared.network.jours import date_de, jour_de
from shared.network.reseau import charger

Document = dict[str, object]

DELAIS = ("delai_quantile", "delai_moyen")
"""Kinds of indicator that say how long closed files took."""

_DERNIER = jour_de(date.max)


class Fonds:
    """The cells of one service, as these statistics read them. ``dictionnaire`` must be loaded (``actualiser``)."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire, evaluateur: Evaluateur) -> None:
        self.schema = schema
        self.dictionnaire = dictionnaire
        self.evaluateur = evaluateur
        self._cellier = Cellier(schema)

    def filtre(self, demande: Demande) -> Filtre | None:
        """Which cells the question is about; None when no event of its process or population ever came."""
        process = self.dictionnaire.connait("process", demande.indicateur.process)
        strates = strates_de(self.dictionnaire, demande.indicateur.population)
        if process is None or strates == ():
            return None
        return Filtre(process, demande.vue, strates, demande.caisse, demande.plateforme, demande.connu)

    def issues(self, noms: Iterable[str]) -> str:
        """SQL: the outcome is one of these."""
        codes = (self.dictionnaire.connait("issue", nom) for nom in noms)
        return f"issue = ANY({liste([code for code in codes if code is not None])})"

    async def sommer(
        self, conn: AsyncConnection, filtre: Filtre, selections: Sequence[Selection], mesures: Sequence[str]
    ) -> dict[str, Entiers]:
        """See ``Cellier.sommer``."""
        return await self._cellier.sommer(conn, filtre, selections, mesures)


def exiger(demande: Demande, genres: Collection[str], quoi: str) -> None:
    """Raises DemandeInvalide when the indicator is of another kind: ``quoi`` says what is needed, in French."""
    if demande.indicateur.genre not in genres:
        raise DemandeInvalide(f"{demande.indicateur.code} n'est pas {quoi}.", "code")


def connu_le(demande: Demande) -> date | None:
    """The past day a question is put as of; None: now."""
    return None if demande.connu is None else date_de(demande.connu)


@cache
def slugs() -> Mapping[int, str]:
    """Name of each caisse, and of the network, by organism code; the network first."""
    return {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}


def bornes(periode: Periode) -> Document:
    """First and last day of a period."""
    return {"du": date_de(periode.du), "au": date_de(periode.au)}


def un_an_avant(periode: Periode) -> Periode:
    """The same period a year before; the last day of a month answers to the last day of that month."""
    return Periode(_recule(periode.du), _recule(min(periode.au + 1, _DERNIER)) - 1)


def _recule(jour: int) -> int:
    le = date_de(jour)
    return jour - 365 if (le.month, le.day) == (2, 29) else jour - (le - date(le.year - 1, le.month, le.day)).days


def avec_reseau(cellules: Mapping[str, Entiers]) -> dict[str, Entiers]:
    """The same rows, once for their caisse and once for the network."""
    double = {nom: np.concatenate([colonne, colonne]) for nom, colonne in cellules.items()}
    double["caisse"] = np.concatenate([np.full_like(cellules["caisse"], RESEAU), cellules["caisse"]])
    return double


def nombre(exact: Fraction | None) -> float | None:
    """An exact number as JSON has it."""
    return None if exact is None else float(exact)


def par_periode(valeurs: Iterable[Valeur], periodes: Iterable[Periode]) -> dict[Periode, dict[int, Valeur]]:
    """Values by period, then by caisse."""
    ranges: dict[Periode, dict[int, Valeur]] = {periode: {} for periode in periodes}
    for valeur in valeurs:
        ranges[valeur.periode][valeur.caisse] = valeur
    return ranges


def fraction_de(valeur: Valeur | None, unite: str) -> Fraction | None:
    """A value as an exact number in its unit; None: not measured."""
    exact = None if valeur is None else exacte(valeur, unite)
    return None if exact is None else Fraction(*exact)


def horloge_de(demande: Demande) -> str:
    """The clock a delay is asked on. Raises DemandeInvalide for one that the indicator does not have."""
    return str(sur_horloge(demande.indicateur, demande.horloge).parametres.get("horloge", "jours_calendaires"))
