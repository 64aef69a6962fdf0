"""Calendar months, and the day on which the month before is judged: a working day of the network."""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from shared.network.calendrier import Calendrier
from shared.network.jours import date_de, jour_de

RANG_DE_PREPARATION = 5
"""Working day of the month on which the month before is judged: configuration, no source gives it."""

_FORME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class MoisInvalide(ValueError):
    """Not a month; ``str()`` is a French sentence."""


class Mois(NamedTuple):
    """A calendar month. ``str()`` is ``2026-10``."""

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

    def depuis(self, autre: "Mois") -> int:
        """How many months later than another."""
        return (self.annee - autre.annee) * 12 + self.numero - autre.numero

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
def calendrier_du_reseau() -> Calendrier:
    """The network sits at the Cnam: holidays of Métropole."""
    return Calendrier("Métropole")


def jour_de_preparation(mois: Mois, rang: int = RANG_DE_PREPARATION) -> date:
    """The day on which a month is judged: the ``rang``-th working day of the next. Raises ValueError, in French,
    when it has fewer."""
    suivant = mois.plus(1)
    return date_de(calendrier_du_reseau().nieme_ouvre_du_mois(suivant.annee, suivant.numero, rang))
