"""What a change of rules does to a population: the same people under two sides, and who flips.

A side is a rules folder and a day, so that two years of one folder can be held against each other
too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop import determination
from nostop.app.flips import by_group, matrix, reasons, reasons_of_one, side_by_side
from nostop.app.gateways import is_synthetic
from nostop.app.population_groups import group_labels
from nostop.app.results import formula_safe
from nostop.frames import Determinations, Situation, empty
from nostop.model import Outcome, SettingsError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Side:
    """One side: rules, and the day for which they are worked out."""

    book: Rulebook
    on: date


@dataclass(frozen=True, slots=True)
class People:
    """A population to hold two sides against.

    made_up: whether they are cases that somebody wrote, or data that says so of itself.
    effective_on: the day they are written for; None where they name none, or several.
    """

    situation: Situation
    made_up: bool
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """Who flips. pairs: `flips.side_by_side` of everybody; matrix, groups, reasons: see `flips`.
    made_up: whether the people are; if not, `flips` withholds."""

    pairs: pl.DataFrame
    matrix: pl.DataFrame
    groups: pl.DataFrame
    reasons: pl.DataFrame
    made_up: bool


def schemes_of(old: Rulebook, new: Rulebook, schemes: list[str] | None) -> list[str]:
    """Return the schemes to compare: those asked for, or all that either side has.

    Raises:
        SettingsError: neither side has a scheme that is asked for.
    """
    known = sorted({*old.schemes, *new.schemes})
    for name in schemes or ():
        if name not in known:
            told = f"neither side has a scheme '{name}'{nearest(name, known)}"
            raise SettingsError(f"{told} (there are: {', '.join(known)})")
    return sorted(set(schemes)) if schemes else known


def read_people(path: Path, old: Rulebook, new: Rulebook) -> People:
    """Read a folder of frames, or a JSON file of situations; either side's facts may be in it.

    Raises:
        SituationError: it names what neither side knows, or contradicts itself.
    """
    facts = {**old.catalogue.facts, **new.catalogue.facts}
    catalogue = Catalogue(facts, {**old.catalogue.awards, **new.catalogue.awards})
    if path.is_dir():
        situation = determination.read_frames(path, catalogue)
        # The truth behind made-up feeds lies in a folder of theirs.
        return People(situation, is_synthetic(path) or is_synthetic(path.resolve().parent))
    given = determination.read_json(path, catalogue)
    days = {each.effective_on for each in given}
    together = determination.joined(
        [(str(number), each.situation) for number, each in enumerate(given, start=1)]
    )
    situation = together if len(given) > 1 else given[0].situation
    return People(situation, made_up=True, effective_on=days.pop() if len(days) == 1 else None)


def diff_rules(old: Side, new: Side, people: People, schemes: Iterable[str]) -> RuleDiff:
    """Work the same people out under both sides, and hold the results against each other. A scheme
    that a side lacks, or that is not in force on its day, is absent there.

    Raises:
        RuleError: a rate has no value on a side's day.
    """
    chosen = list(schemes)
    before, after = (_determined(side, people.situation, chosen) for side in (old, new))
    pairs = side_by_side(before, after)
    return RuleDiff(
        pairs=pairs,
        matrix=matrix(pairs),
        groups=by_group(pairs, group_labels(people.situation, new.on)),
        reasons=reasons(pairs),
        made_up=people.made_up,
    )


def _determined(side: Side, people: Situation, schemes: list[str]) -> pl.DataFrame:
    held = [
        name
        for name in schemes
        if name in side.book.schemes and side.book.schemes[name].is_in_force(side.on)
    ]
    if not held:
        return empty(Determinations)
    return determination.determine(people, side.book, side.on, held)


def flips(diff: RuleDiff) -> pl.DataFrame:
    """Return the rows that differ, as they may be stored, with the conditions behind each.

    Of real people, nothing adverse about a scheme that is, or may be, claimed is stored (decision
    0005): those rows are left out, and stand in the counts only.
    """
    found = diff.pairs.filter("differs").with_columns(reasons=reasons_of_one())
    if not diff.made_up:
        outcomes = [pl.col(f"{side}_outcome") for side in ("old", "new")]
        adverse = pl.any_horizontal(each == Outcome.NOT_ENTITLED for each in outcomes)
        lower = (pl.col("new_low") < pl.col("old_low")).fill_null(value=True)
        found = found.filter(~pl.col("claimed").fill_null(adverse | lower))
    return found.drop("old_because", "new_because", "differs")


def write_diff(diff: RuleDiff, folder: Path) -> int:
    """Write flips.parquet (ids; for internal use), summary.csv, groups.csv and reasons.csv, and
    return how many rows that differ are withheld from the first."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = flips(diff)
    kept.write_parquet(folder / "flips.parquet", compression="zstd", statistics=False)
    tables = {"summary": diff.matrix, "groups": diff.groups, "reasons": diff.reasons}
    for name, table in tables.items():
        formula_safe(table).write_csv(folder / f"{name}.csv")
    return int(diff.pairs["differs"].sum()) - kept.height
