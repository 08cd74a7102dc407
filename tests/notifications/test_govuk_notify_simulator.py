"""The channels against our own GOV.UK Notify, whose ledger is the truth about what was accepted."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from nostop.notify_simulator import WELL_KNOWN_KEYS, Settings, running
from nostop.outreach.callbacks import KINDS, CallbackNews, callback_news
from nostop.ports import Message, Receipt
from nostop.testing import check_channel
from notifications.govuk_notify import NotifyEmail, NotifyLetter, NotifyText
from tests.notifications.answering import Said, answering

LIVE, TEAM = WELL_KNOWN_KEYS[0].text, WELL_KNOWN_KEYS[1].text
TOKEN = "a-token-of-our-own"  # noqa: S105 - of nothing
EMAIL = Message(
    message_id="M-email-1",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="ann@example.org",
    subject="Pension Credit: you may be missing out",
    body="Dear Si\u00e2n\n\n# How to claim\n\nClaim online: https://example.org/pc\n",
)
TEXT = replace(EMAIL, message_id="M-text-1", to="07700900123", subject="Pension Credit")
LETTER = replace(
    EMAIL,
    message_id="M-letter-1",
    to="",
    name="Ann Example",
    address=("1 High Street", "Borchester", "SW1A 1AA"),
)
ALL = [(NotifyEmail, EMAIL), (NotifyText, TEXT), (NotifyLetter, LETTER)]


@dataclass(frozen=True)
class Simulated:
    """A simulator that runs, and its control surface."""

    url: str
    control: httpx.Client

    def post(self, path: str, **body: object) -> dict:
        answer = self.control.post(f"{self.url}/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def references(self) -> list[str]:
        rows = self.control.get(f"{self.url}/_control/ledger/rows").json()["rows"]
        return sorted(row["reference"] for row in rows)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    ledger: Path = tmp_path_factory.mktemp("notify") / "ledger.db"
    with running(Settings(ledger)) as url, httpx.Client() as control:
        yield Simulated(url, control)


@pytest.fixture
def notify(started: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    started.post("reset")
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_API_KEY", LIVE)
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_BASE_URL", started.url)
    for kind in ("EMAIL", "TEXT", "LETTER"):
        monkeypatch.delenv(f"NOSTOP_GOVUK_NOTIFY_{kind}_TEMPLATE_ID", raising=False)
    return started


def send(channel_type, *messages: Message) -> list[Receipt]:
    channel = channel_type(answer_seconds=5)
    try:
        return list(channel.send(messages))
    finally:
        channel.close()


def ask(*message_ids: str) -> list[Receipt]:
    channel = NotifyEmail()
    try:
        return list(channel.ask(message_ids))
    finally:
        channel.close()


@pytest.mark.parametrize(
    ("channel_type", "good", "bad"),
    [
        (NotifyEmail, EMAIL, replace(EMAIL, message_id="M-email-bad", to="ann.example.org")),
        (NotifyText, TEXT, replace(TEXT, message_id="M-text-bad", to="07700")),
        (
            NotifyLetter,
            LETTER,
            replace(LETTER, message_id="M-letter-bad", address=("1 High Street", "Borchester")),
        ),
    ],
)
def test_each_channel_keeps_the_promises_of_its_seam(notify, channel_type, good, bad):
    channel = channel_type()
    check_channel(channel, good, bad)
    (failed,) = channel.send([replace(bad, message_id="M-another-bad")])
    assert (failed.status, failed.bad_contact) == ("failed", True)
    channel.close()
    references = notify.references()
    assert len(references) == len(set(references))


@pytest.mark.usefixtures("notify")
@pytest.mark.parametrize(("channel_type", "message"), ALL)
def test_inv_16_the_provider_says_that_it_sends_what_was_approved(channel_type, message):
    approved = f"{message.subject}\n\n{message.body}".encode()
    (receipt,) = send(channel_type, message)
    assert receipt.body_sha256 == hashlib.sha256(approved).hexdigest()


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        ("error_500_after", True),
        ("reset_after", True),
        ("bad_json", True),
        ("error_500_before", False),
        ("reset_before", False),
    ],
)
def test_inv_04_lost_answers_are_unknown_and_asking_resolves_them(notify, fault, accepted):
    messages = [replace(EMAIL, message_id=f"M-{fault}-{turn}") for turn in range(4)]
    notify.post("faults", kind=fault, next=3)
    assert [receipt.status for receipt in send(NotifyEmail, *messages)] == [
        *("unknown", "unknown", "unknown", "sent")
    ]
    ids = [message.message_id for message in messages]
    taken = "sent" if accepted else "not_found"
    assert [receipt.status for receipt in ask(*ids)] == [taken, taken, taken, "sent"]
    assert notify.references() == (ids if accepted else ids[3:])


def test_inv_04_a_provider_that_hangs_after_it_accepted_is_asked(notify):
    notify.post("faults", kind="hang_after", next=1)
    channel = NotifyText(answer_seconds=0.3)
    (receipt,) = channel.send([TEXT])
    assert (receipt.status, receipt.reason) == ("unknown", "no_answer_in_time")
    (asked,) = channel.ask(["M-text-1"])
    channel.close()
    assert asked.status == "sent"
    assert notify.references() == ["M-text-1"]


def test_a_limit_takes_nothing_and_says_so(notify):
    notify.post("faults", kind="error_429", next=1)
    first, second = send(NotifyEmail, EMAIL, replace(EMAIL, message_id="M-email-2"))
    assert (first.status, first.reason, first.stop) == ("not_taken", "too_fast", False)
    assert second.status == "sent"
    assert notify.references() == ["M-email-2"]


@pytest.mark.usefixtures("notify")
def test_a_team_key_reaches_the_team_only(monkeypatch):
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_API_KEY", TEAM)
    (email,), (letter,) = send(NotifyEmail, EMAIL), send(NotifyLetter, LETTER)
    assert (email.status, email.reason) == ("failed", "not_allowed_here")
    assert (letter.status, letter.reason, letter.stop) == ("not_taken", "not_allowed_here", True)
    (team,) = send(NotifyEmail, replace(EMAIL, to="team@example.org"))
    assert team.status == "sent"


def test_a_key_that_was_revoked_stops_everything(notify):
    notify.control.delete(f"{notify.url}/_control/keys/demo_live").raise_for_status()
    (receipt,) = send(NotifyEmail, EMAIL)
    (asked,) = ask("M-email-1")
    assert (receipt.status, receipt.reason, receipt.stop) == ("not_taken", "key_refused", True)
    assert (asked.status, asked.reason, asked.stop) == ("unknown", "key_refused", True)


def test_a_template_that_was_deleted_stops_everything(notify):
    template = "11111111-1111-4111-8111-111111111111"
    notify.control.delete(f"{notify.url}/_control/templates/{template}").raise_for_status()
    (receipt,) = send(NotifyEmail, EMAIL)
    assert (receipt.status, receipt.reason, receipt.stop) == ("not_taken", "template_refused", True)


def test_messages_move_on_with_time_and_cost_something(notify):
    for channel_type, message in ALL:
        send(channel_type, message)
    ids = [message.message_id for _, message in ALL]
    assert [receipt.status for receipt in ask(*ids)] == ["sent", "sent", "sent"]
    notify.post("clock", advance_seconds=4 * 86_400)
    email, text, letter = ask(*ids)
    assert [email.status, text.status, letter.status] == ["delivered", "delivered", "delivered"]
    assert email.cost_pence == 0
    assert text.cost_pence
    assert letter.cost_pence


def heard(service, kind: str) -> CallbackNews:
    """Wait until the simulator has called, and return what that means."""
    for _ in range(200):
        calls = [call for call in service.heard if call["path"] == f"/{kind}"]
        if calls:
            raw = json.dumps(calls[-1]["body"]).encode()
            return callback_news(kind, calls[-1]["headers"]["Authorization"], TOKEN, raw)
        time.sleep(0.05)
    raise AssertionError(f"nobody called about {kind}")


def test_its_callbacks_are_what_we_read(notify):
    with answering(Said(200, {})) as ours:
        for kind in KINDS:
            notify.post("callbacks", kind=kind, url=f"{ours.url}/{kind}", bearer_token=TOKEN)
        (email,), (letter,) = send(NotifyEmail, EMAIL), send(NotifyLetter, LETTER)
        notify.post(f"notifications/{email.reference}/status", status="permanent-failure")
        notify.post(f"notifications/{letter.reference}/status", status="returned-letter")
        notify.post(f"notifications/{email.reference}/complaint")
        notify.post("received-texts", **{"from": "07700900123", "message": "Stop!"})
        assert heard(ours, "delivery_receipt").receipt == Receipt(
            "M-email-1", "failed", email.reference, "permanent_failure", bad_contact=True
        )
        assert heard(ours, "returned_letter").receipt == Receipt(
            "M-letter-1", "failed", letter.reference, "returned_letter", bad_contact=True
        )
        complaint, reply = heard(ours, "complaint"), heard(ours, "received_text")
        assert (complaint.message_id, complaint.opt_out) == ("M-email-1", True)
        assert (reply.number, reply.opt_out, reply.case) == ("+447700900123", True, None)
        for kind in KINDS:
            notify.control.delete(f"{notify.url}/_control/callbacks/{kind}").raise_for_status()
