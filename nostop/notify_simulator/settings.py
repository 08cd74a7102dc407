"""What the simulated service is: its keys, who may be written to, its limits and its pace."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from nostop.model import SettingsError
from nostop.notify_simulator.clock import machine_time

SERVICE_ID = "44444444-4444-4444-8444-444444444444"
_KEY_TEXT = re.compile(r"(?:(live|team|test):)?(.*)-([0-9a-f-]{36})-([0-9a-f-]{36})")


class KeyKind(StrEnum):
    """What a key may do: send to anybody, to the team and its guests, or only as a test."""

    LIVE = "live"
    TEAM = "team"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of one service; `text` is what is pasted into a client."""

    name: str
    kind: KeyKind
    secret: str
    service_id: str = SERVICE_ID
    revoked: bool = False

    @property
    def text(self) -> str:
        """The key as the service shows it once."""
        return f"{self.name}-{self.service_id}-{self.secret}"


#: Always there unless others are given: a demonstration is copied and pasted. They open nothing
#: but a simulator.
WELL_KNOWN_KEYS = (
    ApiKey("demo_live", KeyKind.LIVE, "55555555-5555-4555-8555-555555555555"),
    ApiKey("demo_team", KeyKind.TEAM, "66666666-6666-4666-8666-666666666666"),
    ApiKey("demo_test", KeyKind.TEST, "77777777-7777-4777-8777-777777777777"),
)


def parse_key(text: str) -> ApiKey:
    """Return the key written as `[live:|team:|test:]NAME-SERVICE_ID-SECRET`; live where it is not
    said.

    Raises:
        SettingsError: it has another form. The text is not repeated: it may be a real key.
    """
    match = _KEY_TEXT.fullmatch(text)
    if match is None or not all(_is_uuid(part) for part in match.group(3, 4)):
        raise SettingsError(
            "--key: expected [live:|team:|test:]NAME-SERVICE_ID-SECRET, where SERVICE_ID and SECRET"
            " are UUIDs in small letters"
        )
    kind, name, service_id, secret = match.groups()
    return ApiKey(name, KeyKind(kind or "live"), secret, service_id)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Service:
    """The organisation that sends. One that is not `live` is in trial mode."""

    name: str = "Borchester Council"
    active: bool = True
    live: bool = True
    permissions: tuple[str, ...] = (
        "email",
        "sms",
        "letter",
        "international_sms",
        "international_letters",
    )
    #: E-mail addresses and telephone numbers of the team, and the guest list.
    team: tuple[str, ...] = ("team@example.org", "07700900901")
    guests: tuple[str, ...] = ()
    email_from: str = "borchester.council@notifications.service.gov.uk"
    sms_sender: str = "Borchester"
    #: Where each email_reply_to_id and sms_sender_id leads.
    reply_to: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sms_senders: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: Set up to send files by e-mail.
    sends_files: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be sent. `per_minute` is for each kind of key; None asks for no limit."""

    per_minute: int | None = 3000
    email: int = 250_000
    sms: int = 250_000
    international_sms: int = 100
    letter: int = 20_000
    in_trial: int = 50

    def a_day(self, kind: str, *, trial: bool) -> int:
        """Return how many messages of a kind may be sent from midnight to midnight UTC."""
        by_kind = {
            "email": self.email,
            "sms": self.sms,
            "international_sms": self.international_sms,
            "letter": self.letter,
        }
        return min(self.in_trial, by_kind[kind]) if trial else by_kind[kind]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long after it was accepted a message moves on, by the simulator's clock."""

    sending: timedelta = timedelta(seconds=1)
    pending: timedelta = timedelta(seconds=3)
    finished: timedelta = timedelta(seconds=5)
    virus_check: timedelta = timedelta(seconds=10)
    letter_sending: timedelta = timedelta(days=1)
    letter_received: timedelta = timedelta(days=3)
    kept: timedelta = timedelta(days=7)
    callback_retry: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulator is started.

    `ledger` is the file that it keeps everything in, made where there is none. Port 0 takes a free
    one.
    """

    ledger: Path
    host: str = "127.0.0.1"
    port: int = 0
    keys: tuple[ApiKey, ...] = WELL_KNOWN_KEYS
    service: Service = field(default_factory=Service)
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    page_size: int = 250
    callback_timeout: float = 5.0
    clock: Callable[[], datetime] = machine_time
