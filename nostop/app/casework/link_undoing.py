"""What happened to person ids, and taking a merge, a split or a move back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop.app.link_history import (
    LINK_EVENTS,
    VERDICTS,
    Kept,
    read_history,
    undo_event,
)
from nostop.app.results import LINKS
from nostop.app.running.claim import alone
from nostop.linkage import MODEL_VERSION, Occasion
from nostop.linkage.history import affected
from nostop.model import LinkageError, NostopError
from nostop.store import Act, close_case, take_back
from nostop.store import link_changes as store
from nostop.store.access import Who
from nostop.store.audit import record_read
from nostop.store.link_changes import CAN_BE_UNDONE, Touched

__all__ = ["CAN_BE_UNDONE", "Touched"]

_TAKES_BACK = re.compile(r"takes back event (\d+)")
_COLUMNS = ("event_id", "at", "kind", "person_id", "other_id", "records", "evidence", "actor")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of who is who, and what rests on it."""

    row: Mapping[str, object]
    touched: Touched


@dataclass(frozen=True, slots=True)
class UndoDone:
    """What an undo did: its event, how many records went back, and whose links changed."""

    event_id: int
    records: int
    person_ids: tuple[str, ...]


def load_changes(engine: Engine, run: Path) -> int:
    """Keep what happened to person ids in a run's folder since it was looked at last; return how
    many events that is.

    Raises:
        LinkageError: the history cannot be read.
    """
    path = run / LINK_EVENTS
    if not path.is_file():
        raise LinkageError(f"{path}: there is no history here")
    with engine.begin() as connection:
        known = store.last_change(connection)
    try:
        log = pl.scan_parquet(path).filter(pl.col("event_id") > known).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LinkageError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    new = changes_in(log)
    with engine.begin() as connection:
        return store.add_changes(connection, new, _undone(new))


def changes_in(log: pl.DataFrame) -> pl.DataFrame:
    """Return the events of `LinkEvents` in which records went from one person to another."""
    moves = log.drop_nulls(["source", "person_id", "other_id"]).filter(
        pl.col("kind").is_in([*CAN_BE_UNDONE, "undone"])
    )
    first = [name for name in _COLUMNS if name not in ("event_id", "records")]
    whole = moves.group_by("event_id", maintain_order=True).agg(
        *(pl.col(name).first() for name in first), records=pl.len().cast(pl.Int64)
    )
    return whole.select(_COLUMNS)


def _undone(changes: pl.DataFrame) -> dict[int, int]:
    rows = changes.filter(kind="undone").select("event_id", "evidence").iter_rows()
    found = ((_TAKES_BACK.search(evidence), event_id) for event_id, evidence in rows)
    return {int(match[1]): event_id for match, event_id in found if match}


def changes_shown(
    engine: Engine, who: Who, person_id: str | None, at: datetime
) -> list[dict[str, object]]:
    """Return what happened to a person id, or lately to anybody, as far as it is for somebody; once
    it is written down whose they read.

    Nothing but ids is read before that.
    """
    rows = store.changes_of(engine, who, person_id)
    subjects = {str(each) for row in rows.rows(named=True) for each in _ids_of(row)}
    record_read(engine, who.account_id, sorted(subjects), "link_history", at)
    return rows.to_dicts()


def _ids_of(row: Mapping[str, object]) -> Sequence[str]:
    return [str(row["person_id"]), str(row["other_id"])]


def change_shown(engine: Engine, who: Who, event_id: int, at: datetime) -> Change:
    """Return one change and what rests on it, once it is written down whose it is.

    Raises:
        NotHere: there is none, or it is not for them.
    """
    row = store.change_of(engine, who, event_id)
    record_read(engine, who.account_id, _ids_of(row), "link_history", at)
    return Change(row, store.touched(engine, _ids_of(row)))


def ask_undo(engine: Engine, who: Who, event_id: int, why: str, at: datetime) -> None:
    """Ask for an event to be taken back, and hold everybody concerned; `undo` does it.

    Raises:
        NotHere: there is none, or it is not for them.
        MovedOn: it has been undone, or asked for, meanwhile.
        StoreError: it cannot be undone.
    """
    store.ask_undo(engine, who, event_id, why, at)
    take_back(engine, Act(who.account_id, at))


def undo(engine: Engine, run: Path, event_id: int, at: datetime) -> UndoDone:
    """Take an event back in a run's files, as somebody asked, and hold everybody whose links change
    by it. Stopped half-way and done again, it goes on.

    Raises:
        LinkageError: it cannot be undone; later events to undo first are named.
        SettingsError: a run is at work in the folder.
    """
    by, why = store.undo_reason(engine, event_id)[:2]
    kept = Kept(run / LINKS, run / LINK_EVENTS, run / VERDICTS)
    try:
        with alone(run, wait=False):
            log = read_history(kept.history)
            if _done_in(log, event_id) is None:
                undo_event(kept, event_id, Occasion(at, by, MODEL_VERSION), why)
                log = read_history(kept.history)
    except NostopError:
        store.forget_undo(engine, event_id)
        raise
    rows = log.filter(pl.col("event_id") == _done_in(log, event_id))
    new = int(rows["event_id"][0])
    concerned = affected(rows, log)["person_id"].to_list()
    with engine.begin() as connection:
        store.add_changes(connection, changes_in(rows), {event_id: new})
        store.hold(connection, concerned, "link_undone", by, at)
        store.record_undo(connection, event_id, new, by, at)
    take_back(engine, Act(by, at))
    return UndoDone(new, rows.drop_nulls("source").height, tuple(concerned))


def _done_in(log: pl.DataFrame, event_id: int) -> int | None:
    """Return the event that took one back."""
    said = log.filter(
        pl.col("kind") == "undone", pl.col("evidence") == f"takes back event {event_id}"
    )
    return int(said["event_id"][0]) if said.height else None


def held(engine: Engine, who: Who) -> list[dict[str, object]]:
    """Return the cases that hold outreach because of a link: opaque ids only."""
    return store.held_cases(engine, who).to_dicts()


def close_held(engine: Engine, who: Who, case_id: str, at: datetime) -> None:
    """Close such a case: the links are right now, and outreach may go on.

    Raises:
        NotHere: there is no such case, or it is not for them.
    """
    store.held_case(engine, who, case_id)
    close_case(engine, case_id, "links_right", Act(who.account_id, at))
