"""`nostop rules release`: from which day which rules are in force, approved by two people."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from nostop import app
from nostop.app.releasing import ReleaseAsked, Released, Signature
from nostop.cli.shared import RulesOption, SchemeOption, out, parse_date, parse_purpose, table
from nostop.model import SettingsError
from nostop.rulebook import default_rules_dir, sound_rulebook

_PERSON = re.compile(
    r"\s*(?P<name>[^<>,]+?)\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>\s*,\s*(?P<role>.+?)\s*"
)


def release(
    from_: Annotated[
        str,
        typer.Option("--from", metavar="DATE", help="The day from which it is in force."),
    ],
    approved_by: Annotated[
        list[str],
        typer.Option(
            metavar="'NAME <MAIL>, ROLE'",
            help="Who approves it. Give it twice: two different people must.",
        ),
    ],
    scheme: SchemeOption = None,
    purpose: Annotated[
        str, typer.Option("--for", metavar="synthetic_data|live", help="For which people's data.")
    ] = "synthetic_data",
    approved_on: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the approval; today by itself.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="A sentence on what is new.")] = None,
    replace_last: Annotated[
        bool,
        typer.Option(
            "--replace-last",
            help="Replace the newest release, of the same day; never one for live data.",
        ),
    ] = False,
    rules: RulesOption = None,
) -> None:
    """Release the rules of a folder: write down their versions and who approved them.

    Refused unless the rules are without a problem, every case passes, and two different people
    approve. With --scheme, other schemes stay as the release before names them.
    """
    day = parse_date(approved_on, "--approved-on") or datetime.now(UTC).date()
    asked = ReleaseAsked(
        from_=_day(from_),
        purpose=parse_purpose(purpose, "--for"),
        approvers=tuple(_approver(text, day) for text in approved_by),
        schemes=scheme,
        note=note,
        replace_last=replace_last,
    )
    folder = rules or default_rules_dir()
    _show(app.release(sound_rulebook(folder), asked))


def _day(text: str) -> date:
    day = parse_date(text, "--from")
    if day is None:
        raise SettingsError("--from: give a day, as 2026-04-06")
    return day


def _approver(text: str, approved_on: date) -> Signature:
    found = _PERSON.fullmatch(text)
    if found is None:
        wanted = "'Ann Hill <ann.hill@example.org>, head of policy'"
        raise SettingsError(f"--approved-by: '{text}' must be written as {wanted}")
    return Signature(**found.groupdict(), approved_on=approved_on)


def _show(released: Released) -> None:
    model, before = released.release.model, released.before
    earlier = before.model.schemes if before is not None else {}
    title = f"In force from {model.from_} for {model.for_}"
    shown = table(title, "Scheme", "Version", "Before")
    for name, content in sorted(model.schemes.items()):
        was = earlier.get(name)
        shown.add_row(name, str(content), "the same" if was == content else str(was or "new"))
    for name in sorted(earlier.keys() - model.schemes.keys()):
        shown.add_row(name, "no longer released", str(earlier[name]))
    console = out()
    console.print(shown)
    for person in model.approved_by:
        console.print(f"Approved by {person.name} ({person.role}), {person.approved_on}")
    console.print(f"{released.cases:,} cases pass. Written: {released.file}", soft_wrap=True)
