"""The two seams to the outside: a connector brings rows in, a channel takes messages out.

A plugin is a frozen dataclass with its settings as fields and one method. It is found by an entry
point in the group `nostop.connectors` or `nostop.channels`; see docs/guides/operators.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import polars as pl


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
