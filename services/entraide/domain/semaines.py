"""Weeks of a horizon: Mondays, ranks from 0, working days."""

from dataclasses import dataclass

from shared.network.calendrier import Calendrier, jour_de_semaine

JOURS = 7


@dataclass(frozen=True, slots=True)
class Horizon:
    """``nombre`` weeks from the Monday ``premier`` (a day number). Raises ValueError on another day of the week."""

    premier: int
    nombre: int

    def __post_init__(self) -> None:
        if jour_de_semaine(self.premier) != 0:
            raise ValueError("Un horizon commence un lundi.")
        if self.nombre < 1:
            raise ValueError("Un horizon compte au moins une semaine.")

    def lundi(self, rang: int) -> int:
        return self.premier + JOURS * rang

    def rang(self, jour: int) -> int:
        """Rank of the week of a day; below 0 or from ``nombre`` on when it is outside."""
        return (jour - self.premier) // JOURS

    def semaines(self, du: int, au: int) -> range:
        """Ranks of the weeks that begin in [du, au]; empty when none does."""
        return range(max(0, self.rang(du + JOURS - 1)), min(self.nombre - 1, self.rang(au)) + 1)

    def jours_ouvres(self, calendrier: Calendrier) -> tuple[int, ...]:
        """Working days of each week."""
        return tuple(calendrier.ouvres_entre(self.lundi(r), self.lundi(r + 1)) for r in range(self.nombre))


def lundi_de(jour: int) -> int:
    """Monday of the week of a day."""
    return jour - jour_de_semaine(jour)
