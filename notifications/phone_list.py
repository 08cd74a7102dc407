"""Lists for a telephone team: who to call, and what to say, as CSV that is safe in a spreadsheet.

What became of the calls comes back through `nostop.outreach.phone_outcomes`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications._batches import Batches
from notifications._cells import csv_bytes
from notifications._fit import unfit

#: The last two are for the team: `nostop.outreach.phone_outcomes` reads them.
COLUMNS = (
    "message_id",
    "name",
    "telephone",
    "language",
    "scheme",
    "script",
    "call_from",
    "call_until",
    "outcome",
    "called_at",
)
_PHONE = re.compile(r"\+?[0-9][0-9 ]{6,19}")


@dataclass(frozen=True, slots=True)
class PhoneList:
    """Puts `list-<hash>` folders into `folder`: `list.csv`, a `script-<hash>.txt` for each script,
    and `manifest.json`. A person who is on any list of the folder is not put on another for the
    same message.

    folder: where the lists go.
    call_from, call_until: the hours of the day, in the person's own time, that the campaign leaves
        to the team; both or neither.
    """

    folder: Path
    call_from: time | None = None
    call_until: time | None = None
    _batches: Batches = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raise `PluginError` where the hours make no span."""
        start, end = self.call_from, self.call_until
        if (start is None) != (end is None) or (start and end and start >= end):
            raise PluginError(
                "phone_list: expected call_from before call_until on the same day, or neither"
            )
        object.__setattr__(self, "_batches", Batches(self.folder, "list"))

    @property
    def kind(self) -> str:
        """Needs a telephone number that somebody may call."""
        return "voice"

    @property
    def at_once(self) -> int:
        """How many people one list has: what a small team calls in a few days."""
        return 200

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Put one list of all messages in place, and yield one receipt for each message, in order.

        A number that cannot be called is `failed` with `bad_contact`. Where the list could not be
        put in place, all its messages are `not_taken`.
        """
        batch = list(messages)
        try:
            with self._batches.alone():
                receipts = self._send(batch)
        except PluginError:
            receipts = {
                message.message_id: Receipt(
                    message.message_id, "not_taken", None, "folder", stop=True
                )
                for message in batch
            }
        yield from (receipts[message.message_id] for message in batch)

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield one receipt for each message: `sent` where it is on a list, else `not_found`.

        Raises:
            PluginError: the folder cannot be used, or a manifest cannot be read.
        """
        yield from self._batches.ask(message_ids)

    def _send(self, batch: list[Message]) -> dict[str, Receipt]:
        known = self._batches.batch_of()
        receipts = {}
        calls: dict[str, Message] = {}
        for message in batch:
            name = message.message_id
            if name in known:
                receipts[name] = Receipt(name, "sent", known[name], None)
            elif (bad := _bad(message)) is not None:
                receipts[name] = bad
            else:
                calls.setdefault(name, message)
        if not calls:
            return receipts
        handed = self._batches.hand_over(list(calls), self._files(calls.values()))
        return receipts | {name: handed.receipt(name) for name in calls}

    def _files(self, calls: Iterable[Message]) -> dict[str, bytes | Path]:
        files: dict[str, bytes | Path] = {}
        rows = []
        for message in calls:
            script = message.body.encode()
            name = f"script-{hashlib.sha256(script).hexdigest()[:16]}.txt"
            files[name] = script
            rows.append(self._row(message, name))
        return {**files, "list.csv": csv_bytes(COLUMNS, rows)}

    def _row(self, message: Message, script: str) -> tuple[str, ...]:
        hours = (f"{each:%H:%M}" if each else "" for each in (self.call_from, self.call_until))
        whom = (message.message_id, message.name, message.to, message.language, message.scheme)
        return (*whom, script, *hours, "", "")


def _bad(message: Message) -> Receipt | None:
    """Return the receipt of a message that nobody can call about. Never with a value in it."""
    reason = unfit(message, "language", "scheme", "name")
    if reason is not None:
        return Receipt(message.message_id, "failed", None, reason)
    if not _PHONE.fullmatch(message.to):
        return Receipt(message.message_id, "failed", None, "unfit: to", bad_contact=True)
    return None
