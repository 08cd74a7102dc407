"""What a claim comes to, over everybody affected: pounds gained and lost in a year, and whether
that is settled.

Each claimed scheme of each subject in a world is compared before and after:

* where the rules settle both, what they say counts;
* where they do not, and it reads nothing that changed, nothing changes;
* where it does read what changed, it moves as its bounds do: the same unknown facts stand behind
  both, and what an award does to another grows or shrinks with it;
* what is paid once, and was not claimed in this step, is not taken back: it does not move;
* where it has no upper bound, or is an award in payment that the rules would not give, how it would
  move is not known: it may be anything between its bounds;
* an award that ends takes with it what is in payment; where that is not stated, what the rules say.
"""

import polars as pl

from nostop.claim_paths.claiming import Tried
from nostop.claim_paths.law import Law
from nostop.claim_paths.results import IS_ENTITLED, NO_LIMIT, yearly
from nostop.claim_paths.worlds import Worlds
from nostop.model import Outcome

#: Why advice comes first, in the order in which it is told.
REASONS = ("negative", "unsettled", "irreversible", "other_person_affected", "alternative")
_NONE = pl.lit(0, dtype=pl.Int64)


def weighed(
    chosen: pl.DataFrame, before: pl.DataFrame, found: Tried, worlds: Worlds, law: Law
) -> pl.DataFrame:
    """Return one row for each world: world, year_low, year_high, once_low, once_high (pence; at
    `NO_LIMIT` there is no bound), loses, and each of the first four `REASONS` as a truth value.

    Args:
        chosen: the claim of each world, as `with_owners` has it.
        before: results before the claims; after them, those of `found`.
    """
    moves = _moves(chosen, before, found, law)
    ends = _ends(before, found, worlds, law)
    everything = _owned(pl.concat([moves, ends]), chosen, worlds)
    is_once = pl.col("per") == "once"
    less = pl.col("delta_low") < 0
    sums = everything.group_by("world").agg(
        year_low=pl.when(~is_once).then("delta_low").sum(),
        year_high=pl.when(~is_once).then("delta_high").sum(),
        once_low=pl.when(is_once).then("delta_low").sum(),
        once_high=pl.when(is_once).then("delta_high").sum(),
        _other_loses=(less & ~pl.col("is_own")).any(),
        _falls=pl.col("award").filter(less & pl.col("is_own")),
    )
    ended = found.ended.group_by("world").agg(_ended=pl.col("closed").unique())
    together = (
        chosen.select("world")
        .join(sums, on="world", how="left", validate="1:1")
        .join(ended, on="world", how="left", validate="1:1")
        .join(_marked(found), on="world", how="left", validate="1:1")
        .with_columns(
            pl.col("year_low", "year_high", "once_low", "once_high").fill_null(0),
            pl.col("_other_loses", "unsettled", "irreversible", "other_person_affected").fill_null(
                value=False
            ),
            pl.col("_falls", "_ended").fill_null([]),
        )
    )
    loses_surely = (pl.col("year_high") < 0) | (pl.col("once_high") < 0)
    loses_maybe = (pl.col("year_low") < 0) | (pl.col("once_low") < 0)
    is_open = pl.col("unsettled")
    return together.with_columns(
        # An effect that nobody can tell has no bounds.
        year_low=pl.when(is_open).then(-NO_LIMIT).otherwise("year_low"),
        year_high=pl.when(is_open).then(NO_LIMIT).otherwise("year_high"),
        negative=loses_surely,
        unsettled=pl.col("unsettled") | (loses_maybe & ~loses_surely),
        other_person_affected=pl.col("other_person_affected") | pl.col("_other_loses"),
        loses=pl.concat_list("_falls", "_ended").list.unique().list.sort(),
    ).drop("_other_loses", "_falls", "_ended")


