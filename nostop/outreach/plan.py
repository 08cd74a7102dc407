"""The plan: one message for each (campaign, recipient, scheme, step), or the reason for none."""

import hashlib
import hmac

import polars as pl

from nostop.frames import check
from nostop.model import OutreachError
from nostop.outreach.audience import audience
from nostop.outreach.policy import Holdout, Policy
from nostop.outreach.reasons import flagged
from nostop.outreach.tables import Plan

#: A register that flags this share or less of what it flagged last time is a broken feed.
LEAST_LEFT = 0.1
_DRAWS = 1 << 64
_BETWEEN = "\x1f"


def plan(
    determinations: pl.DataFrame,
    people: pl.DataFrame,
    contacts: pl.DataFrame | None,
    policy: Policy,
    paths: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return who is to be told of what, and who is not, and why.

    The same inputs give the same rows and the same message ids; nothing here depends on pack
    version, template or language, so none of them makes a second message.

    Args:
        determinations: `Determinations` of one effective date.
        people: `Situation.people`.
        contacts: `Contacts`, or None where the register did not arrive: then every row is
            suppressed as `register_unknown`.
        policy: what the campaign may do.
        paths: `ClaimPaths` of the determinations; nobody is written to of what needs advice first.
    Returns:
        `Plan`, sorted by scheme and recipient.
    Raises:
        FrameError: a table lacks a column, or a key repeats.
        OutreachError: the register has lost nine in ten of its flags since the last run.
    """
    _refuse_vanished(contacts, policy.previous_flagged)
    told = audience(determinations, people, contacts, policy, paths)
    suppressed = pl.col("suppressions").list.len() > 0
    state = pl.when(suppressed).then(pl.lit("suppressed"))
    planned = (
        told.drop("household_id", "person_id")
        .rename({"recipient_household_id": "household_id"})
        .with_columns(
            pl.lit(policy.campaign).alias("campaign"),
            pl.lit(policy.step, pl.Int64).alias("step"),
            pl.col("suppressions").list.first().alias("suppression"),
        )
        .with_columns(_held_out(policy.holdout))
        .with_columns(
            state.when("holdout")
            .then(pl.lit("held_out"))
            .otherwise(pl.lit("planned"))
            .alias("state")
        )
    )
    with_ids = planned.with_columns(_message_ids(planned))
    return check(Plan, with_ids.sort("scheme", "recipient_id"))


def message_id(campaign: str, recipient_id: str, scheme: str, step: int) -> str:
    """Return the lasting id of one message: opaque, and the same whenever it is planned."""
    key = _BETWEEN.join((campaign, recipient_id, scheme, str(step)))
    return "M" + hashlib.sha256(key.encode()).hexdigest()[:32]


def is_held_out(holdout: Holdout, unit_id: str) -> bool:
    """Return the arm of a household (or unit): the same for all its members, run after run."""
    key = f"{holdout.trial}{_BETWEEN}{unit_id}".encode()
    drawn = hmac.digest(holdout.secret, key, "sha256")[:8]
    return int.from_bytes(drawn, "big") < holdout.share * _DRAWS


def _refuse_vanished(contacts: pl.DataFrame | None, previous: int | None) -> None:
    if contacts is None or not previous:
        return
    now = flagged(contacts)
    if now <= previous * LEAST_LEFT:
        raise OutreachError(
            f"plan: the contacts register flags {now} people and flagged {previous} in the last "
            "run; look at the feed before anybody is written to"
        )


def _message_ids(planned: pl.DataFrame) -> pl.Series:
    keys = planned.select("campaign", "recipient_id", "scheme", "step").iter_rows()
    return pl.Series("message_id", [message_id(*key) for key in keys], pl.String)


def _held_out(holdout: Holdout | None) -> pl.Expr:
    if holdout is None:
        return pl.lit(value=False).alias("holdout")
    unit = pl.coalesce("household_id", "benefit_unit_id", "recipient_id")
    arm = unit.map_elements(lambda unit_id: is_held_out(holdout, unit_id), return_dtype=pl.Boolean)
    return arm.alias("holdout")
