"""`nostop work`: what works beside the pages."""

import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.casework.loading import SERVICE_DAYS, Load, load_work
from nostop.app.forgotten import SECRET
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.opened import open_from_environment
from nostop.cli.shared import RulesOption, err
from nostop.rulebook import default_rules_dir

commands = typer.Typer(
    help="What works beside the pages of `nostop serve`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback()
def work() -> None:
    """What works beside the pages of `nostop serve`."""


@commands.command()
def jobs(
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="The run that is shown: the --out of a run."),
    ] = None,
    rules: RulesOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what waits, and end instead of waiting for more.")
    ] = False,
) -> None:
    """Do the jobs that pages ask for, one at a time, until SIGTERM. Several may work at once."""
    places = Places(rules or default_rules_dir(), run)
    with open_from_environment() as engine:
        worker = Jobs(engine, lambda: datetime.now(UTC), handlers(places))
        name = f"worker-{os.getpid()}"
        if once:
            done = 0
            while worker.work_one(name):
                done += 1
            typer.echo(f"{done} jobs")
            return
        if threading.current_thread() is threading.main_thread():
            for sign in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sign, lambda *_: worker.stop.set())
        err().print("jobs: waiting for work")
        worker.serve(name)


@commands.command()
def load(
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="The results of a run: its --out.")
    ],
    rules: RulesOption = None,
    service_days: Annotated[
        int,
        typer.Option(
            "--service-days",
            metavar="N",
            min=1,
            help="Days within which somebody should have looked at a new case.",
        ),
    ] = SERVICE_DAYS,
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who loads it; it is audited.")
    ] = "nostop",
    accept_fewer: Annotated[
        bool,
        typer.Option(
            "--accept-fewer",
            help="Load it although nine in ten cases are no longer found: somebody has looked.",
        ),
    ] = False,
) -> None:
    """Put what a run found before caseworkers. What they decided and wrote stays."""
    asked = Load(service_days, by, os.environ.get(SECRET), accept_fewer)
    with open_from_environment() as engine:
        done = load_work(engine, run, rules or default_rules_dir(), datetime.now(UTC), asked)
    typer.echo(f"{done.items:>9,} cases to look at, {done.new_items:,} of them new")
    typer.echo(f"{done.flags:>9,} flags, {done.new_flags:,} of them new")
    typer.echo(f"{done.reopened:>9,} flags open again")
    typer.echo(f"{done.gone:>9,} flags no longer found")
    if done.erased:
        typer.echo(f"{done.erased:>9,} households left out: somebody in them was erased")
