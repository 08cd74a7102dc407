"""Claim paths of a situation, of a folder of frames, and of a run that may read only what the law
opens."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop import determination
from nostop.app.cases import situations_of_file
from nostop.app.gateways import Lawful, Statuses
from nostop.app.rules import known_schemes
from nostop.claim_paths import PathFinder, lawful_plan
from nostop.determination.parquet import write_whole
from nostop.frames import Situation
from nostop.rulebook import Rulebook
from nostop.rulebook.packs import Signpost


@dataclass(frozen=True, slots=True)
class CasePaths:
    """One situation of a file: its `ClaimPaths`, and the signposts for each household."""

    number: int
    effective_on: date
    rows: pl.DataFrame
    signposts: dict[str, list[Signpost]]


def lawful_paths(
    rulebook: Rulebook, day: date, schemes: list[str], statuses: Statuses
) -> PathFinder:
    """Return a finder of claim paths in which each scheme is determined from those facts alone that
    its gateways open to it."""
    effects, plan, names = lawful_plan(rulebook, day, schemes)
    return PathFinder.of(rulebook, plan, Lawful(effects, day, names, statuses))


def paths_of_file(
    path: Path, rulebook: Rulebook, effective_on: date | None, schemes: list[str] | None
) -> list[CasePaths]:
    """Work out the claim paths of every situation of a JSON file.

    Raises:
        SituationError: the file names something unknown, or contradicts itself.
        SettingsError: no day is given in either place, or no such scheme exists.
    """
    chosen = known_schemes(rulebook, schemes)
    cases = []
    finders: dict[date, PathFinder] = {}
    for number, day, given in situations_of_file(path, rulebook, effective_on):
        if day not in finders:
            finders[day] = PathFinder.ready(rulebook, day, chosen)
        situation = given.situation
        posts = signposts(situation, rulebook, day)
        cases.append(CasePaths(number, day, finders[day].paths(situation), posts))
    return cases


def paths_of_frames(
    folder: Path, out: Path, rulebook: Rulebook, on: date, schemes: list[str] | None
) -> int:
    """Work out the claim paths of everybody in a folder of frames, write them to a Parquet file,
    and return how many claims there are.

    Raises:
        SituationError: a frame is missing, names an unknown column or has another type.
        SettingsError: no such scheme exists.
    """
    finder = PathFinder.ready(rulebook, on, known_schemes(rulebook, schemes))
    rows = finder.paths(determination.read_frames(folder, rulebook.catalogue))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(rows, out)
    return rows.height


def signposts(situation: Situation, rulebook: Rulebook, on: date) -> dict[str, list[Signpost]]:
    """Return the signposts that are shown to each household on a day, by its nation."""
    homes = situation.households
    if "nation" not in homes.columns:
        return {name: [] for name in homes["household_id"]}
    return {
        name: [each for each in rulebook.signposts if each.is_shown(nation, on)]
        for name, nation in homes.select("household_id", "nation").iter_rows()
    }
