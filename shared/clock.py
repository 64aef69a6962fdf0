"""The one clock every service asks: the system's, or a simulated one.

Nothing else in Vigie reads the time of day. Days recorded, silences, deadlines and schedules all follow
this clock, so that eight months replayed in a minute behave as eight months.
"""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a room asks for the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    @property
    def reglee(self) -> bool:
        """Whether it tells the present: a simulated clock does once it has been told the time."""
        ...


class SystemClock:
    """The machine's own clock."""

    reglee = True

    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is told the time; it never goes back."""

    def __init__(self, start: datetime, *, reglee: bool = True) -> None:
        self._now = start.astimezone(UTC)
        self.reglee = reglee

    def now(self) -> datetime:
        return self._now

    def advance_to(self, instant: datetime) -> None:
        """Move to ``instant`` (aware). An earlier instant is ignored: time never goes back."""
        self._now = max(self._now, instant.astimezone(UTC))
        self.reglee = True
