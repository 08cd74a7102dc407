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
from typing import Protocol

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
    step)."""

    message_id: str
    recipient_id: str
    scheme: str
    language: str
    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message: `delivered_to` is the channel's own reference, `reason` says why
    it failed."""

    message_id: str
    status: str  # sent | failed
    reference: str | None
    reason: str | None


class Channel(Protocol):
    """Delivers messages: exactly one receipt for each; a bad address is a receipt, not an
    exception."""

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        """Yield one receipt for each message, in order."""
        ...
