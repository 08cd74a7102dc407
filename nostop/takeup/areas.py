"""Take-up by area, masked so that areas cannot be taken from the totals.

The total of a scheme and each of its areas are rounded apart from each other. With T and O for
rounded counts, a true total lies in T-2..T+2 and a true count in O-2..O+2. So whoever adds up the
areas learns that all hidden counts together are at most

    U = (T + 2) - (the sum of the smallest counts that the shown ones can stand for)

Where U is 9 or more, that says nothing of a hidden count beyond 0..9, and nothing of a shown one
beyond O-2..O+2: either end would need a U under 9. From below, a sum says nothing as long as two
whole areas are hidden, of which each may be of any size. Hence: where any count of any area of a
scheme is hidden, its smallest areas are hidden whole, two at least, and as many as it takes for U
to be 10 or more in every column. Which they are follows from masked counts alone; that one fewer
would not have been enough says of the rest of them that they are at most 9, which is why U is asked
to be one more than it must.
"""

import polars as pl

from nostop.frames import check
from nostop.takeup.bounds import COUNTS
from nostop.takeup.publish import OFF_BY, SMALLEST_SHOWN, least, masked, with_pounds, with_rates
from nostop.takeup.tables import AreaCounts, AreaTakeUp, TakeUpCounts

#: Areas that are hidden whole where anything of a scheme is hidden.
FEWEST_HIDDEN = 2
_SCHEME = ["scheme", "effective_date"]
_POUNDS = ("unclaimed_low", "unclaimed_high", "unknown_adds_at_most")
_HIDDEN = ("take_up_low", "take_up_high", *COUNTS, *_POUNDS)


def publish_by_area(areas: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Return take-up and pounds unclaimed by area that may be shown beside the totals.

    Args:
        areas: `AreaCounts`, exact: every area of each scheme.
        totals: `TakeUpCounts`, exact: the same schemes.
    Returns:
        `AreaTakeUp`, one row per scheme, date and area.
    Raises:
        FrameError: a column is missing or has another type.
    """
    published = with_rates(with_pounds(check(AreaCounts, areas)))
    smallest = pl.sum_horizontal(pl.col(name).fill_null(0) for name in COUNTS)
    ordered = published.with_columns(_size=smallest).sort(*_SCHEME, "_size", "area")
    shown = masked(check(TakeUpCounts, totals)).select(
        *_SCHEME, *(pl.col(name).alias(f"{name}_total") for name in COUNTS)
    )
    together = ordered.join(shown, on=_SCHEME, how="left", validate="m:1")
    together = together.with_columns(is_hidden=_is_hidden())
    hidden = [pl.when(~pl.col("is_hidden")).then(name).alias(name) for name in _HIDDEN]
    return check(AreaTakeUp, together.with_columns(hidden).sort(*_SCHEME, "area"))


def _is_hidden() -> pl.Expr:
    """Whether an area is hidden whole; the rows of a scheme come in order of size."""
    anything = pl.any_horizontal(pl.col(name).is_null().any().over(_SCHEME) for name in COUNTS)
    place = pl.int_range(pl.len()).over(_SCHEME)
    # Hidden as long as what is hidden with all areas before this one would not be enough.
    enough_before = pl.all_horizontal(_enough_without_this(name) for name in COUNTS)
    return anything & ((place < FEWEST_HIDDEN) | ~enough_before)


def _enough_without_this(name: str) -> pl.Expr:
    """Whether U of one column is 9 or more with this area and all larger ones shown."""
    at_least = least(name)
    shown = at_least.cum_sum(reverse=True).over(_SCHEME)
    total = pl.col(f"{name}_total")
    # A hidden total is at most 9, and so is every count below it: nothing more can be learnt. A
    # total of 0 is shown only where receipt is known for all, which is no figure about anybody.
    says_nothing = total.is_null() | (total == 0)
    return (says_nothing | (total + OFF_BY - shown >= SMALLEST_SHOWN)).fill_null(value=True)
