"""Letters for a print house: one tagged PDF for each letter, in batches with a manifest."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications._batches import Batches, write_whole
from notifications._cells import csv_bytes
from notifications._fit import one_line, unfit
from notifications._letter_html import LANGUAGES, letter_html, window
from notifications._letter_pdf import STYLE, set_letter

_COLUMNS = ("message_id", "file", "pages", "sha256", "postage")
_FEWEST_LINES, _MOST_LINES = 3, 7
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}|BFPO ?[0-9]{1,4}")
_PREPARED = re.compile(r"(?P<message_id>[\w-]+)\.(?P<shown>[0-9a-f]{64})\.(?P<pages>[0-9]+)\.pdf")
_ABROAD = "international"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A letter in `.preparing`: `shown` is the hash of all that it shows."""

    file: Path
    shown: str
    pages: int


@dataclass(frozen=True, slots=True)
class PrintAndPost:
    """Puts `batch-<hash>` folders into `folder`: `<message_id>.pdf` for each letter, `manifest.csv`
    for the printer and `manifest.json` with every hash.

    A letter is a file of its own, so that none can run into the next one's envelope, and its tags
    for those who cannot see it stay whole. Not to be printed again: a message that is in any batch
    of the folder is `sent` without a second copy.

    folder: where the batches go. `.preparing` in it holds letters that nobody has sent yet.
    sender: who writes, a text a line: printed beside the window.
    postage: first, second or economy, for the manifest.
    countries: what else than a United Kingdom postcode an address may end with, in capitals; such
        letters go as `international`.
    """

    folder: Path
    sender: tuple[str, ...]
    postage: Literal["first", "second", "economy"] = "second"
    countries: tuple[str, ...] = ()
    _batches: Batches = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raise `PluginError` where the sender's lines are not text."""
        if not self.sender or not all(line.strip() and one_line(line) for line in self.sender):
            raise PluginError("print_and_post: `sender` is who writes: one text for each line")
        object.__setattr__(self, "_batches", Batches(self.folder, "batch"))

    @property
    def kind(self) -> str:
        """Needs a name and a postal address."""
        return "post"

    @property
    def at_once(self) -> int:
        """How many letters go into one batch."""
        return 500

    def prepare(self, messages: Iterable[Message]) -> None:
        """Set each letter that is fit for print, unless it lies there as it would be set now.

        Raises:
            PluginError: the folder cannot be used, or the machine has no font for letters.
        """
        with self._batches.alone():
            known = self._batches.batch_of()
        there = self._prepared()
        for message in messages:
            if message.message_id not in known and self._bad(message) is None:
                try:
                    self._letter(message, there)
                except OSError as error:
                    raise PluginError(
                        f"print_and_post: cannot write to {self.folder}: {type(error).__name__}"
                    ) from error

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Put one batch of all letters in place, and yield one receipt for each message, in order.

        An address that cannot be printed or posted is `failed` with `bad_contact`; a letter of more
        than 10 pages, or with a character that no font has, is `failed`. Where the batch could not
        be put in place, all its letters are `not_taken`.
        """
        batch = list(messages)
        try:
            with self._batches.alone():
                receipts = self._send(batch)
        except (PluginError, OSError):
            # What is wrong says `prepare`, in full; here, that nothing has gone.
            receipts = {
                message.message_id: Receipt(
                    message.message_id, "not_taken", None, "folder_or_fonts", stop=True
                )
                for message in batch
            }
        yield from (receipts[message.message_id] for message in batch)

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield one receipt for each message: `sent` where it is in a batch, else `not_found`.

        Raises:
            PluginError: the folder cannot be used, or a manifest cannot be read.
        """
        yield from self._batches.ask(message_ids)

    def _send(self, batch: list[Message]) -> dict[str, Receipt]:
        known = self._batches.batch_of()
        receipts = {
            message.message_id: Receipt(message.message_id, "sent", known[message.message_id], None)
            for message in batch
            if message.message_id in known
        }
        there = self._prepared()
        letters: dict[str, tuple[Message, _Prepared]] = {}
        for message in batch:
            if message.message_id in receipts or message.message_id in letters:
                continue
            ready = self._bad(message) or self._ready(message, there)
            if isinstance(ready, _Prepared):
                letters[message.message_id] = (message, ready)
            else:
                receipts[message.message_id] = ready
        return receipts | self._hand_over(letters)

    def _hand_over(self, letters: dict[str, tuple[Message, _Prepared]]) -> dict[str, Receipt]:
        if not letters:
            return {}
        files: dict[str, bytes | Path] = {
            f"{name}.pdf": letter.file for name, (_, letter) in letters.items()
        }
        rows = [self._row(message, letter) for message, letter in letters.values()]
        handed = self._batches.hand_over(
            list(letters), {**files, "manifest.csv": csv_bytes(_COLUMNS, rows)}
        )
        return {name: handed.receipt(name) for name in letters}

    def _row(self, message: Message, letter: _Prepared) -> tuple[str, ...]:
        abroad = window(message)[-1].strip().upper() in self.countries
        return (
            message.message_id,
            f"{message.message_id}.pdf",
            str(letter.pages),
            hashlib.sha256(letter.file.read_bytes()).hexdigest(),
            _ABROAD if abroad else self.postage,
        )

    def _bad(self, message: Message) -> Receipt | None:
        """Return the receipt of a message that cannot become a letter. Never with a value in it."""
        reason = unfit(message, "subject", "language", "name")
        if reason is None and message.language not in LANGUAGES:
            reason = "unfit: language"
        if reason is not None:
            return Receipt(message.message_id, "failed", None, reason)
        wrong = self._wrong_address(message)
        if wrong is not None:
            return Receipt(message.message_id, "failed", None, wrong, bad_contact=True)
        return None

    def _wrong_address(self, message: Message) -> str | None:
        lines = window(message)
        if not _FEWEST_LINES <= len(lines) <= _MOST_LINES:
            return "address: not 3 to 7 lines with the name"
        if not all(line.strip() and one_line(line) for line in lines):
            return "address: a line is not text"
        last = lines[-1].strip().upper()
        if not _POSTCODE.fullmatch(last) and last not in self.countries:
            return "address: the last line is no postcode"
        return None

    def _ready(self, message: Message, there: dict[str, _Prepared]) -> _Prepared | Receipt:
        try:
            letter = self._letter(message, there)
        except OSError as error:
            reason = f"cannot_write: {type(error).__name__}"
            return Receipt(message.message_id, "not_taken", None, reason, stop=True)
        if isinstance(letter, _Prepared):
            return letter
        bad = letter == "address_too_long"
        return Receipt(message.message_id, "failed", None, letter, bad_contact=bad)

    def _letter(self, message: Message, there: dict[str, _Prepared]) -> _Prepared | str:
        """Return the letter as it lies in `.preparing`, set now unless it was; or why not."""
        html = letter_html(message, self.sender)
        shown = hashlib.sha256(f"{STYLE}\n{html}".encode()).hexdigest()
        lies = there.get(message.message_id)
        if lies is not None and lies.shown == shown:
            return lies
        letter = set_letter(html, identifier=shown)
        if isinstance(letter, str):
            return letter
        self._preparing.mkdir(mode=0o700, exist_ok=True)
        if lies is not None:
            lies.file.unlink(missing_ok=True)
        file = self._preparing / f"{message.message_id}.{shown}.{letter.pages}.pdf"
        write_whole(file, letter.pdf)
        there[message.message_id] = _Prepared(file, shown, letter.pages)
        return there[message.message_id]

    @property
    def _preparing(self) -> Path:
        return self.folder / ".preparing"

    def _prepared(self) -> dict[str, _Prepared]:
        """Return the letters that lie ready, by message."""
        names = (_PREPARED.fullmatch(file.name) for file in self._preparing.glob("*.pdf"))
        return {
            name["message_id"]: _Prepared(
                self._preparing / name[0], name["shown"], int(name["pages"])
            )
            for name in names
            if name
        }
