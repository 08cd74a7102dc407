"""`nostop outreach plan`, `preview`, `approve` and `refresh`: before anything is sent."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nostop.app import outreach
from nostop.app.opened import open_from_environment
from nostop.cli.outreach_options import (
    ByOption,
    CampaignArgument,
    JsonOption,
    NamedByOption,
    act,
    now,
)
from nostop.cli.shared import RulesOption, err, out
from nostop.rulebook import default_rules_dir

RunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="The --out folder of a run, instead of the file's."),
]


def plan(
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.yaml", help="The campaign.")],
    run: RunOption = None,
    by: ByOption = None,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan a campaign from a finished run. Prints its id; nothing is sent before it is approved."""
    with open_from_environment() as engine:
        folder = rules or default_rules_dir()
        planned = outreach.plan_campaign(engine, campaign, run, act(by), folder)
    if as_json:
        typer.echo(json.dumps({"campaign": planned.campaign, "statuses": planned.statuses}))
        return
    typer.echo(planned.campaign)
    told = ", ".join(f"{number:,} {name}" for name, number in planned.statuses.items() if number)
    err().print(
        f"{told or 'nobody is in its audience'}. Next: nostop outreach preview {planned.campaign}, "
        f"then somebody else approves it: nostop outreach approve {planned.campaign} --by NAME",
        soft_wrap=True,
    )


def preview(campaign: CampaignArgument) -> None:
    """Show every message as it will look, to somebody made up, and how many there are."""
    with open_from_environment() as engine:
        shown = outreach.preview(engine, campaign)
    for example in shown.examples:
        message = example.message
        grade = "" if example.grade is None else f", reads at school year {example.grade:.0f}"
        title = f"{example.channel}: {message.scheme}, {example.kind}, {message.language}{grade}"
        out().rule(title, align="left")
        if message.address:
            typer.echo("\n".join(f"    {line}" for line in (message.name, *message.address)))
        if message.subject:
            typer.echo(f"Subject: {message.subject}\n")
        typer.echo(message.body)
    out().rule("Numbers", align="left")
    for name, number in shown.statuses.items():
        typer.echo(f"{name:12} {number:>9,}")
    for scheme, reason, number in shown.reasons.iter_rows():
        typer.echo(f"  {scheme}: {reason.replace('_', ' ')} {number:,}")
    approved = f"approved by {shown.approved_by}" if shown.approved_by else "not approved"
    typer.echo(f"planned by {shown.planned_by}, {approved}; plan {shown.plan_sha256[:12]}")


def approve(campaign: CampaignArgument, by: NamedByOption) -> None:
    """Approve the plan of a campaign as it stands; whoever planned it may not."""
    with open_from_environment() as engine:
        outreach.approve(engine, campaign, act(by))
    typer.echo(f"{campaign}: approved by {by}")


def refresh(
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="The --out folder of the newest run.")
    ],
    rules: RulesOption = None,
    accept_fewer: Annotated[
        bool,
        typer.Option(
            "--accept-fewer",
            help="Take a list of whom not to write to that has lost nine in ten of its rows.",
        ),
    ] = False,
    by: ByOption = None,
) -> None:
    """Bring every campaign up to what a newer run knows: who has died, claims, or said no.

    It takes planned messages back and adds none.
    """
    with open_from_environment() as engine:
        found = outreach.refresh(
            engine,
            run,
            rules or default_rules_dir(),
            act(by),
            accept_fewer=accept_fewer,
        )
    for campaign, number in found.items():
        typer.echo(f"{campaign}: {number:,} planned messages taken back")
    typer.echo(f"lists of whom not to write to are as of {run}, loaded {now():%Y-%m-%d %H:%M} UTC")
