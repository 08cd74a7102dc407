"""Only what changed: the last run's determinations, with those of changed households and changed
schemes worked out again. The result is what a full run would give."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from nostop.determination.decode import in_numbers
from nostop.determination.determine import Determiner
from nostop.determination.engine import living_in
from nostop.determination.parquet import whole_file
from nostop.determination.written import write_determinations
from nostop.frames import Awards, Situation, empty
from nostop.model import FrameError
from nostop.rulebook.plan import KEYS, SchemePlan

#: What may be another in a determination whose subject stays the same.
_ANSWERS = (
    "household_id", "benefit_unit_id", "outcome", "amount", "amount_low", "amount_high", "claimed",
    "worth_asking", "confidence", "because", "missing",
)  # fmt: skip


def determine_again(
    determiner: Determiner, previous: pl.DataFrame, situation: Situation, changed: pl.DataFrame
) -> pl.DataFrame:
    """Return what `determiner.determine(situation)` would, from the last run's determinations.

    A scheme that the last run does not hold for this date in this version (which covers its rates
    and all that it reads) is worked out for everybody, each other one for the changed households
    alone, and not at all where it reads none of the facts that changed.

    Args:
        previous: `Determinations` of the last run, sorted by scheme and subject as they came.
        situation: everybody's facts as they are now.
        changed: `household_id` of each household in which a fact, an award or a member changed;
            both households, where somebody moved. Those that are gone are named too. With a column
            `fact`, the fact (or `award_of_...`) that changed in each, null for anything else.
    Raises:
        FrameError: as `determine`; or `changed` has no household ids.
    """
    if "household_id" not in changed.columns:
        raise FrameError(f"changed: column 'household_id' is missing, found {changed.columns}")
    touched = changed.select(pl.col("household_id").cast(pl.String)).unique()
    plans = sorted(determiner.plan.schemes, key=lambda each: each.scheme.id)
    before = _by_scheme(previous)
    stale = [each.scheme.id for each in plans if not _still_stands(before, each, determiner)]
    moved = [
        each.scheme.id for each in plans if each.scheme.id not in stale and _reads(changed, each)
    ]
    anew = _by_scheme(determiner.determine(situation, stale)) if stale else {}
    again = _by_scheme(determiner.determine(_of(touched, situation), moved)) if moved else {}
    places = _Places(touched)
    rows: list[pl.DataFrame] = []
    for each in plans:
        name = each.scheme.id
        if name in moved:
            key = KEYS[each.scheme.pack.decides_for]
            rows.append(places.merged(before[name], again.get(name), key))
        elif name in anew or name not in stale:
            rows.append(anew[name] if name in anew else before[name])
    return pl.concat(rows or [previous.clear()])


def write_again(determiner: Determiner, rows: pl.DataFrame, path: Path) -> int:
    """Write what `determine_again` returned as a full run writes it, byte for byte, and return how
    many rows there are."""
    plans = {each.scheme.id: each for each in determiner.plan.schemes}
    with whole_file(path) as unfinished:
        found = (in_numbers(part, plans[name]) for name, part in _by_scheme(rows).items())
        return write_determinations(found, unfinished)


def changed_households(before: Situation, now: Situation) -> pl.DataFrame:
    """Return `household_id` of every household whose facts, awards or members are not the same in
    two situations."""
    tables = [
        (getattr(before, name), getattr(now, name))
        for name in ("people", "benefit_units", "households")
    ]
    found = [_changed(*each).select("household_id") for each in tables]
    for which, other in ((before, now), (now, before)):
        homes = which.people.select("person_id", "household_id")
        awards = _changed(_awards(which), _awards(other)).select("person_id").unique()
        found.append(homes.join(awards, on="person_id", how="semi").select("household_id"))
    is_as_open = (before.awards is None) == (now.awards is None)
    if before.receipt_known_for != now.receipt_known_for or not is_as_open:
        # What an absent award means is another for everybody.
        found.append(now.households.select("household_id"))
    return pl.concat(found).unique().sort("household_id")


def _awards(situation: Situation) -> pl.DataFrame:
    return empty(Awards) if situation.awards is None else situation.awards


def _changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Rows that only one of two tables has; a column that one lacks is null there."""
    together = pl.concat([before, now], how="diagonal_relaxed")
    return together.unique(keep="none")


