"""Life events: a log of what happened, and rules that say what follows from it.

Rules are data (rules/events). They are worked out in bulk with polars, or one person at a time with
`durable_rules`, with equal results; nothing here decides an entitlement.
"""

from nostop.events.bulk import signals_of, undone
from nostop.events.days import day_of, start_of, tick
from nostop.events.load import load_event_book
from nostop.events.online import Online, is_installed
from nostop.events.reading import read_events
from nostop.events.references import short_reference, stands_for
from nostop.events.rules import EventBook
from nostop.events.runs import RunTables, events_of_messages, events_of_run
from nostop.events.tables import SIGNAL_KINDS, TICK, LifeEvents, Signals, event_key
from nostop.events.waiting import waiting_types

__all__ = [
    "SIGNAL_KINDS",
    "TICK",
    "EventBook",
    "LifeEvents",
    "Online",
    "RunTables",
    "Signals",
    "day_of",
    "event_key",
    "events_of_messages",
    "events_of_run",
    "is_installed",
    "load_event_book",
    "read_events",
    "short_reference",
    "signals_of",
    "stands_for",
    "start_of",
    "tick",
    "undone",
    "waiting_types",
]
