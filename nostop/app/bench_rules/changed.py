"""What it takes to determine again when little changed, and to decide one household."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter

import polars as pl

from nostop.app.bench_rules.timing import best
from nostop.app.figures import Figure, at_most
from nostop.determination import Decider, Determiner, determine_again, read_frames
from nostop.determination.prepare import prepared
from nostop.frames import Situation
from nostop.model import SettingsError
from nostop.rulebook import Rulebook
from nostop.rulebook.one.household import household_rows

_HOUSEHOLDS = 1_000


def again(frames: Path, book: Rulebook, on: date, people: int) -> list[Figure]:
    """Measure a full run in memory and one after a change of earnings for one person in a hundred;
    both with the plan warm.

    Raises:
        SettingsError: the two ways do not give the same rows.
    """
    before = read_frames(frames, book.catalogue)
    now, changed = _with_a_rise(before)
    determiner = Determiner(book, on)
    last = determiner.determine(before)
    full = best(lambda: determiner.determine(now))
    partly = best(lambda: determine_again(determiner, last, now, changed))
    if not determine_again(determiner, last, now, changed).equals(determiner.determine(now)):
        raise SettingsError("bench: what changed, worked out again, is not what a full run gives")
    told = f"{people:,} people, {len(determiner.plan.schemes)} schemes"
    return [
        Figure("full_seconds", f"{told}: everybody", round(full, 3), "s"),
        Figure("again_seconds", f"{told}: 1% have other earnings", round(partly, 3), "s"),
        at_most("again_share", "the second against the first", partly / full, "share", 0.05),
    ]


def _with_a_rise(before: Situation) -> tuple[Situation, pl.DataFrame]:
    rise = pl.col("person_id").hash(seed=1) % 100 == 0
    earnings = pl.when(rise).then(pl.col("gross_earnings") + 10_000).otherwise("gross_earnings")
    people = before.people.with_columns(earnings.alias("gross_earnings"))
    changed = people.filter(rise).select("household_id", fact=pl.lit("gross_earnings"))
    return replace(before, people=people), changed


def one_household(frames: Path, book: Rulebook, on: date) -> list[Figure]:
    """Measure one household after another through every scheme, warm.

    Raises:
        SettingsError: an answer is not the batch's.
    """
    whole = read_frames(frames, book.catalogue)
    homes = whole.households.select("household_id").sort("household_id").head(_HOUSEHOLDS)
    some = replace(
        whole,
        **{
            name: getattr(whole, name).join(homes, on="household_id", how="semi")
            for name in ("people", "benefit_units", "households")
        },
    )
    decider, determiner = Decider(book, on), Determiner(book, on)
    households = list(household_rows(prepared(some, book, decider.plan)))
    for each in households[:50]:
        decider.decide_household(each)
    seconds, rows = [], []
    for each in households:
        began = perf_counter()
        rows += decider.decide_household(each)
        seconds.append(perf_counter() - began)
    batch = determiner.determine(some)
    found = pl.DataFrame(rows, schema=batch.schema, orient="row").sort(
        "scheme", "benefit_unit_id", "person_id", "household_id"
    )
    if not found.equals(batch.sort("scheme", "benefit_unit_id", "person_id", "household_id")):
        raise SettingsError("bench: one household at a time is not what the batch gives")
    seconds.sort()
    told = f"one household, {len(decider.plan.schemes)} schemes, warm"
    middle, most = seconds[len(seconds) // 2], seconds[len(seconds) * 95 // 100]
    return [
        Figure("household_p50", f"{told}: half take less than", round(middle * 1000, 2), "ms"),
        at_most("household_p95", f"{told}: 95 in 100 take less than", most * 1000, "ms", 20),
    ]
