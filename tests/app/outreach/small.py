"""A tiny finished run, and a campaign on it. Everybody is invented."""

import json
from datetime import date
from pathlib import Path

import polars as pl

from nostop.app.settings import MANIFEST
from nostop.frames import ClaimPaths, Contacts, empty
from nostop.linkage.history import no_history
from tests.outreach.frames import determinations

ON = date(2026, 6, 1)
TODAY = "2026-06-01T09:30:00+00:00"
CAMPAIGN = """id: spring
sender: Borchester Council
schemes: [pension_credit]
channels:
  - {{use: outbox, settings: {{folder: "{outbox}"}}}}
hours: any_time
allow_list: ["*@example.org", "07700900*"]
"""


def write_run(folder: Path, *people: dict[str, object], **manifest: object) -> Path:
    """Write what a run leaves for outreach, of people who each have one unclaimed Pension Credit.

    A person says `who`, and whatever of contacts, recipients and determinations is not as usual.
    Beside them there is always Zed, who claims already and wants no messages: a list of whom not to
    write to is never empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    zed = {"who": "zed", "opted_out": True, "claimed": True, "outcome": None}
    rows = [_person(person) for person in (*people, zed)]
    found = determinations(*(row["determination"] for row in rows))
    found.write_parquet(folder / "determinations.parquet")
    pl.DataFrame([row["recipient"] for row in rows]).write_parquet(folder / "recipients.parquet")
    schema = {name: column.dtype for name, column in Contacts.columns().items()}
    contacts = pl.DataFrame([row["contact"] for row in rows], schema=schema | {"post": pl.String()})
    contacts.write_parquet(folder / "contacts.parquet")
    empty(ClaimPaths).write_parquet(folder / "claim_paths.parquet")
    no_history().write_parquet(folder / "link_events.parquet")
    said: dict[str, object] = {
        "snapshot": "Stiny",
        "effective_date": ON.isoformat(),
        "synthetic": True,
        "may_write_to_people": True,
        "lists_as_of": "2026-05-31",
        "packs": {"pension_credit": "v1"},
    }
    (folder / MANIFEST).write_text(json.dumps(said | manifest), encoding="utf-8")
    return folder


def _person(person: dict[str, object]) -> dict[str, dict[str, object]]:
    who = str(person["who"])
    ids = {"person_id": who, "benefit_unit_id": f"B-{who}", "household_id": f"H-{who}"}
    recipient = ids | {
        "role": "adult",
        "born_on": date(1950, 3, 1),
        "died_on": date(9999, 12, 31),
        "has_recourse_to_public_funds": True,
        "confidence": 0.99,
        "nation": "england",
        "local_authority": "E07000999",
    }
    contact: dict[str, object] = {
        "person_id": who,
        "first_name": who.title(),
        "surname": "Sample",
        "email": f"{who}@example.org",
        "phone": None,
        "language": "en",
        "born_on": date(1950, 3, 1),
        "is_deceased": False,
        "opted_out": False,
        "protected_address": False,
        "safeguarding_hold": False,
        "post": None,
    }
    determination = {key: ids[key] for key in ("benefit_unit_id", "household_id")}
    parts = {"recipient": recipient, "contact": contact, "determination": determination}
    usual = determinations({}).to_dicts()[0]
    for key, value in person.items():
        for name, part in parts.items():
            if key in part or (name == "determination" and key in usual):
                part[key] = value
    return parts


def write_campaign(folder: Path, more: str = "", text: str = CAMPAIGN) -> Path:
    file = folder / "campaign.yaml"
    file.write_text(text.format(outbox=folder / "outbox") + more, encoding="utf-8")
    return file
