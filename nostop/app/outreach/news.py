"""What comes back from people and providers, brought to the ledger, the suppressions and the cases.

Everything is acted on once, in one transaction with its audit entries. What a provider posts holds
telephone numbers and people's own words: nothing of it is kept or logged.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from sqlalchemy import Engine

from nostop import plugins, store
from nostop.app.outreach.campaigns import known_campaign
from nostop.model import OutreachError, SettingsError
from nostop.outreach import phone_outcomes
from nostop.outreach.callbacks import CallbackNews, CallbackRefusedError, callback_news
from nostop.outreach.unsubscribe import one_click
from nostop.ports import Receipt

REPORTED_DECEASED = "reported_deceased"
_OPTED_OUT = "opted_out"
_NOTIFY = "govuk_notify"
_RETURNED = "returned_letter"
_OK = 200
_MESSAGE_ID = re.compile(r"M[0-9a-f]{32}")
#: A mail server's report of more bytes than this is not read: a channel would not look at it.
_LARGEST_MAIL = 1024 * 1024


@runtime_checkable
class _Bounces(Protocol):
    """A channel that can read a report that a message came back."""

    def bounced(self, raw_message: bytes) -> list[Receipt]: ...


@dataclass(frozen=True, slots=True)
class Calls:
    """What a file of calls did, and how many of its rows nobody has called yet."""

    taken: store.Taken
    open: int


def receive_callback(
    engine: Engine,
    kind: str,
    request: tuple[str | None, bytes],
    token: str,
    at: datetime,
) -> int:
    """Act on what GOV.UK Notify posts, once; return the HTTP status to answer with.

    Args:
        engine: of the store.
        kind: what the address is for: one of `nostop.outreach.callbacks.KINDS`.
        request: its Authorization header, as it came, and its body.
        token: what Notify was told to send.
        at: now, with a zone.
    Raises:
        OutreachError: `token` is too short to prove anything.
    """
    try:
        news = callback_news(kind, request[0], token, request[1])
    except CallbackRefusedError as error:
        return error.status
    came = _of_callback(news)
    if came is not None:
        store.take_in(engine, [came], "callback", _NOTIFY, at)
    return _OK


def unsubscribe(
    engine: Engine, secrets: Sequence[bytes], request: tuple[str, str, bytes], at: datetime
) -> int:
    """Act on a request to an unsubscribe link; return the HTTP status to answer with.

    A POST stops every message to the message's recipient, before the next one goes.

    Args:
        engine: of the store.
        secrets: as `nostop.outreach.unsubscribe.verify` takes them.
        request: its method, the token of its link, its body.
        at: now, with a zone.
    """
    meant = one_click(secrets, *request)
    if meant.opted_out is not None:
        came = store.Came(None, message_id=meant.opted_out, suppression=_OPTED_OUT)
        store.take_in(engine, [came], "person", "unsubscribe", at)
    return meant.status


def import_calls(engine: Engine, file: Path, act: store.Act) -> Calls:
    """Take in what a telephone team reports, all of it or nothing.

    Who asked not to be called is written to no more. Where somebody reported a death, nothing more
    goes to the person until a caseworker has looked.

    Raises:
        OutreachError: the file cannot be read, or names each row and column that is wrong.
    """
    found = phone_outcomes.read(file, at=act.at)
    news = [_of_call(receipt, found) for receipt in found.receipts]
    return Calls(store.take_in(engine, news, "person", act.by, act.at), found.open)


def import_bounces(engine: Engine, place: Path, channel: str, act: store.Act) -> store.Taken:
    """Take in e-mails that came back: one file, or every file of a folder and those in it.

    Args:
        engine: of the store.
        place: raw e-mails, a file each.
        channel: the channel that sent the messages, as campaigns name it.
        act: who does it.
    Raises:
        SettingsError: there is no such file or folder, or no campaign with such a channel.
    """
    readers = _readers(engine, channel)
    news = [came for raw in _mails(place) if (came := _of_mail(raw, readers)) is not None]
    return store.take_in(engine, news, "channel", act.by, act.at)


def say_wrong(engine: Engine, reference: str, act: store.Act) -> str:
    """Open a case on a message that somebody says is wrong, and return the message's id. Nothing
    more goes to the person until the case is closed.

    Args:
        engine: of the store.
        reference: the short one of a letter (4F7K-2M9Q-X), or the message's id.
        act: who does it.
    Raises:
        EventError: it is no reference.
        StoreError: there is no such message.
    """
    plain = reference.strip()
    message_id = plain if _MESSAGE_ID.fullmatch(plain) else store.message_of(engine, plain)
    wanted = store.Wanted("wrong", "person_says_wrong")
    came = store.Came(None, message_id=message_id, case=wanted)
    store.take_in(engine, [came], "person", act.by, act.at)
    return message_id


def _of_callback(news: CallbackNews) -> store.Came | None:
    if news.message_id is not None and not _MESSAGE_ID.fullmatch(news.message_id):
        # Somebody else's, sent through the same service.
        return None
    receipts = () if news.receipt is None else (news.receipt,)
    case = None
    if news.case is not None:
        kind = "wrong" if news.case == "disputed" else "review"
        case = store.Wanted(kind, news.case)
    if news.kind == _RETURNED and news.message_id is not None:
        case = store.Wanted("returned", "did_not_arrive")
    if not (receipts or news.opt_out or case):
        return None
    return store.Came(
        f"{news.kind}:{news.key}",
        receipts,
        message_id=news.message_id,
        number=news.number,
        suppression=_OPTED_OUT if news.opt_out else None,
        case=case,
    )


def _of_call(receipt: Receipt, found: phone_outcomes.PhoneOutcomes) -> store.Came:
    message_id = receipt.message_id
    called_at = found.called_at[message_id]
    held = message_id in found.holds
    reason = _OPTED_OUT if message_id in found.opted_out else None
    return store.Came(
        f"call:{message_id}:{receipt.reason}:{called_at:%Y%m%dT%H%M%S}",
        (receipt,),
        message_id=message_id,
        suppression=REPORTED_DECEASED if held else reason,
        case=store.Wanted("review", REPORTED_DECEASED) if held else None,
    )


def _of_mail(raw: bytes, readers: Sequence[_Bounces]) -> store.Came | None:
    for reader in readers:
        receipts = reader.bounced(raw)
        if receipts:
            key = hashlib.sha256(raw).hexdigest()
            return store.Came(f"bounce:{key}", tuple(receipts))
    return None


def _readers(engine: Engine, name: str) -> list[_Bounces]:
    """Return the channels of a name, one for each way in which campaigns set it up."""
    uses = [
        use.settings
        for campaign in store.campaign_ids(engine)
        for use in known_campaign(engine, campaign).campaign.channels
        if use.use == name
    ]
    if not uses:
        raise SettingsError(f"channel '{name}': no campaign sends by it")
    different = [settings for turn, settings in enumerate(uses) if settings not in uses[:turn]]
    readers = [plugins.channel(name, settings) for settings in different]
    fit: list[_Bounces] = [reader for reader in readers if isinstance(reader, _Bounces)]
    if not fit:
        raise SettingsError(f"channel '{name}': cannot read an e-mail that came back")
    return fit


def _mails(place: Path) -> Iterator[bytes]:
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    for file in files:
        try:
            if file.is_file() and file.stat().st_size <= _LARGEST_MAIL:
                yield file.read_bytes()
            elif not file.exists():
                raise SettingsError(f"{file}: there is no such file or folder")
        except OSError as error:
            raise OutreachError(f"{file}: cannot be read: {type(error).__name__}") from error
