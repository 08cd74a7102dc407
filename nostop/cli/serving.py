"""`nostop serve`: the pages where caseworkers, approvers, authors and policy teams work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop.app.demo_review import DemoPlaces, load_sample, run_sample
from nostop.app.opened import VARIABLE, open_from_environment, opened
from nostop.cli.schedule import timetable_of
from nostop.cli.shared import CampaignsOption, Progress, RulesOption, ShownRunOption, err
from nostop.model import SettingsError
from nostop.rulebook import default_rules_dir
from nostop.web.house import WebSettings
from nostop.web.oidc_settings import provider_settings
from nostop.web.service import Service
from nostop.web.serving import serve as serve_pages
from nostop.web.serving import usual_processes


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the sample data: everybody in it is made up.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="The address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to answer at.")] = 8000,
    run: ShownRunOption = None,
    campaigns: CampaignsOption = None,
    calendar: Annotated[
        Path | None,
        typer.Option("--calendar", metavar="FILE.yaml", help="The schedule that is shown."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A name under which the server is asked for; may be repeated."),
    ] = None,
    https: Annotated[
        bool,
        typer.Option("--https", help="People reach it by HTTPS, through a proxy."),
    ] = False,
    rules: RulesOption = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            min=1,
            help="Serve in so many processes: by default as many as there are processors, at most "
            "four; the demo in one.",
        ),
    ] = None,
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the demo keeps its run and store.")
    ] = Path("out/review"),
) -> None:
    """Serve the review app until it is stopped.

    Its store is NOSTOP_DATABASE_URL; with --demo one of its own. People sign in with the OpenID
    Connect provider of NOSTOP_OIDC_ISSUER; where there is none, as made-up officials, on this
    machine only.
    """
    folder = rules or default_rules_dir()
    if demo:
        _serve_demo(DemoPlaces(out_dir), folder, (host, port), processes or 1)
        return
    provider = provider_settings(os.environ)
    names = tuple(name or ())
    settings = WebSettings(
        rules=folder,
        run=run,
        campaigns=campaigns,
        hosts=(*WebSettings(folder).hosts, *names),
        secure=https,
        development=provider is None,
    )
    timetable = timetable_of(calendar, folder) if calendar else None
    # What is wrong with the store is told once, before any process serves it.
    with open_from_environment() as engine:
        store = engine.url.render_as_string(hide_password=False)
    _serve(
        Service(store, settings, provider, timetable), (host, port), processes or usual_processes()
    )


def _serve_demo(places: DemoPlaces, rules: Path, at: tuple[str, int], processes: int) -> None:
    if os.environ.get(VARIABLE):
        raise SettingsError(f"serve: --demo has a store of its own; unset {VARIABLE}")
    places.folder.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    err().print("nostop serve: everybody in the sample data is made up")
    with progress.showing():
        run_sample(places, rules, progress)
    with opened(places.database_url) as engine, progress.showing():
        load_sample(engine, places, rules, datetime.now(UTC), progress)
    settings = WebSettings(
        rules=rules, run=places.run, campaigns=places.campaigns, development=True
    )
    with _worker(places, rules):
        _serve(Service(places.database_url, settings), at, processes)


def _serve(service: Service, at: tuple[str, int], processes: int) -> None:
    host, port = at
    err().print("nostop serve: reading the rules")
    said = f"nostop serve: http://{host}:{port} (stop with Ctrl-C)"
    serve_pages(service, at, processes, lambda: err().print(said, soft_wrap=True))


@contextmanager
def _worker(places: DemoPlaces, rules: Path) -> Iterator[None]:
    """Have somebody do the jobs that pages ask for, for as long as they are served."""
    command = [sys.executable, "-m", "nostop.cli", "work", "jobs", "--until-input-ends"]
    places_of = ["--run", str(places.run), "--campaigns", str(places.campaigns)]
    child = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--rules", str(rules), *places_of],
        env={**os.environ, VARIABLE: places.database_url},
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait()
