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
from sqlalchemy import Engine

from nostop.app.casework.warm import WarmShelf, warm_up
from nostop.app.demo_review import DemoPlaces, load_sample, run_sample
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.opened import VARIABLE, opened
from nostop.app.outreach.doors import Doors
from nostop.app.outreach.links import SECRET, secrets_of_links
from nostop.cli.schedule import timetable_of
from nostop.cli.shared import CampaignsOption, Progress, RulesOption, ShownRunOption, err
from nostop.model import SettingsError
from nostop.outreach.callbacks import TOKEN_VARIABLE
from nostop.rulebook import default_rules_dir
from nostop.scheduler.timetable import Timetable
from nostop.web.house import House, WebSettings
from nostop.web.oidc import Provider
from nostop.web.oidc_settings import provider_settings
from nostop.web.serving import serve as serve_pages


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
        _serve_demo(DemoPlaces(out_dir), folder, (host, port))
        return
    provider = provider_settings(os.environ)
    names = tuple(name or ())
    timetable = timetable_of(calendar, folder) if calendar else None
    with opened(os.environ.get(VARIABLE)) as engine:
        settings = WebSettings(
            rules=folder,
            run=run,
            campaigns=campaigns,
            hosts=(*WebSettings(folder).hosts, *names),
            secure=https,
            development=provider is None,
        )
        found = Provider(provider) if provider else None
        _serve(engine, settings, (host, port), found, timetable)


def _serve_demo(places: DemoPlaces, rules: Path, at: tuple[str, int]) -> None:
    if os.environ.get(VARIABLE):
        raise SettingsError(f"serve: --demo has a store of its own; unset {VARIABLE}")
    places.folder.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    err().print("nostop serve: everybody in the sample data is made up")
    with progress.showing():
        run_sample(places, rules, progress)
    with opened(places.database_url) as engine:
        with progress.showing():
            load_sample(engine, places, rules, datetime.now(UTC), progress)
        settings = WebSettings(
            rules=rules, run=places.run, campaigns=places.campaigns, development=True
        )
        with _worker(places, rules):
            _serve(engine, settings, at)


def _serve(
    engine: Engine,
    settings: WebSettings,
    at: tuple[str, int],
    provider: Provider | None = None,
    timetable: Timetable | None = None,
) -> None:
    host, port = at
    places = Places(settings.rules, settings.run, settings.campaigns)
    jobs = Jobs(engine, lambda: datetime.now(UTC), handlers(places))
    shelf = WarmShelf()
    err().print("nostop serve: reading the rules")
    warm_up(engine, shelf, settings.rules, datetime.now(UTC))
    house = House(
        engine,
        settings,
        shelf,
        jobs,
        calendar=timetable,
        provider=provider,
        doors=_doors(engine),
    )
    err().print(f"nostop serve: http://{host}:{port} (stop with Ctrl-C)", soft_wrap=True)
    serve_pages(house, host, port)


def _doors(engine: Engine) -> Doors | None:
    """Return what answers GOV.UK Notify and links to unsubscribe, where their secrets are set."""
    token = os.environ.get(TOKEN_VARIABLE)
    secrets = secrets_of_links() if os.environ.get(SECRET) else []
    if token is None and not secrets:
        return None
    return Doors(engine, lambda: datetime.now(UTC), token, secrets)


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
