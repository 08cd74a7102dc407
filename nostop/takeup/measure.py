"""Exact counts and pounds by scheme, and by area within each, from determinations."""

from datetime import date

import polars as pl

from nostop.frames import Determinations, check
from nostop.model import TIMES_A_YEAR, FrameError, Outcome, Period
from nostop.takeup.bounds import COUNTS, highest_parts, lowest_parts, share
from nostop.takeup.tables import NOT_KNOWN, AreaCounts, TakeUpCounts

_ENTITLED = pl.col("outcome") == Outcome.ENTITLED
# No outcome at all is not known, like one the rules could not settle.
_UNKNOWN = pl.col("outcome").is_null() | (pl.col("outcome") == Outcome.UNKNOWN)
_NOT_ENTITLED = pl.col("outcome") == Outcome.NOT_ENTITLED
_CLAIMED = pl.col("claimed")
_NOT_CLAIMED = ~pl.col("claimed")
_RECEIPT_UNKNOWN = pl.col("claimed").is_null()

_CELLS = {
    "recipients": _ENTITLED & _CLAIMED,
    "entitled_non_recipients": _ENTITLED & _NOT_CLAIMED,
    "entitled_receipt_unknown": _ENTITLED & _RECEIPT_UNKNOWN,
    "unknown_recipients": _UNKNOWN & _CLAIMED,
    "unknown_non_recipients": _UNKNOWN & _NOT_CLAIMED,
    "unknown_receipt_unknown": _UNKNOWN & _RECEIPT_UNKNOWN,
    "recipients_not_found_entitled": _NOT_ENTITLED & _CLAIMED,
}
_ENR = _CELLS["entitled_non_recipients"]
_MIGHT_ADD = (
    _CELLS["entitled_receipt_unknown"]
    | _CELLS["unknown_non_recipients"]
    | _CELLS["unknown_receipt_unknown"]
)
_SUBJECT = ["scheme", "benefit_unit_id", "person_id", "household_id"]


def measure(determinations: pl.DataFrame, effective_on: date) -> pl.DataFrame:
    """Return exact counts, pounds and sharp take-up bounds of each scheme: not yet masked.

    Every determination counts, whatever the confidence of its links: confidence says whom we may
    write to, not who exists. A feed that did not arrive leaves `claimed` null, which widens the
    bounds and takes nobody out of the count.

    Args:
        determinations: `Determinations`, one row per subject and scheme, for `effective_on` alone,
            before anything about claimed schemes is taken out of it.
        effective_on: the date they were made for.
    Returns:
        `TakeUpCounts`, one row per scheme, in order of scheme.
    Raises:
        FrameError: a row is for another date, a subject comes twice, or an outcome or period is not
        one we know.
    """
    rows = _checked(determinations, effective_on)
    return check(TakeUpCounts, _counts(rows, ["scheme", "effective_date"]).sort("scheme"))


def measure_by_area(
    determinations: pl.DataFrame, areas: pl.DataFrame, effective_on: date
) -> pl.DataFrame:
    """Return the same of each scheme in each area: not yet masked.

    Every scheme has a row for every area, of zeros where nobody counts: that there is none would
    say something too. Over the areas, the counts of a scheme add up to those of `measure`.

    Args:
        determinations: as for `measure`.
        areas: household_id, area; each household once. Where its area is not known, and of what
            has no household there, the area is `NOT_KNOWN`.
        effective_on: the date they were made for.
    Returns:
        `AreaCounts`, in order of scheme and area.
    Raises:
        FrameError: as `measure`.
    """
    rows = _checked(determinations, effective_on)
    named = areas.select("household_id", pl.col("area").fill_null(NOT_KNOWN))
    placed = rows.join(named, on="household_id", how="left", validate="m:1").with_columns(
        pl.col("area").fill_null(NOT_KNOWN)
    )
    every = pl.concat([named.select("area"), placed.select("area")]).unique()
    grid = rows.select("scheme", "effective_date").unique().join(every, how="cross")
    key = ["scheme", "effective_date", "area"]
    found = grid.join(_counts(placed, key), on=key, how="left", validate="1:1")
    zeros = [pl.col(name).fill_null(0) for name in (*COUNTS, "unbounded_units")]
    nobody = pl.sum_horizontal(COUNTS) == 0
    # The sum over nobody is nothing; over somebody, null stays null.
    pounds = [
        pl.when(~nobody | pl.col(name).is_not_null()).then(name).otherwise(0).alias(name)
        for name in ("unclaimed_low", "unclaimed_high", "unknown_adds_at_most")
    ]
    return check(AreaCounts, found.with_columns(zeros).with_columns(pounds).sort(key))


def _counts(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    low, high = (
        pl.col(name) * pl.col("per").replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)
        for name in ("amount_low", "amount_high")
    )
    return (
        rows.with_columns(low.alias("_low"), high.alias("_high"))
        .group_by(key)
        .agg(
            *(_count(cell).alias(name) for name, cell in _CELLS.items()),
            _whole_sum("_low", _ENR).alias("unclaimed_low"),
            _whole_sum("_high", _ENR).alias("unclaimed_high"),
            _whole_sum("_high", _MIGHT_ADD).alias("unknown_adds_at_most"),
            _count(_MIGHT_ADD & pl.col("_high").is_null()).alias("unbounded_units"),
            _largest(_ENR).alias("largest_unclaimed"),
            _largest(_MIGHT_ADD).alias("largest_unknown"),
        )
        .with_columns(
            _bound(*lowest_parts()).alias("take_up_low"),
            _bound(*highest_parts()).alias("take_up_high"),
        )
    )


def _checked(determinations: pl.DataFrame, effective_on: date) -> pl.DataFrame:
    rows = check(Determinations, determinations)
    others = rows.filter(pl.col("effective_date") != effective_on).height
    if others:
        raise FrameError(
            f"Determinations: {others} rows are not for {effective_on}; measure one date at a time"
        )
    twice = rows.height - rows.select(_SUBJECT).n_unique()
    if twice:
        raise FrameError(
            f"Determinations: {twice} rows repeat a subject and scheme; each must come once"
        )
    _only_known(rows["outcome"], [str(outcome) for outcome in Outcome])
    _only_known(rows["per"], [str(period) for period in Period])
    return rows


def _only_known(column: pl.Series, known: list[str]) -> None:
    strange = column.filter(column.is_not_null() & ~column.is_in(known)).unique().sort().to_list()
    if strange:
        raise FrameError(
            f"Determinations: column '{column.name}' has {strange[:3]}, expected one of {known}"
        )


def _count(rows: pl.Expr) -> pl.Expr:
    """Count the rows for which `rows` is true; null is not true."""
    return rows.fill_null(value=False).sum().cast(pl.Int64)


def _whole_sum(amount: str, rows: pl.Expr) -> pl.Expr:
    """Sum `amount` over `rows`; null where one of them is null, which `sum` alone would skip."""
    chosen = pl.col(amount).filter(rows)
    return pl.when(chosen.null_count() == 0).then(chosen.sum())


def _largest(rows: pl.Expr) -> pl.Expr:
    # Here skipping nulls is right: the largest amount that is written down at all.
    return pl.max_horizontal("_low", "_high").filter(rows).max()


def _bound(over: list[str], under: list[str]) -> pl.Expr:
    return share([pl.col(name) for name in over], [pl.col(name) for name in under])
