"""`nostop rules explain`: why a case comes out as it does, and what a pack says."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nostop import app
from nostop.app.explaining import Asked, Explained, explain_case, explain_file
from nostop.cli.shared import JsonOption, OnOption, RulesOption, SchemeOption, out, parse_date
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, default_rules_dir
from nostop.rulebook.rates import constants_on
from nostop.rulebook.words.written import Formula, Section, sections


def explain(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[CASE.json|NAME]",
            help="A file with one situation or a list; or a scheme, library or working to read.",
        ),
    ] = None,
    scheme: SchemeOption = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="NAME", help="One of the packs' own cases.")
    ] = None,
    on: OnOption = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Every value on the way, instead of ten lines.")
    ] = False,
    formulas: Annotated[
        bool, typer.Option("--formulas", help="Add each formula that decides, and what it reads.")
    ] = False,
    as_json: JsonOption = False,
    rules: RulesOption = None,
) -> None:
    """Explain a case in at most ten lines a scheme; or read a pack's formulas back in English.

    With --on, a pack is read back with the rates of that day.
    """
    book = app.read_rules(rules or default_rules_dir())
    day = parse_date(on)
    asked = Asked(day, scheme, trace, formulas)
    if (what is None) == (case is None):
        raise SettingsError("say what to explain: CASE.json, a NAME, or --case 'name of a case'")
    if case is not None:
        _show_results(explain_case(book, case, asked), book, as_json=as_json)
    elif what is not None and what.endswith(".json"):
        _show_results(explain_file(Path(what), book, asked), book, as_json=as_json)
    elif what is not None:
        if scheme or trace or formulas:
            raise SettingsError("--scheme, --trace and --formulas go with a case")
        _show_sections(_sections(book, what, day), as_json=as_json)


def _sections(book: Rulebook, name: str, on: date | None) -> list[Section]:
    return sections(book, name, None if on is None else constants_on(book, on))


def _show_results(found: list[Explained], book: Rulebook, *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(each), "effective_on": each.effective_on.isoformat()} for each in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = out()
    many = len({each.situation for each in found}) > 1
    for each in found:
        which = f", situation {each.situation}" if many else ""
        title = book.packs[each.scheme].title.en
        console.print(f"{title} ({each.subject}{which})", style="bold", soft_wrap=True)
        for line in each.lines:
            console.print(f"  {line}", soft_wrap=True)
        for formula in each.formulas:
            _show_formula(console, formula)
        console.print()


def _show_sections(found: list[Section], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    console = out()
    for section in found:
        console.print(section.title, style="bold", soft_wrap=True)
        for formula in section.formulas:
            _show_formula(console, formula)
        console.print()


def _show_formula(console: Console, formula: Formula) -> None:
    lines = (
        f"  {formula.name}: {formula.says} [{formula.cite}]",
        f"    written: {formula.written}",
        f"    reads:   {formula.reads}",
    )
    for line in lines:
        console.print(line, soft_wrap=True)
