"""Events that our own runs and messages make: what is different from the last run, as frames.

Absence is no event: an award that is no longer listed has not ended, and a fact that is no longer
known has not changed. The same two runs give the same events, under the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

import polars as pl

from nostop.events.days import start_of
from nostop.events.rules import EventBook
from nostop.events.tables import LifeEvents, event_key
from nostop.frames import check
from nostop.model import NEVER

_RUNS = "nostop/runs"
_MESSAGES = "nostop/outreach"
_ROW = pl.Schema({"type": pl.String, "subject": pl.String, "data": pl.String, "of": pl.String})


@dataclass(frozen=True, slots=True)
class RunTables:
    """What is compared of a run.

    on: the day for which the run was worked out.
    people: person_id, benefit_unit_id, household_id, role, died_on, born_on.
    households: household_id, uprn.
    awards: `Awards`.
    determinations: `Determinations`.
    """

    on: date
    people: pl.DataFrame
    households: pl.DataFrame
    awards: pl.DataFrame
    determinations: pl.DataFrame


def events_of_run(
    previous: RunTables, now: RunTables, receipts: pl.DataFrame, book: EventBook
) -> pl.DataFrame:
    """Return what happened between two runs.

    Args:
        previous: the last run's tables.
        now: this run's.
        receipts: scheme, award: which award shows that a scheme is claimed.
        book: the types of events, some of which follow conditions.
    Returns:
        `LifeEvents`, each on the day of this run, sorted by their keys.
    """
    parts = [
        *_deaths(previous, now),
        _moves(previous, now),
        _births(previous, now),
        *_met(previous, now, book),
        *_award_changes(previous, now, receipts),
        *_outcomes(previous, now),
    ]
    rows = pl.concat([part.select(_ROW.names()).cast(_ROW) for part in parts]).unique()
    day = pl.lit(now.on.isoformat())
    event_id = pl.concat_str("type", day, "subject", "of", separator=":", ignore_nulls=True)
    named = rows.with_columns(event_id.alias("event_id"), at=pl.lit(start_of(now.on)))
    return _as_events(named, _RUNS)


def events_of_messages(sent: pl.DataFrame) -> pl.DataFrame:
    """Return the events that messages went out.

    Args:
        sent: message_id, campaign, recipient_id, scheme, step, sent_at (with a zone).
    Returns:
        `LifeEvents`, sorted by their keys.
    """
    data = _json(sent, ["campaign", "message_id", "scheme", "step"])
    rows = sent.select(
        pl.lit("message_sent").alias("type"),
        pl.col("recipient_id").alias("subject"),
        data.alias("data"),
        pl.concat_str(pl.lit("sent:"), "message_id").alias("event_id"),
        pl.col("sent_at").dt.convert_time_zone(str(UTC)).dt.cast_time_unit("us").alias("at"),
    )
    return _as_events(rows, _MESSAGES)


def _as_events(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    keys = [event_key(source, event_id) for event_id in rows["event_id"]]
    return check(
        LifeEvents,
        rows.with_columns(
            pl.Series("event_key", keys, pl.String),
            source=pl.lit(source),
            at=pl.col("at").cast(pl.Datetime("us", "UTC")),
        ).sort("event_key"),
    )


def _json(frame: pl.DataFrame, names: list[str]) -> pl.Series:
    """Return the named columns, in alphabetical order, as JSON without what is null."""
    texts = []
    for name in sorted(names):
        column = pl.col(name)
        plain = frame.schema[name].is_integer()
        value = column.cast(pl.String) if plain else pl.format('"{}"', column.cast(pl.String))
        texts.append(pl.format('"' + name + '":{}', value))
    inside = pl.concat_str(texts, separator=",", ignore_nulls=True)
    return frame.select(data=pl.lit("{") + inside + pl.lit("}"))["data"]


def _plain(frame: pl.DataFrame, kind: str, subject: str) -> pl.DataFrame:
    return frame.select(
        pl.lit(kind).alias("type"),
        pl.col(subject).alias("subject"),
        pl.lit("{}").alias("data"),
        pl.lit(None, pl.String).alias("of"),
    )


def _is_dead(column: str = "died_on") -> pl.Expr:
    return (pl.col(column) != NEVER).fill_null(value=False)


def _deaths(previous: RunTables, now: RunTables) -> Iterator[pl.DataFrame]:
    """Yield deaths, and what they are to the other adult of the benefit unit."""
    before = previous.people.filter(_is_dead()).select("person_id")
    died = now.people.filter(_is_dead()).join(before, on="person_id", how="anti")
    yield _plain(died, "death_recorded", "person_id")
    # The unit as it was: the dead may be in no unit any more.
    units = pl.concat([previous.people, now.people], how="diagonal").unique("person_id")
    lost = units.join(died.select("person_id"), on="person_id", how="semi")
    lost = lost.filter(role="adult").select("benefit_unit_id", died="person_id").drop_nulls()
    left = (
        units.filter(role="adult")
        .join(lost, on="benefit_unit_id", how="inner")
        .filter(pl.col("person_id") != pl.col("died"))
        .join(now.people.filter(_is_dead()).select("person_id"), on="person_id", how="anti")
    )
    yield left.select(
        pl.lit("partner_died").alias("type"),
        pl.col("person_id").alias("subject"),
        _json(left, ["benefit_unit_id"]),
        pl.lit(None, pl.String).alias("of"),
    )


def _moves(previous: RunTables, now: RunTables) -> pl.DataFrame:
    """Return who has another home: by the number of the property, since a household's id may
    change where nobody moved."""
    homes = [
        run.people.join(
            run.households.select("household_id", "uprn"),
            on="household_id",
            how="inner",
            validate="m:1",
        ).select("person_id", "uprn")
        for run in (previous, now)
    ]
    both = homes[1].join(homes[0], on="person_id", how="inner", suffix="_before", validate="1:1")
    return _plain(both.filter(pl.col("uprn") != pl.col("uprn_before")), "moved_home", "person_id")


def _births(previous: RunTables, now: RunTables) -> pl.DataFrame:
    """Return units with a child under one who was not there before."""
    young = pl.col("born_on").is_between(
        pl.lit(now.on).dt.offset_by("-1y"), pl.lit(now.on), closed="right"
    )
    new = now.people.filter(young, pl.col("role") == "child").join(
        previous.people.select("person_id"), on="person_id", how="anti"
    )
    known = previous.people.select("benefit_unit_id").drop_nulls().unique()
    # A unit that is new as a whole is new to us, which says nothing of a birth.
    units = new.join(known, on="benefit_unit_id", how="semi").select("benefit_unit_id").unique()
    return _plain(units, "child_born", "benefit_unit_id")


def _met(previous: RunTables, now: RunTables, book: EventBook) -> Iterator[pl.DataFrame]:
    """Yield the types that are made when a condition no longer stands against a subject: the
    scheme's last result failed on it, and this one neither fails on it nor leaves it open."""
    for name, each in book.types.items():
        if each.when_met is None:
            continue
        subject = f"{each.subject}_id"
        scheme, condition = each.when_met.scheme, each.when_met.condition
        failed = _against(previous, scheme, condition).filter(outcome="not_entitled")
        fails = _against(now, scheme, condition)
        known = now.determinations.filter(scheme=scheme).select(subject)
        met = failed.select(subject).drop_nulls().join(known, on=subject, how="semi")
        yield _plain(met.join(fails, on=subject, how="anti").unique(), name, subject)


