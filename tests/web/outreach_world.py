"""A campaign of few messages, planned and waiting for approval, and the small run behind it.
Everybody is invented."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.outreach import plan_campaign
from nostop.app.running.checkpoints import FOLDER
from nostop.store import Act
from nostop.web.house import House, WebSettings
from tests.app.outreach.small import write_run
from tests.app.tidy import tidy_rules
from tests.web.conftest import NOW

PLANNED_AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
PHONE = 'claim: {url: "https://example.org/claim", phone: "0300 200 3100"}'
CAMPAIGN = """id: {id}
sender: Borchester Council
schemes: [pension_credit]
channels:
  - {{use: govuk_notify_text, pence: 3}}
  - {{use: outbox, settings: {{folder: {outbox}}}}}
hours: any_time
limits:
  budget_pounds: 500
allow_list: ["*@example.org", "07700900*"]
"""
PEOPLE: tuple[dict[str, object], ...] = (
    {"who": "ada"},
    {"who": "bo", "phone": "07700 900123", "email": None},
    {"who": "cai", "language": "cy"},
    {"who": "dai", "protected_address": True},
)
FEED = {
    "source": "dwp_awards",
    "state": "ok",
    "reason": None,
    "file": "dwp_awards.csv",
    "sha256": "a" * 64,
    "rows_read": 1200,
    "rows_good": 1188,
    "rows_quarantined": 12,
    "as_of": "2026-05-31",
    "rows_later": 0,
    "rows_replaced": 0,
    "fresh_until": "2026-06-05",
    "people": 900,
    "people_known": 880,
}
HELD = FEED | {
    "source": "hmrc_rti",
    "state": "held",
    "reason": "hmrc_rti.csv: 100 rows, expected 900 at least",
    "fresh_until": None,
    "as_of": None,
}
STALE = FEED | {"source": "school_census", "fresh_until": "2026-05-30"}
TIMINGS = """{"started_at": "2026-06-01T02:30:00+00:00", "stages": [
 {"stage": "Reading the feeds", "milliseconds": 1250, "detail": "2 of 3 feeds", "warnings": []},
 {"stage": "Linking the records", "milliseconds": 64000, "detail": "as before",
  "warnings": ["LOOK AT 3 MESSAGES"]}]}"""


def small_run(folder: Path, **manifest: object) -> Path:
    """Write a finished run of few people, with its feeds and how long its stages took."""
    said: dict[str, object] = {
        "inputs": [FEED, HELD, STALE],
        "counts": {"people": 5, "records": 9, "messages_by_state": {"sent": 2}},
        "release": "2026.06",
        "known_on": None,
        "left_out": {"winter_fuel_payment": "is not in the release"},
    }
    write_run(folder, *PEOPLE, **said | manifest)
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "timings.json").write_text(TIMINGS, encoding="utf-8")
    return folder


def small_rules(folder: Path) -> Path:
    """Write rules of one scheme that can be claimed by telephone."""
    rules = tidy_rules(folder, "pension_credit")
    pack = rules / "uk" / "pension_credit" / "pack.yaml"
    plain = 'claim: {url: "https://example.org/claim"}'
    pack.write_text(pack.read_text(encoding="utf-8").replace(plain, PHONE), encoding="utf-8")
    gateways = rules / "gateways.yaml"
    known = gateways.read_text(encoding="utf-8").replace("alpha, beta, gamma", "pension_credit")
    gateways.write_text(known, encoding="utf-8")
    return rules


def write_campaign(folder: Path, campaign: str = "spring") -> Path:
    """Write a campaign's file into a folder."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{campaign}.yaml"
    file.write_text(CAMPAIGN.format(id=campaign, outbox=folder / "outbox"), encoding="utf-8")
    return file


def plan(engine: Engine, folder: Path, run: Path, by: str, campaign: str = "spring") -> str:
    """Plan a campaign and return the hash of its plan."""
    file = write_campaign(folder / "campaigns", campaign)
    act = Act(by, PLANNED_AT)
    rules = folder / "rules"
    planned = plan_campaign(engine, file, run, act, rules if rules.is_dir() else small_rules(rules))
    return planned.plan_sha256


def house_of(engine: Engine, shelf: object, folder: Path, run: Path) -> House:
    """Return a house whose jobs plan from small rules and a campaigns folder."""
    rules, campaigns = folder / "rules", folder / "campaigns"
    settings = WebSettings(rules=rules, run=run, campaigns=campaigns, development=True)
    jobs = Jobs(engine, lambda: NOW, handlers(Places(rules, run, campaigns)))
    return House(engine, settings, shelf, jobs, clock=lambda: NOW)  # type: ignore[arg-type]  # any shelf
