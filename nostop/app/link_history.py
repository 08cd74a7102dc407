"""The history of person ids on disk: written down by each linking, shown, checked, taken back."""

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nostop.determination.parquet import whole_file
from nostop.frames import EVENT_KINDS, Links, Verdicts, check
from nostop.linkage.history import (
    Occasion,
    Remembered,
    affected,
    aliases,
    checked,
    no_history,
    placed,
    remembered,
)
from nostop.linkage.undo import undo
from nostop.linkage.verdicts import binding, given, no_verdicts
from nostop.model import LinkageError, SettingsError, nearest

LINK_EVENTS = "link_events.parquet"
VERDICTS = "verdicts.parquet"
_KEY = ["source", "record_id"]


def read_history(path: Path) -> pl.DataFrame:
    """Return the `LinkEvents` of a file; the history before anything happened where there is none.

    Raises:
        LinkageError: it cannot be read, or events are missing.
        FrameError: a column is missing or has another type.
    """
    return checked(read_parquet(path)) if path.exists() else no_history()


def read_verdicts(path: Path) -> pl.DataFrame:
    """Return the `Verdicts` of a file; none where there is no file.

    Raises:
        LinkageError: it cannot be read.
        FrameError: a column is missing or has another type.
    """
    return check(Verdicts, read_parquet(path)) if path.exists() else no_verdicts()


def binding_verdicts(path: Path) -> pl.DataFrame | None:
    """Return what binds a linking, for `linkage.link`; None where there is no file.

    Raises:
        LinkageError: verdicts contradict each other; the path is named.
    """
    return binding(read_verdicts(path)) if path.exists() else None


def read_parquet(path: Path) -> pl.DataFrame:
    """Return a Parquet file.

    Raises:
        LinkageError: it cannot be read.
    """
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LinkageError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error


def write_whole(frame: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file so that it is there whole or as it was, whenever the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        frame.rechunk().write_parquet(file, compression="zstd", statistics=False)
        file.flush()
        os.fsync(file.fileno())


def remember(
    links: pl.DataFrame, history: Path, occasion: Occasion, previous: pl.DataFrame | None = None
) -> Remembered:
    """Return links under lasting ids and the history with what is new; writes nothing.

    Args:
        links: `Links` of any linking; its ids only say who is together.
        history: the `LinkEvents` file, which need not be there yet.
        occasion: when, by whom, and under which model.
        previous: `Links` from before there was a history, with which an empty one begins.
    Raises:
        LinkageError: the history cannot be read.
    """
    return remembered(links, read_history(history), previous, occasion)


@dataclass(frozen=True, slots=True)
class Kept:
    """Where links are kept: the links, their history, and the verdicts that bind later runs."""

    links: Path
    history: Path
    verdicts: Path


def undo_event(kept: Kept, event_id: int, occasion: Occasion, why: str) -> pl.DataFrame:
    """Take one event back in all three files, and return the `LinkEvents` of the undo.

    Every record that the event moved returns to the id it had, and verdicts keep later runs from
    doing the same again. The confidence of the people concerned stays as it was until the next
    run: it is that of the weaker whole.

    Raises:
        LinkageError: a file cannot be read, the event cannot be undone, or the verdicts would
            contradict others.
        FrameError: a column is missing or has another type.
    """
    if not why.strip():
        raise LinkageError("undo: say why; the reason is kept with the verdicts")
    log = read_history_of(kept.history, kept.links)
    links = check(Links, read_parquet(kept.links))
    undone = undo(log, event_id, occasion, why)
    verdicts = given(read_verdicts(kept.verdicts), undone.verdicts)
    whole = pl.concat([log, undone.events])
    lasting = links.drop("person_id").join(placed(whole), on=_KEY, how="left", validate="1:1")
    # The links come last: where the machine stops between, the history is what counts.
    write_whole(verdicts, kept.verdicts)
    write_whole(whole, kept.history)
    write_whole(check(Links, lasting), kept.links)
    return undone.events


def refuse_other_links(links: pl.DataFrame, log: pl.DataFrame) -> None:
    """Check that a history leads to exactly these links.

    Raises:
        LinkageError: it does not; says how many records it has elsewhere.
    """
    both = placed(log).join(
        links.select(*_KEY, now="person_id"), on=_KEY, how="full", coalesce=True, validate="1:1"
    )
    other = both.filter(~pl.col("person_id").eq_missing(pl.col("now"))).height
    if other:
        raise LinkageError(
            f"the history and the links differ in {other} of {both.height} records: they are not "
            "of one run; run once more, which links by the history"
        )


def what_happened(log: pl.DataFrame, person_id: str | None = None, since: int = 0) -> pl.DataFrame:
    """Return one row for each event, oldest first.

    Args:
        log: `LinkEvents`.
        person_id: only events that made, took in, took from or went into this id.
        since: only events after this one.
    Returns:
        event_id, at, kind, person_id, other_id, records (how many went), evidence, actor,
        model_version.
    """
    rows = log.filter(pl.col("event_id") > since)
    if person_id is not None:
        rows = rows.filter((pl.col("person_id") == person_id) | (pl.col("other_id") == person_id))
    return rows.group_by("event_id", maintain_order=True).agg(
        pl.col("at", "kind").first(),
        pl.col("person_id").first(),
        pl.col("other_id").first(),
        pl.col("source").count().alias("records"),
        pl.col("evidence", "actor", "model_version").first(),
    )


def now_known_as(log: pl.DataFrame, person_id: str) -> list[str]:
    """Return the ids in use of whoever had this id: itself, what it became, or none.

    Raises:
        LinkageError: no person ever had it.
    """
    if person_id in placed(log)["person_id"]:
        return [person_id]
    retired = aliases(log).filter(pl.col("person_id") == person_id)
    if retired.is_empty():
        raise LinkageError(f"{person_id}: no person ever had this id")
    became: list[str] = retired["became"].to_list()[0]
    return became


def affected_since(history: Path, event_id: int) -> pl.DataFrame:
    """Return whose determinations, flags and pending messages rest on a link that changed since an
    event: see `nostop.linkage.history.affected`."""
    log = read_history(history)
    return affected(log.filter(pl.col("event_id") > event_id), log)


def read_history_of(history: Path, links: Path | None) -> pl.DataFrame:
    """Return a history that must be there, checked against the links it leads to, if given.

    Raises:
        LinkageError: there is no file, it cannot be read, or it leads to other links.
    """
    if not history.exists():
        raise LinkageError(f"{history}: there is no history here")
    log = read_history(history)
    if links is not None:
        refuse_other_links(check(Links, read_parquet(links)), log)
    return log


def known_kind(kind: str) -> str:
    """Return a kind of event.

    Raises:
        SettingsError: there is no such kind; the nearest is named.
    """
    if kind not in EVENT_KINDS:
        hint = nearest(kind, list(EVENT_KINDS))
        raise SettingsError(f"--kind: '{kind}' is none of {', '.join(EVENT_KINDS)}{hint}")
    return kind
