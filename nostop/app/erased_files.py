"""Takes a person out of the files of a run and of what it handed over."""

import csv
import io
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nostop.app.link_history import LINK_EVENTS, read_history
from nostop.app.results import LINKS
from nostop.app.running.checkpoints import FOLDER
from nostop.app.superseding import Change, remove, replace, replace_table
from nostop.linkage.history import aliases
from nostop.model import StoreError

PEOPLE = "people.parquet"
_PERSON_COLUMNS = ("person_id", "other_id", "recipient_id", "subject_id")
_RECORD_ID = re.compile(r"record_id(?P<side>_.*)?")
#: Read again if the erasure is stopped half-way: they say who the person is, so they come last.
_LAST = (PEOPLE, LINK_EVENTS, LINKS)


@dataclass(frozen=True, slots=True)
class Who:
    """The ids of one person: their own and those they had before, their records, their units."""

    person_ids: frozenset[str]
    records: pl.DataFrame
    units: frozenset[str]


def who_is(folder: Path, person_id: str) -> Who:
    """Return what a run knows a person by; their id alone where it knows nothing."""
    log = read_history(folder / LINK_EVENTS)
    # An id that went into several people may be somebody else's by now.
    became = aliases(log).filter(pl.col("became").list.join(" ") == person_id)
    ids = frozenset({person_id, *became["person_id"]})
    records = pl.DataFrame(schema={"source": pl.String, "record_id": pl.String})
    if (folder / LINKS).is_file():
        links = pl.read_parquet(folder / LINKS)
        records = links.filter(pl.col("person_id").is_in(ids)).select("source", "record_id")
    units: frozenset[str] = frozenset()
    if (folder / PEOPLE).is_file():
        people = pl.read_parquet(folder / PEOPLE)
        mine = people.filter(pl.col("person_id").is_in(ids))
        units = frozenset(mine["benefit_unit_id"].drop_nulls())
    return Who(ids, records.unique().sort("source", "record_id"), units)


def forget_in_run(folder: Path, who: Who, message_ids: Collection[str]) -> list[Change]:
    """Take a person out of every file of a run; return which were changed.

    Results of a benefit unit that they were in rest on their facts and go as well: the next run
    works them out for those who are left. What the run keeps to go on faster is removed whole.

    Raises:
        StoreError: a file still names the person.
    """
    forget_stages(folder)
    changes = []
    for path in sorted(folder.glob("*.parquet"), key=lambda path: (path.name in _LAST, path.name)):
        table = pl.read_parquet(path, hive_partitioning=False)
        left = _unplaced(table, who) if path.name == LINK_EVENTS else without(table, who)
        _refuse_left(left, who, path)
        if left.height != table.height or not left.equals(table):
            changes.append(replace_table(path, left, folder))
    return [*changes, *forget_messages(folder, message_ids)]


def forget_stages(folder: Path) -> None:
    """Remove what a run keeps to go on faster: the next one makes it anew."""
    for path in (folder / FOLDER).glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix == ".json":
            path.unlink()


def without(table: pl.DataFrame, who: Who) -> pl.DataFrame:
    """Return a table without the rows of a person, of their records, and of results of their
    units."""
    ids = who.person_ids | who.units
    theirs = [pl.col(name).is_in(ids) for name in _PERSON_COLUMNS if name in table.columns]
    if {"scheme", "benefit_unit_id"} <= set(table.columns):
        theirs.append(pl.col("benefit_unit_id").is_in(who.units))
    if theirs:
        table = table.filter(~pl.any_horizontal(each.fill_null(value=False) for each in theirs))
    for keys in _record_columns(table):
        table = table.join(who.records, left_on=keys, right_on=["source", "record_id"], how="anti",
                           maintain_order="left")  # fmt: skip
    return table


def _unplaced(log: pl.DataFrame, who: Who) -> pl.DataFrame:
    """Return a history that still has every event, and no record of the person.

    Their id stays, as it does in the audit log: it must never be given to anybody else.
    """
    mine = who.records.with_columns(mine=True)
    marked = log.join(mine, on=["source", "record_id"], how="left", maintain_order="left")
    gone = pl.col("mine").fill_null(value=False)
    cleared = [pl.when(~gone).then(pl.col(name)).alias(name) for name in ("source", "record_id")]
    return marked.with_columns(cleared).drop("mine").unique(maintain_order=True)


def _refuse_left(table: pl.DataFrame, who: Who, path: Path) -> None:
    """Refuse to go on where a text column still names the person or a record of theirs."""
    ids = set(who.records["record_id"])
    if path.name != LINK_EVENTS:
        ids |= who.person_ids
    keyed = {name for keys in _record_columns(table) for name in keys}
    for name, dtype in table.schema.items():
        # Two departments may use the same record id: those columns went by source as well.
        if dtype == pl.String and name not in keyed and table[name].is_in(ids).any():
            raise StoreError(f"erasure: {path}: the column {name} still names the person")


def _record_columns(table: pl.DataFrame) -> Iterator[list[str]]:
    for name in table.columns:
        found = _RECORD_ID.fullmatch(name)
        if found and f"source{found['side'] or ''}" in table.columns:
            yield [f"source{found['side'] or ''}", name]


def forget_messages(folder: Path, message_ids: Collection[str]) -> list[Change]:
    """Remove every file of these messages below a folder, and their rows in lists."""
    changes = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name.lstrip(".").partition(".")[0] in message_ids:
            changes.append(remove(path, folder))
        elif path.suffix == ".csv" and (left := _without_messages(path, message_ids)) is not None:
            changes.append(replace(path, left, folder))
    return changes


def _without_messages(path: Path, message_ids: Collection[str]) -> bytes | None:
    """Return a list without the rows of these messages, None where it has none of them."""
    text = path.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or "message_id" not in rows[0]:
        return None
    column = rows[0].index("message_id")
    kept = [row for row in rows if len(row) <= column or row[column] not in message_ids]
    if len(kept) == len(rows):
        return None
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(kept)
    return written.getvalue().encode("utf-8")
