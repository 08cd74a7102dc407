"""The plan of a campaign: its audience out of a run's determinations, one message at a time for
each person, and the channel that reaches them first."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from nostop.model import TIMES_A_YEAR
from nostop.outreach.campaign import NATIONS, Audience
from nostop.outreach.reasons import in_order

#: What each kind of channel needs of a person. A channel of kind `any` takes whatever there is.
CONTACT_OF = {"email": "email", "phone": "phone", "voice": "phone", "post": "post"}
ONE_AT_A_TIME = "one_message_at_a_time"


def in_audience(
    determinations: pl.DataFrame,
    recipients: pl.DataFrame,
    audience: Audience,
    oldest_facts: pl.DataFrame | None,
    on: date,
) -> pl.DataFrame:
    """Return the determinations that a campaign is for.

    Whose place, gain or age of facts is not known is not in an audience that asks for it.

    Args:
        determinations: `Determinations`.
        recipients: person_id, benefit_unit_id, household_id, nation, local_authority.
        audience: the campaign's rules.
        oldest_facts: scheme, `_subject`, oldest (the day of the oldest record behind it), where the
            audience asks for it.
        on: the day that ages are reckoned on.
    """
    subject = pl.coalesce("person_id", "benefit_unit_id", "household_id")
    found = determinations.with_columns(_subject=subject)
    if audience.pounds_a_year_at_least is not None:
        found = found.filter(_a_year("amount_low") >= audience.pounds_a_year_at_least * 100)
    if audience.nations != NATIONS or audience.local_authorities is not None:
        found = found.join(_placed(recipients, audience), on="_subject", how="semi")
    if oldest_facts is not None and audience.facts_no_older_than_days is not None:
        fresh = (pl.lit(on) - pl.col("oldest")).dt.total_days() <= audience.facts_no_older_than_days
        good = oldest_facts.filter(fresh)
        found = found.join(good, on=["scheme", "_subject"], how="semi")
    return found.drop("_subject")


def _placed(recipients: pl.DataFrame, audience: Audience) -> pl.DataFrame:
    there = pl.col("nation").is_in(audience.nations)
    if audience.local_authorities is not None:
        there = there & pl.col("local_authority").is_in(audience.local_authorities)
    placed = recipients.filter(there)
    ids = ("person_id", "benefit_unit_id", "household_id")
    return pl.concat(placed.select(_subject=name) for name in ids).unique().drop_nulls()


def _a_year(amount: str) -> pl.Expr:
    return pl.col(amount) * pl.col("per").replace_strict(TIMES_A_YEAR, return_dtype=pl.Int64)


def reaching(
    plan: pl.DataFrame, contacts: pl.DataFrame, channels: Sequence[tuple[str, str]]
) -> pl.DataFrame:
    """Return the plan with `channel` and `contact_kind`: the first channel, in the campaign's
    order, that has an address of the recipient.

    Args:
        plan: `Plan`.
        contacts: person_id, email, phone, post.
        channels: name and kind of each.
    """
    ways = contacts.select(pl.col("person_id").alias("recipient_id"), "email", "phone", "post")
    joined = plan.join(ways, on="recipient_id", how="left", validate="m:1", maintain_order="left")
    kinds = [_contact_kind(kind) for _, kind in channels]
    pairs = list(zip(channels, kinds, strict=True))
    return joined.with_columns(
        channel=pl.coalesce(pl.when(k.is_not_null()).then(pl.lit(n)) for (n, _), k in pairs),
        contact_kind=pl.coalesce(kinds),
    ).drop("email", "phone", "post")


def _contact_kind(kind: str) -> pl.Expr:
    """The address that a channel of a kind would use; null where the recipient has none."""
    wanted = [CONTACT_OF[kind]] if kind in CONTACT_OF else ["email", "phone", "post"]
    return pl.coalesce(pl.when(pl.col(w).is_not_null()).then(pl.lit(w)) for w in wanted)


def one_at_a_time(plan: pl.DataFrame, determinations: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the plan in which nobody has more than `most` planned messages: those that are worth
    most come first, and the others wait for another campaign.

    Args:
        plan: `Plan`.
        determinations: `Determinations` that it is of.
        most: how many messages one person may get.
    """
    worth = determinations.select(
        "scheme",
        _subject=pl.coalesce("person_id", "benefit_unit_id", "household_id"),
        _worth=_a_year("amount_low").fill_null(-1),
    ).unique(["scheme", "_subject"], keep="first", maintain_order=True)
    marked = pl.concat(
        plan.with_columns(_subject=pl.col(name)).join(
            worth, on=["scheme", "_subject"], how="inner", validate="m:1"
        )
        for name in ("recipient_id", "benefit_unit_id", "household_id")
    )
    best = marked.group_by("message_id").agg(pl.col("_worth").max())
    planned = (
        plan.filter(pl.col("state") == "planned")
        .join(best, on="message_id", how="left", validate="1:1")
        .sort(
            "recipient_id",
            pl.col("kind") != "entitled",
            pl.col("_worth").fill_null(-1) * -1,
            "scheme",
        )
        .with_columns(_turn=pl.int_range(pl.len()).over("recipient_id"))
    )
    late = planned.filter(pl.col("_turn") >= most).select("message_id", _late=pl.lit(value=True))
    joined = plan.join(
        late, on="message_id", how="left", validate="1:1", maintain_order="left"
    ).with_columns(pl.col("_late").fill_null(value=False))
    return suppressed_where(joined, pl.col("_late"), ONE_AT_A_TIME).drop("_late")


def suppressed_where(plan: pl.DataFrame, rows: pl.Expr, reason: str) -> pl.DataFrame:
    """Return the plan in which some rows are suppressed, with one more reason."""
    more = in_order(pl.concat_list("suppressions", pl.lit([reason])))
    return plan.with_columns(
        suppressions=pl.when(rows).then(more).otherwise("suppressions"),
    ).with_columns(
        state=pl.when(rows).then(pl.lit("suppressed")).otherwise("state"),
        suppression=pl.col("suppressions").list.first(),
    )
