"""Masking: what may leave. Published numbers depend on the exact ones only through rounded counts.

10-5 rule: a count under 10 is hidden, any other is rounded to the nearest 5. A shown count n stands
for n-2..n+2, and a hidden one for 0..9. Take-up is worked out from those ranges alone, always the
less favourable end, and rounded outward: so it can say nothing about a count that the count itself
does not say, a small count cannot be worked out by taking figures from each other, and the true
bounds still lie within the published ones. One thing beyond is used: whether receipt is known for
all, which is a property of the departments' feeds and not of anybody in them.
"""

import polars as pl

from nostop.frames import TakeUp, check
from nostop.takeup.bounds import COUNTS, added, highest_parts, lowest_parts, share
from nostop.takeup.tables import TakeUpCounts, Unclaimed

SMALLEST_SHOWN = 10
ROUNDED_TO = 5
SMALLEST_DIVISOR = 30
RECEIPT_UNKNOWN = ("entitled_receipt_unknown", "unknown_receipt_unknown")
UNCLAIMED = ("entitled_non_recipients",)
MIGHT_ADD = (
    "entitled_receipt_unknown",
    "unknown_non_recipients",
    "unknown_receipt_unknown",
)
#: A rounded count is at most this far from the true one.
OFF_BY = ROUNDED_TO // 2
RATES_A_ONE = 1000
#: The mean of money is rounded to at least this many of the largest amounts, shared by all units.
AMOUNTS_IN_A_STEP = 2
LONGEST_STEP_POWER = 12


def publish(counts: pl.DataFrame) -> pl.DataFrame:
    """Return take-up that may be shown.

    Args:
        counts: `TakeUpCounts`, exact.
    Returns:
        `TakeUp`, one row per scheme and date; take-up to 0.001, hidden where its rounded divisor is
        under 30.
    Raises:
        FrameError: a column is missing or has another type.
    """
    published = with_rates(masked(check(TakeUpCounts, counts)))
    return check(TakeUp, published.sort("scheme", "effective_date"))


def with_rates(counts: pl.DataFrame) -> pl.DataFrame:
    """Return masked counts with the take-up that may be shown beside them."""
    return counts.with_columns(_rate_low(), _rate_high())


def publish_unclaimed(counts: pl.DataFrame) -> pl.DataFrame:
    """Return the pounds a year unclaimed that may be shown: never less wide than the true bounds.

    A sum is hidden where fewer than 10 units make it up. Otherwise the mean is rounded outward, to
    a step of at least two of the largest amounts shared among those units, and multiplied by the
    rounded count, at its less favourable end. So where all amounts are equal the sum tells nothing
    that the rounded count does not, and elsewhere it is blurred by more than any one unit's amount.

    Args:
        counts: `TakeUpCounts`, exact.
    Returns:
        `Unclaimed`, one row per scheme and date.
    Raises:
        FrameError: a column is missing or has another type.
    """
    published = with_pounds(check(TakeUpCounts, counts))
    return check(Unclaimed, published.sort("scheme", "effective_date"))


def with_pounds(counts: pl.DataFrame) -> pl.DataFrame:
    """Return exact counts masked, with the pounds that may be shown beside them."""
    units, unknown = (added([pl.col(name) for name in names]) for names in (UNCLAIMED, MIGHT_ADD))
    exact = counts.with_columns(units.alias("_units"), unknown.alias("_unknown"))
    return (
        masked(exact)
        .with_columns(
            _step("largest_unclaimed", UNCLAIMED).alias("_step"),
            _step("largest_unknown", MIGHT_ADD).alias("_step_unknown"),
        )
        .with_columns(
            _mean("unclaimed_low", "_units", "_step") * _least_of(UNCLAIMED),
            (_mean("unclaimed_high", "_units", "_step") + pl.col("_step")) * _most_of(UNCLAIMED),
            (_mean("unknown_adds_at_most", "_unknown", "_step_unknown") + pl.col("_step_unknown"))
            * _most_of(MIGHT_ADD),
        )
    )


def masked_count(name: str) -> pl.Expr:
    """Return the count by the 10-5 rule: null under 10, else the nearest 5."""
    exact = pl.col(name)
    nearest = (exact + OFF_BY) // ROUNDED_TO * ROUNDED_TO
    return pl.when(exact >= SMALLEST_SHOWN).then(nearest).alias(name)


def masked(exact: pl.DataFrame) -> pl.DataFrame:
    """Return every count by the 10-5 rule; where receipt is known for all of a scheme, 0 instead of
    a hidden count of those of whom it is not."""
    known = added([pl.col(name).sum() for name in RECEIPT_UNKNOWN]) == 0
    known = known.over("scheme", "effective_date")
    return exact.with_columns(
        pl.when(known & pl.lit(name in RECEIPT_UNKNOWN))
        .then(0)
        .otherwise(masked_count(name))
        .alias(name)
        for name in COUNTS
    )


def least(name: str) -> pl.Expr:
    """Return the smallest count that a masked one can stand for."""
    shown = (pl.col(name) - OFF_BY).clip(lower_bound=SMALLEST_SHOWN)
    return pl.when(pl.col(name) > 0).then(shown).otherwise(0)


def _most(name: str) -> pl.Expr:
    """Return the largest count that a masked one can stand for."""
    shown = pl.when(pl.col(name) > 0).then(pl.col(name) + OFF_BY).otherwise(0)
    return pl.when(pl.col(name).is_null()).then(SMALLEST_SHOWN - 1).otherwise(shown)


def _least_of(names: tuple[str, ...]) -> pl.Expr:
    return added([least(name) for name in names])


def _most_of(names: tuple[str, ...]) -> pl.Expr:
    return added([_most(name) for name in names])


def _rate_low() -> pl.Expr:
    over, under = lowest_parts()
    rate = share([least(name) for name in over], [_most(name) for name in under])
    shown = pl.when(_divisor_is_large(over + under)).then(
        (rate * RATES_A_ONE).floor() / RATES_A_ONE
    )
    return shown.alias("take_up_low")


def _rate_high() -> pl.Expr:
    over, under = highest_parts()
    rate = share([_most(name) for name in over], [least(name) for name in under])
    shown = pl.when(_divisor_is_large(over + under)).then((rate * RATES_A_ONE).ceil() / RATES_A_ONE)
    return shown.alias("take_up_high")


def _divisor_is_large(names: list[str]) -> pl.Expr:
    return added([pl.col(name).fill_null(0) for name in names]) >= SMALLEST_DIVISOR


def _step(largest: str, names: tuple[str, ...]) -> pl.Expr:
    """Return what a mean is rounded to: 1, 2, 5, 10, 20, 50 ... pence; null where it is hidden."""
    ladder = [lead * 10**power for power in range(LONGEST_STEP_POWER + 1) for lead in (1, 2, 5)]
    wanted = pl.col(largest) * AMOUNTS_IN_A_STEP
    units = _least_of(names)
    fitting = pl.coalesce(
        pl.when(wanted <= units * rung).then(pl.lit(rung, pl.Int64)) for rung in ladder
    )
    return pl.when(units >= SMALLEST_SHOWN).then(fitting)


def _mean(total: str, units: str, step: str) -> pl.Expr:
    """Return the mean rounded down to a whole step."""
    return pl.col(total) // (pl.col(units) * pl.col(step)) * pl.col(step)
