"""Take an event of the history back: every record returns to its id, and verdicts keep it so."""

from dataclasses import dataclass

import polars as pl

from nostop.frames import Verdicts, check
from nostop.linkage.history import Occasion, last_event, on_occasion, placed
from nostop.linkage.verdicts import DIFFERENT, SAME, SIDES
from nostop.model import LinkageError

_KEY = ["source", "record_id"]
_CAN_BE_UNDONE = ("merged", "split", "moved")


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo appends: events to the history, verdicts to those that bind later runs."""

    events: pl.DataFrame
    verdicts: pl.DataFrame


def undo(log: pl.DataFrame, event_id: int, occasion: Occasion, why: str) -> Undone:
    """Return what takes one event back.

    Every record that the event moved returns to the id it had. A merge undone adds verdicts that
    its two sides are different people; a split undone, that they are the same; a move undone, both.

    Args:
        log: `LinkEvents`, the whole history.
        event_id: the event to take back: merged, split, or moved between two people.
        occasion: when, by whom, and under which model.
        why: the clerk's reason, kept with the verdicts.
    Raises:
        LinkageError: there is no such event, it is none that can be undone, or its records went on
            elsewhere since; the later events to undo first are named.
    """
    moved = _moved(log, event_id)
    kind = str(moved["kind"][0])
    now = placed(log)
    _refuse_moved_on(log, event_id, moved, now)
    back = moved.join(now.select(_KEY), on=_KEY, how="semi")
    if back.is_empty():
        raise LinkageError(f"event {event_id}: all its records have been withdrawn since")
    here, there = back["person_id"][0], back["other_id"][0]
    shared = {
        "event_id": pl.lit(last_event(log) + 1, pl.Int64),
        "kind": pl.lit("undone"),
        "person_id": pl.lit(there),
        "other_id": pl.lit(here),
        "evidence": pl.lit(f"takes back event {event_id}"),
    }
    head = pl.DataFrame({"source": [None], "record_id": [None]}, schema=back.select(_KEY).schema)
    rows = pl.concat([head, back.select(_KEY)]).with_columns(**shared)
    return Undone(on_occasion(rows, occasion), _verdicts(kind, back, now, occasion, why))


def _moved(log: pl.DataFrame, event_id: int) -> pl.DataFrame:
    """Return the records that an event moved from one person to another."""
    event = log.filter(pl.col("event_id") == event_id)
    if event.is_empty():
        raise LinkageError(
            f"event {event_id}: no such event; the history ends at {last_event(log)}"
        )
    kind = event["kind"][0]
    if kind == "undone":
        raise LinkageError(
            f"event {event_id}: an undo is not undone; give the verdicts anew with `nostop link "
            "verdicts`, and the next run links by them"
        )
    moved = event.drop_nulls(["source", "person_id", "other_id"])
    if kind not in _CAN_BE_UNDONE or moved.is_empty():
        raise LinkageError(
            f"event {event_id} ({kind}): only merges, splits and moves between two people can be "
            "undone; what a source adds or withdraws is for the source to mend"
        )
    return moved


def _refuse_moved_on(
    log: pl.DataFrame, event_id: int, moved: pl.DataFrame, now: pl.DataFrame
) -> None:
    here = moved["person_id"][0]
    gone = moved.join(now.filter(pl.col("person_id") != here), on=_KEY, how="semi")
    if gone.is_empty():
        return
    later = (
        log.filter(pl.col("event_id") > event_id)
        .join(gone, on=_KEY, how="semi")["event_id"]
        .unique()
        .sort(descending=True)
    )
    names = ", ".join(str(each) for each in later.head(5))
    raise LinkageError(
        f"event {event_id}: {gone.height} of its records went on to another person since; first "
        f"undo the later events, the last one first: {names}"
    )


def _verdicts(
    kind: str, back: pl.DataFrame, now: pl.DataFrame, occasion: Occasion, why: str
) -> pl.DataFrame:
    """Return verdicts between the records that return, and those they leave and join."""
    returning = back.select(_KEY)
    others = now.join(returning, on=_KEY, how="anti")
    left = others.filter(pl.col("person_id") == back["person_id"][0]).select(_KEY)
    joined = others.filter(pl.col("person_id") == back["other_id"][0]).select(_KEY)
    apart = left.clear() if kind == "split" else left
    # One record of the person stands for all: they are one person by their own links.
    together = joined.clear() if kind == "merged" else joined.head(1)
    pairs = pl.concat([_across(returning, apart, DIFFERENT), _across(returning, together, SAME)])
    told = pairs.with_columns(
        at=pl.lit(occasion.at).cast(pl.Datetime("us", "UTC")),
        actor=pl.lit(occasion.actor),
        why=pl.lit(why),
    )
    return check(Verdicts, told.sort(SIDES))


def _across(one: pl.DataFrame, other: pl.DataFrame, verdict: str) -> pl.DataFrame:
    pairs = one.join(other, how="cross", suffix="_r")
    return pairs.select(
        source_l="source",
        record_id_l="record_id",
        source_r="source_r",
        record_id_r="record_id_r",
        verdict=pl.lit(verdict),
    )
