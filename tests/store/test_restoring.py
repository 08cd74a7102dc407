"""Backup and restore: the same store elsewhere, which sends nothing until providers were asked."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert, text

from nostop import store as stores
from nostop.app.opened import opened
from nostop.app.outreach.channels import Channels
from nostop.app.restoring import AskedFor, ask_for_planned, backup
from nostop.model import SettingsError
from nostop.ports import Message, Receipt
from nostop.store.audit import Entry, append
from nostop.store.audit_verify import Verified, verify
from nostop.store.claiming import Asked, Limits, Ready, claim
from nostop.store.restoring import begin_restored, found_gone, planned_messages, put_in_doubt
from nostop.store.rows import table_of
from nostop.store.tables import Base, OutreachMessage
from nostop.store.tables_outreach import Campaign

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
ACT = stores.Act("jo", AT)
HASH = "a" * 64
DECLARATION = """
id: c1
sender: Borchester Council
schemes: [pension_credit]
channels:
  - {use: outbox, settings: {folder: nowhere}}
hours: any_time
"""


def a_campaign(engine: Engine, states: Iterable[str]) -> None:
    run = {"run_id": "r1", "effective_on": date(2026, 6, 1), "synthetic": True, "started_at": AT}
    declared = {"declaration": DECLARATION, "declaration_sha256": HASH, "run_id": "r1"}
    planned = {"plan_sha256": HASH, "planned_by": "jo", "planned_at": AT}
    approved = {"approved_by": "ann", "approved_at": AT, "approved_sha256": HASH}
    messages = [
        {
            "message_id": f"m{number}",
            "campaign": "c1",
            "recipient_id": f"P{number}",
            "scheme": "pension_credit",
            "step": 1,
            "kind": "entitled",
            "language": "en",
            "run_id": "r1",
            "state": state,
            "suppression": None,
            "claimed_at": None if state == "planned" else AT,
        }
        for number, state in enumerate(states)
    ]
    with engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["runs"]), run)
        connection.execute(
            insert(table_of(Campaign)), {"campaign": "c1", **declared, **planned, **approved}
        )
        connection.execute(insert(table_of(OutreachMessage)), messages)
        append(connection, "jo", [Entry("campaign.planned", "c1")], AT)


def states_of(engine: Engine) -> dict[str, str]:
    rows = stores.read_table(engine, OutreachMessage)
    return dict(rows.select("message_id", "state").iter_rows())


def everything_in(engine: Engine) -> dict[str, pl.DataFrame]:
    return {
        mapper.class_.__tablename__: stores.read_table(engine, mapper.class_)
        for mapper in Base._sa_registry.mappers
    }


@pytest.fixture
def in_use(tmp_path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path / 'store.db'}") as engine:
        a_campaign(engine, ["planned", "planned", "claimed", "sent", "unknown"])
        yield engine


def test_inv_39_a_backup_taken_in_use_and_restored_elsewhere_is_the_same_store(
    in_use: Engine, tmp_path: Path
) -> None:
    to = tmp_path / "backup.db"
    # Somebody reads meanwhile, and the journal holds what the file does not have yet.
    with in_use.connect() as reader:
        reader.execute(text("SELECT count(*) FROM runs")).scalar()
    backup(in_use, to)
    assert to.stat().st_mode & 0o777 == 0o600
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    to.rename(elsewhere / "store.db")
    assert [file.name for file in elsewhere.iterdir()] == ["store.db"]
    with opened(f"sqlite:///{elsewhere / 'store.db'}") as engine:
        before, after = everything_in(in_use), everything_in(engine)
        assert before.keys() == after.keys()
        assert [name for name in before if not before[name].equals(after[name])] == []
        assert verify(engine, []) == verify(in_use, [])
        assert isinstance(verify(engine, []), Verified)


def test_a_backup_is_never_written_over_and_postgresql_has_its_own(
    in_use: Engine, empty_postgresql: Engine, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("an older backup")
    with pytest.raises(SettingsError, match="never written over"):
        backup(in_use, tmp_path / "there")
    with pytest.raises(SettingsError, match="pg_basebackup"):
        backup(empty_postgresql, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_backup_is_one_whole_database(in_use: Engine, tmp_path: Path) -> None:
    backup(in_use, tmp_path / "copy.db")
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert copy.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
    copy.close()


def test_inv_39_a_restored_store_sends_nothing_until_the_stop_is_lifted(store: Engine) -> None:
    a_campaign(store, ["planned", "planned", "claimed", "sent", "unknown"])
    assert begin_restored(store, ACT) == {"planned": 2, "unknown": 2}
    assert begin_restored(store, ACT) == {"planned": 2, "unknown": 2}
    asked = Asked("c1", HASH, Limits(9, 9, 9, None, None, 9), "sender", AT)
    ready = [Ready(f"m{n}", f"P{n}", "email", "a@example.org", HASH, 1) for n in range(5)]
    answer = claim(store, asked, ready)
    assert (answer.message_ids, answer.stops) == ((), "all sending has been stopped")
    assert states_of(store) == {
        "m0": "planned",
        "m1": "planned",
        "m2": "unknown",
        "m3": "sent",
        "m4": "unknown",
    }


def test_inv_39_what_the_provider_knows_has_gone_and_what_nobody_knows_is_in_doubt(
    store: Engine,
) -> None:
    a_campaign(store, ["planned"] * 5)
    begin_restored(store, ACT)
    assert planned_messages(store, "c1").to_list() == ["m0", "m1", "m2", "m3", "m4"]
    later = stores.Act("jo", AT + timedelta(minutes=1))
    known = [
        Receipt("m0", "sent", "their-1", None),
        Receipt("m1", "delivered", "their-2", None),
        Receipt("m2", "failed", "their-3", "permanent_failure"),
    ]
    assert found_gone(store, known, "govuk_notify", later) == 3
    assert put_in_doubt(store, ["m0", "m3"], None, later) == 1
    assert states_of(store) == {
        "m0": "sent",
        "m1": "sent",
        "m2": "failed",
        "m3": "unknown",
        "m4": "planned",
    }
    rows = stores.read_table(store, OutreachMessage)
    assert rows["channel"].to_list() == ["govuk_notify"] * 3 + [None, None]
    assert rows["claimed_at"].is_not_null().to_list() == [True] * 4 + [False]
    assert stores.read_table(store, Campaign)["claimed"].to_list() == [4]
    # The same answers again move nothing twice.
    assert found_gone(store, known, "govuk_notify", later) == 0
    assert stores.read_table(store, Campaign)["claimed"].to_list() == [4]
    assert isinstance(verify(store, []), Verified)


@dataclass(frozen=True)
class Provider:
    """A channel whose provider knows some messages, and would notice being sent one."""

    known: dict[str, str]
    kind: str = "email"
    at_once: int = 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:  # noqa: ARG002 - the seam's
        raise AssertionError("nothing may be sent")

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        for message_id in message_ids:
            yield Receipt(message_id, self.known.get(message_id, "not_found"), None, None)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    asked = Provider({"m0": "delivered", "m2": "unknown", "m3": "failed"})
    channels = Channels({"asks": asked}, {"asks": 0})
    monkeypatch.setattr("nostop.app.restoring.channels_of", lambda _: channels)
    return asked


@pytest.mark.usefixtures("provider")
def test_inv_39_providers_are_asked_for_whatever_is_planned_and_nothing_is_sent(
    store: Engine,
) -> None:
    a_campaign(store, ["planned"] * 5)
    begin_restored(store, ACT)
    assert ask_for_planned(store, "jo", lambda: AT) == [AskedFor("c1", 5, 2, 0)]
    # Unknown and not found say nothing: it stays planned behind the stop.
    assert list(states_of(store).values()) == ["sent", "planned", "planned", "failed", "planned"]
    assert ask_for_planned(store, "jo", lambda: AT) == [AskedFor("c1", 3, 0, 0)]


def test_inv_39_what_went_by_a_channel_that_cannot_be_asked_is_in_doubt(store: Engine) -> None:
    a_campaign(store, ["planned", "sent"])
    begin_restored(store, ACT)
    assert ask_for_planned(store, "jo", lambda: AT) == [AskedFor("c1", 1, 0, 1)]
    assert states_of(store) == {"m0": "unknown", "m1": "sent"}
    assert stores.read_table(store, OutreachMessage)["channel"].to_list()[0] == "outbox"
    assert ask_for_planned(store, "jo", lambda: AT) == [AskedFor("c1", 0, 0, 0)]
