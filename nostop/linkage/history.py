"""The history of person ids: what happened from one linking to the next, and how it is replayed."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from nostop.frames import LinkEvents, check, empty
from nostop.linkage.ids import relabelled
from nostop.model import LinkageError

_KEY = ["source", "record_id"]
#: The order of events of one run.
_ORDER = {"created": 0, "split": 1, "merged": 2, "moved": 3}
#: Lower ends of the bands in which evidence names a confidence.
BANDS = (0.999, 0.99, 0.97, 0.95, 0.5)
WITHDRAWN = "no longer in its source"
_COLUMNS = list(LinkEvents.columns())


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the events of one run share: when it was, who or what did it, and by which model."""

    at: datetime
    actor: str
    model_version: str


def events(
    before: pl.DataFrame | None, after: pl.DataFrame, log: pl.DataFrame, occasion: Occasion
) -> pl.DataFrame:
    """Return what leads from one linking to the next, as rows to append to the history.

    Args:
        before: source, record_id, person_id as the history has them (`placed`); None is nobody.
        after: `Links`, its ids inherited from `before` (`ids.with_lasting_ids`).
        log: `LinkEvents` so far; new events are numbered from its last.
        occasion: what the events share.
    Returns:
        `LinkEvents`, none where nothing changed. An event is one flow of records from one id to
        another: created, split (off an id that goes on), merged (an id that retires) or moved
        (between ids that both go on, or in from, or out to, nowhere).
    Raises:
        LinkageError: `after` gives a retired id to somebody again.
    """
    was = _nobody() if before is None else before.select(*_KEY, other_id="person_id")
    now = after.select(*_KEY, "person_id", "confidence")
    both = was.join(now, on=_KEY, how="full", coalesce=True, validate="1:1")
    flows = both.filter(~pl.col("other_id").eq_missing(pl.col("person_id")))
    known = was.select(person_id="other_id").unique()
    _refuse_used_ids(now, known, log)
    sure = now.group_by("person_id").agg(pl.col("confidence").min())
    kinds = _kinds(flows, known, now).join(sure, on="person_id", how="left", validate="m:1")
    first = last_event(log) + 1
    numbered = kinds.sort(
        pl.col("kind").replace_strict(_ORDER, return_dtype=pl.Int64), "person_id", "other_id"
    ).with_columns(
        event_id=pl.int_range(pl.len(), dtype=pl.Int64) + first,
        evidence=pl.when(pl.col("person_id").is_null())
        .then(pl.lit(WITHDRAWN))
        .otherwise(band("confidence")),
    )
    moves = flows.select(*_KEY, "person_id", "other_id").join(
        numbered, on=["person_id", "other_id"], how="left", validate="m:1", nulls_equal=True
    )
    heads = numbered.filter(pl.col("kind") != "moved").with_columns(
        source=pl.lit(None, pl.String), record_id=pl.lit(None, pl.String)
    )
    shared = ["event_id", "kind", "person_id", "other_id", *_KEY, "evidence"]
    return on_occasion(pl.concat([heads.select(shared), moves.select(shared)]), occasion)


def _refuse_used_ids(now: pl.DataFrame, known: pl.DataFrame, log: pl.DataFrame) -> None:
    retired = ages(log).join(known, on="person_id", how="anti")
    again = now.join(retired, on="person_id", how="semi")["person_id"].n_unique()
    if again:
        raise LinkageError(
            f"history: {again} ids that were retired are given to people again; hand the whole "
            "history to whatever makes the ids"
        )


def on_occasion(rows: pl.DataFrame, occasion: Occasion) -> pl.DataFrame:
    """Return rows as `LinkEvents` of an occasion, each event's own row before those of records."""
    told = rows.with_columns(
        at=pl.lit(occasion.at).cast(pl.Datetime("us", "UTC")),
        actor=pl.lit(occasion.actor),
        model_version=pl.lit(occasion.model_version),
    ).sort("event_id", *_KEY, nulls_last=False)
    return check(LinkEvents, told.select(_COLUMNS))


def _nobody() -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(_KEY, pl.String), "other_id": pl.String})


