"""GOV.UK Notify: e-mail, text messages and letters, one message a call.

An organisation makes one template of each kind in Notify that passes through what it is given, so
that what is sent is what was approved here, word for word: see docs/guides/outreach-notify.md.

    email   subject ((subject)), body ((body))
    text    body ((body))
    letter  heading ((subject)), body ((body))
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import phonenumbers

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications._fit import one_line, unfit
from notifications._http import Line, NoAnswerError, NotSentError, is_this_machine, service_address
from notifications._notify_answers import found, posted
from notifications._notify_key import ApiKey, key_from_environment

BASE_URL = "NOSTOP_GOVUK_NOTIFY_BASE_URL"
_NOTIFY = "https://api.notifications.service.gov.uk"
#: The pass-through templates of `nostop notify-simulator`, taken on this machine only.
_SIMULATED = {
    "EMAIL": "11111111-1111-4111-8111-111111111111",
    "TEXT": "22222222-2222-4222-8222-222222222222",
    "LETTER": "33333333-3333-4333-8333-333333333333",
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,1000}")
# Ofcom keeps 07700 900000 to 900999 for drama, and Notify for its tests: no library calls them
# valid.
_DRAMA = range(7700900000, 7700901000)
_FEWEST_LINES, _MOST_LINES = 3, 7

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NotifyEmail:
    """Sends e-mail through GOV.UK Notify. The API key is in NOSTOP_GOVUK_NOTIFY_API_KEY.

    Attributes:
        template_id: NOSTOP_GOVUK_NOTIFY_EMAIL_TEMPLATE_ID unless given.
        base_url: NOSTOP_GOVUK_NOTIFY_BASE_URL unless given, and GOV.UK Notify without either.
        answer_seconds: how long an answer may take before the message is `unknown`.
    """

    template_id: str = ""
    base_url: str = ""
    answer_seconds: float = 30
    _service: "_Service" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_service", _service(self, "EMAIL"))

    @property
    def kind(self) -> str:
        """Takes a message to an e-mail address."""
        return "email"

    @property
    def at_once(self) -> int:
        """Notify takes one message a call."""
        return 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order. Several threads may send at once."""
        for message in messages:
            reason = unfit(message, "to", "subject", "language") or _unfit_unsubscribe(message)
            if reason is not None:
                yield _unfit_receipt(message, reason)
                continue
            body: dict[str, object] = {
                "email_address": message.to,
                "personalisation": {"subject": message.subject, "body": message.body},
            }
            if message.unsubscribe_url is not None:
                body["one_click_unsubscribe_url"] = message.unsubscribe_url
            yield self._service.send("email", message, body)

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield what Notify knows of each message, in order."""
        return self._service.ask(message_ids)

    def close(self) -> None:
        """Close the connections to Notify."""
        self._service.line.close()


@dataclass(frozen=True, slots=True)
class NotifyText:
    """Sends text messages through GOV.UK Notify: the body alone. Settings as of `NotifyEmail`, with
    NOSTOP_GOVUK_NOTIFY_TEXT_TEMPLATE_ID.
    """

    template_id: str = ""
    base_url: str = ""
    answer_seconds: float = 30
    _service: "_Service" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_service", _service(self, "TEXT"))

    @property
    def kind(self) -> str:
        """Takes a message to a mobile telephone."""
        return "phone"

    @property
    def at_once(self) -> int:
        """Notify takes one message a call."""
        return 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order. Several threads may send at once.

        A number that no mobile telephone can have is a bad contact, and Notify is not asked.
        """
        for message in messages:
            reason = unfit(message, "to", "language")
            if reason is not None:
                yield _unfit_receipt(message, reason)
            elif not _is_mobile(message.to):
                yield _bad_contact(message)
            else:
                body = {"phone_number": message.to, "personalisation": {"body": message.body}}
                yield self._service.send("sms", message, body)

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield what Notify knows of each message, in order."""
        return self._service.ask(message_ids)

    def close(self) -> None:
        """Close the connections to Notify."""
        self._service.line.close()


@dataclass(frozen=True, slots=True)
class NotifyLetter:
    """Sends letters through GOV.UK Notify, which prints and posts them. Settings as of
    `NotifyEmail`, with NOSTOP_GOVUK_NOTIFY_LETTER_TEMPLATE_ID.

    Notify never tells us of a letter by itself: `ask` is how its news comes.
    """

    template_id: str = ""
    base_url: str = ""
    answer_seconds: float = 30
    _service: "_Service" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_service", _service(self, "LETTER"))

    @property
    def kind(self) -> str:
        """Takes a message to a postal address."""
        return "post"

    @property
    def at_once(self) -> int:
        """Notify takes one message a call."""
        return 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order. Several threads may send at once.

        The window shows the name and the lines of the address, 3 to 7 in all; with fewer or more
        it is a bad contact, and Notify is not asked.
        """
        for message in messages:
            reason = unfit(message, "name", "subject", "language")
            lines = (message.name, *message.address)
            if reason is not None:
                yield _unfit_receipt(message, reason)
            elif not (_FEWEST_LINES <= len(lines) <= _MOST_LINES and all(map(_is_line, lines))):
                yield _bad_contact(message)
            else:
                window = {f"address_line_{turn}": line for turn, line in enumerate(lines, start=1)}
                words = {"subject": message.subject, "body": message.body}
                yield self._service.send("letter", message, {"personalisation": window | words})

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield what Notify knows of each message, in order."""
        return self._service.ask(message_ids)

    def close(self) -> None:
        """Close the connections to Notify."""
        self._service.line.close()


@dataclass(frozen=True, slots=True)
class _Service:
    """A service of an organisation in Notify, and its template for one kind of message."""

    line: Line
    key: ApiKey
    template_id: str

    def send(self, path: str, message: Message, body: Body) -> Receipt:
        """Send once; what the answer does not say plainly is `unknown`."""
        whole = {**body, "template_id": self.template_id, "reference": message.message_id}
        try:
            answer = self.line.post(
                f"/v2/notifications/{path}",
                json.dumps(whole).encode(),
                {"Authorization": self.key.authorization(), "Content-Type": "application/json"},
            )
        except NotSentError as error:
            return Receipt(
                message.message_id, "not_taken", None, error.reason, retry_after=error.retry_after
            )
        except NoAnswerError as error:
            return Receipt(message.message_id, "unknown", None, error.reason)
        return posted(message, answer)

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield what Notify has under each reference. It shows what was sent with a key of the same
        type (live, team or test), for as long as the service keeps its data: 7 days unless set."""
        for message_id in message_ids:
            if not _REFERENCE.fullmatch(message_id):
                yield Receipt(message_id, "unknown", None, "unfit: message_id")
                continue
            try:
                answer = self.line.get(
                    "/v2/notifications",
                    {"reference": message_id},
                    {"Authorization": self.key.authorization()},
                )
            except NotSentError as error:
                yield Receipt(
                    message_id, "unknown", None, error.reason, retry_after=error.retry_after
                )
            except NoAnswerError as error:
                yield Receipt(message_id, "unknown", None, error.reason)
            else:
                yield found(message_id, answer)


