"""The month a comité judges, and the day it is prepared on: a working day of the month after."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.network.calendrier import Calendrier
from shared.network.jours import date_de, jour_de

FUSEAU = ZoneInfo("Europe/Paris")
"""Where the day of the network is read."""

RANG_PAR_DEFAUT = 5
"""Working day of the month on which the month before is prepared: configuration, no source gives it."""

_FORME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class MoisInvalide(ValueError):
    """Not a month; ``str()`` is a French sentence."""


class Mois(NamedTuple):
    """A calendar month. ``str()`` is ``2026-10``, which names its comité."""

    annee: int
    numero: int

    def __str__(self) -> str:
        return f"{self.annee:04d}-{self.numero:02d}"

    @property
    def du(self) -> date:
        return date(self.annee, self.numero, 1)

    @property
    def au(self) -> date:
        return date_de(jour_de(self.plus(1).du) - 1)

    def plus(self, mois: int) -> "Mois":
        """The month so many months later; before, when negative."""
        annee, rang = divmod(self.annee * 12 + self.numero - 1 + mois, 12)
        return Mois(annee, rang + 1)

    @property
    def en_clair(self) -> str:
        """« octobre 2026 »."""
        return f"{_NOMS[self.numero - 1]} {self.annee}"


_NOMS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


def lire_mois(texte: str) -> Mois:
    """The month written ``2026-10``. Raises MoisInvalide."""
    trouve = _FORME.fullmatch(texte)
    if trouve is None or not 1996 <= int(trouve[1]) <= 2044:
        raise MoisInvalide(f"« {texte} » n'est pas un mois : écrivez-le AAAA-MM, par exemple 2026-10.")
    return Mois(int(trouve[1]), int(trouve[2]))


def mois_de(jour: date) -> Mois:
    return Mois(jour.year, jour.month)


@lru_cache(maxsize=1)
def _calendrier() -> Calendrier:
    """The comité sits at the Cnam: holidays of Métropole."""
    return Calendrier("Métropole")


def jour_de_preparation(mois: Mois, rang: int = RANG_PAR_DEFAUT) -> date:
    """The day on which a month is prepared: the ``rang``-th working day of the next. Raises ValueError, in French,
    when it has fewer."""
    suivant = mois.plus(1)
    return date_de(_calendrier().nieme_ouvre_du_mois(suivant.annee, suivant.numero, rang))


def dernier_a_preparer(instant: datetime, rang: int = RANG_PAR_DEFAUT) -> Mois:
    """The newest month whose day of preparation has come, that day in; a clock that jumped misses the others."""
    jour = instant.astimezone(FUSEAU).date()
    precedent = mois_de(jour).plus(-1)
    return precedent if jour >= jour_de_preparation(precedent, rang) else precedent.plus(-1)


def est_fini(mois: Mois, instant: datetime) -> bool:
    """Whether its last day is over, in Paris."""
    return instant.astimezone(FUSEAU).date() > mois.au


def apres_jours_ouvres(jour: date, nombre: int) -> date:
    """The deadline so many working days after a day."""
    return date_de(_calendrier().ajouter_ouvres(jour_de(jour), nombre))
