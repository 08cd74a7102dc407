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


def _told(done: outreach.Outcome) -> list[str]:
    sent, lines = done.sent, []
    if sent.stopped:
        lines.append(f"STOPPED: {sent.stopped}")
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
    if done.after.for_a_person:
        lines.append(
            f"IN DOUBT: {done.after.for_a_person:,} messages may or may not have gone; they are "
            "never sent again by themselves. Ask again: nostop outreach reconcile; then say what "
            "you know: nostop outreach settle"
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
    asked = f"asked for {found.asked:,}, found {found.found:,}"
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
