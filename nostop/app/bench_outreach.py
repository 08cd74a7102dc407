"""How fast a million determinations become a planned campaign, and how fast its messages go."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.figures import Figure, at_least, at_most
from nostop.app.outreach.campaigns import approve, send_campaign
from nostop.app.outreach.planning import plan_campaign
from nostop.app.settings import MANIFEST
from nostop.app.stages import Listener, stage
from nostop.frames import ClaimPaths, Contacts, Determinations, empty
from nostop.linkage.history import no_history
from nostop.model import SettingsError

ON = date(2026, 6, 1)
_SCHEMES = ("pension_credit", "child_benefit", "universal_credit")
#: Three times what GOV.UK Notify takes in a second from one service.
_BAR_A_SECOND = 150
_LIVE = "demo_live-44444444-4444-4444-8444-444444444444-55555555-5555-4555-8555-555555555555"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many determinations become a plan, and how many of its messages are sent."""

    determinations: int = 1_000_000
    messages: int = 10_000


def outreach_bars(sizes: Sizes, url: str | None, rules: Path, listener: Listener) -> list[Figure]:
    """Measure planning and sending, in a store of its own or in the (empty) one at `url`.

    Raises:
        SettingsError: the simulator did not start.
    """
    with TemporaryDirectory(prefix="nostop-bench-") as name:
        folder = Path(name)
        with _simulator(folder, listener) as base_url:
            # The channel asks the environment, as it does for everybody.
            os.environ["NOSTOP_GOVUK_NOTIFY_BASE_URL"] = base_url
            os.environ["NOSTOP_GOVUK_NOTIFY_API_KEY"] = _LIVE
            engine = store.open_store(url or f"sqlite:///{folder / 'nostop.db'}")
            try:
                store.upgrade(engine)
                return list(_measured(engine, sizes, folder, rules, listener))
            finally:
                engine.dispose()


def _measured(
    engine: Engine, sizes: Sizes, folder: Path, rules: Path, listener: Listener
) -> Iterator[Figure]:
    number = sizes.determinations
    with stage("Making a run of people who do not exist", listener):
        make_run(folder / "run", number)
        campaign = folder / "campaign.yaml"
        campaign.write_text(_CAMPAIGN.format(most=sizes.messages), encoding="utf-8")
    with stage("Planning", listener) as told:
        begun = perf_counter()
        act = store.Act("planner", datetime.now(UTC))
        planned = plan_campaign(engine, campaign, folder / "run", act, rules)
        spent = perf_counter() - begun
        told.detail = f"{planned.statuses['planned']:,} messages"
    kind = engine.dialect.name
    yield at_most(
        f"plan_seconds_{kind}", f"{number:,} determinations to a plan, {kind}", spent, "s", 60
    )
    with stage("Sending", listener):
        approve(engine, "bench", store.Act("approver", datetime.now(UTC)))
        begun = perf_counter()
        outcome = send_campaign(engine, "bench", rules, lambda: datetime.now(UTC))
        spent = perf_counter() - begun
    sent = outcome.sent.words.get("sent", 0)
    yield at_least(
        f"sent_a_second_{kind}",
        f"messages sent a second, {sent:,} of them, {kind}, each claimed and audited",
        sent / spent,
        _BAR_A_SECOND,
        "/s",
    )


_CAMPAIGN = """id: bench
sender: Borchester Council
schemes: [pension_credit, child_benefit, universal_credit]
channels:
  - {{use: govuk_notify_email}}
hours: any_time
limits:
  messages: {most}
  per_minute: 1000000
  in_flight: 16
allow_list: ["*@example.org"]
"""


@contextmanager
def _simulator(folder: Path, listener: Listener) -> Iterator[str]:
    """Run the provider's simulator in a process of its own, without its own limits."""
    command = [
        *(sys.executable, "-m", "nostop.cli", "notify-simulator", "--port", "0"),
        *("--ledger", str(folder / "provider.sqlite"), "--per-minute", "0"),
    ]
    with stage("Starting a provider", listener):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
        line = process.stdout.readline() if process.stdout else ""
    try:
        if not line.startswith("NOSTOP_GOVUK_NOTIFY_BASE_URL="):
            raise SettingsError("bench: the simulator did not start")
        yield line.strip().partition("=")[2]
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def make_run(folder: Path, number: int) -> None:
    """Write what a run leaves for outreach, of `number` adults with one unclaimed entitlement."""
    folder.mkdir(parents=True)
    rows = pl.DataFrame({"n": pl.int_range(number, eager=True)})
    text = pl.format("{}", pl.col("n").cast(pl.String).str.zfill(8))
    ids = rows.select(
        "n",
        person_id=pl.format("P{}", text),
        benefit_unit_id=pl.format("B{}", text),
        household_id=pl.format("H{}", text),
    )
    _determinations(ids).write_parquet(folder / "determinations.parquet")
    _recipients(ids).write_parquet(folder / "recipients.parquet")
    _contacts(ids).write_parquet(folder / "contacts.parquet")
    empty(ClaimPaths).write_parquet(folder / "claim_paths.parquet")
    no_history().write_parquet(folder / "link_events.parquet")
    manifest = {
        "snapshot": "Sbench",
        "effective_date": ON.isoformat(),
        "synthetic": True,
        "may_write_to_people": True,
        "lists_as_of": None,
        "packs": dict.fromkeys(_SCHEMES, "bench"),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _determinations(ids: pl.DataFrame) -> pl.DataFrame:
    schemes = pl.Series("scheme", _SCHEMES)
    made = ids.select(
        "benefit_unit_id",
        "household_id",
        person_id=pl.lit(None, pl.String),
        scheme=pl.lit(schemes).gather(pl.col("n") % len(_SCHEMES)),
        effective_date=pl.lit(ON),
        outcome=pl.lit("entitled"),
        amount=pl.col("n") % 9_000 + 500,
        per=pl.lit("week"),
        claimed=pl.lit(value=False),
        worth_asking=pl.lit(value=False),
        confidence=pl.lit(0.99),
        because=pl.lit([], pl.List(pl.String)),
        missing=pl.lit([], pl.List(pl.String)),
        pack_version=pl.lit("bench"),
    ).with_columns(amount_low="amount", amount_high="amount")
    return made.select(Determinations.columns().keys())


def _recipients(ids: pl.DataFrame) -> pl.DataFrame:
    return ids.select(
        "person_id",
        "benefit_unit_id",
        "household_id",
        role=pl.lit("adult"),
        born_on=pl.lit(date(1950, 3, 1)),
        died_on=pl.lit(date(9999, 12, 31)),
        has_recourse_to_public_funds=pl.lit(value=True),
        confidence=pl.lit(0.99),
        nation=pl.lit("england"),
        local_authority=pl.lit("E07000999"),
    )


def _contacts(ids: pl.DataFrame) -> pl.DataFrame:
    # One in a hundred has said no: a list of whom not to write to is never empty.
    made = ids.select(
        "person_id",
        first_name=pl.lit("Sam"),
        surname=pl.lit("Sample"),
        email=pl.format("{}@example.org", "person_id"),
        phone=pl.lit(None, pl.String),
        language=pl.when(pl.col("n") % 20 == 0).then(pl.lit("cy")).otherwise(pl.lit("en")),
        born_on=pl.lit(date(1950, 3, 1)),
        is_deceased=pl.lit(value=False),
        opted_out=pl.col("n") % 100 == 0,
        protected_address=pl.lit(value=False),
        safeguarding_hold=pl.lit(value=False),
    )
    return made.select(Contacts.columns().keys()).with_columns(post=pl.lit(None, pl.String))
