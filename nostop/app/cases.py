"""Single cases and whole frames through the rules: no linkage, no store, nothing sent."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop import determination
from nostop.app.results import RESULT_COLUMNS
from nostop.app.rules import known_schemes
from nostop.determination import Decider, Given
from nostop.determination.one import as_frame
from nostop.frames import Situation
from nostop.model import SettingsError
from nostop.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Case:
    """One situation of a file and what the rules say of it: `rows` are `Determinations`."""

    number: int
    effective_on: date
    given: Given
    rows: pl.DataFrame

    @property
    def situation(self) -> Situation:
        """The situation as frames."""
        return self.given.situation


def evaluate_file(
    path: Path, rulebook: Rulebook, effective_on: date | None, schemes: list[str] | None
) -> list[Case]:
    """Work out every situation of a JSON file.

    Args:
        path: one situation or a list of them, as the README shows.
        rulebook: the rules to use.
        effective_on: the day; None means the day that each situation names itself.
        schemes: None means every scheme there is.
    Raises:
        SituationError: the file names something unknown, or contradicts itself.
        SettingsError: no day is given in either place, or no such scheme exists.
    """
    chosen = known_schemes(rulebook, schemes)
    cases = []
    deciders: dict[date, Decider] = {}
    for number, given in enumerate(determination.read_json(path, rulebook.catalogue), start=1):
        day = effective_on or given.effective_on
        if day is None:
            raise SettingsError(
                f'{path}: situation {number} names no day: add "on": "2026-06-01" or use --on'
            )
        if day not in deciders:
            deciders[day] = Decider(rulebook, day, chosen)
        cases.append(Case(number, day, given, as_frame(deciders[day].decide(given.rows))))
    return cases


def evaluate_frames(
    folder: Path, rulebook: Rulebook, effective_on: date, schemes: list[str] | None
) -> pl.DataFrame:
    """Work out everybody in a folder of frames and return result rows, one per subject and scheme.

    Raises:
        SituationError: a frame is missing, names an unknown column or has another type.
    """
    situation = determination.read_frames(folder, rulebook.catalogue)
    rows = determination.determine(
        situation, rulebook, effective_on, known_schemes(rulebook, schemes)
    )
    return rows.select(RESULT_COLUMNS)
