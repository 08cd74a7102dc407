"""Few made-up people with something to look at: made, run and loaded in seconds."""

import fcntl
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
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


def shared_run(factory: pytest.TempPathFactory) -> Path:
    """Return the results of `make_run`, made once for all workers of a session; each worker has a
    copy of its own, in which its tests may write."""
    own, base = factory.mktemp("run"), factory.getbasetemp()
    # A worker's folder is below the session's.
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = root / "population"
    with (root / "population.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make_run(root / "population.made")
            (root / "population.made").rename(made)
    shutil.copytree(made, own, dirs_exist_ok=True)
    return own / "out"


def load(engine: Engine, run: Path) -> Loaded:
    """Put a run of `make_run` into a store."""
    return load_work(engine, run, default_rules_dir(), LOADED_AT)
