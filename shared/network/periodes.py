"""Periods of validity as data files write them: ``du`` and ``au`` are both in; without ``au``, no end."""

from datetime import date
from typing import Any, NamedTuple

from shared.network.jours import en_clair, jour_de


class Periode(NamedTuple):
    """First and last day numbers; ``au`` is None when the period has no end."""

    du: int
    au: int | None

    def contient(self, jour: int) -> bool:
        return self.du <= jour and (self.au is None or jour <= self.au)

    def recouvre(self, autre: "Periode") -> bool:
        """Whether some day is in both."""
        return (autre.au is None or self.du <= autre.au) and (self.au is None or autre.du <= self.au)

    def __str__(self) -> str:
        debut = f"du {en_clair(self.du)}"
        return f"{debut} au {en_clair(self.au)}" if self.au is not None else f"à partir {debut}"


def periode_de(du: Any, au: Any = None) -> Periode:
    """A period from two dates as YAML reads them. Raises ValueError, in French, if they make none."""
    if not isinstance(du, date) or not (au is None or isinstance(au, date)):
        raise ValueError(f"dates attendues sous la forme AAAA-MM-JJ, et non « {du} » et « {au} »")
    if au is not None and au < du:
        raise ValueError(f"la fin ({au:%d/%m/%Y}) est avant le début ({du:%d/%m/%Y})")
    return Periode(jour_de(du), None if au is None else jour_de(au))
