"""The year or the month a summary is about. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.alerts.comite.calendrier import Mois, MoisInvalide, lire_mois

_ANNEE = re.compile(r"(19|20)\d{2}", re.ASCII)


class Periode(NamedTuple):
    """Months of comités, ``premier`` to ``dernier``, both in: twelve of a year, or one. ``str()`` as in the path."""

    premier: Mois
    dernier: Mois

    def __str__(self) -> str:
        return str(self.premier) if self.premier == self.dernier else f"{self.premier.annee:04d}"

    @property
    def en_clair(self) -> str:
        return self.premier.en_clair if self.premier == self.dernier else f"année {self.premier.annee}"

    @property
    def du(self) -> date:
        return self.premier.du

    @property
    def au(self) -> date:
        return self.dernier.au

    @property
    def mois(self) -> Sequence[Mois]:
        return [self.premier] if self.premier == self.dernier else [Mois(self.premier.annee, n) for n in range(1, 13)]


def lire_periode(texte: str) -> Periode:
    """Of ``2026`` or ``2026-10``. Raises MoisInvalide."""
    if _ANNEE.fullmatch(texte):
        return Periode(Mois(int(texte), 1), Mois(int(texte), 12))
    try:
        mois = lire_mois(texte)
    except MoisInvalide:
        raise MoisInvalide(f"« {texte} » n'est ni une année (2026) ni un mois (2026-10).") from None
    return Periode(mois, mois)
