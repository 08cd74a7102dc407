"""`nostop outreach` after sending: what comes back, what followed, and the cases of it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nostop import store
from nostop.app.opened import open_from_environment
from nostop.app.outreach import acting, doors, news, outcomes
from nostop.app.outreach.links import SECRET, secrets_of_links
from nostop.cli.outreach_options import ByOption, CampaignArgument, NamedByOption, act, now
from nostop.cli.shared import RulesOption, err, out, table
from nostop.model import SettingsError
from nostop.outreach.callbacks import TOKEN_VARIABLE
from nostop.rulebook import default_rules_dir

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def callbacks(
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535)] = 8021,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    anybody_may_connect: Annotated[
        bool,
        typer.Option(
            "--anybody-may-connect",
            help="Listen on an address that other machines reach, without a web server before it.",
        ),
    ] = False,
) -> None:
    """Receive GOV.UK Notify's callbacks and clicks on unsubscribe links, until stopped."""
    if host not in _LOOPBACK and not anybody_may_connect:
        raise SettingsError(
            f"--host {host}: tokens would come over plain HTTP; put a web server with HTTPS before "
            "127.0.0.1, or add --anybody-may-connect"
        )
    token = os.environ.get(TOKEN_VARIABLE)
    secrets = secrets_of_links() if os.environ.get(SECRET) else []
    if token is None and not secrets:
        raise SettingsError(
            f"callbacks: set {TOKEN_VARIABLE} for GOV.UK Notify, {SECRET} for links, or both"
        )
    with open_from_environment() as engine:
        err().print(f"http://{host}:{port}{doors.CALLBACKS}/KIND", soft_wrap=True)
        err().print(f"http://{host}:{port}{doors.UNSUBSCRIBE}/TOKEN", soft_wrap=True)
        doors.serve(doors.Doors(engine, now, token, secrets), host, port)


def import_calls(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="What the team sent back.")],
    by: NamedByOption,
) -> None:
    """Take in what a telephone team reports of its calls: all of it, or nothing."""
    with open_from_environment() as engine:
        done = news.import_calls(engine, file, act(by))
    _tell(done.taken)
    typer.echo(f"{done.open:,} not called yet")


def import_bounces(
    place: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="Raw e-mails, a file each.")],
    channel: Annotated[
        str, typer.Option("--channel", metavar="NAME", help="The channel that sent the messages.")
    ] = "smtp",
    by: ByOption = None,
) -> None:
    """Take in e-mails that came back: the address is not used again, and the message has failed."""
    with open_from_environment() as engine:
        _tell(news.import_bounces(engine, place, channel, act(by)))


def wrong(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Of the letter, such as 4F7K-2M9Q-X.")
    ],
    by: NamedByOption,
) -> None:
    """Open a case on a message that somebody says is wrong. Nothing more goes to them till then."""
    with open_from_environment() as engine:
        message = news.say_wrong(engine, reference, act(by))
    typer.echo(f"{message}: a case is open; nothing more goes to its recipient until it is closed")


def cases(by: NamedByOption) -> None:
    """Show the cases that are open, the oldest first."""
    with open_from_environment() as engine:
        rows = store.open_cases_shown(engine, act(by))
    shown = table("", "Case", "Kind", "Why", "Opened", "Person", "Scheme", "Message")
    for row in rows.iter_rows(named=True):
        ids = (row[name] or "" for name in ("person_id", "scheme", "message_id"))
        day = f"{row['opened_at']:%Y-%m-%d}"
        shown.add_row(row["case_id"], row["kind"], row["reason"], day, *ids)
    out().print(shown)


def close_case(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Such as looked_at, corrected.")
    ],
    by: NamedByOption,
) -> None:
    """Close a case. What only waited for it may go again."""
    with open_from_environment() as engine:
        released = store.close_case(engine, case, reason, act(by))
    typer.echo(f"{case}: closed; {released:,} messages need wait no longer")


def lift_suppression(
    person: Annotated[str, typer.Argument(metavar="PERSON_ID", help="The person's opaque id.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WORD", help="The one to take back.")],
    by: NamedByOption,
) -> None:
    """Take back a reason not to write to a person that a reply or a caseworker gave."""
    with open_from_environment() as engine:
        lifted = store.lift_suppression(engine, person, reason, by, now())
    typer.echo(f"{person}: {reason} " + ("is taken back" if lifted else "was not there"))


def act_on_signals(by: ByOption = None, rules: RulesOption = None) -> None:
    """Let life events change campaigns: stop, hold, follow up, open and close cases."""
    with open_from_environment() as engine:
        done = acting.act_on_signals(engine, rules or default_rules_dir(), act(by))
    moved = done.carried
    typer.echo(f"{done.told:,} messages told to the log of life events")
    typer.echo(f"cases: {moved.opened} opened, {moved.moved} moved on, {moved.closed} closed")
    typer.echo(
        f"follow-ups: {done.followed_up.opened} cases to call about, "
        f"{done.followed_up.passed_over} not called for"
    )
    typer.echo(
        f"{done.stops} stops seen; {done.taken_back} planned messages taken back, "
        f"{done.released} may go again"
    )


def note_outcomes(
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="The --out folder of the newest run.")
    ],
    by: ByOption = None,
    rules: RulesOption = None,
) -> None:
    """Look which schemes were claimed, or refused, after the messages of every campaign."""
    with open_from_environment() as engine:
        found = outcomes.note_outcomes(engine, run, rules or default_rules_dir(), act(by))
    typer.echo(", ".join(f"{number:,} {name}" for name, number in found.items()) + ": new")


def results(campaign: CampaignArgument) -> None:
    """Show what followed a campaign: counts of at least 10, rounded to 5, and what a holdout
    shows."""
    with open_from_environment() as engine:
        found = outcomes.results(engine, campaign)
    shown = table("", "Scheme", "", "People", "Claimed since", "Refused since")
    for scheme, held, *numbers in found.arms.iter_rows():
        counts = ("under 10" if number is None else f"{number:,}" for number in numbers)
        shown.add_row(scheme, "held out" if held else "to be told", *counts)
    out().print(shown)
    for line in _what_can_be_said(found):
        typer.echo(line)


def _what_can_be_said(found: outcomes.Results) -> list[str]:
    if found.last_looked is None:
        return ["Nobody has looked yet for what followed: nostop outreach outcomes --run DIR"]
    lines = [f"Looked for on {found.last_looked:%Y-%m-%d}."]
    for scheme, interval in found.differences.items():
        if interval is None:
            lines.append(f"{scheme}: too few people to say what the messages did.")
            continue
        low, high = (f"{100 * end:+.1f}" for end in interval)
        lines.append(
            f"{scheme}: of those to be told, between {low} and {high} percentage points more "
            "claimed than of those held out (95%, widened by rounding)."
        )
    if not found.differences:
        lines.append(
            "No holdout: nothing can be said of what the messages did. Some would have claimed "
            "without one."
        )
    return lines


def _tell(taken: store.Taken) -> None:
    typer.echo(
        f"{taken.new:,} new; {taken.moved:,} messages moved on, {taken.suppressed:,} people are "
        f"not written to any more, {taken.cases:,} cases opened"
    )
