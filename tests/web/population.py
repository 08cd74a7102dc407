"""Few made-up people with something to look at: made, run and loaded in seconds."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from nostop import app, determination, synth
from nostop.app import RunSettings
from nostop.app.casework.loading import load_work
from nostop.app.rules import read_rules
from nostop.rulebook import default_rules_dir
from nostop.store.work_loading import Loaded

DAY = date(2026, 6, 1)
RUN_AT = datetime(2026, 6, 2, 4, 0, tzinfo=UTC)
#: When the run was loaded: a night's work, before anybody comes in.
LOADED_AT = datetime(2026, 6, 2, 5, 0, tzinfo=UTC)
PEOPLE, SEED = 120, 9
#: A handful that finds something for many: to claim, to ask about, and already claimed.
SCHEMES = [
    "attendance_allowance",
    "carers_allowance",
    "child_benefit",
    "free_school_meals_england",
    "housing_benefit",
    "pension_credit",
    "universal_credit",
    "winter_fuel_payment",
]


def make_run(folder: Path) -> Path:
    """Make people up below a folder, run the whole line for them, and return where its results
    are."""
    rules = default_rules_dir()
    book = read_rules(rules)
    district = synth.generate(
        PEOPLE, SEED, lambda people: determination.determine(people, book, DAY, SCHEMES), DAY
    )
    synth.write(district, folder / "feeds")
    settings = RunSettings(
        feeds=folder / "feeds",
        out=folder / "out",
        effective_on=DAY,
        started_at=RUN_AT,
        rules=rules,
        declarations=app.default_declarations_dir(),
        schemes=SCHEMES,
        unreleased=True,
    )
    app.run(settings)
    return settings.out


def load(engine: Engine, run: Path) -> Loaded:
    """Put a run of `make_run` into a store."""
    return load_work(engine, run, default_rules_dir(), LOADED_AT)
