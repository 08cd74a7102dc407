"""Who a message is for: e-mail addresses and telephone numbers as the service checks them, and the
made-up ones that it answers in a known way."""

import re
import string
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from nostop.notify_simulator.errors import bad_request
from nostop.notify_simulator.settings import KeyKind, Service

#: Accepted, answered with an id, and not kept: for smoke tests.
SMOKE_EMAILS = frozenset(
    f"simulate-delivered{suffix}@notifications.service.gov.uk" for suffix in ("", "-2", "-3")
)
SMOKE_NUMBERS = frozenset({"447700900000", "447700900111", "447700900222"})

_LOCAL = r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~\-]+"
_EMAIL = re.compile(rf"{_LOCAL}@([^.@][^@\s]+)")
_HOST_PART = re.compile(r"(xn|[a-z0-9]+)(-?-[a-z0-9]+)*", re.IGNORECASE)
_LAST_HOST_PART = re.compile(r"([a-z]{2,63}|xn--([a-z0-9]+-)*[a-z0-9]+)", re.IGNORECASE)
_OBSCURE = dict.fromkeys(map(ord, "\u180e\u200b\u200c\u200d\u2060\ufeff\u2028\u2029\u00a0\u202f"))

_DIALLED = frozenset(string.whitespace + "".join(map(chr, _OBSCURE)) + "()-+0123456789")
#: Numbers that Ofcom keeps for film and television. The library takes them for invalid.
_MADE_UP = re.compile(r"77009\d{5}")
_REACHABLE = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.UAN,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
_LANDLINES = frozenset(
    {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UAN}
)
_UK = 44
_NOT_VALID = "Number is not valid \u2013 double check the phone number you entered"
_REASONS = {
    ValidationResult.TOO_LONG: "Too many digits",
    ValidationResult.TOO_SHORT: "Not enough digits",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "Not enough digits",
    ValidationResult.INVALID_COUNTRY_CODE: "Not a valid country prefix",
}


class InvalidRecipientError(ValueError):
    """An address or number that cannot be written to; its words are the service's, without the
    address."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number: digits with the country's code, and where it leads."""

    digits: str
    international: bool
    abroad: bool
    landline: bool


def parse_email(text: str) -> str:
    """Return an e-mail address in small letters.

    Raises:
        InvalidRecipientError: it is none.
    """
    address = text.translate(_OBSCURE).strip(string.whitespace)
    match = _EMAIL.fullmatch(address)
    if match is None or len(address) > 320 or ".." in address or not _is_host(match.group(1)):
        raise InvalidRecipientError("Not a valid email address")
    return address.lower()


def _is_host(name: str) -> bool:
    try:
        host = name.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    parts = host.split(".")
    return (
        len(host) <= 253
        and len(parts) > 1
        and all(len(part) <= 63 and _HOST_PART.fullmatch(part) for part in parts)
        and _LAST_HOST_PART.fullmatch(parts[-1]) is not None
    )


@lru_cache(maxsize=65_536)
def parse_phone(text: str) -> Phone:
    """Return a telephone number; one without a country's code is of the United Kingdom.

    Raises:
        InvalidRecipientError: it is none that a text message can go to.
    """
    try:
        return _phone(text)
    except InvalidRecipientError:
        # A stray plus or more noughts than one: 0+44 7700 900100.
        return _phone(text.replace("+", "").lstrip("0"))


def _phone(text: str) -> Phone:
    if not _DIALLED.issuperset(text):
        raise InvalidRecipientError("Must not contain letters or symbols")
    if not text:
        raise InvalidRecipientError("Not enough digits")
    number = _possible(text)
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    if number.country_code == _UK and _MADE_UP.fullmatch(str(number.national_number)):
        return Phone(digits, international=False, abroad=False, landline=False)
    kind = phonenumbers.number_type(number)
    if kind not in _REACHABLE:
        raise InvalidRecipientError(_NOT_VALID)
    return Phone(
        digits,
        international=phonenumbers.region_code_for_number(number) != "GB",
        abroad=number.country_code != _UK,
        landline=number.country_code == _UK and kind in _LANDLINES,
    )


def _possible(text: str) -> phonenumbers.PhoneNumber:
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException as error:
        raise InvalidRecipientError(_NOT_VALID) from error
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.IS_POSSIBLE:
        return number
    try:
        # A spreadsheet takes the plus from +33...
        forced = phonenumbers.parse(f"+{text}")
    except phonenumbers.NumberParseException:
        forced = None
    if forced is None or not phonenumbers.is_possible_number(forced):
        raise InvalidRecipientError(_REASONS.get(reason, _NOT_VALID))
    return forced


def refuse_where_not_allowed(recipient: str, service: Service, kind: KeyKind) -> None:
    """Refuse somebody whom this key, or a service in trial mode, may not write to."""
    if kind == KeyKind.TEST or (kind == KeyKind.LIVE and service.live):
        return
    if recipient in {comparable(known) for known in (*service.team, *service.guests)}:
        return
    if kind == KeyKind.TEAM:
        raise bad_request("Can\u2019t send to this recipient using a team-only API key")
    raise bad_request(
        "Can\u2019t send to this recipient when service is in trial mode"
        " \u2013 see https://www.notifications.service.gov.uk/trial-mode"
    )


def comparable(recipient: str) -> str:
    """Return an address or number in the form in which two that reach the same are equal."""
    try:
        return parse_email(recipient) if "@" in recipient else parse_phone(recipient).digits
    except InvalidRecipientError:
        return recipient


def outcome(kind: str, recipient: str, *, international: bool = False) -> str:
    """Return where a message to this address or number ends."""
    if kind == "email":
        return {
            "perm-fail@simulator.notify": "permanent-failure",
            "temp-fail@simulator.notify": "temporary-failure",
        }.get(recipient, "delivered")
    if recipient.endswith("7700900002"):
        return "permanent-failure"
    if recipient.endswith("7700900003"):
        return "temporary-failure"
    return "sent" if international else "delivered"
