"""The three seams to the outside: a transport brings files, a connector reads one, a channel takes
messages out.

A plugin is a frozen dataclass with its settings as fields and one method. It is found by an entry
point in the group `nostop.transports`, `nostop.connectors` or `nostop.channels`; see
docs/guides/operators.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

import polars as pl

#: Where a transport stopped: its own words (an ETag, a watermark), kept between two fetches.
Bookmark = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a transport brought: whole files, in the order in which the source made them.

    `files` lie in the folder that `fetch` was given; none means that the source has nothing new.
    `bookmark` is what the next fetch starts from, once these files are in their place.
    """

    files: tuple[Path, ...]
    bookmark: Bookmark


class Transport(Protocol):
    """Brings the files of one source: from a drop folder, a store, a service or a database.

    Raises `nostop.model.FetchError` where the source cannot be reached, refuses, or breaks off.
    What arrived by then stays in `folder`, so that the next fetch goes on from there.
    """

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring what is new since `bookmark` (empty at first) into `folder`, this source's own."""
        ...


@dataclass(frozen=True, slots=True)
class RawTable:
    """What a connector read: every column as text, null where the source had nothing, and where
    each row stood.

    `rows` has the source's own column names (all `String`) and `_line` (`Int64`, the line or entry
    in `file`, from 1). `rejected` has `line`, `column` (nullable) and `reason` for rows that could
    not even be split into columns.
    """

    file: str
    sha256: str
    rows: pl.DataFrame
    rejected: pl.DataFrame


class Connector(Protocol):
    """Reads one source. Raises `nostop.model.FeedError` where the whole source breaks its
    contract."""

    def read(self, location: Path, since: date | None = None) -> RawTable:
        """Return the source's rows; `since` asks only for rows changed after that day, where the
        source can tell."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message, already rendered. `message_id` is unique for (campaign, recipient, scheme,
    step), and is the reference under which a provider knows it.

    `to` is an e-mail address or a telephone number, empty for a letter, whose window shows `name`
    and `address` and nothing else. `unsubscribe_url` takes one click (RFC 8058).
    """

    message_id: str
    recipient_id: str
    scheme: str
    language: str
    to: str
    subject: str
    body: str
    name: str = ""
    address: tuple[str, ...] = ()
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one message.

    `status` is one of

    - `sent`: the channel has it, and will deliver it;
    - `delivered`: it is known to have arrived;
    - `failed`: it is known not to have gone, or not to have arrived, and never will;
    - `not_taken`: it is known not to have gone, and may be tried again after `retry_after` seconds;
      `stop` says that no other message will be taken either (a wrong key, a day's limit);
    - `unknown`: it may have gone. Nobody sends it again but a person who decides so;
    - `not_found`: the answer of `Asks.ask` for a message that the channel does not know.

    `reference` is the channel's own, `reason` a word or two, never a value of a person.
    `bad_contact` says that the address itself does not work. `body_sha256` is of what the provider
    says that it sends, where it says so.
    """

    message_id: str
    status: str
    reference: str | None
    reason: str | None
    bad_contact: bool = False
    stop: bool = False
    retry_after: float | None = None
    cost_pence: int | None = None
    body_sha256: str | None = None


class Channel(Protocol):
    """Delivers messages: exactly one receipt for each; a bad address is a receipt, not an
    exception.

    `send` never tries twice by itself. Where an answer is lost (a timeout, a broken connection, an
    error of the provider's own) the receipt is `unknown`.
    """

    @property
    def kind(self) -> str:
        """Which contact point it needs: email, phone (a text message), voice, post; or any."""
        ...

    @property
    def at_once(self) -> int:
        """How many messages one call of `send` takes; 1 for most, a whole batch for print."""
        ...

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order."""
        ...


@runtime_checkable
class Asks(Protocol):
    """A channel whose provider can be asked what became of a message."""

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield one receipt for each message: what the provider knows under its reference."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A channel whose slow work (a PDF) is done before a message is claimed."""

    def prepare(self, messages: Iterable[Message]) -> None:
        """Make ready what `send` hands over. Nothing leaves this machine here."""
        ...
