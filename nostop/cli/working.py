"""`nostop work`: what works beside the pages."""

import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

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
