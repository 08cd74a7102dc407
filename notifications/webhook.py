"""A signed webhook: each message as JSON to a partner's own system, such as a council's."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications import _clock, _webhook_addresses
from notifications._fate import Fate
from notifications._fit import unfit
from notifications._settings import secret, tls
from notifications._webhook_addresses import Target, target
from notifications._webhook_exchange import (
    Answer,
    NoAnswerError,
    NotAskedError,
    Partner,
    Resolve,
    exchange,
)

_MOST_SECONDS = 5.0
_RETRY_SECONDS = 60.0
_SECRET = "whsec_"  # noqa: S105 - how a secret begins, not a secret
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_CONFLICT = 409
_LATER = (408, 425, 429)
#: The address or our key is wrong, for this message as for every other.
_NOT_LET_IN = (307, 308, 401, 403, 404, 405, 407, 410)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts each message to one address, signed as Standard Webhooks says (standardwebhooks.com).

    The partner sees whom the message is for, its subject and its text. It knows a message it has
    had by `webhook-id` and `Idempotency-Key`: our id.

    Attributes:
        url: https, with a name and not a number for the host. Redirects are not followed.
        allowed_hosts: names that may be reached, each with its port unless that is 443.
        key_env: the environment variable with the key that signs, `whsec_` and base64 of 24 to 64
            bytes.
        old_key_env: one more, which signs too while a partner changes keys.
        ca_file: the authorities that vouch for the partner, if not those of this machine (PEM).
        seconds: for everything, from the name's lookup to the answer; 5 at the most.
        allow_loopback: for tests, where the host is this machine.
        clock: what the time is, for the signature.
        resolve: gives the addresses of a name.
    """

    url: str
    allowed_hosts: tuple[str, ...]
    key_env: str
    old_key_env: str = ""
    ca_file: Path | None = None
    seconds: float = _MOST_SECONDS
    allow_loopback: bool = False
    clock: Callable[[], datetime] = _clock.now
    resolve: Resolve = _webhook_addresses.resolve

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, before a message is claimed.

        Raises:
            PluginError: says which.
        """
        if not 0 < self.seconds <= _MOST_SECONDS:
            raise PluginError(f"webhook: seconds is more than 0 and {_MOST_SECONDS:g} at the most")
        self._partner()
        self._keys()

    @property
    def kind(self) -> str:
        """Takes a message to whatever contact point."""
        return "any"

    @property
    def at_once(self) -> int:
        """A partner takes one message a call."""
        return 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order. Several threads may send at once."""
        for message in messages:
            reason = unfit(message, "to", "subject", "language", "scheme")
            if reason:
                bad_contact = reason == "unfit: to"
                yield Receipt(message.message_id, "failed", None, reason, bad_contact)
            else:
                yield self._post(message).of(message, message.message_id)

    def _post(self, message: Message) -> Fate:
        partner = self._partner()
        request = _request(partner.target, message.message_id, _body(message), self._signed)
        try:
            return _fate(exchange(partner, request, body_of=(_CONFLICT,)))
        except NotAskedError as error:
            wait = None if error.stop else _RETRY_SECONDS
            return Fate("not_taken", error.reason, stop=error.stop, retry_after=wait)
        except NoAnswerError:
            return Fate("unknown", "no_answer")

    def _signed(self, message_id: str, body: bytes) -> dict[str, str]:
        return signature(self._keys(), message_id, self.clock(), body)

    def _partner(self) -> Partner:
        place = target(self.url, self.allowed_hosts, allow_loopback=self.allow_loopback)
        context = tls("webhook", self.ca_file)
        return Partner(place, self.allow_loopback, self.resolve, context, self.seconds)

    def _keys(self) -> list[bytes]:
        return [_key(variable) for variable in (self.key_env, self.old_key_env) if variable]


def signature(keys: list[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers by which a partner knows that `body` is ours, and of now."""
    seconds = str(int(at.timestamp()))
    signed = b".".join([message_id.encode(), seconds.encode(), body])
    macs = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }


def _key(variable: str) -> bytes:
    value = secret("webhook", variable)
    try:
        key = base64.b64decode(value.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not (value.startswith(_SECRET) and _FEWEST_BYTES <= len(key) <= _MOST_BYTES):
        raise PluginError(
            f"webhook: {variable} is not '{_SECRET}' and the base64 of {_FEWEST_BYTES} to "
            f"{_MOST_BYTES} random bytes"
        )
    return key


def _body(message: Message) -> bytes:
    content = {
        "type": "nostop.message",
        "message_id": message.message_id,
        "scheme": message.scheme,
        "language": message.language,
        "to": message.to,
        "subject": message.subject,
        "body": message.body,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _request(
    place: Target, message_id: str, body: bytes, signed: Callable[[str, bytes], dict[str, str]]
) -> bytes:
    headers = {
        "Host": place.authority,
        "User-Agent": "nostop",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Idempotency-Key": message_id,
        **signed(message_id, body),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {place.path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body


def _fate(answer: Answer) -> Fate:
    """Return what an answer means. Its words stay where they are: they may be about a person."""
    status, reason = answer.status, f"answered: {answer.status}"
    if 200 <= status < 300 or (status == _CONFLICT and _is_duplicate(answer.body)):
        return Fate("sent")
    if status in _LATER:
        return Fate("not_taken", reason, retry_after=answer.retry_after or _RETRY_SECONDS)
    if status in _NOT_LET_IN:
        return Fate("not_taken", reason, stop=True)
    if 400 <= status < 500 and status != _CONFLICT:
        return Fate("failed", reason)
    # Its own errors, a conflict that may be with the same message on its way, and a redirect that
    # may be its way of saying thank you.
    return Fate("unknown", reason)


def _is_duplicate(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("status") == "duplicate"
