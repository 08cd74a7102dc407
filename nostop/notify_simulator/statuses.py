"""Where a message has got to, from when it was accepted and what time it is now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nostop.notify_simulator.clock import from_stamp
from nostop.notify_simulator.notifications import Notification
from nostop.notify_simulator.settings import KeyKind, Pace

FAILED = frozenset(
    {
        "technical-failure",
        "temporary-failure",
        "permanent-failure",
        "validation-failed",
        "virus-scan-failed",
        "returned-letter",
    }
)
#: The statuses that are told to a service that has asked to be called back.
REPORTED = frozenset({"delivered", "permanent-failure", "temporary-failure", "technical-failure"})
_FINISHED = FAILED - {"virus-scan-failed"} | {"sent", "delivered", "cancelled"}
NEVER_POSTED = frozenset(
    {"cancelled", "technical-failure", "validation-failed", "virus-scan-failed"}
)

#: What a control may say became of a message of each kind.
SETTLED = {
    "email": ("delivered", "permanent-failure", "temporary-failure", "technical-failure"),
    "sms": ("delivered", "sent", "permanent-failure", "temporary-failure", "technical-failure"),
    "letter": (
        "delivered",
        "returned-letter",
        "cancelled",
        "technical-failure",
        "permanent-failure",
        "validation-failed",
        "virus-scan-failed",
    ),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A message's status, when it was handed on, and when it was finished with."""

    status: str
    sent_at: datetime | None
    completed_at: datetime | None


def progress(notification: Notification, now: datetime, pace: Pace) -> Progress:
    """Return where a message has got to."""
    accepted = notification.accepted
    steps = _steps(notification, pace)
    if notification.settled_status is not None and notification.settled_at is not None:
        settled_at = from_stamp(notification.settled_at)
        steps = [step for step in steps if accepted + step[0] <= settled_at]
        steps.append((settled_at - accepted, notification.settled_status))
    reached = [(accepted + after, status) for after, status in steps if accepted + after <= now]
    at, status = reached[-1] if reached else (accepted, steps[0][1])
    handed_on = next((at for at, name in reached if name not in _NOT_HANDED_ON), None)
    return Progress(status, handed_on, at if status in _FINISHED else None)


_NOT_HANDED_ON = frozenset({"created", "pending-virus-check"}) | NEVER_POSTED


def _steps(notification: Notification, pace: Pace) -> list[tuple[timedelta, str]]:
    if notification.type == "letter":
        return _letter_steps(notification, pace)
    steps = [(timedelta(), "created")]
    if notification.outcome == "sent":
        return [*steps, (pace.sending, "sent")]
    steps.append((pace.sending, "sending"))
    if notification.type == "sms" and notification.outcome == "temporary-failure":
        steps.append((pace.pending, "pending"))
    return [*steps, (pace.finished, notification.outcome)]


def _letter_steps(notification: Notification, pace: Pace) -> list[tuple[timedelta, str]]:
    checked = timedelta()
    steps: list[tuple[timedelta, str]] = []
    if notification.precompiled:
        checked = pace.virus_check
        steps.append((timedelta(), "pending-virus-check"))
        if notification.outcome != "delivered":
            return [*steps, (checked, notification.outcome)]
    if notification.key_kind == KeyKind.TEST:
        return [*steps, (checked, "delivered")]
    return [
        *steps,
        (checked, "created"),
        (pace.letter_sending, "sending"),
        (pace.letter_received, "delivered"),
    ]


def shown(notification: Notification, status: str) -> str:
    """Return a status under the name that the interface has for it."""
    if notification.type != "letter":
        return status
    return {
        "created": "accepted",
        "sending": "accepted",
        "delivered": "received",
        "returned-letter": "received",
    }.get(status, status)


def meant(statuses: list[str]) -> frozenset[str]:
    """Return the statuses that a list's filter asks for."""
    groups = {
        "failed": FAILED,
        "accepted": frozenset({"created", "sending"}),
        "received": frozenset({"delivered"}),
    }
    found: frozenset[str] = frozenset()
    for status in statuses:
        found |= groups.get(status, frozenset({status}))
    return found
