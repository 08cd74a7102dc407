"""The pages under load: a million people and 200,000 flags in a store, fifty caseworkers at once,
with the load on the same machine. Pages, refusals and what is kept are counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from nostop.app.bench_faults.arena import DATABASES
from nostop.app.bench_web.base import Base, load_base, make_base
from nostop.app.bench_web.counted import Kept, kept
from nostop.app.bench_web.figures import figures_of
from nostop.app.bench_web.population import Crowd, multiply
from nostop.app.bench_web.staff import Staff, staff_of
from nostop.app.bench_web.store import store_at
from nostop.app.bench_web.strain import Pace, Strain, strained
from nostop.app.figures import Figure
from nostop.app.opened import opened
from nostop.app.stages import Listener, stage
from nostop.model import SettingsError

__all__ = ["DATABASES", "POSTGRESQL", "Sizes", "web_bars"]

#: The address of an empty PostgreSQL; where it is not set, the bench starts one.
POSTGRESQL = "NOSTOP_BENCH_POSTGRESQL"
#: Schemes of a small bench: a handful that finds something for many.
_FEW_SCHEMES = ("child_benefit", "pension_credit", "universal_credit", "winter_fuel_payment")
_SMALL = 10_000
_BASE_PEOPLE = 2_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is, and for how long it is used.

    people: ids in the store. flags: at least so many. caseworkers: at work at once, one in twenty
    of them a senior; besides them three others. seconds: of load. think: mean seconds before each
    click. races: cases that two decide at once.
    """

    people: int = 1_000_000
    flags: int = 200_000
    caseworkers: int = 50
    seconds: float = 120.0
    think: float = 10.0
    races: int = 200

    @property
    def is_small(self) -> bool:
        """Whether it is to try the bench out."""
        return self.people < _SMALL


def web_bars(
    sizes: Sizes, databases: Sequence[str], rules: Path, listener: Listener
) -> list[Figure]:
    """Serve a store of each kind, work on it as officials do, and measure.

    Raises:
        SettingsError: this is not Linux, a database cannot be had, or the server does not start.
    """
    if not Path("/proc/self/stat").is_file():
        raise SettingsError("bench web: reads processor time from /proc, so it needs Linux")
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="nostop-bench-") as name:
        schemes = _FEW_SCHEMES if sizes.is_small else None
        people = min(_BASE_PEOPLE, max(120, sizes.people // 50))
        base = Base(Path(name), rules, people, schemes)
        with stage("Making a small run", listener) as told:
            make_base(base)
            told.detail = f"{people:,} people who do not exist"
        for kind in databases:
            folder = Path(name) / kind
            folder.mkdir()
            with store_at(kind, folder, POSTGRESQL) as url:
                figures.extend(_measured(kind, url, base, sizes, listener))
    return figures


def _measured(
    kind: str, url: str, base: Base, sizes: Sizes, listener: Listener
) -> Iterator[Figure]:
    with opened(url) as engine:
        begun = perf_counter()
        at = datetime.now(UTC)
        with stage(f"Filling the store, {kind}", listener) as told:
            load_base(engine, base, at)
            staff = staff_of(engine, sizes.caseworkers, at)
            crowd = Crowd(sizes.people, sizes.flags, staff.workers)
            units, flags = multiply(engine, crowd, at)
            told.detail = f"{units:,} cases, {flags:,} flags"
        spent = perf_counter() - begun
    yield Figure(
        f"web_filled_{kind}",
        f"{sizes.people:,} people, {units:,} cases and {flags:,} flags put into the store",
        round(spent, 1),
        "s",
    )
    with stage(f"Working, {kind}", listener) as told:
        came, there = _worked(url, base, sizes, staff)
        told.detail = f"{came.requests:,} requests"
    yield from figures_of(kind, came, there)


def _worked(url: str, base: Base, sizes: Sizes, staff: Staff) -> tuple[Strain, Kept]:
    came = strained(url, base, staff, Pace(sizes.seconds, sizes.think, sizes.races))
    with opened(url) as engine:
        return came, kept(engine, came.moments, list(came.raced))