def _service(channel: NotifyEmail | NotifyText | NotifyLetter, kind: str) -> _Service:
    """Return the service that a channel's settings and the environment name.

    Raises:
        PluginError: a setting or variable is missing or not as it has to be.
    """
    if not 0 < channel.answer_seconds <= 300:
        raise PluginError("answer_seconds: expected more than 0 and at most 300")
    key = key_from_environment()
    source = "base_url" if channel.base_url else f"the environment variable {BASE_URL}"
    base_url = service_address(channel.base_url or os.environ.get(BASE_URL) or _NOTIFY, source)
    template_id = _template_id(channel.template_id, kind, base_url)
    return _Service(Line(base_url, channel.answer_seconds), key, template_id)


def _template_id(setting: str, kind: str, base_url: str) -> str:
    variable = f"NOSTOP_GOVUK_NOTIFY_{kind}_TEMPLATE_ID"
    template_id = setting or os.environ.get(variable, "")
    if not template_id and is_this_machine(base_url):
        return _SIMULATED[kind]
    if not _UUID.fullmatch(template_id):
        found_so = "is no UUID" if template_id else "is missing"
        raise PluginError(
            f"template_id {found_so}: set the environment variable {variable} to the id of a "
            "template in GOV.UK Notify that passes through ((subject)) and ((body))"
        )
    return template_id


def _unfit_receipt(message: Message, reason: str) -> Receipt:
    return Receipt(message.message_id, "failed", None, reason, bad_contact=reason == "unfit: to")


def _bad_contact(message: Message) -> Receipt:
    return Receipt(message.message_id, "failed", None, "bad_contact_details", bad_contact=True)


def _is_line(text: str) -> bool:
    return bool(text.strip()) and one_line(text)


def _unfit_unsubscribe(message: Message) -> str | None:
    url = message.unsubscribe_url
    fit = url is None or (url.startswith("https://") and one_line(url) and " " not in url)
    return None if fit else "unfit: unsubscribe_url"


def _is_mobile(number: str) -> bool:
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return False
    if parsed.country_code == 44 and parsed.national_number in _DRAMA:
        return True
    mobile = (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    return phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in mobile
