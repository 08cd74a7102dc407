"""Life events: brought in, and what follows from them.

How signals are worked out: a few subjects with `durable_rules` where it is installed, many with
polars, with equal results.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import events, store
from nostop.app.rules import require_rules
from nostop.events import EventBook, RunTables
from nostop.frames import Awards, Situation, empty
from nostop.rulebook import Rulebook, default_rules_dir
from nostop.store.audit import record_read

#: Up to so many events at once are worked out one subject at a time.
_FEW = 200
_SCHEME = re.compile(r"^scheme: *([a-z][a-z0-9_]*) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EventDesk:
    """Takes events in, under one set of rules, on behalf of somebody.

    engine: of the store. book: the event rules. judging: `judging(book)`, to be made once.
    by: who or what brings events, for the audit log.
    """

    engine: Engine
    book: EventBook
    judging: store.Judging
    by: str

    def take(self, raw: bytes, where: str, at: datetime) -> store.Heard:
        """Take CloudEvents in JSON: of a file, of a request, or of what a feed landed.

        Args:
            raw: one event, a list, or `{"events": [...]}`.
            where: how errors call it.
            at: when they came, with a zone.
        Raises:
            EventError: one of them is none, or is in the log with other content; none is taken.
            StoreError: a value is not fit to be stored.
        """
        return self.hear(events.read_events(raw, where, self.book, at), at)

    def hear(self, happened: pl.DataFrame, at: datetime) -> store.Heard:
        """Take events of our own making, as `events_of_run` and `events_of_messages` give them."""
        return store.hear_events(self.engine, happened, self.judging, at, self.by)

    def tick(self, day: date, at: datetime) -> store.Heard:
        """Let a day have come: what nobody did by then is settled.

        Raises:
            EventError: it has not come yet.
        """
        return self.hear(events.tick(day, at), at)

    def judge_again(self, at: datetime) -> store.Heard:
        """Bring everybody's signals up to date with rules that have changed."""
        return store.judge_again(self.engine, self.judging, at, self.by)

    def carry_out(self, at: datetime) -> store.Carried:
        """Let due signals move cases."""
        return store.carry_out_signals(self.engine, events.day_of(at), at, self.by)


def read_event_rules(rules: Path | None = None) -> EventBook:
    """Read the event rules of a rules folder.

    Raises:
        SettingsError: it is no rules folder.
        RuleError: they cannot stand.
    """
    folder = rules or default_rules_dir()
    require_rules(folder)
    return events.load_event_book(folder, _schemes(folder))


def _schemes(folder: Path) -> Iterator[str]:
    """Yield what packs call themselves. What else they say does not matter here, and reading all of
    it would take longer than everything else a command does."""
    for file in sorted(folder.glob("*/**/pack.yaml")):
        found = _SCHEME.search(file.read_text(encoding="utf-8-sig", errors="replace"))
        if found:
            yield found[1]


def run_tables(on: date, situation: Situation, determinations: pl.DataFrame) -> RunTables:
    """Return what is compared of a run, as it was worked out; what it does not know is null."""
    people, homes = situation.people, situation.households
    dates = [name for name in ("died_on", "born_on") if name not in people.columns]
    return RunTables(
        on,
        people.with_columns(pl.lit(None, pl.Date).alias(name) for name in dates),
        homes if "uprn" in homes.columns else homes.with_columns(uprn=pl.lit(None, pl.String)),
        empty(Awards) if situation.awards is None else situation.awards,
        determinations,
    )


def receipts_of(rulebook: Rulebook) -> pl.DataFrame:
    """Return scheme, award: which award shows that a scheme is claimed."""
    rows = sorted((name, scheme.receipt) for name, scheme in rulebook.packs.items())
    return pl.DataFrame(rows, ["scheme", "award"], orient="row")


def show_events(
    engine: Engine, subject: str | None, last: int, by: str, at: datetime
) -> pl.DataFrame:
    """Return the last events of the log, or of one subject, once it is written down that `by` reads
    them."""
    subjects = None if subject is None else [subject]
    rows = store.read_events(engine, subjects, last)
    return shown_to(engine, rows, by, at)


def shown_to(engine: Engine, rows: pl.DataFrame, by: str, at: datetime) -> pl.DataFrame:
    """Return events or signals once it is written down that `by` reads them.

    Raises:
        StoreError: it cannot be; then nothing is shown.
    """
    whose = rows["person_id"].drop_nulls().unique().sort().to_list()
    record_read(engine, by, whose, "life_events", at)
    return rows


def judging(book: EventBook) -> store.Judging:
    """Return how the store works out the signals of some subjects."""

    online = events.Online(book) if events.is_installed() else None

    def signals(happened: pl.DataFrame) -> pl.DataFrame:
        if online is not None and happened.height <= _FEW:
            return online.signals_of(happened)
        return events.signals_of(happened, book)

    def undone(happened: pl.DataFrame) -> pl.DataFrame:
        return events.undone(happened, book)

    of_people = frozenset(name for name, each in book.types.items() if each.subject == "person")
    return store.Judging(signals, undone, events.waiting_types(book), of_people)
