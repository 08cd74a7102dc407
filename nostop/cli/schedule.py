"""`nostop schedule`: when jobs run, what became of them, and the process that runs them."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from nostop.app.opened import VARIABLE
from nostop.cli import app
from nostop.cli.shared import RulesOption, err, out, table
from nostop.hours import read_bank_holidays
from nostop.rulebook import default_rules_dir
from nostop.scheduler.declared import read_schedule
from nostop.scheduler.desk import Desk, Line, Serving
from nostop.scheduler.doing import Launch
from nostop.scheduler.moments import Clockwork
from nostop.scheduler.timetable import Timetable
from nostop.store.schedule import JobRunRecord

#: What a job may not call: what never ends, and what would start a schedule within a schedule.
_NO_JOBS = ("schedule", "notify-simulator", "serve")

_SIGNS = (signal.SIGTERM, signal.SIGINT)

commands = typer.Typer(
    help="When jobs run, what became of them, and the process that runs them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
CalendarOption = Annotated[
    Path, typer.Option("--calendar", metavar="FILE.yaml", help="The schedule: which jobs, when.")
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The name of a job.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.")]


@commands.command("list")
def list_jobs(calendar: CalendarOption, rules: RulesOption = None) -> None:
    """Show each job: when it is due next, what became of it last, and what went wrong."""
    desk = _desk(calendar)
    clock = _clockwork(desk, rules)
    columns = ("Job", "Next due", "Last due", "State", "Took", "Why")
    shown = table(f"Jobs, in the time of {clock.zone.key}", *columns, right=("Took",))
    for line in desk.lines(clock):
        last = _last(line.last, clock) if line.last else ("-", "never ran", "-", "-")
        shown.add_row(line.job, _next(line, clock), *last)
    out().print(shown)


@commands.command()
def history(
    job: JobArgument,
    calendar: CalendarOption,
    most: Annotated[int, typer.Option("--most", help="How many moments to show.")] = 20,
    rules: RulesOption = None,
) -> None:
    """Show what became of a job at each moment that it was due, the latest first."""
    desk = _desk(calendar)
    clock = _clockwork(desk, rules)
    columns = ("Due", "State", "Took", "Why")
    shown = table(f"{job}, in the time of {clock.zone.key}", *columns, right=("Took",))
    for run in desk.history(job, most=most):
        shown.add_row(*_last(run, clock))
    out().print(shown)


@commands.command()
def pause(job: JobArgument, calendar: CalendarOption, by: ByOption) -> None:
    """Let a job wait: its moments pass without it until it is resumed."""
    done = _desk(calendar).pause(job, by)
    out().print(f"{job} is paused" if done else f"{job} was paused already")


@commands.command()
def resume(job: JobArgument, calendar: CalendarOption, by: ByOption) -> None:
    """Let a paused job go on with its next moment."""
    done = _desk(calendar).resume(job, by)
    out().print(f"{job} goes on" if done else f"{job} was not paused")


@commands.command()
def run_now(job: JobArgument, calendar: CalendarOption, by: ByOption) -> None:
    """Run a job now, once, and wait for its end. Refused while it runs."""
    with _signals_kept():
        ended = _desk(calendar).run_now(job, by, _launch(), _on_signals)
    state = "taken up by another scheduler" if ended is None else ended.state
    error = f": {ended.error}" if ended and ended.error else ""
    out().print(f"{job}: {state}{error}", soft_wrap=True)
    if state != "done":
        raise typer.Exit(1)


@commands.command()
def serve(
    calendar: CalendarOption,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Answer health and metrics on this port of this machine."),
    ] = None,
    grace: Annotated[
        int, typer.Option("--grace", help="Seconds that running jobs get to end when it stops.")
    ] = 30,
    rules: RulesOption = None,
) -> None:
    """Run jobs when they are due, until SIGTERM. Several may serve one store: one of them leads."""
    desk, stop = _desk(calendar), Event()
    with _signals_kept():
        _on_signals(stop.set)
        desk.serve(_clockwork(desk, rules), _launch(), Serving(stop, _report, port, grace))


def _desk(calendar: Path) -> Desk:
    known = typer.main.get_group(app).commands
    schedule = read_schedule(calendar, [name for name in known if name not in _NO_JOBS])
    return Desk(os.environ.get(VARIABLE), schedule, lambda: datetime.now(UTC))


def timetable_of(calendar: Path, rules: Path) -> Timetable:
    """Return the schedule of a file, for the pages to look at.

    Raises:
        ScheduleError: it cannot stand.
        YamlError: the file is missing or cannot be read as YAML.
    """
    desk = _desk(calendar)
    return Timetable(desk.schedule, _clockwork(desk, rules))


def _clockwork(desk: Desk, rules: Path | None) -> Clockwork:
    return Clockwork(desk.schedule.time_zone, read_bank_holidays(rules or default_rules_dir()))


def _launch() -> Launch:
    return Launch((sys.executable, "-m", "nostop.cli.scheduled"), dict(os.environ))


def _on_signals(stop: Callable[[], None]) -> None:
    for sign in _SIGNS:
        signal.signal(sign, lambda *_: stop())


@contextmanager
def _signals_kept() -> Iterator[None]:
    before = [signal.getsignal(sign) for sign in _SIGNS]
    try:
        yield
    finally:
        for sign, handler in zip(_SIGNS, before, strict=True):
            signal.signal(sign, handler)


def _next(line: Line, clock: Clockwork) -> str:
    if line.paused_by is not None:
        return f"paused by {line.paused_by}"
    return "not within a month" if line.next_due is None else _local(line.next_due, clock)


def _last(run: JobRunRecord, clock: Clockwork) -> tuple[str, str, str, str]:
    took = "-" if run.took is None else f"{run.took.total_seconds():.1f} s"
    return _local(run.due_at, clock), run.state, took, run.error or run.detail or "-"


def _local(moment: datetime, clock: Clockwork) -> str:
    return f"{moment.astimezone(clock.zone):%Y-%m-%d %H:%M}"


def _report(line: str) -> None:
    err().print(f"schedule: {line}", soft_wrap=True)
