"""Where messages get to, how much may be sent, and when: by a clock that is set."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nostop.notify_simulator.clock import stamp
from nostop.notify_simulator.errors import Refusal
from nostop.notify_simulator.limits import Meter
from nostop.notify_simulator.notifications import Notification
from nostop.notify_simulator.recipients import outcome
from nostop.notify_simulator.settings import WELL_KNOWN_KEYS, Limits, Pace
from nostop.notify_simulator.statuses import progress, shown
from tests.notify_simulator.conftest import Running

LIVE, TEAM, TEST = WELL_KNOWN_KEYS
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MESSAGE = Notification(
    id="1",
    service_id=LIVE.service_id,
    key_name="a",
    key_kind="live",
    reference=None,
    type="email",
    recipient="",
    normalised_recipient="",
    template_id="t",
    template_version=1,
    personalisation="{}",
    subject="A",
    body="B",
    accepted_at=stamp(NOON),
    outcome="delivered",
)
DAY = 86_400


@pytest.mark.parametrize(
    ("changes", "course"),
    [
        ({}, {0: "created", 1: "sending", 4: "sending", 5: "delivered", DAY: "delivered"}),
        ({"outcome": "permanent-failure"}, {4: "sending", 5: "permanent-failure"}),
        (
            {"type": "sms", "outcome": "temporary-failure"},
            {1: "sending", 3: "pending", 5: "temporary-failure"},
        ),
        ({"type": "sms", "outcome": "sent"}, {0: "created", 1: "sent", DAY: "sent"}),
        ({"type": "letter"}, {0: "accepted", DAY: "accepted", 3 * DAY: "received"}),
        ({"type": "letter", "key_kind": "test"}, {0: "received"}),
        (
            {"type": "letter", "template_id": None},
            {0: "pending-virus-check", 10: "accepted", 3 * DAY: "received"},
        ),
        (
            {"settled_status": "technical-failure", "settled_at": stamp(NOON)},
            {0: "technical-failure", DAY: "technical-failure"},
        ),
        (
            {
                "type": "letter",
                "settled_status": "returned-letter",
                "settled_at": stamp(NOON + timedelta(days=9)),
            },
            {3 * DAY: "received", 9 * DAY: "received"},
        ),
    ],
)
def test_a_message_moves_on_by_the_clock(changes: dict, course: dict[int, str]) -> None:
    message = replace(MESSAGE, **changes)
    seen = {
        seconds: shown(message, progress(message, NOON + timedelta(seconds=seconds), Pace()).status)
        for seconds in course
    }
    assert seen == course


@pytest.mark.parametrize(
    ("kind", "recipient", "ends"),
    [
        ("sms", "447700900003", "temporary-failure"),
        ("sms", "447700900002", "permanent-failure"),
        ("sms", "447700900123", "delivered"),
        ("email", "temp-fail@simulator.notify", "temporary-failure"),
        ("email", "perm-fail@simulator.notify", "permanent-failure"),
        ("email", "someone@example.org", "delivered"),
    ],
)
def test_made_up_recipients_end_in_a_known_way(kind: str, recipient: str, ends: str) -> None:
    assert outcome(kind, recipient) == ends


def taken(meter: Meter, at: datetime, requests: int) -> int:
    """Return how many of so many requests are let through."""
    count = 0
    for _ in range(requests):
        try:
            meter.refuse_over_limit(LIVE, "email", at)
        except Refusal:
            continue
        count += 1
    return count


def test_a_cold_burst_is_as_large_as_the_bucket() -> None:
    meter = Meter(Limits())
    assert taken(meter, NOON, 2000) == 999
    with pytest.raises(Refusal) as refused:
        meter.refuse_over_limit(LIVE, "email", NOON)
    assert refused.value.body() == {
        "status_code": 429,
        "errors": [
            {
                "error": "RateLimitError",
                "message": "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds",
            }
        ],
    }
    meter.refuse_over_limit(TEST, "email", NOON)


def test_the_bucket_fills_by_fifty_a_second() -> None:
    meter = Meter(Limits())
    assert taken(meter, NOON, 1000) == 999
    seconds = [taken(meter, NOON + timedelta(seconds=n), 100) for n in (1, 2, 3)]
    assert seconds == [49, 49, 49]
    assert taken(meter, NOON + timedelta(hours=1), 2000) == 999


def test_without_a_limit_none_is_refused() -> None:
    assert taken(Meter(Limits(per_minute=None)), NOON, 5000) == 5000


def test_a_day_ends_at_midnight_utc() -> None:
    meter = Meter(Limits(letter=2))
    meter.count(LIVE, "letter", NOON, 2)
    for at in (NOON, NOON.replace(hour=23, minute=59)):
        with pytest.raises(Refusal) as refused:
            meter.refuse_over_limit(LIVE, "letter", at)
        assert refused.value.entries == (
            ("TooManyRequestsError", "Exceeded send limits (letter: 2) for today"),
        )
    meter.refuse_over_limit(LIVE, "letter", NOON + timedelta(hours=12))
    meter.refuse_over_limit(TEST, "letter", NOON)


def test_a_service_in_trial_mode_sends_fifty_a_day() -> None:
    meter = Meter(Limits(), live=False)
    meter.count(TEAM, "email", NOON, 50)
    meter.count(TEST, "email", NOON, 50)
    with pytest.raises(Refusal):
        meter.refuse_over_limit(TEAM, "email", NOON)
    meter.refuse_over_limit(TEST, "email", NOON)


def test_limits_are_kept_after_a_restart_and_set_by_a_control(run) -> None:
    body = {
        "phone_number": "07700900123",
        "template_id": "22222222-2222-4222-8222-222222222222",
        "personalisation": {"body": "Ring us."},
    }
    first = run(limits=Limits(sms=2))
    assert [first.post("notifications/sms", body).status_code for _ in range(3)] == [201, 201, 429]
    second = run(limits=Limits(sms=2))
    assert second.post("notifications/sms", body).status_code == 429
    second.control("limits", {"sms": 3})
    assert [second.post("notifications/sms", body).status_code for _ in range(2)] == [201, 429]
    second.advance(86_400)
    assert second.post("notifications/sms", body).status_code == 201
    second.control("limits", {"per_minute": 3})
    assert [second.post("notifications/sms", body).status_code for _ in range(2)] == [201, 429]


def test_a_message_is_forgotten_after_a_week(simulator: Running) -> None:
    body = {
        "phone_number": "07700900123",
        "template_id": "22222222-2222-4222-8222-222222222222",
        "personalisation": {"body": "Ring us."},
    }
    sent = simulator.post("notifications/sms", body).json()
    simulator.advance(7 * DAY - 60)
    assert simulator.get(f"notifications/{sent['id']}").status_code == 200
    simulator.advance(120)
    assert simulator.get(f"notifications/{sent['id']}").status_code == 404
    assert simulator.get("notifications").json()["notifications"] == []
    assert simulator.ledger()["accepted"] == 1


def test_a_stopped_clock_stands_and_goes_on(simulator: Running) -> None:
    stopped = simulator.control("clock", {"frozen": True})
    assert simulator.control("clock", {}) == stopped
    ahead = simulator.control("clock", {"advance_seconds": 3600})
    assert ahead["now"] > stopped["now"]
    going = simulator.control("clock", {"frozen": False})
    assert going["now"] >= ahead["now"]
    assert not going["frozen"]
