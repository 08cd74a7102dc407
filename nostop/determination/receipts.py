"""Awards as departments state them -> what each person receives and has claimed, on one date."""

from collections.abc import Iterator
from datetime import date

import polars as pl
import polars.selectors as cs

from nostop.determination.values import edges
from nostop.frames import Awards, Situation, empty
from nostop.model import CLAIMED_STATUSES, FrameError
from nostop.rulebook.catalogue import LARGEST_AMOUNT, too_large
from nostop.rulebook.plan import Plan


def receipts(situation: Situation, plan: Plan) -> pl.DataFrame:
    """Return, row by row for people and per scheme read: `known:`, `held:` (claimed), `paid:` (in
    payment), `sum:` (pence).

    Raises:
        FrameError: an award's period is not its scheme's, or its amount is too large.
    """
    schemes = sorted(plan.schedule.receipts)
    awards = situation.awards if situation.awards is not None else empty(Awards)
    awards = awards.filter(pl.col("scheme").is_in(schemes))
    _check_amounts(awards, plan)
    marks = [mark for name in schemes for mark in _marks(name)]
    marked = _in_force(awards, plan.effective_on).select("person_id", *marks)
    found = marked.group_by("person_id").agg(
        cs.starts_with("held:", "paid:", "open:").any(), cs.starts_with("sum:").sum()
    )
    # One award in payment whose amount is not stated leaves the sum unknown.
    whole = [
        pl.when(~pl.col(f"open:{name}")).then(pl.col(f"sum:{name}")).alias(f"sum:{name}")
        for name in schemes
    ]
    found = found.with_columns(whole).drop(cs.starts_with("open:"))
    people = situation.people.select(
        pl.col("person_id").cast(pl.String), *_known(situation, schemes)
    )
    return people.join(
        found, on="person_id", how="left", validate="1:1", maintain_order="left"
    ).drop("person_id")


def _known(situation: Situation, schemes: list[str]) -> Iterator[pl.Expr]:
    """Whether a scheme without an award is known not to be received, person by person."""
    known = pl.lit(value=situation.awards is not None)
    if "awards_known" in situation.people.columns:
        known = known & pl.col("awards_known").fill_null(value=False)
    complete = situation.receipt_known_for
    for name in schemes:
        yield (known & pl.lit(complete is None or name in complete)).alias(f"known:{name}")


def _in_force(awards: pl.DataFrame, on: date) -> pl.DataFrame:
    is_claim = pl.col("status").is_in(["pending", "opted_out"])
    begun = pl.col("starts_on").is_null() | (pl.col("starts_on") <= on) | is_claim
    lasting = pl.col("ends_on").is_null() | (pl.col("ends_on") >= on)
    return awards.filter(pl.col("status").is_in(CLAIMED_STATUSES) & begun & lasting)


def _marks(scheme: str) -> Iterator[pl.Expr]:
    is_it = pl.col("scheme") == scheme
    paid = is_it & (pl.col("status") == "in_payment")
    yield is_it.alias(f"held:{scheme}")
    yield paid.alias(f"paid:{scheme}")
    yield (paid & pl.col("amount").is_null()).alias(f"open:{scheme}")
    yield pl.when(paid).then("amount").alias(f"sum:{scheme}")


def _check_amounts(awards: pl.DataFrame, plan: Plan) -> None:
    per = {name: award.per.value for name, award in plan.book.catalogue.awards.items()}
    stated = awards.filter(pl.col("amount").is_not_null())
    own = pl.col("scheme").replace_strict(per, default=None, return_dtype=pl.String)
    wrong = stated.filter(pl.col("per").ne_missing(own))
    if wrong.height:
        scheme, found = wrong["scheme"][0], wrong["per"][0]
        raise FrameError(wrong_period(scheme, per[scheme], found))
    if any(abs(edge) > LARGEST_AMOUNT for edge in edges(stated["amount"])):
        raise FrameError(f"awards: an amount is {too_large('money')}")


def wrong_period(scheme: str, own: str, found: str | None) -> str:
    """Return what is said of an award whose amount is stated in another period than its own."""
    return f"awards: {scheme} is stated per {own}, found per {found}"
