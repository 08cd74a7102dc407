"""A GOV.UK Notify that sends nothing: the same interface, with a ledger, a control surface and
faults on purpose, so that nobody needs the real service to develop or demonstrate."""

from nostop.notify_simulator.serving import running, serve
from nostop.notify_simulator.settings import (
    WELL_KNOWN_KEYS,
    ApiKey,
    KeyKind,
    Limits,
    Pace,
    Service,
    Settings,
    parse_key,
)
from nostop.notify_simulator.wording import EMAIL_TEMPLATE, LETTER_TEMPLATE, TEXT_TEMPLATE

__all__ = [
    "EMAIL_TEMPLATE",
    "LETTER_TEMPLATE",
    "TEXT_TEMPLATE",
    "WELL_KNOWN_KEYS",
    "ApiKey",
    "KeyKind",
    "Limits",
    "Pace",
    "Service",
    "Settings",
    "parse_key",
    "running",
    "serve",
]
