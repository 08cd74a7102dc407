"""`nostop events`: what happened in people's lives, and what follows from it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import store
from nostop.app.events import EventDesk, judging, read_event_rules, show_events, shown_to
from nostop.app.opened import open_from_environment
from nostop.cli.outreach_options import ByOption, act
from nostop.cli.shared import JsonOption, RulesOption, out, parse_date, table
from nostop.events import day_of
from nostop.events.rules import EventRule
from nostop.model import SettingsError

commands = typer.Typer(
    help="What happened in people's lives, and what follows from it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
rule_commands = typer.Typer(
    help="The rules that say what follows from an event.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
commands.add_typer(rule_commands, name="rules")
_SHOWN = 50


@commands.command()
def append(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE.json|-", help="CloudEvents in JSON; - is standard input."),
    ],
    by: ByOption = None,
    rules: RulesOption = None,
) -> None:
    """Add events to the log: of each file all, or none."""
    who = act(by)
    with _desk(who.by, rules) as desk:
        for name in files:
            heard = desk.take(_read(name), name, who.at)
            out().print(f"{name}: {_told(heard)}", soft_wrap=True)


@commands.command("list")
def list_events(
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Only of this id.")
    ] = None,
    last: Annotated[int, typer.Option("--last", help="How many at most.")] = _SHOWN,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the latest events of the log; that somebody read them is audited."""
    who = act(by)
    with open_from_environment() as engine:
        rows = show_events(engine, subject, last, who.by, who.at)
    if as_json:
        _print_json(rows)
        return
    shown = table("", "Day", "Type", "Subject", "What it says", "Source", "Id")
    for row in rows.iter_rows(named=True):
        day = day_of(row["at"]).isoformat()
        what = (row["type"], row["subject"] or "", row["data"], row["source"], row["event_id"])
        shown.add_row(day, *what)
    out().print(shown)


@commands.command()
def tick(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="The day; today where none is given.")
    ] = None,
    by: ByOption = None,
    rules: RulesOption = None,
) -> None:
    """Let a day have come: what nobody did by then is settled, and due cases move."""
    who = act(by)
    day = parse_date(on) or day_of(who.at)
    with _desk(who.by, rules) as desk:
        heard = desk.tick(day, who.at)
        carried = desk.carry_out(who.at)
    out().print(f"{day}: {_told(heard)}", soft_wrap=True)
    out().print(
        f"cases: {carried.opened} opened, {carried.moved} moved on, {carried.closed} closed"
    )


@commands.command()
def signals(
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="reopen, follow_up, stop, hold, close_case or open_case."),
    ] = None,
    undone: Annotated[
        bool, typer.Option("--undone", help="Those undone after somebody had acted on them.")
    ] = False,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the signals that nobody has acted on, the first due first; the reading is audited."""
    who = act(by)
    with open_from_environment() as engine:
        found = store.undone_too_late(engine) if undone else store.open_signals(engine, kind)
        rows = shown_to(engine, found if as_json else found.head(_SHOWN), who.by, who.at)
    if as_json:
        _print_json(rows)
        return
    shown = table("", "Due", "Signal", "Subject", "Scheme", "Why", "Rule")
    for row in rows.iter_rows(named=True):
        shown.add_row(
            row["due_on"].isoformat(),
            row["kind"],
            row["subject"],
            row["scheme"] or "",
            row["reason"] or "",
            row["rule"],
        )
    out().print(shown)
    if found.height > _SHOWN:
        out().print(f"{found.height - _SHOWN:,} more; --json shows all")


@rule_commands.command()
def check(rules: RulesOption = None) -> None:
    """Read the event rules, and say what each is about and what follows."""
    book = read_event_rules(rules)
    shown = table("", "Rule", "About", "What follows")
    for rule in book.rules:
        shown.add_row(rule.id, rule.when.event, _follows(rule))
    out().print(shown)
    out().print(
        f"{len(book.rules)} rules about {len(book.types)} types of event: no mistakes found"
    )


@rule_commands.command("apply")
def apply_rules(by: ByOption = None, rules: RulesOption = None) -> None:
    """Work out everybody's signals anew after a change of the rules; else the next event does."""
    who = act(by)
    with _desk(who.by, rules) as desk:
        heard = desk.judge_again(who.at)
    out().print(f"{heard.raised} signals raised, {heard.withdrawn} withdrawn")


def _follows(rule: EventRule) -> str:
    said = [
        " ".join([then.signal, *(then.schemes or ()), *([then.reason] if then.reason else ())])
        for then in rule.then
    ]
    return ", ".join(said)


@contextmanager
def _desk(by: str, rules: Path | None) -> Iterator[EventDesk]:
    book = read_event_rules(rules)
    with open_from_environment() as engine:
        yield EventDesk(engine, book, judging(book), by)


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(f"{name}: cannot be read: {error.strerror}") from error


def _told(heard: store.Heard) -> str:
    known = f", {heard.known} known already" if heard.known else ""
    withdrawn = f", {heard.withdrawn} withdrawn" if heard.withdrawn else ""
    return f"{heard.added} events added{known}; {heard.raised} signals raised{withdrawn}"


def _print_json(rows: pl.DataFrame) -> None:
    typer.echo(json.dumps(rows.to_dicts(), indent=2, default=_as_text))


def _as_text(value: date) -> str:
    return value.isoformat()
