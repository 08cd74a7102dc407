"""`nostop rules diff`: what reads otherwise between two rules folders, and who flips."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.app.population_groups import GROUPS
from nostop.app.rule_diff import (
    People,
    RuleDiff,
    Side,
    diff_rules,
    read_people,
    schemes_of,
    write_diff,
)
from nostop.cli import showing_diff
from nostop.cli.shared import JsonOption, OnOption, SchemeOption, err, parse_date
from nostop.model import SettingsError, nearest
from nostop.rulebook import Rulebook
from nostop.rulebook.history.changes import CATALOGUE, Change, changes, changes_over_time
from nostop.rulebook.history.versions import owners_behind


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The rules folder as it was.")],
    new: Annotated[
        Path | None,
        typer.Argument(metavar="[NEW]", help="The rules folder as it is to be; else OLD itself."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE.json",
            help="Who is worked out under both: a folder of frames, or situations.",
        ),
    ] = None,
    on: OnOption = None,
    on_old: Annotated[
        str | None, typer.Option(metavar="DATE", help="Another day for OLD than --on.")
    ] = None,
    scheme: SchemeOption = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help=f"Split by a group: {', '.join(GROUPS)}."),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for who flips, with ids, and counts."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a change of rules does before it is released: what reads otherwise, who flips, and
    the pounds a year, by group.

    OLD and NEW are rules folders; or one folder and two days, with --on-old and --on.
    """
    _check_groups(by or [])
    if people is None and (out_dir is not None or by):
        raise SettingsError("--out and --by go with --people: without people nobody flips")
    books = _Books(app.read_rules(old), app.read_rules(new or old))
    chosen = schemes_of(books.old, books.new, scheme)
    population = None if people is None else read_people(people, books.old, books.new)
    days = _days(on_old, on, population)
    text, in_force = books.changes(scheme, days)
    found = None
    if population is not None and days is not None:
        sides = Side(books.old, days[0]), Side(books.new, days[1])
        found = diff_rules(*sides, population, chosen)
        if out_dir is not None:
            _write(found, out_dir)
    if as_json:
        typer.echo(_as_json(text, in_force, found))
        return
    showing_diff.changed(text, in_force)
    if found is not None:
        showing_diff.flips(found, by or [])


@dataclass(frozen=True, slots=True)
class _Books:
    old: Rulebook
    new: Rulebook

    def changes(
        self, schemes: list[str] | None, days: tuple[date, date] | None
    ) -> tuple[list[Change], list[Change]]:
        """What the files say otherwise, and the numbers in force with other values on the days: of
        everything, or of some schemes and what they rest on."""
        text, in_force = changes(self.old, self.new), []
        # On one day, what differs, differs in the files.
        if days is not None and days[0] != days[1]:
            in_force = changes_over_time(self.old, days[0], self.new, days[1])
        if schemes is None:
            return text, in_force
        kept = {CATALOGUE, *schemes}
        for behind in (owners_behind(self.old), owners_behind(self.new)):
            kept |= {owner for name in schemes for owner in behind.get(name, ())}
        text = [each for each in text if each.owner in kept]
        return text, [each for each in in_force if each.owner in kept]


def _check_groups(names: list[str]) -> None:
    for name in names:
        if name not in GROUPS:
            hint = nearest(name, list(GROUPS))
            raise SettingsError(f"--by: '{name}' is none of {', '.join(GROUPS)}{hint}")


def _days(
    on_old: str | None, on: str | None, population: People | None
) -> tuple[date, date] | None:
    new = parse_date(on) or (population.effective_on if population is not None else None)
    if new is not None:
        return parse_date(on_old, "--on-old") or new, new
    if population is not None:
        raise SettingsError("--on: give the day for which people are worked out, as 2026-06-01")
    if on_old is not None:
        raise SettingsError("--on-old goes with --on: give both days")
    return None


def _write(found: RuleDiff, folder: Path) -> None:
    withheld = write_diff(found, folder)
    err().print(f"Written: {folder}/flips.parquet, summary.csv, groups.csv, reasons.csv")
    if withheld:
        told = f"{withheld:,} rows about schemes that are, or may be, claimed stand in counts only"
        err().print(told)


def _as_json(text: list[Change], in_force: list[Change], found: RuleDiff | None) -> str:
    shown: dict[str, object] = {
        "changes": [asdict(each) for each in text],
        "in_force": [asdict(each) for each in in_force],
    }
    tables: dict[str, pl.DataFrame] = {}
    if found is not None:
        tables = {"summary": found.matrix, "groups": found.groups, "reasons": found.reasons}
    shown |= {name: table.to_dicts() for name, table in tables.items()}
    return json.dumps(shown, indent=2, ensure_ascii=False)
