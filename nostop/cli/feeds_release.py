"""`nostop feeds release`: what a mended declaration makes of the rows that were set aside."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nostop import app
from nostop.app.feed_release import Decision, Release, record_release, try_release
from nostop.app.feed_status import feeds_of_run
from nostop.app.gather import read_declarations
from nostop.cli.feeds_quarantine import DeclarationsOption, FeedArgument, RunOption, show_reasons
from nostop.cli.shared import JsonOption, RulesOption, out
from nostop.model import SettingsError, nearest
from nostop.rulebook import default_rules_dir


def release(
    feed: FeedArgument,
    run: RunOption,
    feeds: Annotated[
        Path, typer.Option("--feeds", metavar="DIR", help="The run's feeds, as it read them.")
    ],
    declarations: DeclarationsOption = None,
    rules: RulesOption = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="Who decides to use it.")
    ] = None,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="And why.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read the rows that a run set aside by the mended declaration, and say which now load.

    With --who and --why the decision is written into the run's folder. The next nostop run with
    these declarations uses it. Exit code 1 if some rows still do not load.
    """
    if (who is None) != (why is None):
        raise SettingsError("--who and --why: give both, or neither to try it only")
    folder = declarations or app.default_declarations_dir()
    known = read_declarations(folder, app.read_rules(rules or default_rules_dir()))
    mended = {declaration.id: declaration for declaration in known}
    if feed not in mended:
        raise SettingsError(f"{folder}: has no declaration {feed}.yaml{nearest(feed, [*mended])}")
    found = feeds_of_run(run)
    tried = try_release(found, mended[feed], feeds)
    recorded = None
    if who is not None and why is not None:
        decision = Decision(who, why, datetime.now(UTC))
        recorded = record_release(found, tried, folder / f"{feed}.yaml", decision)
    if as_json:
        typer.echo(json.dumps(_as_json(tried, recorded), indent=2, ensure_ascii=False))
    else:
        _show(tried, recorded)
    raise typer.Exit(code=0 if tried.all_load else 1)


def _as_json(tried: Release, recorded: Path | None) -> dict[str, object]:
    return {
        "feed": tried.feed,
        "rows_set_aside": tried.were,
        "rows_that_load": tried.loads,
        "still": tried.still.to_dicts(),
        "newly": tried.newly.to_dicts(),
        "held": tried.held,
        "recorded": None if recorded is None else str(recorded),
    }


def _show(tried: Release, recorded: Path | None) -> None:
    console = out()
    console.print(
        f"{tried.feed}: of {tried.were:,} rows that the run set aside, {tried.loads:,} now load."
    )
    if tried.still.height:
        show_reasons("Still set aside", tried.still)
    if tried.newly.height:
        show_reasons("Set aside by this declaration, and used by the run", tried.newly)
    if tried.held is not None:
        console.print(f"The whole feed would be held: {tried.held}", soft_wrap=True)
        return
    if recorded is None:
        console.print("Nothing is recorded: give --who and --why to write the decision down.")
    else:
        console.print(f"Recorded in {recorded}.", soft_wrap=True)
    console.print("The next nostop run with these declarations reads every row by them.")
