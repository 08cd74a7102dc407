"""Walks the audit log from its first entry and names the first that does not stand as written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import polars as pl
from sqlalchemy import Connection, Engine, Text, func, select, type_coerce
from sqlalchemy.sql.elements import ColumnElement

from nostop.store.audit import hash_of
from nostop.store.rows import table_of
from nostop.store.tables_audit import FIRST_PREVIOUS, AuditEntry, AuditHead

#: Entries read at a time: nobody can append while a batch is read from SQLite.
BATCH = 50_000
#: By how much the clocks of two writers may differ.
TOLERANCE = timedelta(seconds=5)
_TEXTS = ("at", "actor", "action", "subject", "detail", "previous")
_SCHEMA = {"seq": pl.Int64(), **dict.fromkeys((*_TEXTS, "hash"), pl.String())}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries there were at a moment, and the hash of the last of them."""

    count: int
    head: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """Every entry stands as it was written.

    clock_back: entries that say an earlier time than the one before them; clocks do this, and so
        does somebody who dates an entry back.
    """

    entries: int
    head: str
    checkpoints: int
    clock_back: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that does not stand, and how: `edited`, `deleted`, `inserted`, `reordered`,
    `restamped`, `truncated`.

    `until` is the last entry it can be where the chain alone cannot say which.
    """

    seq: int
    what: str
    until: int | None = None


def verify(
    engine: Engine,
    checkpoints: Sequence[Checkpoint],
    *,
    after: Checkpoint | None = None,
    tolerance: timedelta = TOLERANCE,
) -> Verified | Broken:
    """Walk the log; without checkpoints, one made anew or cut off at its end looks whole.

    Args:
        engine: an engine of `open_store`.
        checkpoints: those whose signature holds, in any order.
        after: where to begin, if not at the first entry.
        tolerance: how far a time may lie before the one of the entry before.
    """
    walk = _Walk(tuple(sorted(checkpoints, key=lambda each: each.count)), after, tolerance)
    for batch, head in _batches(engine, walk.seq):
        if broken := walk.take(batch):
            return _named(engine, walk, broken) if broken.what == "" else broken
        if batch.height < BATCH and (broken := walk.end(*head)):
            return broken
    return Verified(walk.seq, walk.hash, len(checkpoints), tuple(walk.clock_back))


class _Walk:
    """How far the walk has come, and the last entry that stood."""

    def __init__(
        self, checkpoints: tuple[Checkpoint, ...], after: Checkpoint | None, tolerance: timedelta
    ) -> None:
        self.seq = after.count if after else 0
        self.hash = after.head if after else FIRST_PREVIOUS
        self.checkpoints = checkpoints
        self.tolerance = tolerance
        self.clock_back: list[int] = []
        self._at: str | None = None

    def take(self, batch: pl.DataFrame) -> Broken | None:
        """Return what is broken first in a batch; `what` is empty where the chain itself is."""
        if not batch.height:
            return None
        wrong = batch.select(
            (pl.col("seq") != pl.int_range(self.seq + 1, self.seq + 1 + pl.len()))
            | (pl.col("previous") != pl.col("hash").shift(1, fill_value=self.hash))
            | (pl.col("hash") != _hashes(batch))
        ).to_series()
        first = wrong.arg_max() if wrong.any() else None
        sound = batch if first is None else batch.head(first)
        if broken := self._restamped(sound):
            return broken
        self._watch_clock(sound)
        if sound.height:
            self.seq, self.hash = int(sound["seq"][-1]), str(sound["hash"][-1])
        return None if first is None else Broken(self.seq + 1, "")

    def end(self, count: int, head: str) -> Broken | None:
        """Return what is broken if the log ends where the walk stands."""
        signed = max((each.count for each in self.checkpoints), default=0)
        if self.seq < max(signed, count):
            return Broken(self.seq + 1, "truncated", max(signed, count))
        if self.seq > count:
            return Broken(count + 1, "inserted", self.seq)
        return Broken(self.seq, "restamped") if self.hash != head else None

    def _restamped(self, sound: pl.DataFrame) -> Broken | None:
        """Return the first checkpoint whose entry has another hash now."""
        signed = pl.DataFrame(
            [(each.count, each.head) for each in self.checkpoints],
            schema={"seq": pl.Int64(), "head": pl.String()},
            orient="row",
        )
        both = sound.select("seq", "hash").join(signed, on="seq", maintain_order="left")
        other = both.filter(pl.col("hash") != pl.col("head"))
        if not other.height:
            return None
        until = int(other["seq"][0])
        before = [each.count for each in self.checkpoints if each.count < until]
        return Broken(max(before, default=0) + 1, "restamped", until)

    def _watch_clock(self, sound: pl.DataFrame) -> None:
        times = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False)
        before = pl.col("at").shift(1, fill_value=self._at)
        earlier = times < before.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False) - (
            self.tolerance
        )
        self.clock_back.extend(sound.filter(earlier)["seq"].to_list())
        if sound.height:
            self._at = str(sound["at"][-1])


def _batches(engine: Engine, after: int) -> Iterator[tuple[pl.DataFrame, tuple[int, str]]]:
    """Yield the entries in order, the last batch short, each with the head of that moment."""
    head = table_of(AuditHead)
    while True:
        with engine.begin() as connection:
            batch = _read(connection, table_of(AuditEntry).c.seq > after, BATCH)
            found = connection.execute(select(head.c.seq, head.c.hash)).one_or_none()
        yield batch, (0, "") if found is None else (int(found[0]), str(found[1]))
        if batch.height < BATCH:
            return
        after = int(batch["seq"][-1])


def _read(
    connection: Connection, condition: ColumnElement[bool], most: int, *, last: bool = False
) -> pl.DataFrame:
    """Return entries as the texts that were hashed."""
    table = table_of(AuditEntry)
    moment: ColumnElement[str] = type_coerce(table.c.at, Text)
    if connection.dialect.name == "postgresql":
        moment = func.to_char(func.timezone("UTC", table.c.at), "YYYY-MM-DD HH24:MI:SS.US")
    others = (table.c[name] for name in (*_TEXTS[1:], "hash"))
    order = table.c.seq.desc() if last else table.c.seq
    query = select(table.c.seq, moment, *others).where(condition).order_by(order).limit(most)
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _hashes(batch: pl.DataFrame) -> pl.Series:
    """Return the hash that each entry's fields give: `hash_of`, for a whole batch."""
    fields = [pl.col("seq").cast(pl.String), *(pl.col(name) for name in _TEXTS)]
    encoded = [
        pl.format("{}:{}", field.str.len_bytes(), field).fill_null(pl.lit("-")) for field in fields
    ]
    texts = batch.select(pl.concat_str(encoded)).to_series()
    return pl.Series([sha256(text.encode()).hexdigest() for text in texts], dtype=pl.String)


