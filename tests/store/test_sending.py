import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from nostop.model import StoreError
from nostop.ports import Message, Receipt
from nostop.store import (
    claim_and_record,
    count_states,
    read_table,
    record_plan,
    recover,
)
from nostop.store.tables import OutreachMessage, OutreachReceipt
from tests.store.frames import AT, SHA, messages, plan, planned, run

ROOT = Path(__file__).parents[2]


@dataclass
class Provider:
    """A channel that keeps a ledger of what it accepted, like a provider that never forgets."""

    breaks_after: int | None = None
    silent_for: frozenset[str] = frozenset()
    says: str = "sent"
    reason: str | None = None
    ledger: list[str] = field(default_factory=list)

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            if self.breaks_after == len(self.ledger):
                raise ConnectionResetError("gone")
            self.ledger.append(message.recipient_id)
            if message.recipient_id not in self.silent_for:
                yield Receipt(
                    message.message_id, self.says, f"ref-{message.recipient_id}", self.reason
                )


def states(engine: Engine) -> dict[str, str]:
    rows = read_table(engine, OutreachMessage)
    return dict(rows.select("recipient_id", "state").sort("recipient_id").iter_rows())


def test_only_planned_messages_are_sent_and_only_once(store: Engine):
    rows = plan(
        {"recipient_id": "P1"},
        {"recipient_id": "P2", "suppression": "opted_out"},
        {"recipient_id": "P3", "state": "held_out"},
        {"recipient_id": "P4"},
    )
    provider = Provider()
    record_plan(store, run(store), rows)
    first = claim_and_record(store, provider, messages(rows), at=AT)
    record_plan(store, run(store, "run-2"), rows)
    second = claim_and_record(store, provider, messages(rows), at=AT)
    assert first == {"sent": 2, "failed": 0, "unknown": 0}
    assert second == {"sent": 0, "failed": 0, "unknown": 0}
    assert sorted(provider.ledger) == ["P1", "P4"]
    assert states(store) == {"P1": "sent", "P2": "suppressed", "P3": "held_out", "P4": "sent"}


def test_a_message_that_was_never_planned_is_not_sent(store: Engine):
    provider = Provider()
    claim_and_record(store, provider, messages(planned("P1")), at=AT)
    assert provider.ledger == []


def test_hashes_and_time_are_kept_with_the_claim(store: Engine):
    rows = planned("P1")
    record_plan(store, run(store), rows)
    claim_and_record(store, Provider(), messages(rows), at=AT)
    row = read_table(store, OutreachMessage).row(0, named=True)
    assert (row["template_sha256"], row["body_sha256"]) == (SHA, "b" * 64)
    assert row["claimed_at"] == AT
    receipt = read_table(store, OutreachReceipt).row(0, named=True)
    assert (receipt["status"], receipt["reference"]) == ("sent", "ref-P1")


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_an_interrupted_send_leaves_unknown_and_is_not_repeated(store: Engine, batch: int):
    rows = planned("P1", "P2", "P3", "P4", "P5")
    record_plan(store, run(store), rows)
    provider = Provider(breaks_after=2)
    with pytest.raises(ConnectionResetError):
        claim_and_record(store, provider, messages(rows), at=AT, batch=batch)
    counts = count_states(store, "spring")
    assert counts["sent"] == 2
    assert counts["unknown"] >= 1
    assert "claimed" not in counts
    provider.breaks_after = None
    recover(store)
    record_plan(store, run(store, "run-2"), rows)
    claim_and_record(store, provider, messages(rows), at=AT, batch=batch)
    assert len(provider.ledger) == len(set(provider.ledger))
    assert count_states(store, "spring").get("unknown") == counts["unknown"]
    assert sum(count_states(store, "spring").values()) == 5


KILLED = """
import os, signal, sys
from pathlib import Path
from nostop.ports import Receipt
from nostop.store import claim_and_record, open_store
from tests.store.frames import AT, messages, planned

ledger, url = Path(sys.argv[1]), sys.argv[2]

class Deadly:
    def send(self, messages):
        for message in messages:
            with ledger.open("a") as file:
                file.write(message.recipient_id + "\\n")
            if message.recipient_id == "P3":
                os.kill(os.getpid(), signal.SIGKILL)
            yield Receipt(message.message_id, "sent", None, None)

rows = messages(planned("P1", "P2", "P3", "P4"))
claim_and_record(open_store(url), Deadly(), rows, at=AT, batch=2)
"""


