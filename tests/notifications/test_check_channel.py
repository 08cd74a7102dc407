"""`check_channel` passes a channel that keeps its promises, and says which one another breaks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import get_ident

import pytest

from nostop.ports import Message, Receipt
from nostop.testing import check_channel
from notifications._fit import unfit
from notifications.outbox import Outbox

GOOD = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="ann@example.org",
    subject="Pension Credit: news",
    body="Dear Ann\n\nYou may be missing out.\n",
    name="Ann Oneill",
    address=("1 High Street", "Borchester"),
)
BAD = replace(GOOD, message_id="M9999999999", to="nobody@example.org")

Change = Callable[[Message, Receipt], Receipt]


def as_it_is(_message: Message, receipt: Receipt) -> Receipt:
    return receipt


@dataclass
class Sound:
    """A channel in memory that keeps every promise; the others each break one."""

    kind: str = "email"
    at_once: int = 1
    change: Change = as_it_is
    known: set[str] = field(default_factory=set)

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            reason = unfit(message, "to", "subject", "name")
            if reason is None and message.to.startswith("nobody@"):
                reason = "no_such_mailbox"
            status = "failed" if reason else "sent"
            self.known.add(message.message_id)
            yield self.change(message, Receipt(message.message_id, status, None, reason))

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        for message_id in message_ids:
            status = "delivered" if message_id in self.known else "not_found"
            yield Receipt(message_id, status, None, None)


class Raises(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for receipt in super().send(messages):
            if receipt.status == "failed":
                raise ValueError(receipt.reason)
            yield receipt


class LosesOne(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        return (receipt for receipt in super().send(messages) if receipt.status != "failed")


class SaysItTwice(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for receipt in super().send(messages):
            yield from (receipt, receipt)


class TurnsThemRound(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        yield from reversed(list(super().send(messages)))


class SendsFromNothing(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        listed = list(messages)
        yield from super().send(listed or [GOOD])


class TakesAnyText(Sound):
    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            reason = "no_such_mailbox" if message.to.startswith("nobody@") else None
            status = "failed" if reason else "sent"
            yield Receipt(message.message_id, status, None, reason)


class OnlyItsFirstThread(Sound):
    owner: int | None = None

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        self.owner = self.owner or get_ident()
        if self.owner != get_ident():
            raise RuntimeError
        return super().send(messages)


class FindsEverything(Sound):
    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        return (Receipt(message_id, "sent", None, None) for message_id in message_ids)


class FindsNothing(Sound):
    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        return (Receipt(message_id, "not_found", None, None) for message_id in message_ids)


class AnswersUnasked(Sound):
    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        yield from super().ask(list(message_ids) or [GOOD.message_id])


def says(**changes: object) -> Change:
    return lambda _message, receipt: replace(receipt, **changes)


def repeats(field_name: str, where: str) -> Change:
    def change(message: Message, receipt: Receipt) -> Receipt:
        value = getattr(message, field_name)
        return replace(receipt, **{where: f"it was {value}"})

    return change


def fails_with(reason: str | None) -> Change:
    def change(_message: Message, receipt: Receipt) -> Receipt:
        return receipt if receipt.status == "sent" else replace(receipt, reason=reason)

    return change


def test_a_sound_channel_passes_and_its_receipt_comes_back():
    assert check_channel(Sound(), GOOD, BAD) == Receipt("M0123456789", "sent", None, None)


@pytest.mark.parametrize("kind", ["email", "phone", "voice", "post", "any"])
def test_a_sound_channel_of_each_kind_passes(kind: str):
    assert check_channel(Sound(kind), GOOD, BAD).status == "sent"


def test_the_outbox_passes(tmp_path: Path):
    assert check_channel(Outbox(tmp_path), GOOD, replace(BAD, to="")).status == "sent"


@pytest.mark.parametrize(
    ("channel", "broken"),
    [
        (Sound(kind="pigeon"), "kind is one of"),
        (Sound(at_once=0), "at_once"),
        (Sound(at_once=True), "at_once"),
        (SendsFromNothing(), "one receipt for each"),
        (LosesOne(), "one receipt for each"),
        (SaysItTwice(), "one receipt for each"),
        (TurnsThemRound(), "one receipt for each"),
        (Raises(), "a message's trouble is a receipt"),
        (Sound(change=says(status="posted")), "what send says is one of"),
        (Sound(change=says(status="not_found", reason="x")), "what send says is one of"),
        (Sound(change=says(status="failed", reason="x")), "a good message is sent"),
        (Sound(change=says(status="unknown", reason="x")), "a good message is sent"),
        (Sound(change=says(status="sent")), "a bad address"),
        (Sound(change=fails_with(None)), "has a reason"),
        (Sound(change=fails_with("No mailbox NOBODY@example.org")), "no value of a person"),
        (Sound(change=fails_with("oneill has moved")), "no part of a name"),
        (Sound(change=repeats("to", "reference")), "no value of a person"),
        (Sound(change=repeats("subject", "reference")), "no value of a person"),
        (Sound(change=repeats("body", "reason")), "no value of a person"),
        (Sound(change=repeats("name", "reference")), "no value of a person"),
        (TakesAnyText(), "never sent"),
        (OnlyItsFirstThread(), "a message's trouble is a receipt"),
        (FindsEverything(), "not_found"),
        (FindsNothing(), "is found"),
        (AnswersUnasked(), "asking for nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_channel_that_breaks_a_promise_is_told_which(channel: Sound, broken: str):
    with pytest.raises(AssertionError, match=f"not kept: .*{broken}"):
        check_channel(channel, GOOD, BAD)


@pytest.mark.parametrize("field_name", ["to", "subject", "body"])
def test_each_field_that_is_written_is_tried(field_name: str):
    class Guards(Sound):
        def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
            for message in messages:
                good = replace(message, **{field_name: getattr(GOOD, field_name)})
                if message.to.startswith("nobody@"):
                    good = message
                yield from super().send([good])

    with pytest.raises(AssertionError, match="never sent"):
        check_channel(Guards(), GOOD, BAD)