def _moves(chosen: pl.DataFrame, before: pl.DataFrame, found: Tried, law: Law) -> pl.DataFrame:
    """How each scheme's money moves: world, subject, level, scheme, award, per, delta_low,
    delta_high."""
    keys = ["scheme", "subject"]
    here = before.filter(pl.col("world").is_in(chosen["world"].implode()))
    rows = (
        here.join(law.schemes.select("scheme", "level", "award"), on="scheme", how="inner",
                  validate="m:1")
        .join(
            found.results.select(
                *keys, claimed_now="claimed", outcome_now="outcome", low_now="low", high_now="high"
            ),
            on=keys, how="inner", validate="1:1",
        )
        .join(chosen.select(*keys, is_chosen=pl.lit(value=True)), on=keys, how="left",
              validate="1:1")
        .join(_touched(found, law), on=["world", "scheme"], how="left", validate="m:1")
        .with_columns(pl.col("is_chosen", "is_touched").fill_null(value=False))
    )  # fmt: skip
    paid = _paid(found, rows)
    rows = rows.join(paid, on=keys, how="left", validate="1:1")
    # Paid, and yet not due by the rules: what they say of its amount does not hold.
    odd = pl.col("is_paid").fill_null(value=False) & (
        pl.col("outcome") == Outcome.NOT_ENTITLED.value
    )
    was_exact = (pl.col("low") == pl.col("high")).fill_null(value=False) & ~odd
    is_exact = (pl.col("low_now") == pl.col("high_now")).fill_null(value=False) & ~odd
    low, high = pl.col("low"), pl.col("high").fill_null(NO_LIMIT)
    low_now, high_now = pl.col("low_now"), pl.col("high_now").fill_null(NO_LIMIT)
    high, high_now = (pl.when(odd).then(NO_LIMIT).otherwise(each) for each in (high, high_now))
    same = pl.col("low_now") - pl.col("low")
    exact = was_exact & is_exact
    stays = pl.col("claimed") & pl.col("claimed_now")
    is_once = (pl.col("per") == "once") & ~pl.col("is_chosen")
    still = (~exact & ~pl.col("is_touched")) | is_once
    is_bounded = ~odd & pl.col("high").is_not_null() & pl.col("high_now").is_not_null()
    ends = (same, high_now - high)
    known = still | exact | is_bounded
    down = pl.when(still).then(_NONE).when(exact).then(same).otherwise(pl.min_horizontal(ends))
    up = pl.when(still).then(_NONE).when(exact).then(same).otherwise(pl.max_horizontal(ends))
    down = pl.when(known).then(down).otherwise(low_now - high)
    up = pl.when(known).then(up).otherwise(high_now - low)
    is_open = pl.col("claimed").is_null() | pl.col("claimed_now").is_null()
    return rows.select(
        "world", "subject", "level", "scheme", "award", "per",
        "benefit_unit_id", "household_id",
        delta_low=_bounded(
            pl.when("is_chosen").then(low_now).when(is_open).then(down.clip(upper_bound=0))
            .when(stays).then(down).otherwise(_NONE), pl.col("per")
        ),
        delta_high=_bounded(
            pl.when("is_chosen").then(high_now).when(is_open).then(up.clip(lower_bound=0))
            .when(stays).then(up).otherwise(_NONE), pl.col("per")
        ),
    ).filter((pl.col("delta_low") != 0) | (pl.col("delta_high") != 0))  # fmt: skip


def _bounded(amount: pl.Expr, per: pl.Expr) -> pl.Expr:
    """An amount for a year, within what sums can hold."""
    return yearly(amount.clip(-NO_LIMIT, NO_LIMIT), per).clip(-NO_LIMIT, NO_LIMIT).cast(pl.Int64)


def _touched(found: Tried, law: Law) -> pl.DataFrame:
    """World, scheme: those that read something that changed."""
    changed = pl.concat(found.touched).unique()
    reading = changed.join(law.reads, on="fact", how="inner", validate="m:m")
    return reading.select("world", "scheme", is_touched=pl.lit(value=True)).unique()


