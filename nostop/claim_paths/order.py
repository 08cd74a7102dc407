"""What can be claimed in each world, and what first."""

import polars as pl

from nostop.claim_paths.claiming import with_truth
from nostop.claim_paths.law import Law
from nostop.claim_paths.results import IS_ENTITLED, in_period, with_owners
from nostop.claim_paths.worlds import Worlds
from nostop.rulebook.dates import NEVER_NUMBER


def candidates(results: pl.DataFrame, worlds: Worlds, law: Law) -> pl.DataFrame:
    """Return what each world's own unit is entitled to and does not claim, as `with_owners` has it,
    with `deadline`, `lost_each_week` and `blocked_by`: a claimed scheme beside which it would end
    at once."""
    own = with_owners(results, worlds, law).filter("is_own")
    found = own.filter(IS_ENTITLED & pl.col("claimed").eq(other=False))
    weekly = in_period(pl.col("low"), pl.col("per"), pl.lit("week"))
    return (
        found.join(_deadlines(results, law), on=["scheme", "subject"], how="left", validate="1:1")
        .join(_blocked(found, results, worlds, law), on=["scheme", "subject"], how="left",
              validate="1:1")
        .with_columns(lost_each_week=pl.when(pl.col("per") != "once").then(weekly).otherwise(0))
    )  # fmt: skip


def first_of(open_: pl.DataFrame, results: pl.DataFrame, law: Law) -> pl.DataFrame:
    """Return the claim of each world that comes first: the one that most others wait for, then the
    earliest deadline, then what loses most with each week of waiting, then by name.

    A claim waits for another that opens it by its pack, or whose award it reads.
    """
    unclaimed = results.filter(~IS_ENTITLED & pl.col("claimed").eq(other=False))
    others = pl.concat(
        [
            open_.select("world", other="scheme", is_open=pl.lit(value=True)),
            unclaimed.select("world", other="scheme", is_open=pl.lit(value=False)),
        ]
    ).unique()
    waiting = (
        open_.select("world", "scheme")
        .unique()
        .join(law.waits, on="scheme", how="inner", validate="m:m")
        .join(others, on=["world", "other"], how="inner", validate="m:m")
        .filter(pl.col("is_open") | pl.col("opened"))
        .group_by("world", "scheme")
        .agg(waiting=pl.col("other").n_unique())
    )
    ranked = open_.join(waiting, on=["world", "scheme"], how="left", validate="m:1").sort(
        "world",
        pl.col("waiting").fill_null(0),
        pl.col("deadline"),
        pl.col("lost_each_week"),
        "scheme",
        "subject",
        descending=[False, True, False, True, False, False],
        nulls_last=True,
    )
    return ranked.unique("world", keep="first", maintain_order=True).drop("waiting")


def _deadlines(results: pl.DataFrame, law: Law) -> pl.DataFrame:
    days = law.schemes.select("scheme", "day_of").drop_nulls()
    known = (pl.col("low") == pl.col("high")) & (pl.col("low") < NEVER_NUMBER)
    return (
        results.rename({"scheme": "day_of"})
        .filter(known)
        .join(days, on="day_of", how="inner", validate="m:1")
        .select("scheme", "subject", deadline=pl.col("low").cast(pl.String).str.to_date("%Y%m%d"))
    )


def _blocked(found: pl.DataFrame, results: pl.DataFrame, worlds: Worlds, law: Law) -> pl.DataFrame:
    """Scheme, subject, blocked_by: a claimed scheme that ends the award of the claim."""
    closers = (
        results.filter("claimed")
        .join(law.schemes.select("scheme", "level"), on="scheme", how="inner", validate="m:1")
        .select("scheme", "subject", "level")
        .join(law.closings, on="scheme", how="inner", validate="m:m")
    )
    persons = (
        with_truth(closers, results)
        .filter(pl.col("holds").fill_null(value=True))
        .join(worlds.members, on=["level", "subject"], how="inner", validate="m:m")
        .select("person_id", award="closed", blocked_by="scheme")
    )
    return (
        found.select("scheme", "subject", "level", "award")
        .join(worlds.members, on=["level", "subject"], how="inner", validate="m:m")
        .join(persons, on=["person_id", "award"], how="inner", validate="m:m")
        .group_by("scheme", "subject")
        .agg(pl.col("blocked_by").min())
    )
