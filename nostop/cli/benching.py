"""`nostop bench`: what this version does on this machine, held against its bars."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nostop.app import (
    bench,
    bench_faults,
    bench_linkage,
    bench_outreach,
    bench_rules,
    bench_runs,
    bench_web,
)
from nostop.app.figures import Figure, as_rows
from nostop.app.places import SAMPLE_DAY
from nostop.cli.shared import Progress, RulesOption, out, table
from nostop.model import SettingsError
from nostop.rulebook import default_rules_dir

commands = typer.Typer(
    help="Measure this version on this machine.", no_args_is_help=True, rich_markup_mode=None
)


@commands.callback()
def group() -> None:
    """Measure this version on this machine."""


JsonFileOption = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Also write the figures here."),
]


@commands.command("spine")
def spine(
    people: Annotated[
        int, typer.Option("--people", metavar="N", help="Made-up people through `evaluate`.")
    ] = 1_000_000,
    run_people: Annotated[
        int, typer.Option("--run-people", metavar="N", help="Made-up people through `run`.")
    ] = 100_000,
    json_file: JsonFileOption = None,
    rules: RulesOption = None,
) -> None:
    """Measure time, memory, linkage and flags. Exit code 1 if a figure misses its bar."""
    progress = Progress()
    with progress.showing():
        figures = bench.spine(
            bench.Sizes(people, run_people), SAMPLE_DAY, rules or default_rules_dir(), progress
        )
    _tell("The spine on this machine", figures, json_file)


@commands.command("rules")
def rule_layer(
    people: Annotated[
        int,
        typer.Option(
            "--people",
            metavar="N",
            help="Made-up people; the measurements take 1 to 100 times as many.",
        ),
    ] = 100_000,
    json_file: JsonFileOption = None,
    rules: RulesOption = None,
) -> None:
    """Measure the rule layer: against rules by hand and other engines, growth, changes, what an
    author waits for. Exit code 1 if a figure misses its bar."""
    sizes = bench_rules.Sizes(base=people, engines=10 * people)
    progress = Progress()
    with progress.showing():
        figures = bench_rules.rules(sizes, SAMPLE_DAY, rules or default_rules_dir(), progress)
    _tell("The rule layer on this machine", figures, json_file)


@commands.command("linkage")
def linkage_quality(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder with the labelled sets.")
    ],
    records: Annotated[
        int,
        typer.Option("--records", metavar="N", help="Made-up records to time; 0: none."),
    ] = 3_000_000,
    orders: Annotated[
        int, typer.Option("--orders", metavar="N", help="Orders of arrival to try.")
    ] = 200,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help="Only this labelled set; may be repeated."),
    ] = None,
    peer: Annotated[
        bool, typer.Option("--peer/--no-peer", help="Run plain Splink beside it.")
    ] = True,
    json_file: JsonFileOption = None,
) -> None:
    """Measure which records are said to be one person, by labels that nothing was tuned on. Exit
    code 1 if a figure misses its bar."""
    sizes = bench_linkage.Sizes(records=records, orders=orders, peer=peer)
    if sets:
        sizes = replace(sizes, sets=tuple(sets))
    progress = Progress()
    with progress.showing():
        figures = bench_linkage.linkage_bars(sizes, data, progress)
    _tell("Linkage on this machine", figures, json_file)


@commands.command("outreach")
def outreach_speed(
    determinations: Annotated[
        int, typer.Option("--determinations", metavar="N", help="How many become a plan.")
    ] = 1_000_000,
    messages: Annotated[
        int, typer.Option("--messages", metavar="N", help="How many of its messages are sent.")
    ] = 10_000,
    url: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="An empty store, instead of our SQLite."),
    ] = None,
    json_file: JsonFileOption = None,
    rules: RulesOption = None,
) -> None:
    """Measure planning a campaign, and sending it to the simulator. Exit code 1 if a figure misses
    its bar."""
    sizes = bench_outreach.Sizes(determinations, messages)
    progress = Progress()
    with progress.showing():
        figures = bench_outreach.outreach_bars(sizes, url, rules or default_rules_dir(), progress)
    _tell("Outreach on this machine", figures, json_file)


@commands.command("runs")
def resumed_runs(
    people: Annotated[
        int, typer.Option("--people", metavar="N", help="Made-up people through two runs.")
    ] = 100_000,
    changed: Annotated[
        float,
        typer.Option("--changed", metavar="SHARE", help="Share of rows that changed between them."),
    ] = 0.01,
    kills: Annotated[
        int, typer.Option("--kills", metavar="N", help="Runs that are killed; 0: none.")
    ] = 50,
    killed_people: Annotated[
        int, typer.Option("--killed-people", metavar="N", help="Made-up people of a killed run.")
    ] = 1_000,
    json_file: JsonFileOption = None,
    rules: RulesOption = None,
) -> None:
    """Measure a nightly run after a small change, and kill runs at random moments. Exit code 1 if a
    figure misses its bar."""
    sizes = bench_runs.Sizes(people, changed, kills, killed_people)
    progress = Progress()
    with progress.showing():
        figures = bench_runs.runs(sizes, SAMPLE_DAY, rules or default_rules_dir(), progress)
    _tell("Runs on this machine", figures, json_file)


@commands.command("faults")
def sender_faults(
    kills: Annotated[
        int,
        typer.Option("--kills", metavar="N", min=10, help="Senders killed; the rest goes with it."),
    ] = 1000,
    database: Annotated[
        str, typer.Option("--database", metavar="NAME", help="sqlite, postgresql or both.")
    ] = "both",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of all that is chance.")] = 1,
    json_file: JsonFileOption = None,
) -> None:
    """Break everything around the sender, and count what went twice or was lost. Exit code 1 if a
    figure misses its bar."""
    known = {name: (name,) for name in bench_faults.DATABASES} | {"both": bench_faults.DATABASES}
    if database not in known:
        raise SettingsError(f"--database: '{database}' is none of {', '.join(known)}")
    progress = Progress()
    with progress.showing():
        sizes = bench_faults.Sizes(kills)
        figures = bench_faults.faults(sizes, known[database], seed, progress)
    _tell("Faults around the sender", figures, json_file)


@commands.command("web")
def web_pages(
    people: Annotated[
        int, typer.Option("--people", metavar="N", min=1, help="People in the store.")
    ] = 1_000_000,
    flags: Annotated[
        int, typer.Option("--flags", metavar="N", min=1, help="Flags in it, at least.")
    ] = 200_000,
    caseworkers: Annotated[
        int, typer.Option("--caseworkers", metavar="N", min=2, help="At work at once.")
    ] = 50,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", min=1, help="For how long they work.")
    ] = 120.0,
    think: Annotated[
        float, typer.Option("--think", metavar="S", help="Mean seconds before each click.")
    ] = 10.0,
    races: Annotated[
        int, typer.Option("--races", metavar="N", help="Cases that two people decide at once.")
    ] = 200,
    database: Annotated[
        str, typer.Option("--store", metavar="NAME", help="sqlite, postgresql or both.")
    ] = "both",
    json_file: JsonFileOption = None,
    rules: RulesOption = None,
) -> None:
    """Measure the pages with caseworkers at work on them, and count what was lost. Exit code 1 if a
    figure misses its bar."""
    known = {name: (name,) for name in bench_web.DATABASES} | {"both": bench_web.DATABASES}
    if database not in known:
        raise SettingsError(f"--store: '{database}' is none of {', '.join(known)}")
    sizes = bench_web.Sizes(people, flags, caseworkers, seconds, think, races)
    progress = Progress()
    with progress.showing():
        figures = bench_web.web_bars(sizes, known[database], rules or default_rules_dir(), progress)
    _tell("The pages on this machine", figures, json_file)


def _tell(title: str, figures: list[Figure], json_file: Path | None) -> None:
    rows = json.dumps(as_rows(figures), indent=2, ensure_ascii=False)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(rows + "\n", encoding="utf-8")
    shown = table(title, "What", "Value", "Unit", "Bar", "Holds", right=("Value",))
    for figure in figures:
        value = "none" if figure.value is None else f"{figure.value:,.5g}"
        holds = {True: "yes", False: "NO", None: ""}[figure.holds]
        shown.add_row(figure.what, value, figure.unit, figure.bar or "", holds)
    out().print(shown)
    raise typer.Exit(code=1 if any(figure.holds is False for figure in figures) else 0)
