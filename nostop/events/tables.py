"""The tables of life events: what happened, and what follows from it."""

import hashlib

import dataframely as dy
import polars as pl

#: Whom an event may be about.
SUBJECT_KINDS = ("person", "benefit_unit", "household")
#: What may follow from an event.
SIGNAL_KINDS = ("reopen", "follow_up", "stop", "hold", "close_case", "open_case")
#: The event by which the passing of time comes into the log.
TICK = "tick"
_BETWEEN = "\x1f"


class LifeEvents(dy.Schema):
    """One row for each event. `event_key` stands for (source, event_id), which CloudEvents says
    are one event.

    `subject` is an opaque id of a person, benefit unit or household, null for a tick. `data` is
    JSON with sorted keys: only the attributes that the event's type declares.
    """

    event_key = dy.String(primary_key=True)
    source = dy.String()
    event_id = dy.String()
    type = dy.String()
    subject = dy.String(nullable=True)
    at = dy.Datetime(time_zone="UTC", time_unit="us")
    data = dy.String()


class Signals(dy.Schema):
    """One row for each thing that follows from an event under a rule.

    `event_key` is the event that the rule is about, `event_keys` that one and the first of each
    other that the rule asks for. `due_on` is the day from which it is to be acted on, `until_on`
    the last day of a hold (null: until an event withdraws it). `scheme`, `campaign` and
    `message_id` are the event's own, where it has them; `step` is the one that a follow-up sends.
    """

    signal_id = dy.String(primary_key=True)
    rule = dy.String()
    version = dy.Int64()
    kind = dy.String(check=lambda kind: kind.is_in(SIGNAL_KINDS))
    subject = dy.String()
    subject_kind = dy.String(check=lambda kind: kind.is_in(SUBJECT_KINDS))
    scheme = dy.String(nullable=True)
    campaign = dy.String(nullable=True)
    message_id = dy.String(nullable=True)
    step = dy.Int64(nullable=True)
    case_kind = dy.String(nullable=True)
    reason = dy.String(nullable=True)
    due_on = dy.Date()
    until_on = dy.Date(nullable=True)
    event_key = dy.String()
    event_keys = dy.List(dy.String())


def event_key(source: str, event_id: str) -> str:
    """Return the key of an event: opaque, and the same whenever it comes."""
    return "E" + _digest(source + _BETWEEN + event_id)


def signal_ids(rows: pl.DataFrame) -> pl.Series:
    """Return an id for each row: the same for the same texts and numbers in all columns."""
    columns = [pl.col(name).cast(pl.String).fill_null("") for name in rows.columns]
    keys = rows.select(key=pl.concat_str(columns, separator=_BETWEEN))["key"]
    return pl.Series("signal_id", ["S" + _digest(key) for key in keys.to_list()], dtype=pl.String)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
