"""Outreach messages: what is planned, and what a later plan changes of what is not yet sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import BindParameter, Connection, Engine, bindparam, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from nostop.frames import check
from nostop.model import StoreError
from nostop.outreach.tables import Plan
from nostop.ports import Receipt
from nostop.store.checks import ID, check_id, check_text, plain_reason, plain_reference
from nostop.store.rows import put, read, table_of
from nostop.store.tables import STATES, OutreachMessage, OutreachReceipt

#: A message that nobody has tried to send follows the latest plan. A held-out one stays held out.
OPEN = ("planned", "suppressed")
WITHDRAWN = "withdrawn"
#: Both databases have a limit on the values of one query.
MOST_AT_ONCE = 1000
_TEXTS = ("message_id", "campaign", "recipient_id", "scheme", "kind", "language", "suppression")
#: What a campaign's plan says beyond `Plan`: by which channel, and which words.
OF_A_CAMPAIGN = ["channel", "contact_kind", "template_sha256", "body_sha256"]
_FOLLOWS = ["kind", "language", "state", "suppression", *OF_A_CAMPAIGN]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a plan did: new messages, changed ones, and planned ones it took back."""

    added: int
    changed: int
    withdrawn: int


def record_plan(engine: Engine, run_id: str, plan: pl.DataFrame) -> Recorded:
    """Write a whole plan down; a message that is there already is never added again.

    A message that is planned or suppressed follows the new plan: a flag that has come since stops
    it, and one that the plan no longer has is suppressed as `withdrawn`. From `claimed` on, nothing
    changes it here.

    Args:
        engine: an engine of `open_store`.
        run_id: a run that `record_run` has written down.
        plan: `Plan`: all of one campaign's step, since what is not in it is taken back. Beside
            it, where a campaign says so, `channel`, `contact_kind`, `template_sha256` and
            `body_sha256`.
    Raises:
        FrameError: a column is missing or has another type.
        StoreError: a value is not fit to be stored, or a (campaign, recipient, scheme, step) is
            stored under another message id.
    """
    check_id(run_id, "run_id")
    try:
        with engine.begin() as connection:
            return record_plan_within(connection, run_id, plan)
    except IntegrityError as error:
        raise StoreError(
            "store: the plan has a (campaign, recipient, scheme, step) that is stored under "
            "another message id, or a run that is not recorded; nothing of it was stored"
        ) from error


def record_plan_within(connection: Connection, run_id: str, plan: pl.DataFrame) -> Recorded:
    """As `record_plan`, in the caller's own transaction."""
    rows = check_text(check(Plan, plan), "outreach_messages", dict.fromkeys(_TEXTS, ID))
    said = [name for name in OF_A_CAMPAIGN if name in plan.columns]
    rows = rows.join(
        plan.select("message_id", *said), on="message_id", validate="1:1"
    ).with_columns(
        pl.lit(run_id).alias("run_id"),
        *(pl.lit(None, pl.String).alias(name) for name in OF_A_CAMPAIGN if name not in said),
    )
    one_plan_at_a_time(connection)
    stored = _stored(connection, rows)
    new = rows.join(stored, on="message_id", how="anti")
    # In the order of the key, which a database adds to its index at the end.
    put(connection, OutreachMessage, new.sort("message_id"))
    changed = _follow(connection, _changes(rows, stored))
    gone = stored.filter(pl.col("state") == "planned")
    gone = gone.join(rows, on="message_id", how="anti").with_columns(
        pl.lit("suppressed").alias("state"),
        pl.lit(WITHDRAWN).alias("suppression"),
        pl.lit(run_id).alias("run_id"),
    )
    withdrawn = _follow(connection, gone)
    return Recorded(added=new.height, changed=changed, withdrawn=withdrawn)


def record_failures(engine: Engine, failed: Iterable[Receipt], at: datetime) -> int:
    """Write down messages that could not even be rendered; return how many were still planned."""
    receipts = {receipt.message_id: receipt for receipt in failed}
    with engine.begin() as connection:
        planned = in_state(connection, list(receipts), "planned")
        record_receipts(connection, [receipts[message_id] for message_id in planned], at)
    return len(planned)


