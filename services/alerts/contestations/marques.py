"""« Contestée »: what is said of a figure, wherever it is shown, while the comité has not answered. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Marque:
    """One contestation that waits for its answer."""

    numero: int
    caisse: str
    indicateur: str
    du: date
    au: date
    deposee_le: date

    @property
    def phrase(self) -> str:
        return f"Contesté par la caisse le {self.deposee_le:%d/%m/%Y} (contestation n° {self.numero}, sans réponse)."


def contestee(marques: Iterable[Marque], caisse: str, code: str, du: date, au: date) -> Mapping[str, Any] | None:
    """What to show beside a figure of these days, both in: any common day is enough. None: nobody contests it."""
    siennes = [m for m in marques if (m.caisse, m.indicateur) == (caisse, code) and m.du <= au and du <= m.au]
    if not siennes:
        return None
    return {
        "contestations": [m.numero for m in siennes],
        "depuis": min(m.deposee_le for m in siennes).isoformat(),
        "phrase": " ".join(m.phrase for m in siennes),
    }
