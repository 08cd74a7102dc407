"""Event rules worked out for everybody at once: one pass for each condition of each rule.

A rule is about each event of its type; its other conditions are looked up in that subject's own
events. So signals are a function of the set of events: in which order they came changes nothing.
"""

from datetime import date

import polars as pl

from nostop.events.hearing import MATCH, OF, comparisons, heard, last_tick, signals
from nostop.events.rules import Compare, EventBook, EventRule, Look, Value, looks

_JUDGED = pl.Schema({**MATCH, "undone_by": pl.String(), "waiting": pl.Boolean()})


def signals_of(events: pl.DataFrame, book: EventBook, on: date | None = None) -> pl.DataFrame:
    """Return what follows from a set of events.

    Args:
        events: `LifeEvents`, ticks among them: what is absent is only settled by a tick past the
            last day on which it could have come.
        book: the types and rules.
        on: hears nothing of after this day; None hears everything.
    Returns:
        `Signals`, sorted by their ids.
    """
    rows = heard(events, book, on)
    given = _judged(rows, book).filter(pl.col("undone_by").is_null(), ~pl.col("waiting"))
    return signals(given.select(MATCH.names()), rows, book)


def undone(events: pl.DataFrame, book: EventBook) -> pl.DataFrame:
    """Return what would follow but for an event that must not be there.

    Returns:
        `Signals`, and `undone_by`: the key of the first such event.
    """
    rows = heard(events, book, None)
    stopped = _judged(rows, book).filter(pl.col("undone_by").is_not_null())
    found = signals(stopped.select(MATCH.names()), rows, book)
    why = stopped.select("rule", "event_key", "undone_by")
    return found.join(why, on=["rule", "event_key"], how="left", validate="m:1")


def _judged(rows: pl.DataFrame, book: EventBook) -> pl.DataFrame:
    """Return each event that a rule is about and that has what the rule asks for."""
    today = last_tick(rows)
    by_type = {str(key[0]): part for key, part in rows.partition_by("type", as_dict=True).items()}
    none = rows.clear()
    parts = [_one_rule(rule, by_type, none, today) for rule in book.rules]
    return pl.concat([_JUDGED.to_frame(), *parts])


def _one_rule(
    rule: EventRule, by_type: dict[str, pl.DataFrame], none: pl.DataFrame, today: int | None
) -> pl.DataFrame:
    about = _those(by_type.get(rule.when.event, none), rule.when.where)
    about = about.filter(pl.col("day") >= (rule.in_force - date(1970, 1, 1)).days)
    if about.is_empty():
        return _JUDGED.to_frame()
    found: list[str] = []
    undoing: list[str] = []
    waiting = pl.lit(value=False)
    for index, look in enumerate(looks(rule.when)):
        others = _those(by_type.get(look.condition.event, none), look.condition.where)
        name = f"other_{index}"
        about = about.join(
            _first(about, others, look).rename({"other": name}),
            on="event_key",
            how="left",
            validate="1:1",
        )
        if look.absent:
            undoing.append(name)
        else:
            about = about.filter(pl.col(name).is_not_null())
            found.append(name)
        if look.waits:
            over = pl.lit(today, pl.Int32) > pl.col("day") + look.high
            waiting |= ~over.fill_null(value=False)
    return about.select(
        pl.lit(rule.id).alias("rule"),
        "event_key",
        (pl.concat_list(found) if found else pl.lit([], pl.List(pl.String))).alias("others"),
        (pl.coalesce(undoing) if undoing else pl.lit(None, pl.String)).alias("undone_by"),
        waiting.alias("waiting"),
    )


def _those(rows: pl.DataFrame, where: dict[str, Value | Compare]) -> pl.DataFrame:
    """Return the events with these values; what an event does not say, it does not have."""
    tests = [
        _test(pl.col(OF + name), how, values)
        for name, wanted in where.items()
        for how, values in comparisons(wanted)
    ]
    return rows.filter(*tests) if tests else rows


def _test(column: pl.Expr, how: str, values: list[bool | int | str]) -> pl.Expr:
    (value, *_) = values
    if how == "is_not":
        return column != pl.lit(value)
    if how == "at_least":
        return column >= pl.lit(value)
    if how == "at_most":
        return column <= pl.lit(value)
    return column.is_in(values)


def _first(about: pl.DataFrame, others: pl.DataFrame, look: Look) -> pl.DataFrame:
    """Return event_key and `other`: the first other event in a condition's days.

    One ordered look-up, not a join of everything with everything: a subject may have thousands of
    events. The event itself is no other, so each day keeps its first two, and what comes next.
    """
    by = ["subject", *(OF + name for name in look.condition.same)]
    days = (
        others.sort("day", "at", "event_key")
        .group_by([*by, "day"], maintain_order=True)
        .agg(first=pl.col("event_key").first(), second=pl.col("event_key").slice(1, 1).first())
        .with_columns(
            next=pl.col("first").shift(-1).over(by), next_day=pl.col("day").shift(-1).over(by)
        )
        .sort("day")
    )
    begun = about.select("event_key", *by, begins="day").with_columns(
        looks_from=pl.col("begins") + look.low
    )
    met = begun.sort("looks_from").join_asof(
        days,
        left_on="looks_from",
        right_on="day",
        by=by,
        strategy="forward",
        check_sortedness=False,
    )
    own, last = pl.col("first") == pl.col("event_key"), pl.col("begins") + look.high
    second = pl.col("second").is_not_null()
    other = pl.when(~own).then("first").when(second).then("second").otherwise("next")
    day = pl.when(~own | second).then("day").otherwise("next_day")
    return met.select(
        "event_key",
        pl.when(day <= last).then(other).alias("other"),
    )