def _against(run: RunTables, scheme: str, condition: str) -> pl.DataFrame:
    """Return the results of a scheme that a condition keeps from being an entitlement."""
    return run.determinations.filter(
        pl.col("scheme") == scheme,
        pl.col("outcome").is_in(["not_entitled", "unknown"]),
        pl.col("because").list.contains(condition),
    )


def _award_changes(
    previous: RunTables, now: RunTables, receipts: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    key = ["person_id", "scheme"]
    before = previous.awards.filter(status="in_payment").select(key).unique()
    paid = now.awards.filter(status="in_payment").unique(key, keep="first", maintain_order=True)
    started = paid.join(before, on=key, how="anti")
    ended = (
        now.awards.filter(status="ended")
        .unique(key, keep="first", maintain_order=True)
        .join(paid, on=key, how="anti")
        .join(before, on=key, how="semi")
    )
    yield _of_schemes(started, receipts, "award_started", ["starts_on", "amount", "per"])
    yield _of_schemes(ended, receipts, "award_ended", ["ends_on"])


def _of_schemes(
    awards: pl.DataFrame, receipts: pl.DataFrame, kind: str, says: list[str]
) -> pl.DataFrame:
    """Return one event for each scheme of which an award is the receipt."""
    rows = (
        awards.rename({"scheme": "award"})
        .join(receipts.select("scheme", "award"), on="award", how="inner")
        .with_columns(amount=pl.when(pl.col("amount") >= 0).then("amount"))
    )
    return rows.select(
        pl.lit(kind).alias("type"),
        pl.col("person_id").alias("subject"),
        _json(rows, ["scheme", *says]),
        pl.col("scheme").alias("of"),
    )


def _outcomes(previous: RunTables, now: RunTables) -> Iterator[pl.DataFrame]:
    """Yield what our rules say anew of units that are known not to claim; of a scheme that is
    claimed, or may be, nothing."""
    key = ["benefit_unit_id", "scheme"]
    sides = [
        run.determinations.filter(
            pl.col("claimed") == False,  # noqa: E712 - null is not False here
            pl.col("outcome").is_in(["entitled", "not_entitled"]),
            pl.col("benefit_unit_id").is_not_null(),
        )
        .group_by(key)
        .agg(is_entitled=(pl.col("outcome") == "entitled").any())
        for run in (previous, now)
    ]
    both = sides[1].join(sides[0], on=key, how="inner", suffix="_before", validate="1:1")
    changed = both.filter(pl.col("is_entitled") != pl.col("is_entitled_before"))
    kind = pl.when("is_entitled").then(pl.lit("became_entitled"))
    yield changed.select(
        kind.otherwise(pl.lit("no_longer_entitled")).alias("type"),
        pl.col("benefit_unit_id").alias("subject"),
        _json(changed, ["scheme"]),
        pl.col("scheme").alias("of"),
    )
