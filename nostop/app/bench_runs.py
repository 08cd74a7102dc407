"""What a nightly run costs after a small change, and whether a run that is killed anywhere ends as
one that nobody touched."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from nostop.app.bench_changes import night
from nostop.app.figures import MIB, Figure, at_most, spent_by
from nostop.app.places import default_declarations_dir
from nostop.app.run_timings import TIMINGS
from nostop.app.running.checkpoints import FOLDER
from nostop.app.running.line import run
from nostop.app.sending import DATABASE
from nostop.app.settings import RunSettings
from nostop.app.stages import Listener, stage
from nostop.model import SettingsError

SEED = 20_260_602
#: A run that is killed again and again is of these schemes: what is tried is the stages.
KILLED_SCHEMES = ("child_benefit", "council_tax_reduction", "pension_credit")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    people: through a first and a second run. changed: the share of rows that changed between.
    kills: how many runs of `killed_people` are killed.
    """

    people: int
    changed: float
    kills: int
    killed_people: int


def runs(sizes: Sizes, effective_on: date, rules: Path, listener: Listener) -> list[Figure]:
    """Measure runs. Files go into a folder that is removed at the end.

    Raises:
        SettingsError: a measured command failed; its own message is in the error.
    """
    with TemporaryDirectory(prefix="nostop-bench-") as folder:
        bench = _Bench(Path(folder), effective_on, rules, listener)
        return [*bench.nightly(sizes), *bench.killed(sizes)]


@dataclass(frozen=True, slots=True)
class _Bench:
    folder: Path
    on: date
    rules: Path
    listener: Listener

    def nightly(self, sizes: Sizes) -> Iterator[Figure]:
        """A first run, a change, and the next run into the same folder."""
        feeds, changed, out = (self.folder / name for name in ("feeds", "night", "out"))
        told = f"{sizes.people:,} people"
        self._synth(sizes.people, feeds)
        first = self._run(feeds, out)
        again = self._run(feeds, out)
        kept = sum(file.stat().st_size for file in (out / FOLDER).rglob("*") if file.is_file())
        rows = night(feeds, changed, sizes.changed, SEED).rows
        second = self._run(changed, out)
        yield Figure("first_run", f"first run on {told}", round(first, 1), "s")
        yield Figure("same_run", "the same run again", round(again, 1), "s")
        yield Figure("changed_run", f"the run after {rows:,} rows changed", round(second, 1), "s")
        yield at_most(
            "changed_share", "the run after the change, of the first", second / first, "share", 0.1
        )
        yield Figure("checkpoints", "disk that checkpoints take", round(kept / MIB, 1), "MiB")

    def killed(self, sizes: Sizes) -> Iterator[Figure]:
        """Runs that are killed at a random moment, each taken up until it ends."""
        if not sizes.kills:
            return
        feeds = self.folder / "killed-feeds"
        self._synth(sizes.killed_people, feeds)
        settings = self._settings(feeds, self.folder / "whole")
        began = perf_counter()
        _to_its_end(settings)
        lasts = perf_counter() - began
        whole = bytes_of(settings.out)
        chance = random.Random(SEED)  # noqa: S311 - no secret rests on it
        differ = missed = 0
        with stage("Killing runs", self.listener) as told:
            for number in range(sizes.kills):
                out = self.folder / f"killed-{number}"
                moment = chance.uniform(0, lasts)
                missed += not _killed_after(replace(settings, out=out), moment)
                _to_its_end(replace(settings, out=out))
                differ += bytes_of(out) != whole
            told.detail = f"{sizes.kills - missed} of {sizes.kills} before their end"
        what = f"of {sizes.kills - missed} runs killed at a random moment, those with other bytes"
        yield at_most("killed_differ", what, differ, "runs", 0)

    def _synth(self, people: int, folder: Path) -> None:
        with stage(f"Making {people:,} people", self.listener):
            spent_by(self._command("synth", people=people, seed=SEED, out=folder))

    def _run(self, feeds: Path, out: Path) -> float:
        with stage("nostop run", self.listener) as told:
            spent = spent_by([*self._command("run", feeds=feeds, out=out), "--unreleased"])
            told.detail = f"{spent.seconds:.1f} s, {spent.cpu_seconds:.1f} s of processor"
        return spent.seconds

    def _command(self, name: str, **options: object) -> list[str]:
        given = {**options, "on": self.on.isoformat(), "rules": self.rules}
        return [name, *(f"--{option}={value}" for option, value in given.items())]

    def _settings(self, feeds: Path, out: Path) -> RunSettings:
        return RunSettings(
            feeds=feeds,
            out=out,
            effective_on=self.on,
            started_at=datetime.combine(self.on, time(), UTC),
            rules=self.rules,
            declarations=default_declarations_dir(),
            schemes=list(KILLED_SCHEMES),
            unreleased=True,
        )


def _killed_after(settings: RunSettings, seconds: float) -> bool:
    """Run in a process of its own and kill it; return whether it was killed before its end."""
    process = get_context("spawn").Process(target=run, args=(settings,))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode != 0


def _to_its_end(settings: RunSettings) -> None:
    process = get_context("spawn").Process(target=run, args=(settings,))
    process.start()
    process.join()
    if process.exitcode:
        raise SettingsError(f"a run that was taken up again ended with {process.exitcode}")


def bytes_of(folder: Path) -> dict[str, str]:
    """Return a hash of each file of a folder by name, but for how long stages took: of a database
    without its counter of transactions, which is in its head twice, since one that was begun and
    lost is done again."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(_content(file)).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != TIMINGS
    }


def _content(file: Path) -> bytes:
    found = bytearray(file.read_bytes())
    if file.name == DATABASE:
        for start in (24, 92):
            found[start : start + 4] = bytes(4)
    return bytes(found)
