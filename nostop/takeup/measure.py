"""Exact counts and pounds by scheme, from determinations."""

from datetime import date

import polars as pl

from nostop.frames import Determinations, check
from nostop.model import TIMES_A_YEAR, FrameError, Outcome, Period
from nostop.takeup.bounds import highest_parts, lowest_parts, share
from nostop.takeup.tables import TakeUpCounts

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
    low, high = (
        pl.col(name) * pl.col("per").replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)
        for name in ("amount_low", "amount_high")
    )
    counts = (
        rows.with_columns(low.alias("_low"), high.alias("_high"))
        .group_by("scheme", "effective_date")
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
        .sort("scheme")
    )
    return check(TakeUpCounts, counts)


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
