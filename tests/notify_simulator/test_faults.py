"""What goes wrong on purpose: and whether the message was accepted all the same."""

import httpx
import pytest

from nostop.notify_simulator import EMAIL_TEMPLATE
from nostop.notify_simulator.faults import Fault, FaultKind, Faults
from tests.notify_simulator.conftest import Running, token

EMAIL = {
    "email_address": "someone@example.org",
    "template_id": EMAIL_TEMPLATE,
    "personalisation": {"subject": "A", "body": "B"},
}


def test_a_fault_befalls_the_next_so_many(simulator: Running) -> None:
    simulator.control("faults", {"kind": "error_500_before", "next": 2}, 201)
    statuses = [simulator.post("notifications/email", EMAIL).status_code for _ in range(3)]
    assert statuses == [500, 500, 201]
    assert simulator.ledger()["accepted"] == 1
    assert simulator.http.get("/_control/faults").json() == {
        "on": [],
        "happened": {"error_500_before": 2},
    }


@pytest.mark.parametrize(
    ("kind", "status", "error", "accepted"),
    [
        ("error_429", 429, "RateLimitError", 0),
        ("error_500_before", 500, "SimulatedFault", 0),
        ("error_500_after", 500, "SimulatedFault", 1),
    ],
)
def test_an_error_is_answered(
    simulator: Running, kind: str, status: int, error: str, accepted: int
) -> None:
    simulator.control("faults", {"kind": kind, "next": 1}, 201)
    answer = simulator.post("notifications/email", EMAIL)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["error"] == error
    assert simulator.ledger()["accepted"] == accepted


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_a_connection_is_reset(simulator: Running, kind: str, accepted: int) -> None:
    simulator.control("faults", {"kind": kind, "next": 1}, 201)
    with pytest.raises(httpx.ReadError):
        simulator.post("notifications/email", EMAIL)
    assert simulator.ledger()["accepted"] == accepted
    assert simulator.post("notifications/email", EMAIL).status_code == 201


@pytest.mark.parametrize(("kind", "accepted"), [("hang_before", 0), ("hang_after", 1)])
def test_no_answer_comes(simulator: Running, kind: str, accepted: int) -> None:
    simulator.control("faults", {"kind": kind, "next": 1}, 201)
    with (
        httpx.Client(base_url=simulator.url, timeout=0.3) as impatient,
        pytest.raises(httpx.ReadTimeout),
    ):
        impatient.post(
            "/v2/notifications/email", json=EMAIL, headers={"Authorization": f"Bearer {token()}"}
        )
    assert simulator.ledger()["accepted"] == accepted


@pytest.mark.parametrize("kind", ["latency_before", "latency_after"])
def test_whoever_gives_up_waiting_may_have_sent(simulator: Running, kind: str) -> None:
    simulator.control("faults", {"kind": kind, "next": 1, "seconds": 0.4}, 201)
    with (
        httpx.Client(base_url=simulator.url, timeout=0.1) as impatient,
        pytest.raises(httpx.ReadTimeout),
    ):
        impatient.post(
            "/v2/notifications/email", json=EMAIL, headers={"Authorization": f"Bearer {token()}"}
        )
    simulator.control("faults", {"kind": "latency_before", "next": 1, "seconds": 0.5}, 201)
    simulator.post("notifications/email", EMAIL)
    assert simulator.ledger()["accepted"] == 2


def test_an_answer_is_no_json(simulator: Running) -> None:
    simulator.control("faults", {"kind": "bad_json", "next": 1}, 201)
    answer = simulator.post("notifications/email", EMAIL)
    assert (answer.status_code, answer.text) == (201, '{"id": "')
    assert simulator.ledger()["accepted"] == 1


def test_what_is_refused_befalls_nobody(simulator: Running) -> None:
    simulator.control("faults", {"kind": "reset_after", "next": 1}, 201)
    refused = simulator.post("notifications/email", {**EMAIL, "email_address": "nobody"})
    assert refused.status_code == 400
    assert simulator.ledger()["accepted"] == 0


def test_chance_is_the_same_from_the_same_seed() -> None:
    def befallen(seed: int) -> list[bool]:
        faults = Faults([Fault(FaultKind.RESET_AFTER, probability=0.3, seed=seed)])
        return [faults.draw() is not None for _ in range(200)]

    assert befallen(7) == befallen(7)
    assert befallen(7) != befallen(8)
    assert 30 <= sum(befallen(7)) <= 90


def test_faults_end_when_they_are_cleared(simulator: Running) -> None:
    simulator.control("faults", {"kind": "error_429", "probability": 1, "seed": 3}, 201)
    assert simulator.post("notifications/email", EMAIL).status_code == 429
    simulator.http.delete("/_control/faults")
    assert simulator.post("notifications/email", EMAIL).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "earthquake", "next": 1},
        {"kind": "error_429"},
        {"kind": "error_429", "next": 0},
        {"kind": "error_429", "next": 1, "probability": 0.5},
        {"kind": "error_429", "probability": 2},
        {"next": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(simulator: Running, body: dict) -> None:
    assert "a fault has a kind" in simulator.control("faults", body, 400)["errors"][0]["message"]
