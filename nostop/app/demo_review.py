"""What the review app shows when somebody tries it out: the sample data, run and loaded once."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from sqlalchemy import Engine

from nostop import store
from nostop.app.casework.linking import Wanted, load_links
from nostop.app.casework.loading import load_work
from nostop.app.outreach import plan_campaign
from nostop.app.places import SAMPLE_DAY, default_declarations_dir, default_sample_dir
from nostop.app.running.line import run
from nostop.app.settings import MANIFEST, RunSettings
from nostop.app.stages import Listener, stage
from nostop.store.campaigns import Act

#: Who planned the sample's campaign: another person approves it.
PLANNER = "petra.planner"
#: Which pairs of records of the sample caseworkers look at.
PAIRS = Wanted(low=0.2, most=40, sample=20)


@dataclass(frozen=True, slots=True)
class DemoPlaces:
    """Where the demo keeps what it made: removed, it is made anew."""

    folder: Path

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / "run"

    @property
    def campaigns(self) -> Path:
        """The folder of campaign files."""
        return self.folder / "campaigns"

    @property
    def database_url(self) -> str:
        """The store's address."""
        return f"sqlite:///{self.folder / 'review.db'}"


def run_sample(places: DemoPlaces, rules: Path, listener: Listener) -> None:
    """Run the whole line on the sample data, unless that was done."""
    if (places.run / MANIFEST).is_file():
        return
    run(
        RunSettings(
            feeds=default_sample_dir(),
            out=places.run,
            effective_on=SAMPLE_DAY,
            started_at=datetime.combine(SAMPLE_DAY, time(), UTC),
            rules=rules,
            declarations=default_declarations_dir(),
        ),
        listener,
    )


def load_sample(
    engine: Engine, places: DemoPlaces, rules: Path, at: datetime, listener: Listener
) -> None:
    """Load the run and plan the sample's campaign, unless that was done."""
    if store.campaign_ids(engine):
        return
    with stage("Loading the queue", listener) as told:
        loaded = load_work(engine, places.run, rules, at)
        told.detail = f"{loaded.items:,} benefit units, {loaded.flags:,} flags"
    with stage("Loading pairs to review", listener) as told:
        pairs = load_links(engine, places.run, PAIRS, at).pairs
        told.detail = f"{pairs:,} pairs"
    with stage("Planning a campaign", listener) as told:
        places.campaigns.mkdir(parents=True, exist_ok=True)
        campaign = places.campaigns / "spring-2026.yaml"
        shutil.copy(default_sample_dir() / "campaign.yaml", campaign)
        planned = plan_campaign(engine, campaign, places.run, Act(PLANNER, at), rules)
        told.detail = f"{planned.campaign} waits for approval"