def test_inv_01_a_process_that_is_killed_while_sending_does_not_send_twice(store: Engine, tmp_path):
    rows = planned("P1", "P2", "P3", "P4")
    record_plan(store, run(store), rows)
    ledger = tmp_path / "ledger"
    url = store.url.render_as_string(hide_password=False)
    ended = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", KILLED, str(ledger), url], check=False, cwd=ROOT
    )
    assert ended.returncode == -signal.SIGKILL
    accepted = ledger.read_text().split()
    left = [recipient for recipient, state in states(store).items() if state == "claimed"]
    assert "P3" in left
    provider = Provider(ledger=accepted)
    assert recover(store) == len(left)
    record_plan(store, run(store, "run-2"), rows)
    claim_and_record(store, provider, messages(rows), at=AT)
    assert len(provider.ledger) == len(set(provider.ledger))
    # INV 2: nothing is lost in silence; what is not known to be sent says so.
    ends = states(store)
    assert set(ends.values()) <= {"sent", "unknown"}
    assert {recipient for recipient in ends if recipient not in provider.ledger} <= set(left)


def test_inv_03_two_senders_at_once_send_each_message_once(store: Engine):
    rows = planned(*(f"P{number}" for number in range(60)))
    record_plan(store, run(store), rows)
    provider = Provider()

    def sender(_: int) -> dict[str, int]:
        return claim_and_record(store, provider, messages(rows), at=AT, batch=3)

    with ThreadPoolExecutor(max_workers=3) as pool:
        counts = list(pool.map(sender, range(3)))
    assert sorted(provider.ledger) == sorted(rows["recipient_id"])
    assert sum(count["sent"] for count in counts) == 60
    assert count_states(store, "spring") == {"sent": 60}


def test_the_claim_is_committed_before_the_channel_is_called(store: Engine):
    rows = planned("P1")
    record_plan(store, run(store), rows)
    seen: list[dict[str, str]] = []

    class Curious:
        def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
            for message in messages:
                seen.append(states(store))
                yield Receipt(message.message_id, "sent", None, None)

    claim_and_record(store, Curious(), messages(rows), at=AT)
    assert seen == [{"P1": "claimed"}]


def test_a_message_without_a_receipt_becomes_unknown(store: Engine):
    rows = planned("P1", "P2")
    record_plan(store, run(store), rows)
    provider = Provider(silent_for=frozenset({"P1"}))
    counts = claim_and_record(store, provider, messages(rows), at=AT)
    assert counts == {"sent": 1, "failed": 0, "unknown": 1}
    assert states(store) == {"P1": "unknown", "P2": "sent"}


@pytest.mark.parametrize(("says", "becomes"), [("failed", "failed"), ("delivered?", "unknown")])
def test_a_message_becomes_what_the_receipt_says(store: Engine, says: str, becomes: str):
    rows = planned("P1")
    record_plan(store, run(store), rows)
    claim_and_record(store, Provider(says=says), messages(rows), at=AT)
    assert states(store) == {"P1": becomes}


def test_receipts_for_other_messages_and_second_receipts_are_left_out(store: Engine):
    rows = planned("P1")
    record_plan(store, run(store), rows)

    class Chatty:
        def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
            for message in messages:
                yield Receipt("Mstranger", "sent", None, None)
                yield Receipt(message.message_id, "sent", "one", None)
                yield Receipt(message.message_id, "failed", "two", None)

    claim_and_record(store, Chatty(), messages(rows), at=AT)
    assert read_table(store, OutreachReceipt)["reference"].to_list() == ["one"]
    assert states(store) == {"P1": "sent"}


def test_a_reason_that_quotes_an_address_is_withheld(store: Engine):
    rows = planned("P1")
    record_plan(store, run(store), rows)
    provider = Provider(says="failed", reason="no mailbox for ann@example.org")
    claim_and_record(store, provider, messages(rows), at=AT)
    assert read_table(store, OutreachReceipt)["reason"].to_list() == ["withheld"]


def test_a_time_without_a_zone_is_refused(store: Engine):
    with pytest.raises(StoreError, match="time zone"):
        claim_and_record(store, Provider(), messages(planned("P1")), at=datetime(2026, 6, 1))  # noqa: DTZ001 - the mistake itself


def test_a_hash_that_is_none_is_refused(store: Engine):
    rows = messages(planned("P1")).with_columns(body_sha256=pl.lit("Dear Ann"))
    with pytest.raises(StoreError, match=r"messages\.body_sha256") as refused:
        claim_and_record(store, Provider(), rows, at=AT)
    assert "Ann" not in str(refused.value)
