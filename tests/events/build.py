"""Event rules and events for tests, written short."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from nostop.events import EventBook, LifeEvents, event_key, load_event_book, start_of, tick
from nostop.frames import empty

SCHEMES = ("pension_credit", "universal_credit", "child_benefit")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TYPES = """
types:
  born: {means: A birth, subject: person}
  moved: {means: A move, subject: person, may_have: {region: id, since: date}}
  sent:
    means: A message
    subject: person
    has: {message_id: id, campaign: id, scheme: scheme, step: count}
    follows: follow_up
  award:
    means: An award
    subject: person
    has: {scheme: scheme}
    may_have: {amount: pence, per: [week, month]}
  refused: {means: A refusal, subject: person, has: {scheme: scheme, final: yes_no}}
  ill: {means: In hospital, subject: person}
  well: {means: Out of hospital, subject: person}
  unit_grew: {means: A new child, subject: benefit_unit}
"""


def rule(when: str, then: str = "{signal: stop, reason: deceased}", name: str = "one") -> str:
    """One rule as YAML."""
    return f"""
  - id: {name}
    version: 1
    title: {{en: A rule, cy: Rheol}}
    says: What it says
    reference: An Act
    in_force: 2026-01-01
    when: {when}
    then: [{then}]
"""


def written(folder: Path, *rules: str, types: str = TYPES) -> Path:
    """A rules folder with these event types and rules."""
    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    (events / "types.yaml").write_text(types, encoding="utf-8")
    (events / "some.yaml").write_text("rules:" + "".join(rules), encoding="utf-8")
    return folder


def book_of(folder: Path, *rules: str) -> EventBook:
    return load_event_book(written(folder, *rules), SCHEMES)


def event(kind: str, day: str, subject: str = "P1", name: str = "", **data: object) -> dict:
    """One row of `LifeEvents`; its id says what it is, so that a test reads well."""
    key = name or f"{kind}-{day}-{subject}"
    return {
        "event_key": event_key("test", key),
        "source": "test",
        "event_id": key,
        "type": kind,
        "subject": subject,
        "at": start_of(date.fromisoformat(day)),
        "data": json.dumps(data, sort_keys=True, separators=(",", ":")),
    }


def log(*events: dict, ticks: tuple[str, ...] = ()) -> pl.DataFrame:
    """A log of events, and of days that have come."""
    rows = pl.DataFrame(list(events), schema=empty(LifeEvents).schema)
    return pl.concat([rows, *(tick(date.fromisoformat(day), NOW) for day in ticks)])


def key(kind: str, day: str, subject: str = "P1") -> str:
    return event_key("test", f"{kind}-{day}-{subject}")
