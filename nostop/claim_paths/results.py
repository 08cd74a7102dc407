"""Determinations of worlds as the paths read them: one row for each scheme and subject, with the
world it is in."""

from collections.abc import Collection

import polars as pl

from nostop.claim_paths.deciding import Determine
from nostop.claim_paths.law import Law
from nostop.claim_paths.worlds import Worlds, world_of
from nostop.frames import Situation
from nostop.model import TIMES_A_YEAR, Level, Outcome

IS_ENTITLED = pl.col("outcome") == Outcome.ENTITLED.value
#: More than any year's money: where there is no limit, sums of it stay far from 64 bits.
NO_LIMIT = 10**15


def results_of(
    situation: Situation, determine: Determine, only: Collection[str] | None = None
) -> pl.DataFrame:
    """Return world, scheme, subject, its keys, outcome, claimed, low, high (pence for `per`)."""
    subject = pl.coalesce("person_id", "benefit_unit_id", "household_id")
    return determine(situation, only).select(
        "scheme",
        "person_id",
        "benefit_unit_id",
        "household_id",
        "outcome",
        "claimed",
        "per",
        world=world_of("household_id"),
        subject=subject,
        low="amount_low",
        high="amount_high",
    )


def with_owners(results: pl.DataFrame, worlds: Worlds, law: Law) -> pl.DataFrame:
    """Return the rows of schemes (not of effects) with what the law says of their claims,
    `claimant` (who would claim) and `is_own` (whether the claim is one of the world's own unit)."""
    payees = worlds.payees.rename({"group": "subject", "person_id": "payee", "unit": "payee_unit"})
    units = worlds.units.select("world", "unit")
    is_person = pl.col("level") == Level.PERSON.value
    found = (
        results.join(law.schemes, on="scheme", how="inner", validate="m:1")
        .join(payees, on=["level", "subject"], how="left", validate="m:1")
        .join(units, on="world", how="left", validate="m:1")
    )
    return found.with_columns(
        claimant=pl.when(is_person).then("subject").otherwise("payee"),
        is_own=pl.when(is_person).then("benefit_unit_id").otherwise("payee_unit") == pl.col("unit"),
    ).drop("payee", "payee_unit", "unit")


def yearly(amount: pl.Expr, per: pl.Expr) -> pl.Expr:
    """Return an amount for a year: 52 weeks, 12 months; what is paid once stays as it is."""
    return amount * per.replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)


def in_period(amount: pl.Expr, per: pl.Expr, wanted: pl.Expr) -> pl.Expr:
    """Return an amount in another period, whole pence; what is paid once stays as it is."""
    over = wanted.replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)
    is_once = (per == "once") | (wanted == "once")
    return pl.when(is_once | (per == wanted)).then(amount).otherwise(yearly(amount, per) // over)
