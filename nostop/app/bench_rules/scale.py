"""How time and memory grow with people: `nostop evaluate` in a process of its own on frames of
several sizes."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import log
from pathlib import Path
from shutil import rmtree

from nostop.app.bench_rules.population import copies
from nostop.app.figures import MIB, Figure, Spent, at_most, spent_by
from nostop.app.stages import Listener, stage

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the frames of `base` people are, and how many times over each size has them."""

    frames: Path
    base: int
    times: tuple[int, ...]


def scale(size: Scale, folder: Path, on: date, rules: Path, listener: Listener) -> list[Figure]:
    """Measure every scheme over each size, the smallest first."""
    spent: dict[int, Spent] = {}
    for times in size.times:
        people = size.base * times
        with stage(f"nostop evaluate, {people:,} people", listener) as told:
            spent[people] = _evaluated(size.frames, times, folder, on, rules)
            found = spent[people]
            told.detail = f"{found.seconds:.1f} s, {found.peak_bytes / MIB:,.0f} MiB at most"
    return [figure for people in spent for figure in _of_size(people, spent[people])] + _growth(
        spent
    )


def _evaluated(frames: Path, times: int, folder: Path, on: date, rules: Path) -> Spent:
    made = copies(frames, folder / f"times-{times}", times)
    out = folder / f"times-{times}.parquet"
    try:
        return spent_by(
            [
                *("evaluate", str(made), "--on", on.isoformat(), "--out", str(out)),
                *("--rules", str(rules)),
            ]
        )
    finally:
        rmtree(made)
        out.unlink(missing_ok=True)


def _of_size(people: int, spent: Spent) -> list[Figure]:
    name, told = f"{people // 1000}k", f"{people:,} people, every scheme"
    memory = round(spent.peak_bytes / _GIB, 3)
    peak = Figure(f"peak_{name}", f"{told}: memory", memory, "GiB")
    if people >= 10_000_000:
        peak = at_most(f"peak_{name}", f"{told}: memory", memory, "GiB", 6)
    return [
        Figure(f"seconds_{name}", f"{told}: files to file", round(spent.seconds, 2), "s"),
        Figure(f"people_{name}", f"{told}: pace", round(people / spent.seconds), "people/s"),
        peak,
    ]


def _growth(spent: dict[int, Spent]) -> list[Figure]:
    """The exponent of time over people, from the smallest size to the largest, and between
    neighbours."""
    if len(spent) < 2:
        return []
    least, most = min(spent), max(spent)
    told = f"growth of time from {least:,} to {most:,} people"
    steps = [
        Figure(
            f"growth_to_{more // 1000}k",
            f"growth of time from {few:,} to {more:,} people",
            round(_exponent(spent, few, more), 3),
            "exponent",
        )
        for few, more in pairwise(sorted(spent))
        if len(spent) > 2
    ]
    return [*steps, at_most("growth", told, _exponent(spent, least, most), "exponent", 1.05)]


def _exponent(spent: dict[int, Spent], few: int, more: int) -> float:
    return log(spent[more].seconds / spent[few].seconds) / log(more / few)
