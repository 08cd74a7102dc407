"""A month of work on a copy of a run: decisions, cases that somebody has, notes, corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from nostop.store.tables import Base
from nostop.store.tables_casework import CaseFile, CaseNote, Correction, Decision, Flag, WorkItem

#: Of a hundred cases, so many are decided, then so many somebody has on their desk.
_DECIDED, _ON_A_DESK = 12, 15
#: Of twenty decided cases: confirmed, found not entitled, asked for evidence; the rest wait for a
#: second person.
_CONFIRM, _NOT_ENTITLED, _ASK = 12, 15, 19
_FACT = "council_tax_band"
_WAITS = timedelta(days=14)
_KINDS = ("confirm", "not_entitled", "ask_evidence", "second")
_FLAG_STATES = dict(
    zip(_KINDS, ("confirmed", "not_entitled", "waiting", "second"), strict=True)
)  # fmt: skip
_ITEM_STATES = dict(zip(_KINDS, ("done", "done", "waiting", "second"), strict=True))


@dataclass(frozen=True, slots=True)
class Month:
    """Until when, and the accounts of those who worked."""

    at: datetime
    accounts: tuple[str, ...]


def worked(
    copy: Mapping[type[Base], pl.DataFrame], month: Month, number: int
) -> dict[type[Base], pl.DataFrame]:
    """Return the tables of a copy after a month of work on it; `number` tells copies apart."""
    items = _dealt_with(copy[WorkItem], month)
    flags = copy[Flag].join(items.select("benefit_unit_id", "_kind"), on="benefit_unit_id")
    moved = pl.col("_kind").replace_strict(_FLAG_STATES, default=None, return_dtype=pl.String)
    decided = flags.join(
        items.select("benefit_unit_id", "_by", "_at"), on="benefit_unit_id"
    ).drop_nulls("_kind")
    with_fact = copy[CaseFile].filter(
        pl.col("document").str.contains(f'"fact":"{_FACT}"', literal=True)
    )
    columns = copy[WorkItem].columns
    tables: dict[type[Base], pl.DataFrame] = {
        **copy,
        WorkItem: items.select(columns),
        Flag: flags.with_columns(state=pl.coalesce(moved, "state")).select(copy[Flag].columns),
        Decision: _decisions(decided, number),
        CaseNote: _notes(items, number),
        Correction: _corrections(items.join(with_fact, on="household_id", how="semi"), number),
    }
    return tables


def month_of(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return of decisions what the audit log says of them."""
    return decisions.select("benefit_unit_id", "decision_id", "kind", "by")


def _chance(most: int, salt: int) -> pl.Expr:
    return (pl.col("benefit_unit_id").hash(seed=salt) % most).cast(pl.Int64)


def _dealt_with(items: pl.DataFrame, month: Month) -> pl.DataFrame:
    dice, kind = _chance(100, 11), _chance(20, 12)
    who = _chance(len(month.accounts), 13).cast(pl.Int64)
    named = pl.lit(pl.Series(month.accounts)).gather(who)
    has = dice < _ON_A_DESK
    which = (
        pl.when(kind < _CONFIRM)
        .then(pl.lit("confirm"))
        .when(kind < _NOT_ENTITLED)
        .then(pl.lit("not_entitled"))
        .when(kind < _ASK)
        .then(pl.lit("ask_evidence"))
        .otherwise(pl.lit("second"))
    )
    at = pl.lit(month.at) - pl.duration(minutes=_chance(20 * 24 * 60, 14) + 60)
    chosen = items.with_columns(
        _kind=pl.when(dice < _DECIDED).then(which), _by=named, _at=at, _dice=dice
    )
    moved = pl.col("_kind").replace_strict(_ITEM_STATES, default=None, return_dtype=pl.String)
    return chosen.with_columns(
        state=pl.coalesce(moved, "state"),
        assignee=pl.when(has).then("_by"),
        assigned_at=pl.when(has).then("_at"),
        version=pl.when(has).then(2).otherwise("version"),
    )


def _decisions(flags: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return a decision on each flag: columns of `Decision`."""
    kind, awaited = pl.col("_kind"), pl.col("_kind") == "second"
    asks = kind == "ask_evidence"
    adverse = kind == "not_entitled"
    none = pl.lit(None, pl.String)
    return flags.select(
        _numbered("D", number),
        "benefit_unit_id",
        "scheme",
        kind=pl.when(awaited).then(pl.lit("confirm")).otherwise(kind),
        condition=pl.when(adverse).then(pl.lit("applies_in")),
        reason=pl.when(adverse).then(pl.lit("They moved away.")).otherwise(pl.lit("")),
        by="_by",
        at="_at",
        run_id="run_id",
        pack_version="pack_version",
        outcome="outcome",
        is_override=adverse & (pl.col("outcome") == "entitled"),
        about=pl.when(asks).then(pl.lit(_FACT)),
        until_on=pl.when(asks).then((pl.col("_at") + _WAITS).dt.date()),
        state=pl.when(awaited).then(pl.lit("awaiting")).otherwise(pl.lit("final")),
        second_by=none,
        second_at=pl.lit(None, pl.Datetime("us", "UTC")),
        second_reason=none,
    )


def _notes(items: pl.DataFrame, number: int) -> pl.DataFrame:
    return items.filter(pl.col("_dice").is_between(8, 17)).select(
        _numbered("N", number, "note_id"),
        "benefit_unit_id",
        by="_by",
        at="_at",
        text=pl.lit("Rang them; nobody was in. I will try again next week."),
    )


def _corrections(items: pl.DataFrame, number: int) -> pl.DataFrame:
    none = pl.lit(None, pl.String)
    return items.filter(pl.col("_dice").is_between(11, 15)).select(
        _numbered("C", number, "correction_id"),
        "household_id",
        "benefit_unit_id",
        level=pl.lit("household"),
        subject_id="household_id",
        fact=pl.lit(_FACT),
        old_value=none,
        old_source=none,
        value=pl.lit("b"),
        evidence=pl.lit("letter"),
        as_of=pl.lit(date(2026, 5, 20)),
        by="_by",
        at="_at",
        undone_by=none,
        undone_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )


def _numbered(letter: str, number: int, name: str = "decision_id") -> pl.Expr:
    """Return an id for each row of a copy."""
    row = pl.int_range(pl.len()).cast(pl.String).str.zfill(8)
    return pl.format("{}{}{}", pl.lit(letter), pl.lit(f"bench{number:06d}"), row).alias(name)
