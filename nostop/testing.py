"""What a plugin author runs in their own tests: does a connector, or a channel, keep the promises
of its seam?"""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl

from nostop.model import FeedError
from nostop.ports import Asks, Channel, Connector, Message, Prepares, RawTable, Receipt

_REJECTED = {"line": pl.Int64, "column": pl.String, "reason": pl.String}
_TAKEN = {"sent", "delivered"}
_STATUSES = {*_TAKEN, "failed", "not_taken", "unknown"}
#: Which fields of a message each kind of channel writes.
_WRITTEN = {
    "email": ("to", "subject", "body"),
    "phone": ("to", "body"),
    "voice": ("to",),
    "post": ("name", "body"),
    "any": ("to", "subject", "body"),
}
#: What makes one line more than one, ends a text early, hides, or turns it round.
_HOSTILE = ("\r\nBcc: x@example.org", "\r", "\x00", "\u202e", "\ud800")
_HOSTILE_LINE = (*_HOSTILE, "\nBcc: x@example.org", " =?UTF-8?Q?=0A?=Bcc: x@example.org", "\u2028")
_SHORTEST_LINE = 8


def check_connector(connector: Connector, location: Path) -> RawTable:
    """Read a good file and a missing one with a connector, and return what it read.

    Raises:
        AssertionError: says which promise of `nostop.ports.Connector` is not kept.
    """
    table, again = connector.read(location), connector.read(location)
    rows = table.rows.drop("_line", strict=False)
    _promise(dict.fromkeys(rows.columns, pl.String) == dict(rows.schema), "every column is text")
    _promise(table.rows.schema.get("_line") == pl.Int64, "rows have '_line' as Int64")
    lines = pl.concat([table.rows["_line"], table.rejected["line"]])
    _promise(
        lines.null_count() == 0 and lines.n_unique() == lines.len(), "each row has its own line"
    )
    _promise(bool((lines >= 1).all()), "lines count from 1")
    _promise(not rows.select((pl.all() == "").any()).row(0).count(True), "an empty value is null")
    _promise(dict(table.rejected.schema) == _REJECTED, f"rejected rows have {list(_REJECTED)}")
    _promise(len(table.sha256) == 64, "sha256 has 64 hexadecimal digits")
    same = table.sha256 == again.sha256 and table.rows.equals(again.rows)
    _promise(same, "the same source gives the same rows and sha256")
    _promise(_refuses(connector, location / "nothing-here"), "a missing source is a FeedError")
    return table


def check_channel(channel: Channel, good: Message, bad: Message) -> Receipt:
    """Send with a channel, some 20 messages, and return the receipt of the good one.

    Point it at something that is real and yours: a folder, a server on this machine.

    Args:
        channel: the one to try.
        good: a message that it delivers. The others are made of it, with ids of their own.
        bad: a message to an address that does not work.

    Raises:
        AssertionError: says which promise of `nostop.ports.Channel` is not kept.
    """
    _promise(channel.kind in _WRITTEN, f"kind is one of {list(_WRITTEN)}")
    at_once = channel.at_once
    _promise(type(at_once) is int and at_once >= 1, "at_once is a whole number from 1")
    _promise(_sent(channel, []) == [], "sending nothing yields nothing")
    first, failed, second = _sent(channel, [good, bad, _another(good, "second")])
    _promise({first.status, second.status} <= _TAKEN, "a good message is sent or delivered")
    _promise(failed.status == "failed", "a bad address is a receipt that says failed")
    for message in _hostile(channel.kind, good):
        (receipt,) = _sent(channel, [message])
        _promise(receipt.status == "failed", "what would do more than be read is never sent")
    _check_two_threads(channel, good)
    if isinstance(channel, Asks):
        _check_asking(channel, good)
    return first


def _sent(channel: Channel, messages: list[Message]) -> list[Receipt]:
    """Send as nostop does, and hold the receipts against what each of them promises."""
    try:
        if isinstance(channel, Prepares):
            channel.prepare(messages)
        receipts = list(channel.send(iter(messages)))
    except Exception as error:
        raise AssertionError("not kept: a message's trouble is a receipt") from error
    _promise(_ids(receipts) == _ids(messages), "one receipt for each message, in order")
    for message, receipt in zip(messages, receipts, strict=True):
        _promise(receipt.status in _STATUSES, f"what send says is one of {sorted(_STATUSES)}")
        _check_words(message, receipt)
    return receipts


def _check_words(message: Message, receipt: Receipt) -> None:
    reasoned = receipt.status in _TAKEN or bool(receipt.reason)
    _promise(reasoned, "a message that is not sent has a reason")
    said = f"{receipt.reason} {receipt.reference}".casefold()
    _promise(
        not any(value.casefold() in said for value in _values(message)),
        "reason and reference hold no value of a person",
    )
    words = re.findall(r"\w+", said)
    named = {word.casefold() for word in message.name.split()} & set(words)
    _promise(not named, "reason and reference hold no part of a name")


def _values(message: Message) -> Iterator[str]:
    yield from filter(None, (message.to, message.name, *message.address, message.subject))
    yield from (line for line in message.body.splitlines() if len(line) >= _SHORTEST_LINE)


def _hostile(kind: str, good: Message) -> Iterator[Message]:
    for field in _WRITTEN[kind]:
        for number, text in enumerate(_HOSTILE if field == "body" else _HOSTILE_LINE):
            message = _another(good, f"{field}{number}")
            yield replace(message, **{field: getattr(good, field) + text})


def _check_two_threads(channel: Channel, good: Message) -> None:
    batches = [[_another(good, f"{side}{number}") for number in range(3)] for side in "ab"]
    with ThreadPoolExecutor(len(batches)) as pool:
        receipts = list(pool.map(lambda batch: _sent(channel, batch), batches))
    statuses = {receipt.status for batch in receipts for receipt in batch}
    _promise(statuses <= _TAKEN, "two threads send at once")


def _check_asking(channel: Asks, good: Message) -> None:
    _promise(list(channel.ask([])) == [], "asking for nothing yields nothing")
    unheard = _another(good, "never-sent").message_id
    known, unknown = channel.ask(iter([good.message_id, unheard]))
    _promise(_ids([known, unknown]) == [good.message_id, unheard], "one answer for each, in order")
    _promise(known.status in _STATUSES - {"not_taken"}, "a message that was sent is found")
    _promise(unknown.status == "not_found", "a message that was never sent is not_found")


def _another(message: Message, name: str) -> Message:
    return replace(message, message_id=f"{message.message_id[:48]}-{name}")


def _ids(those: Iterable[Message] | Iterable[Receipt]) -> list[str]:
    return [one.message_id for one in those]


def _promise(kept: bool, promise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not kept:
        raise AssertionError(f"not kept: {promise}")


def _refuses(connector: Connector, location: Path) -> bool:
    try:
        connector.read(location)
    except FeedError:
        return True
    return False
