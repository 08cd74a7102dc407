"""Campaigns that have been sent into an outbox, and what is in the store afterwards."""

from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store as stored
from nostop.app import outreach
from nostop.outreach.plan import message_id
from nostop.rulebook import default_rules_dir
from nostop.store import Act, read_table
from nostop.store.tables_events import Case
from nostop.store.tables_outreach import Suppression
from tests.app.outreach.small import CAMPAIGN, TODAY, write_campaign, write_run

AT = datetime.fromisoformat(TODAY)
RULES = default_rules_dir()
BY = Act("Bo", AT)
ADA: dict[str, object] = {"who": "ada", "phone": "07700 900123"}
BO: dict[str, object] = {"who": "bo"}


def planned(
    engine: Engine,
    folder: Path,
    *people: dict[str, object],
    more: str = "",
    text: str = CAMPAIGN,
) -> None:
    """Plan and approve a campaign on a tiny run."""
    write_run(folder / "run", *people)
    write_campaign(folder, more, text)
    _approved(engine, folder)


def approved_text(engine: Engine, folder: Path, text: str) -> None:
    """Plan and approve a campaign of this text on the run that lies there."""
    (folder / "campaign.yaml").write_text(text, encoding="utf-8")
    _approved(engine, folder)


def _approved(engine: Engine, folder: Path) -> None:
    act = Act("Ada", AT)
    outreach.plan_campaign(engine, folder / "campaign.yaml", folder / "run", act, RULES)
    outreach.approve(engine, "spring", BY)


def send(engine: Engine, at: datetime = AT) -> outreach.Outcome:
    return outreach.send_campaign(engine, "spring", RULES, lambda: at)


def sent(engine: Engine, folder: Path, *people: dict[str, object], text: str = CAMPAIGN) -> None:
    planned(engine, folder, *people, text=text)
    assert send(engine).sent.words == {"sent": len(people)}


def id_of(who: str, step: int = 1) -> str:
    return message_id("spring", who, "pension_credit", step)


def status(engine: Engine) -> dict[str, str]:
    rows = stored.messages_of(engine, "spring")
    return dict(rows.select("recipient_id", "status").iter_rows())


def why(engine: Engine) -> dict[str, str | None]:
    rows = stored.messages_of(engine, "spring")
    return dict(rows.select("recipient_id", "suppression").iter_rows())


def stops(engine: Engine) -> list[tuple[str, str]]:
    """Who is suppressed and why, without what the run's own register says."""
    rows = read_table(engine, Suppression).filter(pl.col("source") == "added")
    return rows.select("person_id", "reason").rows()


def cases(engine: Engine) -> list[tuple[str, str, str | None, str]]:
    rows = read_table(engine, Case)
    return rows.select("kind", "reason", "person_id", "state").sort("kind", "person_id").rows()