def _of(touched: pl.DataFrame, situation: Situation) -> Situation:
    people = living_in(touched, situation.people)
    awards = situation.awards
    return replace(
        situation,
        people=people,
        benefit_units=living_in(touched, situation.benefit_units),
        households=living_in(touched, situation.households),
        awards=awards if awards is None else awards.join(people, on="person_id", how="semi"),
    )


def _by_scheme(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Cut determinations, which are sorted by scheme, where the next scheme begins."""
    found: dict[str, pl.DataFrame] = {}
    start = 0
    for run in rows["scheme"].rle().to_list() if rows.height else ():
        found[run["value"]] = rows.slice(start, run["len"])
        start += run["len"]
    return found


def _still_stands(
    before: dict[str, pl.DataFrame], plan: SchemePlan, determiner: Determiner
) -> bool:
    """Whether the last run has a scheme's determinations for this date and in this version."""
    if plan.scheme.id not in before:
        return False
    first = before[plan.scheme.id].row(0, named=True)
    wanted = determiner.plan.effective_on, plan.scheme.version
    return (first["effective_date"], first["pack_version"]) == wanted


def _reads(changed: pl.DataFrame, plan: SchemePlan) -> bool:
    """Whether a scheme reads any of the facts that changed; yes, where it is not said which did."""
    if changed.is_empty() or "fact" not in changed.columns or changed["fact"].null_count():
        return not changed.is_empty()
    return not plan.reads.isdisjoint(changed["fact"].unique())


class _Places:
    """Where the touched households' rows stand in each scheme's determinations: schemes of a level
    mostly have the same subjects in the same order, so that they are looked for once."""

    def __init__(self, touched: pl.DataFrame) -> None:
        self.touched = touched
        self.found: dict[str, tuple[pl.Series, pl.Series]] = {}

    def of(self, rows: pl.DataFrame, key: str) -> pl.Series:
        homes, last = rows["household_id"], self.found.get(key)
        if last is None or not last[0].equals(homes):
            last = homes, homes.is_in(self.touched["household_id"].implode()).arg_true()
            self.found[key] = last
        return last[1]

    def merged(self, before: pl.DataFrame, again: pl.DataFrame | None, key: str) -> pl.DataFrame:
        """One scheme's determinations with those of the touched households in the place of the
        old."""
        places = self.of(before, key)
        if again is None or not again[key].equals(before[key].gather(places)):
            kept = before.join(self.touched, on="household_id", how="anti")
            return pl.concat([kept, *([] if again is None else [again])]).sort(key)
        # The same subjects as before: each new answer goes where the old one stood.
        answers = [_put(before[name], again[name], places) for name in _ANSWERS if name != key]
        new = [each for each in answers if each is not None]
        return before.with_columns(new) if new else before


def _put(before: pl.Series, again: pl.Series, places: pl.Series) -> pl.Series | None:
    """Put values in the places of others, in the few where they differ; None where none does."""
    new = again.ne_missing(before.gather(places)).arg_true()
    if new.is_empty():
        return None
    if not (before.dtype.is_nested() or before.dtype == pl.String):
        return before.clone().scatter(places.gather(new), again.gather(new))
    # Between them the column stays as it is, uncopied.
    pieces: list[pl.Series] = []
    start = 0
    for index, place in zip(new, places.gather(new), strict=True):
        pieces += [before.slice(start, place - start), again.slice(index, 1)]
        start = place + 1
    return pl.concat([*pieces, before.slice(start)])


__all__ = ["changed_households", "determine_again", "write_again"]
