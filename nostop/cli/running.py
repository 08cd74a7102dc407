"""`nostop run`, `synth` and `takeup`."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app, determination
from nostop import synth as synthetic
from nostop.app import RunSettings
from nostop.app.places import SAMPLE_DAY
from nostop.cli import showing
from nostop.cli.shared import (
    JsonOption,
    OnOption,
    Progress,
    RulesOption,
    SchemeOption,
    UnreleasedOption,
    err,
    out,
    parse_date,
)
from nostop.frames import Situation
from nostop.model import SettingsError
from nostop.outreach import Holdout, holdout_from
from nostop.rulebook import default_rules_dir


def run(
    feeds: Annotated[
        Path, typer.Option("--feeds", metavar="DIR", help="Folder with the departments' files.")
    ],
    out_dir: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the results; made where there is none."
        ),
    ],
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="DATE",
            help="The day for which everything is worked out, as 2026-06-01.",
        ),
    ],
    known_on: Annotated[
        str | None,
        typer.Option(
            "--known-on",
            metavar="DATE",
            help="Leave out what the feeds say of later days, as 2026-05-01.",
        ),
    ] = None,
    scheme: SchemeOption = None,
    rules: RulesOption = None,
    declarations: Annotated[
        Path | None,
        typer.Option(
            "--declarations", metavar="DIR", help="Folder of feed declarations, instead of ours."
        ),
    ] = None,
    campaign: Annotated[
        str,
        typer.Option(help="Name of the campaign; nobody gets a second message of one campaign."),
    ] = "take-up",
    holdout: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Leave this share of households uncontacted, as 0.1; off unless asked for.",
        ),
    ] = None,
    unreleased: UnreleasedOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for another run in this folder to end.")
    ] = False,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch",
            help="Work everything out anew, not only what changed since the last run.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the whole line: read, link, work out, measure, plan and write messages into an outbox.

    The same run into the same folder sends nothing twice. One that was stopped goes on where it
    stopped; only what changed since the last run is worked out again.
    """
    settings = RunSettings(
        feeds=feeds,
        out=out_dir,
        effective_on=_day(on),
        known_on=parse_date(known_on, "--known-on"),
        started_at=datetime.now(UTC),
        rules=rules or default_rules_dir(),
        declarations=declarations or app.default_declarations_dir(),
        schemes=scheme,
        unreleased=unreleased,
        campaign=campaign,
        holdout=_holdout(holdout, campaign),
        wait=wait,
        from_scratch=from_scratch,
    )
    progress = Progress()
    with progress.showing():
        result = app.run(settings, progress)
    if as_json:
        typer.echo((settings.out / "manifest.json").read_text(encoding="utf-8"), nl=False)
        return
    showing.summary(result)
    showing.files(settings.out)


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise SettingsError("--on: give a day, as 2026-06-01")
    return day


def _holdout(share: float | None, campaign: str) -> Holdout | None:
    return None if share is None else holdout_from(dict(os.environ), campaign, share)


def synth(
    people: Annotated[
        int, typer.Option("--people", metavar="N", help="How many people live in the district.")
    ],
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the feeds and their truth.")
    ],
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="The same seed makes the same people.")
    ] = 1,
    on: OnOption = None,
    rules: RulesOption = None,
) -> None:
    """Make a district of people who do not exist, as seven departments would each see it."""
    rulebook = app.read_rules(rules or default_rules_dir())
    day = parse_date(on) or SAMPLE_DAY

    def determine(situation: Situation) -> pl.DataFrame:
        return determination.determine(situation, rulebook, day)

    made = synthetic.generate(people, seed, determine, day)
    synthetic.write(made, out_dir)
    err().print(f"{people:,} made-up people (seed {seed}): {out_dir}", soft_wrap=True)


def takeup(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The --out folder of a run.")],
    as_json: JsonOption = False,
) -> None:
    """Show take-up by scheme with its bounds; counts are rounded and small ones hidden."""
    rows = app.read_take_up(run_dir)
    if as_json:
        shown = rows.with_columns(pl.col(pl.Date).dt.to_string("iso"))
        typer.echo(json.dumps(shown.to_dicts(), indent=2))
    else:
        out().print(showing.take_up_table(rows))
