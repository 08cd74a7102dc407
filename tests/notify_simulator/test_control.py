"""The control surface: who may use it, and what it changes."""

import pytest

from nostop.notify_simulator import EMAIL_TEMPLATE, ApiKey, KeyKind
from tests.notify_simulator.conftest import LIVE, Running

EMAIL = {
    "email_address": "someone@example.org",
    "template_id": EMAIL_TEMPLATE,
    "personalisation": {"subject": "A", "body": "B"},
}


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://example.org"}, {"Host": "notify.example.org"}]
)
def test_pages_that_a_browser_has_open_are_refused(simulator: Running, headers: dict) -> None:
    assert simulator.http.get("/_control", headers=headers).status_code == 403
    assert simulator.http.post("/_control/reset", headers=headers).status_code == 403


def test_a_key_is_made_and_revoked(simulator: Running) -> None:
    made = simulator.control("keys", {"name": "mine", "kind": "live"}, 201)
    key = ApiKey("mine", KeyKind.LIVE, made["api_key"][-36:])
    assert made["api_key"] == key.text
    assert simulator.post("notifications/email", EMAIL, key).status_code == 201
    simulator.http.delete("/_control/keys/mine")
    refused = simulator.post("notifications/email", EMAIL, key)
    assert refused.json()["errors"][0]["message"] == "Invalid token: API key revoked"
    assert simulator.post("notifications/email", EMAIL, LIVE).status_code == 201


def test_reset_begins_again(simulator: Running) -> None:
    simulator.post("notifications/email", EMAIL)
    simulator.control("faults", {"kind": "error_429", "next": 5}, 201)
    simulator.advance(3600)
    simulator.control("service", {"live": False})
    simulator.control("reset", {})
    shown = simulator.http.get("/_control").json()
    assert (simulator.ledger()["accepted"], shown["faults"]["on"]) == (0, [])
    assert shown["service"]["live"]
    assert simulator.post("notifications/email", EMAIL).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance_seconds": "ten"}),
        ("clock", {"back": 1}),
        ("limits", {"fax": 3}),
        ("limits", {"sms": 0}),
        ("limits", {"sms": True}),
        ("service", {"colour": "red"}),
        ("service", {"live": "yes"}),
        ("keys", {"name": "a", "kind": "master"}),
        ("keys", {"name": "a", "secret": "b"}),
        ("templates", {"kind": "fax", "body": "a"}),
        ("templates", {"kind": "sms"}),
        ("received-texts", {"from": "nobody", "message": "STOP"}),
        ("received-texts", {"from": "07700900456"}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(
    simulator: Running, path: str, body: dict
) -> None:
    assert simulator.control(path, body, 400)["errors"][0]["error"] == "ValidationError"


def test_a_control_body_that_is_no_object(simulator: Running) -> None:
    for raw in (b"[]", b"{", b"\xff"):
        assert simulator.http.post("/_control/clock", content=raw).status_code == 400