def _named(engine: Engine, walk: _Walk, broken: Broken) -> Broken:
    """Say how the chain is broken, by what its entries would be right as."""
    seqs = table_of(AuditEntry).c.seq
    with engine.begin() as connection:
        found = _read(connection, seqs > walk.seq, 2).rows(named=True)
        entry, after = found[0], found[1] if len(found) > 1 else None
        if entry["seq"] > broken.seq:
            return Broken(broken.seq, "deleted", entry["seq"] - 1)
        if _stands(entry, entry["seq"]):
            return _of_whole(connection, walk, entry)
        if entry["previous"] == walk.hash:
            slips_in = after is not None and after["previous"] == walk.hash
            return Broken(broken.seq, "inserted" if slips_in else "edited")
        return _of_moved(connection, walk, entry)


def _of_whole(connection: Connection, walk: _Walk, entry: dict[str, str]) -> Broken:
    """An entry that is whole, but chained to another than the one before it."""
    elsewhere = _by_hash(connection, entry["previous"])
    if elsewhere is not None:
        return Broken(walk.seq + 1, "reordered")
    # The one before was given a hash of its own: the one it is chained to is gone.
    return Broken(max(walk.seq, 1), "edited")


def _of_moved(connection: Connection, walk: _Walk, entry: dict[str, str]) -> Broken:
    """An entry that is not whole at this number, and chained to another."""
    parent = _by_hash(connection, entry["previous"])
    if parent is not None and _stands(entry, int(parent["seq"]) + 1):
        if int(parent["seq"]) == walk.seq - 1:
            return Broken(walk.seq, "inserted")
        return Broken(walk.seq + 1, "reordered")
    if _stands(entry, walk.seq + 2):
        return Broken(walk.seq + 1, "deleted")
    return Broken(walk.seq + 1, "edited")


def _by_hash(connection: Connection, hash_: str) -> dict[str, str] | None:
    found = _read(connection, table_of(AuditEntry).c.hash == hash_, 1).rows(named=True)
    return found[0] if found else None


def _stands(entry: dict[str, str], seq: int) -> bool:
    """Whether an entry would be right at a number."""
    return hash_of((str(seq), *(entry[name] for name in _TEXTS))) == entry["hash"]
