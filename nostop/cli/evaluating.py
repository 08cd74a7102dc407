"""`nostop evaluate`: one case or a whole population through the rules."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.app import Case
from nostop.cli.shared import (
    JsonOption,
    OnOption,
    RulesOption,
    SchemeOption,
    SourceArgument,
    err,
    out,
    parse_date,
    parse_purpose,
    table,
)
from nostop.determination.explaining import explain_situation
from nostop.model import Outcome, SettingsError, pounds
from nostop.rulebook import Rulebook, default_rules_dir

_WORDS = {
    Outcome.ENTITLED: "entitled",
    Outcome.NOT_ENTITLED: "not entitled",
    Outcome.UNKNOWN: "unknown",
}


def evaluate(
    source: SourceArgument,
    on: OnOption = None,
    scheme: SchemeOption = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Add, for each result, at most ten lines that say why."),
    ] = False,
    as_json: JsonOption = False,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.parquet", help="For DIR: where to write the result rows."
        ),
    ] = None,
    released: Annotated[
        str | None,
        typer.Option(
            metavar="synthetic_data|live",
            help="Only schemes that a release for such data has in force on the day of --on.",
        ),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.parquet",
            help="For DIR: the results of the last run; only what changed since is worked out.",
        ),
    ] = None,
    changed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --previous: household_id (and fact) of what changed."
        ),
    ] = None,
    previous_frames: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --previous: the frames of then, to compare."),
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Work out what one case, or everybody in a folder of frames, is entitled to.

    FILE.json holds a situation: people, and if wanted benefit_units and households. What is left
    out is unknown.
    DIR holds people.parquet, benefit_units.parquet, households.parquet and, if receipt is known,
    awards.parquet.
    """
    rulebook = app.read_rules(rules or default_rules_dir())
    if released is not None:
        scheme = _released(rulebook, released, on, scheme)
    if source.is_dir():
        last = None if previous is None else app.LastRun(previous, changed, previous_frames)
        _frames(source, out_file, rulebook, on, scheme, last)
        return
    if out_file is not None or previous is not None:
        raise SettingsError(
            "--out and --previous go with a folder of frames; for a file use --json"
        )
    cases = app.evaluate_file(source, rulebook, parse_date(on), scheme)
    if as_json:
        typer.echo(app.rows_as_json(pl.concat([case.rows for case in cases])))
        return
    for case in cases:
        _show(case, rulebook, many=len(cases) > 1)
        if explain:
            _explain(case, rulebook)


def _released(
    rulebook: Rulebook, released: str, on: str | None, scheme: list[str] | None
) -> list[str]:
    """The schemes that are released; the others are named, with the reason."""
    purpose, day = parse_purpose(released, "--released"), parse_date(on)
    if day is None:
        raise SettingsError("--released needs --on DATE: releases are in force on a day")
    chosen = app.released_schemes(rulebook, purpose, day, scheme)
    for name, why in chosen.left_out.items():
        err().print(f"LEFT OUT: {name}: {why}", soft_wrap=True)
    return chosen.schemes


def _frames(
    folder: Path,
    out_file: Path | None,
    rulebook: Rulebook,
    on: str | None,
    scheme: list[str] | None,
    last: app.LastRun | None,
) -> None:
    day = parse_date(on)
    if day is None or out_file is None:
        raise SettingsError("a folder of frames needs --on DATE and --out FILE.parquet")
    count = app.evaluate_frames(folder, out_file, app.Wanted(rulebook, day, scheme), last)
    err().print(f"{count:,} results written to {out_file}")


def _show(case: Case, rulebook: Rulebook, *, many: bool) -> None:
    title = f"On {case.effective_on}" + (f", situation {case.number}" if many else "")
    shown = table(
        title,
        "For",
        "Scheme",
        "Outcome",
        "Amount",
        "Claimed",
        "Worth asking",
        "Missing",
        right=("Amount",),
    )
    for row in case.rows.to_dicts():
        shown.add_row(
            row["person_id"] or row["benefit_unit_id"] or row["household_id"],
            rulebook.packs[row["scheme"]].title.en,
            _WORDS[Outcome(row["outcome"])],
            _amount(row),
            {True: "yes", False: "no", None: "not known"}[row["claimed"]],
            "yes" if row["worth_asking"] else "no",
            ", ".join(row["missing"] or ()),
        )
    out().print(shown)


def _amount(row: dict[str, object]) -> str:
    low, high, per = row["amount_low"], row["amount_high"], row["per"]
    each = "" if per == "once" else f" a {per}"
    if isinstance(row["amount"], int):
        return pounds(row["amount"]) + each
    least = pounds(low) if isinstance(low, int) else "£0.00"
    return (f"{least} to {pounds(high)}" if isinstance(high, int) else f"at least {least}") + each


def _explain(case: Case, rulebook: Rulebook) -> None:
    console = out()
    for scheme in case.rows["scheme"].unique(maintain_order=True):
        told = explain_situation(case.situation, rulebook, case.effective_on, scheme)
        for subject, lines in told.items():
            console.print(f"{rulebook.packs[scheme].title.en} ({subject})", style="bold")
            for line in lines:
                console.print(f"  {line}", soft_wrap=True)
            console.print()
