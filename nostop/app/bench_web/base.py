"""The small made-up run that everything else is a copy of: made, run and loaded as any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from sqlalchemy import Engine

from nostop import determination, synth
from nostop.app.casework.linking import Wanted, load_links
from nostop.app.casework.loading import load_work
from nostop.app.outreach.planning import plan_campaign
from nostop.app.places import SAMPLE_DAY, default_declarations_dir
from nostop.app.rules import read_rules
from nostop.app.running.line import run
from nostop.app.settings import RunSettings
from nostop.store.campaigns import Act

_SEED = 9
#: Pairs of records that caseworkers look at.
_PAIRS = Wanted(low=0.2, most=500, sample=200)
_CAMPAIGN = """id: bench
sender: Borchester Council
schemes: [pension_credit, child_benefit, universal_credit]
channels:
  - {use: govuk_notify_email}
hours: any_time
allow_list: ["*@example.org"]
"""


@dataclass(frozen=True, slots=True)
class Base:
    """Where the small run is. `schemes`: None is every scheme that is released."""

    folder: Path
    rules: Path
    people: int
    schemes: Sequence[str] | None

    @property
    def run(self) -> Path:
        """The folder of its results."""
        return self.folder / "run"

    @property
    def campaigns(self) -> Path:
        """The folder of campaign files."""
        return self.folder / "campaigns"


def make_base(base: Base) -> None:
    """Make people up, and run the whole line for them."""
    book = read_rules(base.rules)
    schemes = None if base.schemes is None else list(base.schemes)
    district = synth.generate(
        base.people,
        _SEED,
        lambda people: determination.determine(people, book, SAMPLE_DAY, schemes),
        SAMPLE_DAY,
    )
    synth.write(district, base.folder / "feeds")
    run(
        RunSettings(
            feeds=base.folder / "feeds",
            out=base.run,
            effective_on=SAMPLE_DAY,
            started_at=datetime.combine(SAMPLE_DAY, time(4), UTC),
            rules=base.rules,
            declarations=default_declarations_dir(),
            schemes=schemes,
        )
    )
    base.campaigns.mkdir()
    (base.campaigns / "bench.yaml").write_text(_CAMPAIGN, encoding="utf-8")


def load_base(engine: Engine, base: Base, at: datetime) -> None:
    """Load the small run into an empty store, with its pairs of records and a campaign."""
    load_work(engine, base.run, base.rules, at)
    load_links(engine, base.run, _PAIRS, at)
    campaign = base.campaigns / "bench.yaml"
    plan_campaign(engine, campaign, base.run, Act("petra.planner", at), base.rules)
