"""What followed messages: claims and refusals as the authorities report them, each as it was first
seen."""

from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    bindparam,
    func,
    literal,
    select,
    type_coerce,
    update,
)

from nostop.store.audit import Entry, append
from nostop.store.campaigns import Act
from nostop.store.checks import ID, NAME, check_text
from nostop.store.columns import WHOLE
from nostop.store.rows import put, read, table_of
from nostop.store.tables import OutreachMessage, Run
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_events import LifeEvent
from nostop.store.tables_outreach import Campaign, MessageOutcome

_LOOKED = "outcomes.looked_for"
REFUSED = "award_refused"
_DETAILS = ("days", "pence", "per")


def in_trials(engine: Engine) -> pl.DataFrame:
    """Return the messages of campaigns of which an outcome means something: what went or may have
    gone, what was planned and did not go yet or was taken back, and what was held out. Not what
    was suppressed from the start.

    Returns:
        message_id, campaign, recipient_id, scheme, state, claimed_at, planned_on (the day of the
        run that it was planned from), run_id; sorted by id.
    """
    table, runs = table_of(OutreachMessage), table_of(Run)
    names = ("message_id", "campaign", "recipient_id", "scheme", "state", "claimed_at", "run_id")
    query = (
        select(*(table.c[name] for name in names), runs.c.effective_on.label("planned_on"))
        .join(runs, runs.c.run_id == table.c.run_id)
        .where(_in_trial(), table.c.campaign.in_(select(table_of(Campaign).c.campaign)))
    )
    with engine.begin() as connection:
        return read(connection, query).sort("message_id")


def _in_trial() -> Any:  # noqa: ANN401 - a condition of SQLAlchemy's
    table = table_of(OutreachMessage)
    # Only what was planned has words.
    return (table.c.state == "held_out") | table.c.body_sha256.is_not(None)


def refusals(engine: Engine) -> pl.DataFrame:
    """Return person_id, data (JSON), at and source of every refusal that an authority reported."""
    table = table_of(LifeEvent)
    query = select(table.c.person_id, table.c.data, table.c.at, table.c.source).where(
        table.c.type == REFUSED, table.c.person_id.is_not(None)
    )
    with engine.begin() as connection:
        return read(connection, query).sort("at", "person_id", "data")


def record_outcomes(
    engine: Engine, outcomes: pl.DataFrame, campaigns: list[str], act: Act
) -> dict[str, int]:
    """Write down what is seen for the first time; what is known stays, and is only completed.

    Args:
        engine: of the store.
        outcomes: the columns of `MessageOutcome`.
        campaigns: for which ones somebody looked.
        act: who did.
    Returns:
        How many outcomes of each kind are new.
    """
    table = table_of(MessageOutcome)
    check_text(outcomes, "message_outcomes", {"message_id": ID, "source": NAME})
    key = ["message_id", "outcome"]
    with engine.begin() as connection:
        stored = read(connection, select(table))
        new = outcomes.join(stored, on=key, how="anti").sort(key)
        put(connection, MessageOutcome, new)
        _complete(connection, stored, outcomes)
        found = dict(new.group_by("outcome").len().iter_rows())
        counts = {name: int(found.get(name, 0)) for name in ("claimed", "refused")}
        entries = [Entry(_LOOKED, name) for name in campaigns]
        append(connection, act.by, [*entries, Entry("outcomes.recorded", None, counts)], act.at)
    return counts


def _complete(connection: Connection, stored: pl.DataFrame, outcomes: pl.DataFrame) -> None:
    """Fill in what was not known of a claim when it was first seen: its start, its amount."""
    table = table_of(MessageOutcome)
    both = stored.join(outcomes, on=["message_id", "outcome"], how="inner", suffix="_now")
    more = [
        pl.col(name).is_null() & pl.col(f"{name}_now").is_not_null() for name in ("days", "pence")
    ]
    rows = both.filter(pl.any_horizontal(more)).select(
        "outcome", of="message_id", **{f"new_{n}": pl.coalesce(n, f"{n}_now") for n in _DETAILS}
    )
    query = update(table).where(
        table.c.message_id == bindparam("of"), table.c.outcome == bindparam("what")
    )
    query = query.values({name: bindparam(f"new_{name}") for name in _DETAILS})
    if rows.height:
        connection.execute(query, rows.rename({"outcome": "what"}).to_dicts())


def trial_counts(engine: Engine, campaign: str) -> pl.DataFrame:
    """Return exact counts of a campaign. They are for masking, and never shown as they are.

    Returns:
        scheme, held_out, people, claimed, refused; sorted.
    """
    table, outcomes = table_of(OutreachMessage), table_of(MessageOutcome)
    held = (table.c.state == "held_out").label("held_out")
    mine = table.c.campaign == campaign
    number = type_coerce(func.count(), WHOLE).label("people")
    # By indexes alone: whatever is not suppressed was planned, or is held out.
    columns = (table.c.state, table.c.suppression, table.c.scheme)
    planned = select(*columns, number).where(mine).group_by(*columns)
    suppressed = literal("suppressed", literal_execute=True)
    taken_back: Select[Any] = (
        select(table.c.scheme, number)
        .where(mine, table.c.state == suppressed, table.c.body_sha256.is_not(None))
        .group_by(table.c.scheme)
    )
    followed: Select[Any] = (
        select(
            table.c.scheme,
            held,
            outcomes.c.outcome,
            type_coerce(func.count(), WHOLE).label("number"),
        )
        .join(table, table.c.message_id == outcomes.c.message_id)
        # From the few outcomes to their messages, not from every message of the campaign: no index
        # is of this expression.
        .where(table.c.campaign.concat("") == campaign, _in_trial())
        .group_by(table.c.scheme, held, outcomes.c.outcome)
    )
    with engine.begin() as connection:
        open_, back = read(connection, planned), read(connection, taken_back)
        seen = read(connection, followed)
    key = ["scheme", "held_out"]
    told = open_.filter(pl.col("state") != "suppressed").select(
        "scheme", "people", held_out=pl.col("state") == "held_out"
    )
    back = back.select("scheme", "people", held_out=pl.lit(value=False))
    rows = pl.concat([told, back]).group_by(key).agg(pl.col("people").sum())
    for name in ("claimed", "refused"):
        found = seen.filter(outcome=name).select(*key, pl.col("number").alias(name))
        rows = rows.join(found, on=key, how="left", validate="1:1").with_columns(
            # Of nobody is it noted that they claimed: that is a count, and it is none.
            pl.col(name).fill_null(0)
        )
    return rows.sort(key)


def last_looked(engine: Engine, campaign: str) -> datetime | None:
    """Return when somebody last looked for what followed a campaign, None if nobody has."""
    table = table_of(AuditEntry)
    query = select(func.max(table.c.at)).where(
        table.c.action == _LOOKED, table.c.subject == campaign
    )
    with engine.begin() as connection:
        return connection.execute(query).scalar()


def with_outcome(connection: Connection, message_ids: list[str]) -> set[str]:
    """Return those of these messages after which anything was claimed or refused."""
    table = table_of(MessageOutcome)
    query = select(table.c.message_id).where(table.c.message_id.in_(message_ids))
    return set(connection.execute(query).scalars())
