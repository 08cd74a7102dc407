"""What is too slow for a page of the rule workbench: a whole rules folder checked with a proposal
in it and its cases run, and who flips among the people of the run."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.app.flips import by_group, matrix, reasons, side_by_side
from nostop.app.gateways import ANY, IN_FORCE, determine_lawfully
from nostop.app.jobs import JobFile, Task
from nostop.app.population_groups import group_labels
from nostop.app.proposals import laid_out, readers_of
from nostop.app.rules import read_rules
from nostop.app.running.checkpoints import Checkpoints
from nostop.app.running.people import STAGE as PEOPLE
from nostop.app.running.people import as_assembled
from nostop.app.settings import MANIFEST
from nostop.determination import run_cases
from nostop.frames import Determinations, Situation, empty
from nostop.model import Problem, RuleError, SettingsError
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.reading.load import examine
from nostop.store.engine import reading
from nostop.store.proposals import Proposal, read_proposal
from nostop.takeup.publish import masked_count

_JSON = "application/json"
#: So many messages and failed cases are kept: one mistake can bring hundreds.
MOST_TOLD = 100
_COUNTS = ("subjects", "gains", "loses", "same", "unsettled", "newly_entitled",
           "no_longer_entitled")  # fmt: skip
_POUNDS = ("least_gained", "least_lost", "most_gained", "most_lost")
#: Pounds of real people are shown where so many make them up, and to the nearest so many pence.
FEWEST_FOR_POUNDS = 30
POUNDS_STEP = 1_000_00


def check_rules(task: Task, rules: Path) -> JobFile:
    """Check the rules folder with a proposal in it, then run the cases of its scheme and of those
    that rest on it.

    Returns:
        JSON: revision; problems (path, line, column, message), in the order of files and lines;
        cases, how many were run; failed (path, line, name, message).
    """
    proposal = _proposal(task)
    with laid_out(rules, proposal.files) as folder:
        task.tell(10, "The files are read and checked, together with all other rules.")
        book, problems = examine(folder)
        said: dict[str, Any] = {
            "revision": proposal.revision,
            "problems": [_as_told(each, folder) for each in problems[:MOST_TOLD]],
            "cases": 0,
            "failed": [],
        }
        if book is not None:
            said |= _cases(task, book, proposal.scheme)
    return JobFile("check.json", _JSON, json.dumps(said).encode())


def _cases(task: Task, book: Rulebook, scheme: str) -> dict[str, Any]:
    schemes = readers_of(book, scheme)
    run, failed = 0, []
    for number, name in enumerate(schemes):
        task.tell(40 + 55 * number // len(schemes), "The worked cases are run.")
        for each in run_cases(book, [name]):
            run += 1
            if not each.passed:
                problem = Problem(each.file, each.line, 1, each.message)
                failed.append(_as_told(problem, book.path) | {"name": each.name})
    return {"cases": run, "failed": failed[:MOST_TOLD]}


def _as_told(problem: Problem, folder: Path) -> dict[str, Any]:
    inside = problem.path.is_relative_to(folder)
    path = problem.path.relative_to(folder) if inside else Path(problem.path.name)
    return {
        "path": path.as_posix(),
        "line": problem.line,
        "column": problem.column,
        # A message may name another file: the folder that it stands in is gone by now.
        "message": problem.message.replace(f"{folder}/", ""),
    }


def who_flips(task: Task, rules: Path, run: Path | None) -> JobFile:
    """Work the people of the run out under the rules as they stand and as proposed.

    Returns:
        JSON: revision; made_up; on, the day; schemes; and the rows of `flips.matrix`, `by_group`
        and `reasons`. Of real people small counts are null, the others rounded to 5, and pounds
        are told of whole schemes only, where many people make them up.
    Raises:
        SettingsError: this server has no run, or what it kept of its people is not there any more.
        RuleError: the proposed rules cannot stand.
    """
    proposal = _proposal(task)
    people, on, made_up = _people(run)
    task.tell(5, "Both versions of the rules are read.")
    with laid_out(rules, proposal.files) as folder:
        old, new = read_rules(rules), _sound(folder)
    schemes = sorted({*readers_of(old, proposal.scheme), *readers_of(new, proposal.scheme)})
    sides = []
    for number, book in enumerate((old, new)):
        task.tell(30 + 30 * number, "Everybody is worked out under both versions.")
        sides.append(_determined(people, book, on, schemes, made_up=made_up))
    task.tell(90, "The differences are counted.")
    pairs = side_by_side(*sides)
    tables = {
        "matrix": matrix(pairs),
        "groups": by_group(pairs, group_labels(people, on)),
        "reasons": reasons(pairs),
    }
    if not made_up:
        tables = {name: masked(table, name) for name, table in tables.items()}
    said = {
        "revision": proposal.revision,
        "made_up": made_up,
        "on": on.isoformat(),
        "schemes": schemes,
        **{name: table.to_dicts() for name, table in tables.items()},
    }
    return JobFile("who_flips.json", _JSON, json.dumps(said).encode())


def masked(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return counts of real people as they may be shown to those who write rules."""
    counts = [masked_count(each) for each in _COUNTS if each in table.columns]
    if name == "matrix":
        enough = pl.col("subjects") >= FEWEST_FOR_POUNDS
        pounds = [
            pl.when(enough).then((pl.col(each) / POUNDS_STEP).round() * POUNDS_STEP).cast(pl.Int64)
            for each in _POUNDS
        ]
    else:
        # Groups add up to their scheme: the pounds of a small one would be what the others leave.
        pounds = [pl.lit(None, pl.Int64).alias(each) for each in _POUNDS if each in table.columns]
    return table.with_columns(*counts, *pounds)


def _sound(folder: Path) -> Rulebook:
    try:
        return load_rulebook(folder)
    except RuleError as error:
        told = f"{len(error.problems)} things are wrong in the proposed rules: run the check"
        raise SettingsError(f"who flips: {told}") from error


def _determined(
    people: Situation, book: Rulebook, on: date, schemes: list[str], *, made_up: bool
) -> pl.DataFrame:
    held = [name for name in schemes if name in book.schemes and book.schemes[name].is_in_force(on)]
    if not held:
        return empty(Determinations)
    return determine_lawfully(people, book, on, held, ANY if made_up else IN_FORCE)


def _people(run: Path | None) -> tuple[Situation, date, bool]:
    if run is None:
        raise SettingsError("who flips: this server shows no run; start it with --run DIR")
    kept = Checkpoints(run).last(PEOPLE)
    if kept is None:
        told = "keeps nothing of its people any more; run it again"
        raise SettingsError(f"who flips: the run that is shown {told}")
    said: Mapping[str, Any] = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    on = date.fromisoformat(said["effective_date"])
    return as_assembled(kept).situation, on, said["synthetic"] is True


def _proposal(task: Task) -> Proposal:
    with reading(task.engine) as connection:
        found = read_proposal(connection, task.word("proposal"))
    if found is None:
        raise SettingsError("proposals: it is not there any more")
    if found.revision != task.arguments["revision"]:
        raise SettingsError("proposals: it was changed after you asked; ask again")
    return found
