"""A service is called back: receipts, received texts, returned letters, complaints."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from nostop.notify_simulator import EMAIL_TEMPLATE, LETTER_TEMPLATE, TEXT_TEMPLATE
from tests.notify_simulator.conftest import Running

TOKEN = "a token of enough length"  # noqa: S105
TEXT = {
    "phone_number": "07700900123",
    "template_id": TEXT_TEMPLATE,
    "personalisation": {"body": "Ring us."},
    "reference": "m-1",
}


class Service:
    """Somebody who is called: keeps what was said, and answers with the next of `answers`."""

    def __init__(self) -> None:
        self.said: list[tuple[str | None, dict]] = []
        self.answers: list[int] = []

    @contextmanager
    def listening(self) -> Iterator[str]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                service.said.append((self.headers["Authorization"], json.loads(raw)))
                self.send_response(service.answers.pop(0) if service.answers else 200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/called"
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def service() -> Iterator[tuple[Service, str]]:
    called = Service()
    with called.listening() as url:
        yield called, url


def until(condition: Callable[[], object]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def registered(simulator: Running, kind: str, url: str) -> None:
    simulator.control("callbacks", {"kind": kind, "url": url, "bearer_token": TOKEN}, 201)


def calls(simulator: Running) -> list[tuple[str, int]]:
    latest = simulator.http.get("/_control/callbacks").json()["latest_calls"]
    return [(call["state"], call["attempts"]) for call in latest]


def test_a_receipt_comes_once_a_message_is_finished(simulator: Running, service) -> None:
    called, url = service
    simulator.post("notifications/sms", {**TEXT, "reference": "before"})
    simulator.advance(60)
    registered(simulator, "delivery_receipt", url)
    sent = simulator.post("notifications/sms", TEXT).json()
    assert called.said == []
    simulator.advance(60)
    until(lambda: called.said)
    ((authorization, receipt),) = called.said
    found = simulator.get(f"notifications/{sent['id']}").json()
    assert authorization == f"Bearer {TOKEN}"
    assert receipt == {
        "id": sent["id"],
        "reference": "m-1",
        "to": "07700900123",
        "status": "delivered",
        "created_at": found["created_at"],
        "completed_at": found["completed_at"],
        "sent_at": found["sent_at"],
        "notification_type": "sms",
        "template_id": TEXT_TEMPLATE,
        "template_version": 1,
    }


def test_a_call_that_fails_is_made_again_five_times(simulator: Running, service) -> None:
    called, url = service
    called.answers = [500, 429, 503, 500, 500, 500, 200]
    registered(simulator, "delivery_receipt", url)
    simulator.post("notifications/sms", TEXT)
    simulator.advance(60)
    for attempt in range(1, 7):
        until(
            lambda attempt=attempt: (
                calls(simulator)[:1] == [("given_up" if attempt == 6 else "waiting", attempt)]
            )
        )
        simulator.advance(301)
    assert len(called.said) == 6


def test_a_call_that_is_refused_is_dropped(simulator: Running, service) -> None:
    called, url = service
    called.answers = [401]
    registered(simulator, "delivery_receipt", url)
    simulator.post("notifications/sms", TEXT)
    simulator.advance(60)
    until(lambda: calls(simulator) == [("dropped", 1)])
    simulator.advance(3600)
    assert len(called.said) == 1


def test_nobody_at_home_is_called_again(simulator: Running) -> None:
    with Service().listening() as url:
        pass
    registered(simulator, "delivery_receipt", url)
    simulator.post("notifications/sms", TEXT)
    simulator.advance(60)
    until(lambda: calls(simulator) == [("waiting", 1)])


def test_letters_and_smoke_messages_have_no_receipts(simulator: Running, service) -> None:
    called, url = service
    registered(simulator, "delivery_receipt", url)
    simulator.post("notifications/sms", {**TEXT, "phone_number": "07700900111"})
    lines = {"address_line_1": "A", "address_line_2": "1 Street", "address_line_3": "SW1A 1AA"}
    letter = {
        "template_id": LETTER_TEMPLATE,
        "personalisation": {"subject": "A", "body": "B", **lines},
    }
    simulator.post("notifications/letter", letter)
    simulator.post("notifications/sms", {**TEXT, "reference": "last"})
    simulator.advance(5 * 86_400)
    until(lambda: called.said)
    assert [said["reference"] for _, said in called.said] == ["last"]


def test_a_text_that_somebody_sends(simulator: Running, service) -> None:
    called, url = service
    registered(simulator, "received_text", url)
    said = simulator.control("received-texts", {"from": "07700900456", "message": "STOP"}, 201)
    until(lambda: called.said)
    assert called.said == [(f"Bearer {TOKEN}", said)]
    assert set(said) == {"id", "source_number", "destination_number", "message", "date_received"}


def test_what_a_control_says_of_a_message(simulator: Running, service) -> None:
    called, url = service
    for kind in ("delivery_receipt", "returned_letter", "complaint"):
        registered(simulator, kind, url)
    email = {
        "email_address": "someone@example.org",
        "template_id": EMAIL_TEMPLATE,
        "personalisation": {"subject": "A", "body": "B"},
    }
    sent = simulator.post("notifications/email", email).json()["id"]
    simulator.control(f"notifications/{sent}/status", {"status": "technical-failure"})
    until(lambda: called.said)
    assert called.said.pop()[1]["status"] == "technical-failure"
    assert simulator.get(f"notifications/{sent}").json()["status"] == "technical-failure"
    simulator.control(f"notifications/{sent}/complaint", {}, 201)
    until(lambda: called.said)
    assert called.said.pop()[1]["to"] == "someone@example.org"
    lines = {"address_line_1": "A", "address_line_2": "1 Street", "address_line_3": "SW1A 1AA"}
    letter = {
        "template_id": LETTER_TEMPLATE,
        "personalisation": {"subject": "A", "body": "B", **lines},
    }
    posted = simulator.post("notifications/letter", letter).json()["id"]
    simulator.control(f"notifications/{posted}/status", {"status": "returned-letter"})
    until(lambda: called.said)
    assert called.said.pop()[1]["notification_id"] == posted
    assert simulator.control(f"notifications/{sent}/status", {"status": "lost"}, 400)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "delivery_receipt", "url": "http://example.org", "bearer_token": TOKEN},
        {"kind": "delivery_receipt", "url": "file:///etc/passwd", "bearer_token": TOKEN},
        {"kind": "delivery_receipt", "url": "https://example.org", "bearer_token": "short"},
        {"kind": "gossip", "url": "https://example.org", "bearer_token": TOKEN},
    ],
)
def test_a_callback_that_makes_no_sense_is_refused(simulator: Running, body: dict) -> None:
    assert "a callback has a kind" in str(simulator.control("callbacks", body, 400))
