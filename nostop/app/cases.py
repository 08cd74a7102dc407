"""Single cases and whole frames through the rules: no linkage, no store, nothing sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop import determination
from nostop.app.rules import known_schemes
from nostop.determination import Decider, Determiner, Given
from nostop.determination.one import as_frame
from nostop.frames import Determinations, Situation, check
from nostop.model import SettingsError, SituationError
from nostop.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Case:
    """One situation of a file and what the rules say of it: `rows` are `Determinations`."""

    number: int
    effective_on: date
    given: Given
    rows: pl.DataFrame

    @property
    def situation(self) -> Situation:
        """The situation as frames."""
        return self.given.situation


def evaluate_file(
    path: Path, rulebook: Rulebook, effective_on: date | None, schemes: list[str] | None
) -> list[Case]:
    """Work out every situation of a JSON file.

    Args:
        path: one situation or a list of them, as the README shows.
        rulebook: the rules to use.
        effective_on: the day; None means the day that each situation names itself.
        schemes: None means every scheme there is.
    Raises:
        SituationError: the file names something unknown, or contradicts itself.
        SettingsError: no day is given in either place, or no such scheme exists.
    """
    chosen = known_schemes(rulebook, schemes)
    cases = []
    deciders: dict[date, Decider] = {}
    for number, day, given in situations_of_file(path, rulebook, effective_on):
        if day not in deciders:
            deciders[day] = Decider(rulebook, day, chosen)
        cases.append(Case(number, day, given, as_frame(deciders[day].decide(given.rows))))
    return cases


def situations_of_file(
    path: Path, rulebook: Rulebook, effective_on: date | None
) -> Iterator[tuple[int, date, Given]]:
    """Yield each situation of a JSON file with its number and its day: `effective_on`, or else the
    day that it names itself.

    Raises:
        SituationError: the file names something unknown, or contradicts itself.
        SettingsError: no day is given in either place.
    """
    for number, given in enumerate(determination.read_json(path, rulebook.catalogue), start=1):
        day = effective_on or given.effective_on
        if day is None:
            raise SettingsError(
                f'{path}: situation {number} names no day: add "on": "2026-06-01" or use --on'
            )
        yield number, day, given


@dataclass(frozen=True, slots=True)
class LastRun:
    """What an evaluation goes on from: the determinations it wrote, and what changed since: a table
    with `household_id` (and `fact`, if known), or the frames of then."""

    results: Path
    changed: Path | None
    frames: Path | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is worked out: schemes (None: every one) of a rule book for a day."""

    rulebook: Rulebook
    effective_on: date
    schemes: list[str] | None


def evaluate_frames(folder: Path, out: Path, wanted: Wanted, last: LastRun | None = None) -> int:
    """Work out everybody in a folder of frames, write one `Determinations` row per subject and
    scheme to a Parquet file, and return how many; from the last run, only what changed since.

    Raises:
        SituationError: a frame is missing, names an unknown column or has another type.
        SettingsError: no such scheme, or it is not said what changed.
    """
    rulebook, effective_on = wanted.rulebook, wanted.effective_on
    chosen = known_schemes(rulebook, wanted.schemes)
    out.parent.mkdir(parents=True, exist_ok=True)
    if last is None:
        return determination.determine_files(folder, out, rulebook, effective_on, chosen)
    now = determination.read_frames(folder, rulebook.catalogue)
    determiner = Determiner(rulebook, effective_on, chosen)
    rows = determination.determine_again(
        determiner,
        check(Determinations, _table(last.results)),
        now,
        _changed_since(last, now, rulebook),
    )
    return determination.write_again(determiner, rows, out)


def _changed_since(last: LastRun, now: Situation, rulebook: Rulebook) -> pl.DataFrame:
    if (last.changed is None) == (last.frames is None):
        raise SettingsError(
            "say what changed since the last run: --changed FILE with household_id (and fact), or "
            "--previous-frames DIR with the frames of then"
        )
    if last.changed is not None:
        return _table(last.changed)
    before = determination.read_frames(last.frames or Path(), rulebook.catalogue)
    return determination.changed_households(before, now)


def _table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SituationError(f"{path}: cannot be read: {reason}") from error
