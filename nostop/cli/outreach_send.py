"""`nostop outreach send`, `status`, `reconcile`, `settle` and `export`."""

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from nostop.app import outreach
from nostop.app.opened import open_from_environment
from nostop.cli.outreach_options import (
    CampaignArgument,
    JsonOption,
    NamedByOption,
    act,
    now,
)
from nostop.cli.shared import RulesOption, err
from nostop.rulebook import default_rules_dir

#: Nothing went wrong, but something stopped the sending before it was done.
STOPPED = 3


def send(campaign: CampaignArgument, rules: RulesOption = None) -> None:
    """Send what of an approved campaign may go now. Safe to kill, to repeat, and to run twice.

    Exit code 3: it was stopped, or may send no more for now; the message says why.
    """
    leave = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leave.set())
    with open_from_environment() as engine:
        done = outreach.send_campaign(engine, campaign, rules or default_rules_dir(), now, leave)
        statuses = outreach.statuses(engine, campaign)
    for name, number in statuses.items():
        typer.echo(f"{name:12} {number:>9,}")
    for line in _told(done):
        err().print(f"nostop: {line}", soft_wrap=True)
    if done.sent.stopped or done.sent.waits:
        raise typer.Exit(STOPPED)


#: What to do about each reason to stop.
_HINTS = {
    "nobody has approved": ": look at it (nostop outreach preview), then somebody other than its "
    "planner approves it (nostop outreach approve ID --by NAME)",
    "has been stopped": ": nostop outreach go-on --by NAME lifts it",
    "was stopped": ": nostop outreach go-on ID --by NAME lifts it",
    "takes nothing for the moment": ": look whether the provider can be reached, and send again",
    "key_refused": ": look at the provider's key in the environment",
    "list of whom not to write to": ": nostop outreach refresh --run DIR loads that of a newer run",
}


def _told(done: outreach.Outcome) -> list[str]:
    sent, lines = done.sent, []
    if sent.stopped:
        hint = next((what for said, what in _HINTS.items() if said in sent.stopped), "")
        lines.append(f"STOPPED: {sent.stopped}{hint}")
    if sent.waits:
        lines.append(f"NOT ALL SENT: {sent.waits}")
    if sent.not_allowed:
        lines.append(
            f"NOT SENT: {sent.not_allowed:,} messages are to people whom the allow-list does not "
            "name (the campaign's allow_list; real people only where NOSTOP_ENVIRONMENT=production)"
        )
    if sent.other_words:
        lines.append(
            f"OTHER WORDS: by the provider, {sent.other_words:,} messages do not say what was "
            "approved: look at its templates, which have to pass through what they are given"
        )
    if sent.closed:
        lines.append(f"NOT SENT: {sent.closed:,} messages wait for the campaign's hours")
    if done.after.in_doubt:
        lines.append(
            f"IN DOUBT: {done.after.in_doubt:,} messages may or may not have gone; they are never "
            "sent again by themselves. Ask again later: nostop outreach reconcile ID. "
            f"{done.after.for_a_person:,} have been for so long that somebody has to say what they "
            "know: nostop outreach settle REFERENCE (nostop outreach export lists them)"
        )
    return lines


def status(campaign: CampaignArgument, as_json: JsonOption = False) -> None:
    """Show how many messages of a campaign have each status."""
    with open_from_environment() as engine:
        statuses = outreach.statuses(engine, campaign)
    if as_json:
        typer.echo(json.dumps(statuses))
        return
    for name, number in statuses.items():
        typer.echo(f"{name:12} {number:>9,}")


def reconcile(
    campaign: CampaignArgument,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Ask for every message on its way too: letters tell only so."),
    ] = False,
) -> None:
    """Ask the provider what became of messages in doubt. Nothing is sent."""
    with open_from_environment() as engine:
        found = outreach.reconcile(engine, campaign, now, everything=everything)
    asked = f"asked for {found.asked:,}, found {found.found:,}, still in doubt {found.in_doubt:,}"
    typer.echo(f"{asked}, left for a person {found.for_a_person:,}")


def settle(
    message: Annotated[str, typer.Argument(metavar="REFERENCE", help="The message in doubt.")],
    word: Annotated[str, typer.Option("--as", metavar="WORD", help="sent or failed.")],
    by: NamedByOption,
) -> None:
    """Say what became of a message in doubt, from what the provider or the person told you."""
    with open_from_environment() as engine:
        outreach.settle(engine, message, word, act(by))
    typer.echo(f"{message}: {word}, said by {by}")


def export(
    campaign: CampaignArgument,
    file: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="The file to write.")],
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who reads it; it is audited.")
    ] = None,
) -> None:
    """Write every message of a campaign into a CSV: reference, recipient (an opaque id), channel
    and status."""
    with open_from_environment() as engine:
        number = outreach.export(engine, campaign, file, act(by))
    err().print(f"{number:,} messages: {file}", soft_wrap=True)