def _paid(found: Tried, rows: pl.DataFrame) -> pl.DataFrame:
    """Scheme, subject, is_paid: whether money of the scheme's award was in payment before."""
    members = found.members
    paid = found.paid_before.select("person_id", award="scheme").unique()
    return (
        rows.select("scheme", "subject", "level", "award")
        .join(members, on=["level", "subject"], how="inner", validate="m:m")
        .join(paid, on=["person_id", "award"], how="inner", validate="m:1")
        .select("scheme", "subject", is_paid=pl.lit(value=True))
        .unique()
    )


def _ends(before: pl.DataFrame, found: Tried, worlds: Worlds, law: Law) -> pl.DataFrame:
    """What is lost with each award that ends, in the columns of `_moves`."""
    due = (
        before.join(law.schemes.select("scheme", "level", "award"), on="scheme", how="inner",
                    validate="m:1")
        .filter(IS_ENTITLED & pl.col("claimed") & (pl.col("low") == pl.col("high")))
        .join(worlds.members, on=["level", "subject"], how="inner", validate="m:m",
              suffix="_member")
        .select("award", person_id=pl.coalesce("person_id_member", "person_id"),
                _due=yearly(pl.col("low"), pl.col("per")))
        .unique(["award", "person_id"], keep="first", maintain_order=True)
    )  # fmt: skip
    stated = yearly(pl.col("amount"), pl.col("per").fill_null("year"))
    is_paid = pl.col("status") == "in_payment"
    lost = pl.when(~is_paid).then(_NONE).otherwise(pl.coalesce(stated, "_due"))
    rows = found.ended.rename({"person_id": "_person"}).join(
        due, left_on=["closed", "_person"], right_on=["award", "person_id"], how="left",
        validate="m:1",
    )  # fmt: skip
    place = found.situation.people.select("person_id", "benefit_unit_id", "household_id")
    return rows.join(
        place, left_on="_person", right_on="person_id", how="left", validate="m:1"
    ).select(
        "world",
        subject="benefit_unit_id",
        level=pl.lit("benefit_unit"),  # a claim ends awards of those who make it alone
        scheme="closed",
        award="closed",
        per=pl.when(pl.col("per") == "once").then(pl.lit("once")).otherwise(pl.lit("year")),
        benefit_unit_id="benefit_unit_id",
        household_id="household_id",
        delta_low=-lost.fill_null(NO_LIMIT),
        delta_high=-lost.fill_null(0),
    )


def _owned(moves: pl.DataFrame, chosen: pl.DataFrame, worlds: Worlds) -> pl.DataFrame:
    """Say of each move whether it is the claimant's own, or that of a unit or child with them: not
    another adult's."""
    units = worlds.units.select("world", "unit")
    payees = worlds.payees.select("level", subject="group", _unit="unit")
    claimants = chosen.select("world", "claimant")
    adults = worlds.situation.people.filter(pl.col("role") == "adult").select(
        subject="person_id", _is_adult=pl.lit(value=True)
    )
    is_person = pl.col("level") == "person"
    here = pl.when(is_person).then("benefit_unit_id").otherwise("_unit") == pl.col("unit")
    another = (
        is_person
        & pl.col("_is_adult").fill_null(value=False)
        & (pl.col("subject") != pl.col("claimant"))
    )
    return (
        moves.join(units, on="world", how="left", validate="m:1")
        .join(claimants, on="world", how="left", validate="m:1")
        .join(payees, on=["level", "subject"], how="left", validate="m:1")
        .join(adults, on="subject", how="left", validate="m:1")
        .with_columns(is_own=(here & ~another).fill_null(value=False))
    )


def _marked(found: Tried) -> pl.DataFrame:
    names = ("unsettled", "irreversible", "other_person_affected")
    schema = {"world": pl.String(), "mark": pl.String()}
    marks = pl.concat([pl.DataFrame(schema=schema), *found.marks])
    return marks.group_by("world").agg((pl.col("mark") == name).any().alias(name) for name in names)