def _kinds(flows: pl.DataFrame, known: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return `person_id`, `other_id`, `kind` of each flow."""
    pairs = flows.select("person_id", "other_id").unique()
    goes_on = pl.col("other_id").is_in(now["person_id"].unique().implode())
    is_new = ~pl.col("person_id").is_in(known["person_id"].implode())
    into, out_of = pl.col("person_id").is_not_null(), pl.col("other_id").is_not_null()
    split_off = pairs.filter(is_new & out_of)["person_id"].unique().implode()
    return pairs.with_columns(
        kind=pl.when(into & out_of & is_new & goes_on)
        .then(pl.lit("split"))
        .when(into & out_of & ~goes_on)
        .then(pl.lit("merged"))
        .when(is_new & ~out_of & ~pl.col("person_id").is_in(split_off))
        .then(pl.lit("created"))
        .otherwise(pl.lit("moved"))
    )


def band(column: str) -> pl.Expr:
    """Return the band of a confidence, as text: `confidence 0.97 to 0.99`."""
    value, upper = pl.col(column), (1.0, *BANDS)
    text: pl.Expr = pl.lit(f"confidence below {BANDS[-1]}")
    for low, high in reversed(list(zip(BANDS, upper, strict=False))):
        text = pl.when(value >= low).then(pl.lit(f"confidence {low} to {high}")).otherwise(text)
    return pl.when(value.is_not_null()).then(text)


def last_event(log: pl.DataFrame) -> int:
    """Return the number of the newest event; 0 before anything happened."""
    return 0 if log.is_empty() else int(log["event_id"].item(-1))


def placed(log: pl.DataFrame) -> pl.DataFrame:
    """Return which person each record is by the history: source, record_id, person_id, sorted."""
    moves = log.filter(pl.col("source").is_not_null())
    last = moves.group_by(_KEY, maintain_order=True).agg(pl.col("person_id").last())
    return last.drop_nulls("person_id").sort(_KEY)


def ages(log: pl.DataFrame) -> pl.DataFrame:
    """Return every id ever used and when it first appeared: `person_id`, `age` (small is old)."""
    return (
        log.drop_nulls("person_id")
        .group_by("person_id")
        .agg(age=pl.col("event_id").min())
        .sort("person_id")
    )


def aliases(log: pl.DataFrame) -> pl.DataFrame:
    """Return what each retired id became: `person_id`, `became` (sorted list of ids in use).

    The list is empty where all its records were withdrawn.
    """
    numbered = log.with_row_index("row")
    current = placed(log).select("person_id").unique()
    received = (
        numbered.filter(pl.col("source").is_not_null())
        .drop_nulls("person_id")
        .group_by("person_id")
        .agg(last=pl.col("event_id").max())
    )
    retired = received.join(current, on="person_id", how="anti")
    step = (
        log.filter(pl.col("source").is_null(), pl.col("kind").is_in(["merged", "undone"]))
        .select("event_id", person_id="other_id", became="person_id")
        .join(retired, on="person_id", how="inner", validate="m:1")
        .filter(pl.col("event_id") > pl.col("last"))
        .select("person_id", "became")
        .unique()
    )
    # An id retires into one that received its records then, and so retired later if at all: the
    # steps lead forward in time and end.
    found, open_ends = [], step
    while open_ends.height:
        found.append(open_ends.join(current, left_on="became", right_on="person_id", how="semi"))
        open_ends = open_ends.join(
            step.rename({"person_id": "became", "became": "next"}), on="became", validate="m:m"
        ).select("person_id", became="next")
    ends = pl.concat([step.clear(), *found]).group_by("person_id").agg(
        pl.col("became").unique().sort()
    )  # fmt: skip
    none = pl.lit([], dtype=pl.List(pl.String))
    return (
        retired.select("person_id")
        .join(ends, on="person_id", how="left", validate="1:1")
        .with_columns(pl.col("became").fill_null(none))
        .sort("person_id")
    )


def appended(log: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the history with new events at its end.

    Raises:
        LinkageError: the events do not follow on from the last one of the log.
    """
    if rows.is_empty():
        return log
    expected, found = last_event(log) + 1, int(rows["event_id"].item(0))
    if found != expected:
        raise LinkageError(
            f"history: its next event is {expected}, and these events begin with {found}: another "
            "run has written to it since; work out the events again"
        )
    return pl.concat([log, rows])


def checked(log: pl.DataFrame) -> pl.DataFrame:
    """Return a history as read, if it can be one.

    Raises:
        FrameError: a column is missing or has another type.
        LinkageError: events are missing or out of order.
    """
    log = check(LinkEvents, log)
    steps = log["event_id"].diff().drop_nulls()
    if log.height and (log["event_id"][0] != 1 or not steps.is_in([0, 1]).all()):
        raise LinkageError(
            "history: events are missing or out of order; put back the file as it was written"
        )
    return log


def no_history() -> pl.DataFrame:
    """Return the history before anything happened."""
    return empty(LinkEvents)


def affected(rows: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """Return whose determinations, flags and pending messages rest on a link that changed.

    Args:
        rows: the `LinkEvents` to look at: those of one run, or all since a given event.
        log: the whole history, these events among it.
    Returns:
        One row for each id that something may rest on, sorted by `person_id`: `became` (sorted ids
        in use that hold its records now, itself where it goes on), `kinds` (sorted), `event_ids`
        (sorted) and `records` (sorted structs of source and record_id: those that came or went).
        Ids that these events made are not in it: nothing rests on them yet. New records of a
        person, and withdrawn ones, change facts and no link: they are not in it either.
    """
    moves = rows.filter(pl.col("source").is_not_null()).drop_nulls(["person_id", "other_id"])
    since = rows["event_id"].min()
    older = ages(log).filter(pl.col("age") < (0 if since is None else since))
    sides = pl.concat(
        [
            moves.select("event_id", "kind", *_KEY, person_id="person_id"),
            moves.select("event_id", "kind", *_KEY, person_id="other_id"),
        ]
    ).join(older, on="person_id", how="semi")
    told = sides.group_by("person_id").agg(
        kinds=pl.col("kind").unique().sort(),
        event_ids=pl.col("event_id").unique().sort(),
        records=pl.struct(_KEY).unique().sort(),
    )
    return (
        told.join(_became(moves, log), on="person_id", how="left", validate="1:1")
        .select("person_id", "became", "kinds", "event_ids", "records")
        .with_columns(pl.col("became").fill_null(pl.lit([], dtype=pl.List(pl.String))))
        .sort("person_id")
    )


def _became(moves: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """Return where the records are now that each id held before or after these moves."""
    now = placed(log)
    stays = now.select(was="person_id", person_id="person_id").unique()
    every = pl.concat([_went(moves, now), stays, _alias_pairs(log)])
    return every.group_by(person_id="was").agg(became=pl.col("person_id").unique().sort())


def heirs(log: pl.DataFrame) -> pl.DataFrame:
    """Return which persons hold records that were another's once, or took in a retired id: what
    was told to one may have reached another.

    Args:
        log: `LinkEvents`, the whole history.
    Returns:
        `was`, `person_id` (in use, and another than `was`), once each, sorted.
    """
    moves = log.drop_nulls(["source", "other_id"])
    every = pl.concat([_went(moves, placed(log)), _alias_pairs(log)])
    others = every.filter(pl.col("was") != pl.col("person_id"))
    return others.unique().sort("was", "person_id")


def _went(moves: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return `was` and `person_id`: whose the records are now that moves took from somebody."""
    left = moves.select(*_KEY, was="other_id")
    return left.join(now, on=_KEY, how="inner", validate="m:1").select("was", "person_id")


def _alias_pairs(log: pl.DataFrame) -> pl.DataFrame:
    return (
        aliases(log)
        .explode("became")
        .drop_nulls("became")
        .select(was="person_id", person_id="became")
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """Links under lasting ids, the whole history up to them, and the events that are new in it."""

    links: pl.DataFrame
    log: pl.DataFrame
    new: pl.DataFrame


def remembered(
    links: pl.DataFrame, log: pl.DataFrame, previous: pl.DataFrame | None, occasion: Occasion
) -> Remembered:
    """Give links the ids that people have by the history, and write down what is new.

    Args:
        links: `Links` of any linking; its ids only say who is together.
        log: `LinkEvents` so far.
        previous: `Links` from before there was a history, with which an empty one begins.
        occasion: what the new events share.
    """
    if log.is_empty() and previous is not None:
        log = events(None, previous, log, occasion)
    before = placed(log)
    lasting = relabelled(links, before, ages(log))
    new = events(before, lasting, log, occasion)
    return Remembered(lasting, appended(log, new), new)
