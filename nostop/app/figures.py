"""Measured figures, each beside the bar it must reach, and the time and memory of a command.

A measured command runs in a process of its own, as a person would run it, so that its time and
memory are its own.
"""

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

from nostop.model import SettingsError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `bar` is what it must reach (None: no bar), `holds` whether it does."""

    id: str
    what: str
    value: float | None
    unit: str
    bar: str | None = None
    holds: bool | None = None


def as_rows(figures: list[Figure]) -> list[dict[str, object]]:
    """Return figures as plain rows."""
    return [asdict(figure) for figure in figures]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took: seconds by the clock, memory at its peak, and seconds of processor."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float = 0.0


def spent_by(command: list[str]) -> Spent:
    """Run one `nostop` command and return its seconds and peak memory.

    Raises:
        SettingsError: it did not end well.
    """
    began = perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command, with arguments of ours
        [sys.executable, "-m", "nostop.cli", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        said = process.stderr.read() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SettingsError(
            f"nostop {command[0]} ended with {process.returncode}:\n{said.strip()[-2000:]}"
        )
    # Linux counts in KiB, macOS in bytes.
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Spent(perf_counter() - began, peak, used.ru_utime + used.ru_stime)


def at_most(name: str, what: str, value: float | None, unit: str, bar: float) -> Figure:
    """Return a figure that must not be above its bar."""
    holds = None if value is None else value <= bar
    return Figure(
        name, what, None if value is None else round(value, 5), unit, f"<= {bar:g}", holds
    )


def at_least(name: str, what: str, value: float, bar: float, unit: str = "share") -> Figure:
    """Return a figure that must not be below its bar."""
    return Figure(name, what, round(value, 5), unit, f">= {bar:g}", value >= bar)
