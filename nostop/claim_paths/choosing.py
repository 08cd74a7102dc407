"""Of several ways through a unit's claims, the one with the larger gain; what it leaves out is told
with it."""

import polars as pl

from nostop.claim_paths.weighing import REASONS

_UNIT = "benefit_unit_id"
_CLAIM = [_UNIT, "scheme", "subject_id"]


def chosen_ways(
    rows: pl.DataFrame, starts: pl.DataFrame, conflicts: pl.DataFrame, ways: pl.DataFrame
) -> pl.DataFrame:
    """Return one row for each claim of each unit, with `reasons` and `alternative_to`.

    Args:
        rows: the claims of every way, `without` null for the first one.
        starts: what could be claimed at first.
        conflicts: claims that ruled out others, in each way.
        ways: benefit_unit_id, without: the ways besides the first.
    """
    best = _best(rows, starts, ways)
    chosen = rows.join(best, on=[_UNIT, "without"], how="semi", nulls_equal=True)
    chosen = _with_alternatives(chosen, best, conflicts)
    left_out = _left_out(chosen, starts, rows, conflicts)
    together = pl.concat([chosen, left_out], how="diagonal_relaxed")
    is_claim = pl.col("reasons").list.len() == 0
    number = pl.when(is_claim & pl.col("step").is_not_null()).then("step")
    return together.with_columns(step=number.rank("dense").over(_UNIT).cast(pl.Int64))


def _best(rows: pl.DataFrame, starts: pl.DataFrame, ways: pl.DataFrame) -> pl.DataFrame:
    """benefit_unit_id, without, is_unsure: the way with the largest gain of each unit, the first
    one where they are equal; unsure, where another might gain more."""
    nothing = pl.lit(None, dtype=pl.String)
    all_ways = pl.concat(
        [
            starts.select(_UNIT).unique().with_columns(without=nothing),
            ways.select(_UNIT, "without"),
        ]
    )
    totals = rows.group_by(_UNIT, "without").agg(
        low=_made("year_low") + _made("once_low"), high=_made("year_high") + _made("once_high")
    )
    ranked = (
        all_ways.join(totals, on=[_UNIT, "without"], how="left", validate="1:1", nulls_equal=True)
        .with_columns(pl.col("low", "high").fill_null(0))
        .sort(_UNIT, "low", "without", descending=[False, True, False], nulls_last=False)
    )
    most = pl.col("high").slice(1).max()
    return ranked.group_by(_UNIT, maintain_order=True).agg(
        pl.col("without").first(), is_unsure=(most > pl.col("low").first()).fill_null(value=False)
    )


def _made(name: str) -> pl.Expr:
    return pl.when("is_made").then(name).otherwise(0).sum()


def _with_alternatives(
    chosen: pl.DataFrame, best: pl.DataFrame, conflicts: pl.DataFrame
) -> pl.DataFrame:
    """Say why advice comes first. A claim of the path waits too where another, which would rule it
    out, may yet be found the better one."""
    here = conflicts.join(best, on=[_UNIT, "without"], how="semi", nulls_equal=True)
    waits = (
        here.filter(~pl.col("made") & pl.col("is_open"))
        .group_by(_UNIT, scheme="other")
        .agg(alternative_to=pl.col("scheme").min())
    )
    both = conflicts.filter("made")
    torn = pl.concat([both.select(_UNIT, "scheme"), both.select(_UNIT, scheme="other")]).unique()
    unsure = torn.join(best.filter("is_unsure"), on=_UNIT, how="semi").with_columns(is_torn=True)
    found = (
        chosen.join(waits, on=[_UNIT, "scheme"], how="left", validate="m:1")
        .join(unsure, on=[_UNIT, "scheme"], how="left", validate="m:1")
        .with_columns(
            unsettled=pl.col("unsettled") | pl.col("is_torn").fill_null(value=False),
            alternative=pl.col("alternative_to").is_not_null() & pl.col("is_made"),
        )
    )
    names = [pl.when(name).then(pl.lit(name)) for name in REASONS]
    return found.with_columns(
        reasons=pl.concat_list(names).list.drop_nulls(),
        alternative_to=pl.when("alternative").then("alternative_to"),
    ).drop("is_torn", "alternative")


def _left_out(
    chosen: pl.DataFrame, starts: pl.DataFrame, rows: pl.DataFrame, conflicts: pl.DataFrame
) -> pl.DataFrame:
    """What could be claimed at first and is not of the path: with what it cannot be had beside."""
    missing = starts.join(chosen, on=_CLAIM, how="anti")
    pairs = pl.concat(
        [
            conflicts.select(_UNIT, "scheme", beside="other"),
            conflicts.select(_UNIT, scheme="other", beside="scheme"),
        ]
    )
    taken = chosen.select(_UNIT, beside="scheme").unique()
    beside = (
        pairs.join(taken, on=[_UNIT, "beside"], how="semi")
        .group_by(_UNIT, "scheme")
        .agg(pl.col("beside").min())
    )
    weights = ["year_low", "year_high", "once_low", "once_high", "unsettled", "loses", "opens"]
    elsewhere = (
        rows.sort("without", nulls_last=True)
        .unique(_CLAIM, keep="first", maintain_order=True)
        .select(*_CLAIM, *weights)
    )
    return (
        missing.join(beside, on=[_UNIT, "scheme"], how="left", validate="m:1")
        .join(elsewhere, on=_CLAIM, how="left", validate="m:1")
        .with_columns(
            pl.col("loses", "opens").fill_null([]),
            pl.col("unsettled").fill_null(value=False),
            alternative_to=pl.coalesce("beside", "blocked_by"),
            reasons=pl.lit(["alternative"]),
            step=pl.lit(None, dtype=pl.Int64),
        )
        .drop("beside")
    )
