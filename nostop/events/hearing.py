"""What both executors share: events as typed columns, and signals out of matches."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from nostop.events.days import day_column
from nostop.events.rules import Compare, EventBook, EventRule, Then, Value, looks
from nostop.events.tables import TICK, LifeEvents, Signals, signal_ids
from nostop.frames import check, empty

#: Columns of a match: a rule, the event it is about, and the others that it asks for, in order.
MATCH = pl.Schema({"rule": pl.String(), "event_key": pl.String(), "others": pl.List(pl.String())})
_DTYPES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "scheme": pl.String(),
    "date": pl.String(),
    "pence": pl.Int64(),
    "count": pl.Int64(),
    "yes_no": pl.Boolean(),
}
#: Before an attribute's name, so that none can be taken for a column of ours.
OF = "a_"


def heard(events: pl.DataFrame, book: EventBook, on: date | None) -> pl.DataFrame:
    """Return events with their attributes as columns, those that happened by the end of a day.

    Args:
        events: `LifeEvents`, ticks among them, in any order.
        book: the types and rules.
        on: the last day that is heard; None hears all.
    Returns:
        event_key, type, subject, at, `day` (days since 1970-01-01), and `a_<name>` for each
        attribute: dates as days too. Sorted by subject, day, time and key.
    """
    rows = check(LifeEvents, events).with_columns(date=day_column("at"))
    if on is not None:
        rows = rows.filter(pl.col("date") <= on)
    kinds = {name: kind for name, kind in book.attributes.items() if _is_used(name, book)}
    dtypes = {name: _dtype(kind) for name, kind in kinds.items()}
    stated: list[pl.Expr] = []
    if dtypes:
        rows = rows.with_columns(pl.col("data").str.json_decode(pl.Struct(dtypes)))
        stated = [_attribute(name, kind) for name, kind in kinds.items()]
    day = pl.col("date").cast(pl.Int32).alias("day")
    return rows.select("event_key", "type", "subject", "at", day, *stated).sort(
        "subject", "day", "at", "event_key"
    )


def _is_used(name: str, book: EventBook) -> bool:
    if name in ("scheme", "campaign", "message_id"):
        return True
    return any(name in _names(rule) for rule in book.rules)


def _names(rule: EventRule) -> set[str]:
    names = set(rule.when.where)
    for look in looks(rule.when):
        names |= {*look.condition.where, *look.condition.same}
    return names


def _dtype(kind: str | list[str]) -> pl.DataType:
    return pl.String() if isinstance(kind, list) else _DTYPES[kind]


def _attribute(name: str, kind: str | list[str]) -> pl.Expr:
    value = pl.col("data").struct.field(name)
    if kind == "date":
        value = value.str.to_date("%Y-%m-%d").cast(pl.Int32)
    return value.alias(OF + name)


def last_tick(rows: pl.DataFrame) -> int | None:
    """Return the last day that has come, of `heard` events; None without a tick."""
    return rows.filter(type=TICK)["day"].max()  # type: ignore[return-value] # an Int32 column


def number(value: Value) -> bool | int | str:
    """Return a value of a rule as `heard` columns hold it: a date as days since 1970-01-01."""
    return (value - date(1970, 1, 1)).days if isinstance(value, date) else value


def comparisons(wanted: Value | Compare) -> Iterator[tuple[str, list[bool | int | str]]]:
    """Yield each comparison with its values: is, is_not, at_least, at_most or one_of."""
    if not isinstance(wanted, Compare):
        yield "is", [number(wanted)]
        return
    for name in wanted.model_fields_set:
        value = getattr(wanted, name)
        yield name, [number(each) for each in (value if isinstance(value, list) else [value])]


def signals(matches: pl.DataFrame, rows: pl.DataFrame, book: EventBook) -> pl.DataFrame:
    """Return what follows from matches.

    Args:
        matches: `MATCH`.
        rows: the events as `heard` gives them.
        book: the rules.
    Returns:
        `Signals`, sorted by their ids.
    """
    about = matches.join(
        rows.select("event_key", "subject", "day", *_told_on(rows)),
        on="event_key",
        how="inner",
        validate="m:1",
    )
    given = set(about["rule"].unique())
    parts = [
        _of_rule(about.filter(rule=rule.id), rule, then, book)
        for rule in book.rules
        if rule.id in given
        for then in rule.then
    ]
    if not parts:
        return empty(Signals)
    made = pl.concat(parts)
    ids = signal_ids(made.select("rule", "version", "subject", "kind", "scheme", "event_key"))
    return check(Signals, made.with_columns(ids).sort("signal_id"))


def _told_on(rows: pl.DataFrame) -> list[pl.Expr]:
    """The event's own scheme, campaign and message, null where no type has such a thing."""
    return [
        (pl.col(OF + name) if OF + name in rows.columns else pl.lit(None, pl.String)).alias(name)
        for name in ("scheme", "campaign", "message_id")
    ]


def _of_rule(about: pl.DataFrame, rule: EventRule, then: Then, book: EventBook) -> pl.DataFrame:
    waited = [look.high + 1 for look in looks(rule.when) if look.waits]
    day = pl.col("day")
    due = day + (then.after or max(waited, default=0))
    until = day + then.for_ if then.for_ is not None else pl.lit(None, pl.Int32)
    rows = about.select(
        pl.lit(rule.id).alias("rule"),
        pl.lit(rule.version, pl.Int64).alias("version"),
        pl.lit(then.signal).alias("kind"),
        pl.col("subject"),
        pl.lit(book.types[rule.when.event].subject).alias("subject_kind"),
        pl.col("scheme"),
        pl.col("campaign"),
        pl.col("message_id"),
        pl.lit(then.step, pl.Int64).alias("step"),
        pl.lit(then.case, pl.String).alias("case_kind"),
        pl.lit(then.reason, pl.String).alias("reason"),
        due.cast(pl.Int32).cast(pl.Date).alias("due_on"),
        until.cast(pl.Int32).cast(pl.Date).alias("until_on"),
        pl.col("event_key"),
        pl.concat_list("event_key", "others").alias("event_keys"),
    )
    if then.schemes is None:
        return rows
    chosen = pl.DataFrame({"scheme": then.schemes})
    return rows.drop("scheme").join(chosen, how="cross").select(rows.columns)