def recover(engine: Engine) -> int:
    """Mark what a run that ended left `claimed` as `unknown`, and return how many there were.

    Such a message may have gone out. It is never sent again by itself: a person decides. What a
    campaign's sender has claimed is its own to settle.
    """
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.state == "claimed", table.c.claimed_by.is_(None))
            .values(state="unknown")
        )
        return changed.rowcount


def count_states(engine: Engine, campaign: str) -> dict[str, int]:
    """Return how many messages of a campaign are in each state."""
    table = table_of(OutreachMessage)
    query = (
        select(table.c.state, func.count())
        .where(table.c.campaign == campaign)
        .group_by(table.c.state)
    )
    with engine.begin() as connection:
        counts = {str(state): int(number) for state, number in connection.execute(query)}
    return {state: counts[state] for state in STATES if state in counts}


def in_state(connection: Connection, message_ids: list[str], state: str) -> list[str]:
    """Return those of `message_ids` that are in a state, in order, locked until the commit."""
    table = table_of(OutreachMessage)
    found: list[str] = []
    for some in batched(sorted(message_ids), MOST_AT_ONCE):
        query = select(table.c.message_id).where(table.c.message_id.in_(some))
        query = query.where(table.c.state == state).order_by(table.c.message_id).with_for_update()
        found.extend(connection.execute(query).scalars())
    return found


def batched(ids: list[str], size: int) -> Iterator[list[str]]:
    """Yield the ids in parts of at most `size`."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def record_receipts(connection: Connection, receipts: Iterable[Receipt], at: datetime) -> None:
    """Write receipts down and move their messages to `sent` or `failed`."""
    rows = [
        {
            "message_id": receipt.message_id,
            "status": receipt.status,
            "reference": plain_reference(receipt),
            "reason": plain_reason(receipt),
            "recorded_at": at,
        }
        for receipt in receipts
    ]
    if not rows:
        return
    connection.execute(table_of(OutreachReceipt).insert(), rows)
    table = table_of(OutreachMessage)
    moved = (
        update(table)
        .where(table.c.message_id == bindparam("of"))
        .values(state=bindparam("becomes"))
    )
    connection.execute(moved, [{"of": r["message_id"], "becomes": r["status"]} for r in rows])


def one_plan_at_a_time(connection: Connection) -> None:
    """Wait until nobody else adds messages, and keep others waiting until the commit."""
    # SQLite has begun IMMEDIATE and lets in one writer anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE outreach_messages IN SHARE ROW EXCLUSIVE MODE"))


def _stored(connection: Connection, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the stored messages of the plan's campaigns and steps."""
    table = table_of(OutreachMessage)
    query = select(table).where(table.c.campaign.in_(rows["campaign"].unique().to_list()))
    stored = read(connection, query)
    return stored.join(
        rows.select("campaign", "step").unique(), on=["campaign", "step"], how="semi"
    )


def _changes(rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    before = stored.filter(pl.col("state").is_in(OPEN)).select("message_id", *_FOLLOWS)
    both = rows.join(before, on="message_id", how="inner", validate="1:1", suffix="_before")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in _FOLLOWS]
    return both.filter(pl.any_horizontal(differs))


def _follow(connection: Connection, rows: pl.DataFrame) -> int:
    """Bring messages to what the rows say, unless somebody has claimed them."""
    if not rows.height:
        return 0
    table = table_of(OutreachMessage)
    names = [*_FOLLOWS, "run_id"]
    values: dict[str, BindParameter[str]] = {name: bindparam(f"new_{name}") for name in names}
    # Spelt out: `in_` cannot be used in a statement that runs for many rows.
    is_open = or_(*(table.c.state == state for state in OPEN))
    query = update(table).where(table.c.message_id == bindparam("of"), is_open)
    renamed = rows.select(
        pl.col("message_id").alias("of"), *(pl.col(name).alias(f"new_{name}") for name in names)
    )
    connection.execute(query.values(values), renamed.to_dicts())
    return rows.height
