"""What a run found, as small tables that a person can read. Counts about claimed schemes are totals
only."""

from dataclasses import dataclass

import polars as pl

from nostop.app.results import Run
from nostop.model import TIMES_A_YEAR


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one run.

    schemes: scheme, subjects, claimed, entitled, worth_asking, unknown, not_entitled,
        receipt_unknown. The four outcomes
        are of subjects that are known not to claim.
    unclaimed: scheme, subjects, pence_a_year_low, pence_a_year_high: what entitled non-recipients
        go without.
    people_not_claiming: adults of benefit units with at least one unclaimed entitlement.
    plan: kind, state, suppression, rows: what outreach makes of the flags.
    messages: how many lie in the outbox.
    """

    records: int
    people: int
    benefit_units: int
    households: int
    schemes: pl.DataFrame
    unclaimed: pl.DataFrame
    people_not_claiming: int
    plan: pl.DataFrame
    messages: int


def summarise(run: Run) -> Summary:
    """Return the figures of one run."""
    situation = run.assembled.situation
    return Summary(
        records=run.batch.records.height,
        people=situation.people.height,
        benefit_units=situation.benefit_units.height,
        households=situation.households.height,
        schemes=schemes(run.determinations),
        unclaimed=unclaimed(run.determinations),
        people_not_claiming=people_not_claiming(run.determinations, situation.people),
        plan=run.sent.plan.group_by("kind", "state", "suppression")
        .agg(rows=pl.len().cast(pl.Int64))
        .sort("kind", "state", "suppression", nulls_last=True),
        messages=run.sent.count,
    )


_NOT_CLAIMED = (~pl.col("claimed")).fill_null(value=False)
_ENTITLED = pl.col("outcome") == "entitled"
_UNKNOWN = pl.col("outcome") == "unknown"
_WORTH_ASKING = pl.col("worth_asking").fill_null(value=False)


def schemes(determinations: pl.DataFrame) -> pl.DataFrame:
    """Return one row per scheme: how many subjects, how many claim, and the outcomes of those known
    not to."""
    return (
        determinations.group_by("scheme")
        .agg(
            subjects=pl.len().cast(pl.Int64),
            claimed=_count(pl.col("claimed")),
            entitled=_count(_NOT_CLAIMED & _ENTITLED),
            worth_asking=_count(_NOT_CLAIMED & _UNKNOWN & _WORTH_ASKING),
            unknown=_count(_NOT_CLAIMED & _UNKNOWN & ~_WORTH_ASKING),
            not_entitled=_count(_NOT_CLAIMED & (pl.col("outcome") == "not_entitled")),
            receipt_unknown=_count(pl.col("claimed").is_null()),
        )
        .sort("scheme")
    )


def unclaimed(determinations: pl.DataFrame) -> pl.DataFrame:
    """Return scheme, subjects, pence_a_year_low, pence_a_year_high of entitled non-recipients.

    A year is 52 weeks or 12 months. The high sum is null where one of its amounts has no upper
    bound.
    """
    times = pl.col("per").replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)
    low, high = pl.col("amount_low") * times, pl.col("amount_high") * times
    return (
        determinations.filter(_NOT_CLAIMED & _ENTITLED)
        .group_by("scheme")
        .agg(
            subjects=pl.len().cast(pl.Int64),
            pence_a_year_low=pl.when(low.null_count() == 0).then(low.sum()),
            pence_a_year_high=pl.when(high.null_count() == 0).then(high.sum()),
        )
        .sort("scheme")
    )


def people_not_claiming(determinations: pl.DataFrame, people: pl.DataFrame) -> int:
    """Return how many adults live in a benefit unit with at least one unclaimed entitlement."""
    flagged = determinations.filter(
        _NOT_CLAIMED & _ENTITLED & pl.col("benefit_unit_id").is_not_null()
    )
    units = flagged.select("benefit_unit_id").unique()
    adults = people.filter(pl.col("role") == "adult")
    return adults.join(units, on="benefit_unit_id", how="semi").height


def _count(rows: pl.Expr) -> pl.Expr:
    return rows.fill_null(value=False).sum().cast(pl.Int64)
