"""The simulator's clock: the machine's, which a control can stop or set forward."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def machine_time() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


@dataclass
class Clock:
    """What time it is for messages, limits and callbacks.

    Keys' tokens are held against `machine`, not `now`: whoever signs them does not know that a
    control has set this clock forward.
    """

    machine: Callable[[], datetime] = machine_time
    ahead: timedelta = field(default_factory=timedelta)
    frozen_at: datetime | None = None

    def now(self) -> datetime:
        """Return the simulated time, with a zone."""
        return self.frozen_at or self.machine() + self.ahead

    def advance(self, by: timedelta) -> None:
        """Set the clock forward."""
        if self.frozen_at is None:
            self.ahead += by
        else:
            self.frozen_at += by

    def freeze(self) -> None:
        """Stop the clock where it is; `advance` still moves it."""
        self.frozen_at = self.now()

    def thaw(self) -> None:
        """Let a stopped clock go on from where it stands."""
        if self.frozen_at is not None:
            self.ahead = self.frozen_at - self.machine()
            self.frozen_at = None


def stamp(at: datetime) -> str:
    """Return a time as the service writes it: 2026-06-01T09:30:00.000000Z. It sorts as text."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_stamp(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
