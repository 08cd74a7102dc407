"""What this version does on this machine, on made-up people: time, memory, and how much of the
truth it finds."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from nostop.app.figures import MIB, Figure, Spent, at_least, at_most, spent_by
from nostop.app.rules import read_rules
from nostop.app.stages import Listener, stage
from nostop.app.truth_check import ENTITLED, WORTH_ASKING, TruthCheck, check_folder, truth_dir

SEED = 20_260_601


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
                "evaluate_peak", f"memory of evaluate, {told}", spent.peak_bytes / MIB, "MiB", 4096
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
                "run_peak", f"memory of the run, {told}", round(spent.peak_bytes / MIB, 1), "MiB"
            ),
            *of_truth(checked),
        ]

    def _synth(self, people: int, folder: Path) -> Spent:
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

    def _measured(self, *command: str) -> Spent:
        with stage(f"nostop {command[0]}", self.listener) as told:
            spent = spent_by([*command, "--rules", str(self.rules)])
            told.detail = f"{spent.seconds:.1f} s, {spent.peak_bytes / MIB:,.0f} MiB at most"
        return spent


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
