"""Two determinations of the same people, side by side: whose outcome or amount differs, counted.

Amounts are pence a year: 52 weeks, 12 months, a one-off once. Nothing unknown is filled: where an
amount is not settled, what is due at least and at most are added up apart, and where something due
has no upper limit the sum of the most is null.
"""

import polars as pl

from nostop.model import TIMES_A_YEAR, Outcome

#: The outcome on a side that does not have the scheme: nothing is due under it.
ABSENT = "absent"
OUTCOMES = (*(outcome.value for outcome in Outcome), ABSENT)
_LEVELS = ("person", "benefit_unit", "household")
_IDS = tuple(f"{level}_id" for level in _LEVELS)
_KEY = ("scheme", "level", "subject")
_BOUNDS = ("low", "high")
_ALL = pl.len().cast(pl.Int64).alias("subjects")


def side_by_side(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each scheme and subject of either side, sorted by both.

    Args:
        old, new: `Determinations`.
    Returns:
        scheme, level, subject (its id), person_id, benefit_unit_id, household_id, claimed;
        old_outcome, new_outcome; old_low, old_high, new_low, new_high (pence a year; high null: no
        limit known); old_because, new_because; change: gains, loses or same where both amounts are
        settled, else unsettled; differs: whether outcome or amounts do.
    """
    both = _side(old, "old").join(
        _side(new, "new"), on=_KEY, how="full", coalesce=True, validate="1:1", suffix="_new"
    )
    shared = [pl.coalesce(f"{name}_new", name).alias(name) for name in (*_IDS, "claimed")]
    return (
        both.with_columns(*shared, *_of_absent("old"), *_of_absent("new"))
        .with_columns(change=_change(), differs=_differs())
        .select(
            *_KEY,
            *_IDS,
            "claimed",
            "old_outcome",
            "new_outcome",
            *(f"{side}_{bound}" for side in ("old", "new") for bound in _BOUNDS),
            "old_because",
            "new_because",
            "change",
            "differs",
        )
        .sort(_KEY)
    )


def _side(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    times = pl.col("per").replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)
    # The id furthest down is the subject's own: those above it say where it belongs.
    levels = [pl.when(pl.col(f"{each}_id").is_not_null()).then(pl.lit(each)) for each in _LEVELS]
    return rows.select(
        "scheme",
        pl.coalesce(levels).alias("level"),
        pl.coalesce(_IDS).alias("subject"),
        *_IDS,
        "claimed",
        pl.col("outcome").alias(f"{name}_outcome"),
        *((pl.col(f"amount_{bound}") * times).alias(f"{name}_{bound}") for bound in _BOUNDS),
        pl.col("because").alias(f"{name}_because"),
    )


def _of_absent(side: str) -> list[pl.Expr]:
    """Of a scheme that a side does not have: no outcome, and nothing due."""
    outcome = pl.col(f"{side}_outcome")
    names = [f"{side}_{bound}" for bound in _BOUNDS]
    none = [pl.when(outcome.is_not_null()).then(name).otherwise(0).alias(name) for name in names]
    return [*none, outcome.fill_null(ABSENT)]


def _change() -> pl.Expr:
    settled = (pl.col("old_low") == pl.col("old_high")) & (pl.col("new_low") == pl.col("new_high"))
    return (
        pl.when(~settled.fill_null(value=False))
        .then(pl.lit("unsettled"))
        .when(pl.col("new_low") > pl.col("old_low"))
        .then(pl.lit("gains"))
        .when(pl.col("new_low") < pl.col("old_low"))
        .then(pl.lit("loses"))
        .otherwise(pl.lit("same"))
    )


def _differs() -> pl.Expr:
    names = ("outcome", *_BOUNDS)
    return pl.any_horizontal(
        pl.col(f"old_{name}").ne_missing(pl.col(f"new_{name}")) for name in names
    )


# --- counted --------------------------------------------------------------------------------------


def matrix(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return scheme, old_outcome, new_outcome, subjects, gains, loses, same, unsettled (how many of
    them), least_gained, least_lost, most_gained, most_lost (pence a year)."""
    kinds = ("gains", "loses", "same", "unsettled")
    found = pairs.group_by("scheme", "old_outcome", "new_outcome").agg(
        _ALL,
        *(_count(pl.col("change") == kind).alias(kind) for kind in kinds),
        *_pounds(),
    )
    return found.sort("scheme", *(_rank(f"{side}_outcome") for side in ("old", "new")))


def by_group(pairs: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return scheme, group, value, subjects, newly_entitled, no_longer_entitled, gains, loses,
    unsettled and the sums of `matrix`. The values of each group add up to the scheme's whole.

    Args:
        labels: level, subject, and a column of values for each group.
    """
    groups = [name for name in labels.columns if name not in _KEY]
    labelled = pairs.join(labels, on=["level", "subject"], how="left", validate="m:1")
    before, after = (pl.col(f"{side}_outcome") == Outcome.ENTITLED for side in ("old", "new"))
    kinds = ("gains", "loses", "unsettled")
    tables = [
        labelled.group_by("scheme", pl.col(name).alias("value"))
        .agg(
            _ALL,
            _count(~before & after).alias("newly_entitled"),
            _count(before & ~after).alias("no_longer_entitled"),
            *(_count(pl.col("change") == kind).alias(kind) for kind in kinds),
            *_pounds(),
        )
        .with_columns(group=pl.lit(name))
        for name in groups
    ]
    found = pl.concat(tables).sort("scheme", "group", "value")
    return found.select("scheme", "group", "value", pl.exclude("scheme", "group", "value"))


def reasons(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return scheme, old_outcome, new_outcome, condition, subjects: which conditions stand behind
    each change of outcome. A subject counts under each of its conditions.

    Where the new outcome is not entitled, those that fail now; else, where the old one was, those
    that failed; else those that are, or were, open.
    """
    found = (
        pairs.filter(pl.col("old_outcome") != pl.col("new_outcome"))
        .with_columns(condition=reasons_of_one())
        .explode("condition")
        .group_by("scheme", "old_outcome", "new_outcome", "condition")
        .agg(_ALL)
    )
    ranks = [_rank(f"{side}_outcome") for side in ("old", "new")]
    return found.filter(pl.col("condition").is_not_null()).sort(
        "scheme", *ranks, -pl.col("subjects"), "condition"
    )


def reasons_of_one() -> pl.Expr:
    """Return the condition ids behind one row's change of outcome; null where a side lacks the
    scheme, or the outcome is the same."""
    old, new = pl.col("old_outcome"), pl.col("new_outcome")
    return (
        pl.when((old == new) | (old == ABSENT) | (new == ABSENT))
        .then(None)
        .when(new == Outcome.NOT_ENTITLED)
        .then("new_because")
        .when(old == Outcome.NOT_ENTITLED)
        .then("old_because")
        .when(new == Outcome.UNKNOWN)
        .then("new_because")
        .otherwise("old_because")
    )


def _pounds() -> list[pl.Expr]:
    found = []
    for word, bound in (("least", "low"), ("most", "high")):
        more = pl.col(f"new_{bound}") - pl.col(f"old_{bound}")
        found.append(_whole_sum(more.clip(lower_bound=0)).alias(f"{word}_gained"))
        found.append(_whole_sum((-more).clip(lower_bound=0)).alias(f"{word}_lost"))
    return found


def _whole_sum(amounts: pl.Expr) -> pl.Expr:
    """The sum; null where one amount is null, which `sum` alone would skip."""
    return pl.when(amounts.null_count() == 0).then(amounts.sum())


def _count(rows: pl.Expr) -> pl.Expr:
    return rows.sum().cast(pl.Int64)


def _rank(column: str) -> pl.Expr:
    places = {outcome: place for place, outcome in enumerate(OUTCOMES)}
    return pl.col(column).replace_strict(places, return_dtype=pl.Int64)
