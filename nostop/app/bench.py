"""What this version does on this machine, on made-up people: time, memory, and how much of the
truth it finds.

Each measured command runs in a process of its own, as a person would run it, so that its time and
memory are its own.
"""

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import polars as pl

from nostop.app.rules import read_rules
from nostop.app.stages import Listener, stage
from nostop.app.truth_check import ENTITLED, WORTH_ASKING, TruthCheck, check_folder, truth_dir
from nostop.model import SettingsError

SEED = 20_260_601
_MIB = 1 << 20


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
class Sizes:
    """How many made-up people: through `evaluate`, and through a whole run."""

    evaluate: int
    run: int


def spine(sizes: Sizes, effective_on: date, rules: Path, listener: Listener) -> list[Figure]:
    """Measure the spine. Files go into a folder that is removed at the end.

    Raises:
        SettingsError: a measured command failed; its own message is in the error.
    """
    with TemporaryDirectory(prefix="nostop-bench-") as folder:
        bench = _Bench(Path(folder), effective_on, rules, listener)
        return [*bench.evaluate(sizes.evaluate), *bench.run(sizes.run)]


@dataclass(frozen=True, slots=True)
class _Spent:
    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class _Bench:
    folder: Path
    on: date
    rules: Path
    listener: Listener

    def evaluate(self, people: int) -> list[Figure]:
        feeds = self.folder / "evaluate"
        made = self._synth(people, feeds)
        out = self.folder / "results.parquet"
        spent = self._measured(
            "evaluate", str(truth_dir(feeds)), "--on", self.on.isoformat(), "--out", str(out)
        )
        told = f"{people:,} people"
        return [
            at_most("synth_seconds", f"make {told} and their feeds", made.seconds, "s", 180),
            at_most(
                "evaluate_seconds", f"evaluate {told} for every scheme", spent.seconds, "s", 20
            ),
            at_most(
                "evaluate_peak", f"memory of evaluate, {told}", spent.peak_bytes / _MIB, "MiB", 4096
            ),
        ]

    def run(self, people: int) -> list[Figure]:
        feeds, out = self.folder / "run", self.folder / "out"
        self._synth(people, feeds)
        spent = self._measured(
            *("run", "--feeds", str(feeds), "--out", str(out), "--on", self.on.isoformat()),
            "--unreleased",
        )
        told = f"{people:,} people"
        with stage("Holding it against the truth", self.listener):
            checked = check_folder(out, feeds, read_rules(self.rules))
        return [
            at_most("run_seconds", f"whole run on {told}", spent.seconds, "s", 180),
            Figure(
                "run_peak", f"memory of the run, {told}", round(spent.peak_bytes / _MIB, 1), "MiB"
            ),
            *of_truth(checked),
        ]

    def _synth(self, people: int, folder: Path) -> _Spent:
        return self._measured(
            "synth",
            "--people",
            str(people),
            "--seed",
            str(SEED),
            "--out",
            str(folder),
            "--on",
            self.on.isoformat(),
        )

    def _measured(self, *command: str) -> _Spent:
        with stage(f"nostop {command[0]}", self.listener) as told:
            spent = measured([*command, "--rules", str(self.rules)])
            told.detail = f"{spent.seconds:.1f} s, {spent.peak_bytes / _MIB:,.0f} MiB at most"
        return spent


def measured(command: list[str]) -> _Spent:
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
    return _Spent(
        perf_counter() - began, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    )


def of_truth(checked: TruthCheck) -> list[Figure]:
    """Return the figures of linkage and of flags."""
    entitled, asking = checked.share_unclaimed(ENTITLED), checked.share_unclaimed(WORTH_ASKING)
    none = None if entitled is None or asking is None else 1 - entitled - asking
    return [
        at_least("link_precision", "pairs of records linked, right", checked.precision, 0.999),
        at_least("link_recall", "true pairs of records, found", checked.recall, 0.985),
        _share("found_entitled", "truly unclaimed awards flagged entitled", entitled),
        _share("found_worth_asking", "truly unclaimed awards flagged worth asking", asking),
        _share("not_found", "truly unclaimed awards not flagged", none),
        *_losses(checked),
        at_most(
            "entitled_wrong",
            "`entitled` flags that are wrong",
            checked.share_entitled_wrong(),
            "share",
            0.01,
        ),
        _share(
            "worth_asking_right",
            "`worth_asking` flags that are right",
            checked.share_worth_asking_right(),
        ),
    ]


def _losses(checked: TruthCheck) -> list[Figure]:
    total = int(checked.unclaimed["awards"].sum())
    lost = checked.unclaimed.filter(~pl.col("fate").is_in([ENTITLED, WORTH_ASKING]))
    return [
        _share(
            f"not_found_{number:02d}",
            f"{row['scheme']}: not flagged: {row['fate']}",
            row["awards"] / total,
        )
        for number, row in enumerate(lost.to_dicts(), start=1)
    ]


def _share(name: str, what: str, value: float | None) -> Figure:
    return Figure(name, what, None if value is None else round(value, 5), "share")


def at_most(name: str, what: str, value: float | None, unit: str, bar: float) -> Figure:
    """Return a figure that must not be above its bar."""
    holds = None if value is None else value <= bar
    return Figure(
        name, what, None if value is None else round(value, 5), unit, f"<= {bar:g}", holds
    )


def at_least(name: str, what: str, value: float, bar: float) -> Figure:
    """Return a share that must not be below its bar."""
    return Figure(name, what, round(value, 5), "share", f">= {bar:g}", value >= bar)
