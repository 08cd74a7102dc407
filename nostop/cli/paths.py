"""`nostop paths`: in which order to claim, and what needs advice first."""

import json
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from nostop import app
from nostop.app.claim_paths import CasePaths, paths_of_file, paths_of_frames
from nostop.claim_paths import for_caseworker, for_person
from nostop.cli.shared import (
    JsonOption,
    OnOption,
    RulesOption,
    SchemeOption,
    SourceArgument,
    err,
    out,
    parse_date,
    table,
)
from nostop.model import SettingsError, pounds
from nostop.rulebook import Rulebook, default_rules_dir


def paths(
    source: SourceArgument,
    on: OnOption = None,
    scheme: SchemeOption = None,
    as_json: JsonOption = False,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.parquet", help="For DIR: where to write the claims."),
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Say what each benefit unit can claim and in which order, what each claim opens and ends, and
    what it comes to for everybody affected.

    For caseworkers: it tells of more people than the claimant. FILE.json and DIR are those of
    `nostop evaluate`.
    """
    rulebook = app.read_rules(rules or default_rules_dir())
    if source.is_dir():
        day = parse_date(on)
        if day is None or out_file is None:
            raise SettingsError("a folder of frames needs --on DATE and --out FILE.parquet")
        count = paths_of_frames(source, out_file, rulebook, day, scheme)
        err().print(f"{count:,} claims written to {out_file}")
        return
    if out_file is not None:
        raise SettingsError("--out goes with a folder of frames; for a file use --json")
    cases = paths_of_file(source, rulebook, parse_date(on), scheme)
    if as_json:
        shown = [_as_json(case, rulebook) for case in cases]
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for case in cases:
        _show(case, rulebook, many=len(cases) > 1)


def _as_json(case: CasePaths, rulebook: Rulebook) -> dict[str, Any]:
    dated = case.rows.with_columns(pl.col(pl.Date).dt.to_string("iso")).to_dicts()
    packs = rulebook.packs
    rows = zip(dated, case.rows.to_dicts(), strict=True)
    return {
        "situation": case.number,
        "on": case.effective_on.isoformat(),
        "claims": [{**each, "for_the_person": for_person(row, packs)} for each, row in rows],
        "signposts": {home: [post.id for post in posts] for home, posts in case.signposts.items()},
    }


def _show(case: CasePaths, rulebook: Rulebook, *, many: bool) -> None:
    console, rows, packs = out(), case.rows.to_dicts(), rulebook.packs
    title = f"Claims on {case.effective_on}" + (f", situation {case.number}" if many else "")
    columns = ("Step", "Scheme", "Who claims", "Award", "Gain a year", "Each week lost", "Claim by")
    shown = table(title, *columns, right=("Step", "Award", "Gain a year", "Each week lost"))
    for row in rows:
        shown.add_row(
            "advice first" if row["step"] is None else str(row["step"]),
            packs[row["scheme"]].title.en,
            row["person_id"],
            "in kind" if packs[row["scheme"]].award.in_kind else _award(row),
            "not settled" if row["gain_year"] is None else pounds(row["gain_year"]),
            pounds(row["lost_each_week"]) if row["lost_each_week"] is not None else "",
            row["deadline"].isoformat() if row["deadline"] else "",
        )
    console.print(shown if rows else f"{title}: nothing is known to be due and unclaimed.")
    for row in rows:
        console.print(f"{packs[row['scheme']].title.en} ({row['person_id']})", style="bold")
        for line in for_caseworker(row, packs):
            console.print(f"  {line}", soft_wrap=True)
    if rows:
        console.print("To say to the person:", style="bold")
    for row in rows:
        console.print(f"  {for_person(row, packs)}", soft_wrap=True)
    for post in dict.fromkeys(post for posts in case.signposts.values() for post in posts):
        console.print(f"  {post.title.en}: {post.says.en} {post.url}", soft_wrap=True)


def _award(row: dict[str, Any]) -> str:
    if row["amount"] is None:
        return "not settled"
    return pounds(row["amount"]) + ("" if row["per"] == "once" else f" a {row['per']}")
