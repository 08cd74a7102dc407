"""`nostop work`: what works beside the pages."""

import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.casework.deciding import due_again
from nostop.app.casework.linking import load_links, take_answers
from nostop.app.casework.loading import SERVICE_DAYS, Load, load_work
from nostop.app.forgotten import SECRET
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.link_history import VERDICTS
from nostop.app.link_review import parse_band
from nostop.app.opened import open_from_environment
from nostop.cli import api_keys
from nostop.cli.shared import CampaignsOption, RulesOption, ShownRunOption, err, parse_date
from nostop.linkage.review import Wanted as ReviewWanted
from nostop.rulebook import default_rules_dir
from nostop.store import Act

RunOption = Annotated[
    Path, typer.Option("--run", metavar="DIR", help="The results of a run: its --out.")
]

commands = typer.Typer(
    help="What works beside the pages of `nostop serve`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


commands.add_typer(api_keys.commands, name="api-key")


@commands.callback()
def work() -> None:
    """What works beside the pages of `nostop serve`."""


#: How much less of a busy processor jobs get than pages do: see `nice`.
_BEHIND_PAGES = 10


@commands.command()
def jobs(
    run: ShownRunOption = None,
    campaigns: CampaignsOption = None,
    rules: RulesOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what waits, and end instead of waiting for more.")
    ] = False,
    until_input_ends: Annotated[bool, typer.Option("--until-input-ends", hidden=True)] = False,
) -> None:
    """Do the jobs that pages ask for, one at a time, until SIGTERM. Several may work at once."""
    places = Places(rules or default_rules_dir(), run, campaigns)
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
            # Whoever asked for a page waits for it; nobody sits before a job.
            os.nice(_BEHIND_PAGES)
            for sign in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sign, lambda *_: worker.stop.set())
        if until_input_ends:
            threading.Thread(target=_stop_with_input, args=(worker,), daemon=True).start()
        err().print("jobs: waiting for work")
        worker.serve(name)


def _stop_with_input(worker: Jobs) -> None:
    """Stop a worker when whoever started it is gone, however it went: its pipe to us closes."""
    sys.stdin.buffer.read()
    worker.stop.set()


@commands.command()
def load(
    run: RunOption,
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


@commands.command()
def links(
    run: RunOption,
    band: Annotated[
        str, typer.Option("--band", metavar="LOW-HIGH", help="Unlinked pairs with such a score.")
    ] = "0.5-0.95",
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=0, help="At most so many of the band.")
    ] = 500,
    sample: Annotated[
        int,
        typer.Option(
            "--sample", metavar="N", min=0, help="So many links drawn at random, to see errors."
        ),
    ] = 200,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="The same seed draws the same pairs.")
    ] = 1,
) -> None:
    """Put a run's doubtful pairs of records before caseworkers, and what happened to person ids."""
    wanted = ReviewWanted(*parse_band(band), most, sample, seed)
    with open_from_environment() as engine:
        done = load_links(engine, run, wanted, datetime.now(UTC), os.environ.get(SECRET))
    typer.echo(f"{done.pairs:>9,} new pairs to look at")
    typer.echo(f"{done.questions:>9,} pairs that caseworkers asked for")
    typer.echo(f"{done.changes:>9,} changes of person ids since the last time")


@commands.command()
def due(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The day; left out, today.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who says so; it is audited.")
    ] = "nostop",
) -> None:
    """Bring back cases that waited until a day that has come: once a day, by the schedule."""
    at = datetime.now(UTC)
    with open_from_environment() as engine:
        found = due_again(engine, parse_date(on) or at.date(), Act(by, at))
    typer.echo(f"{found:>9,} cases to look at again")


@commands.command()
def verdicts(run: RunOption) -> None:
    """Take what caseworkers said of pairs of records: it binds the next run into this folder."""
    with open_from_environment() as engine:
        taken = take_answers(engine, run / VERDICTS, datetime.now(UTC))
    typer.echo(f"{taken.verdicts.height:>9,} new verdicts: {run / VERDICTS}")
    for task_id, why in sorted(taken.contradictions.items()):
        err().print(f"pair {task_id}: asked again: {why}", soft_wrap=True)
