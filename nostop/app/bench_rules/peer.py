"""A compiled pack against the same rule written by hand in polars, on the same frames and to the
same answers."""

from datetime import date
from pathlib import Path

import polars as pl

from nostop.app.bench_rules.by_hand import SCHEME, child_benefit
from nostop.app.bench_rules.timing import best_by_turns
from nostop.app.figures import Figure, at_most
from nostop.determination import Determiner, read_frames
from nostop.frames import Situation
from nostop.model import SettingsError
from nostop.rulebook import Rulebook

_ANSWERS = ("outcome", "amount", "amount_low", "amount_high", "claimed", "because", "missing")


def against_by_hand(frames: Path, book: Rulebook, on: date, people: int) -> list[Figure]:
    """Measure Child Benefit both ways: to one row per benefit unit with outcome, bounds, reasons
    and what is missing.

    Raises:
        SettingsError: the two do not agree on every row.
    """
    situation = read_frames(frames, book.catalogue)
    determiner = Determiner(book, on, [SCHEME])
    _must_agree(determiner, situation, book, on)
    by_hand, compiled = best_by_turns(
        lambda: child_benefit(situation, book, on), lambda: determiner.determine(situation)
    )
    told = f"Child Benefit, {people:,} people"
    return [
        Figure("by_hand_seconds", f"{told}, by hand in polars", round(by_hand, 3), "s"),
        Figure("compiled_seconds", f"{told}, the pack as compiled", round(compiled, 3), "s"),
        at_most("against_by_hand", "compiled against by hand", compiled / by_hand, "times", 1.25),
    ]


def _must_agree(determiner: Determiner, situation: Situation, book: Rulebook, on: date) -> None:
    ours, theirs = determiner.determine(situation), child_benefit(situation, book, on)
    for name in ("benefit_unit_id", *_ANSWERS):
        different = ours[name].ne_missing(theirs[name]).sum()
        if different:
            raise SettingsError(f"bench: by hand and compiled differ in {different} rows of {name}")


def as_records_are(frames: Path) -> None:
    """Take facts that Child Benefit reads away from one person in twenty, each by chance, and say
    how sure the link to each person is and that awards are known."""
    file = frames / "people.parquet"
    sure = {"confidence": pl.lit(1.0), "awards_known": pl.lit(value=True)}
    people = pl.read_parquet(file).with_columns(**sure)
    for seed, name in enumerate(("education", "lives_in_uk", "has_recourse_to_public_funds")):
        kept = pl.col("person_id").hash(seed=seed) % 20 != 0
        people = people.with_columns(pl.when(kept).then(name).alias(name))
    people.write_parquet(file)
