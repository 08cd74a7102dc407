"""The outbox: one text file for each message in a folder, for dry runs and for print-and-post."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications._fit import unfit


@dataclass(frozen=True, slots=True)
class Outbox:
    """Writes `<message_id>.txt` into `folder`; a file is there whole or not at all.

    It survives the end of the process, but does not wait for the disk: after a power cut a file of
    the last seconds may be missing although its receipt says `sent`.
    """

    folder: Path

    @property
    def kind(self) -> str:
        """Takes a message to whatever contact point."""
        return "any"

    @property
    def at_once(self) -> int:
        """How many messages one call takes."""
        return 100

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order.

        A message that lies there with the same text is `sent` and not written again; with another
        text, or unfit to be written, it is `failed`. Reasons name a field and never its value.

        Raises:
            PluginError: the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"outbox: cannot make the folder {self.folder}: {error}") from error
        for message in messages:
            reason = unfit(message, "to", "subject", "language") or self._write(message)
            if reason is None:
                yield Receipt(message.message_id, "sent", f"{message.message_id}.txt", None)
            else:
                yield Receipt(message.message_id, "failed", None, reason)

    def _write(self, message: Message) -> str | None:
        """Write the file unless it is there; return why it could not be done."""
        text = _text(message)
        file = self.folder / f"{message.message_id}.txt"
        part = self.folder / f".{message.message_id}.{os.getpid()}.part"
        try:
            if file.exists():
                return None if file.read_bytes() == text else "another_text_was_sent"
            part.write_bytes(text)
            part.replace(file)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return f"cannot_write: {type(error).__name__}"
        return None


def _text(message: Message) -> bytes:
    head = f"To: {message.to}\nSubject: {message.subject}\nLanguage: {message.language}\n"
    return f"{head}\n{message.body}".encode()
