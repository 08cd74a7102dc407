"""Loading a finished run into the queue: what to look at, and a case file for each household."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop.app.casework.filing import filed, people_filed
from nostop.app.casework.quality_loading import load_figures
from nostop.app.forgotten import SECRET, Forgotten
from nostop.app.in_review import with_review
from nostop.app.outreach.fact_age import oldest_read
from nostop.app.outreach.planning import known_run
from nostop.app.outreach.source import FLAGGED, RunTables, read_run
from nostop.app.results import LINKS
from nostop.app.rules import read_rules
from nostop.app.running.checkpoints import Checkpoints
from nostop.app.running.people import STAGE, as_assembled
from nostop.linkage import Assembled
from nostop.model import SettingsError
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import SchemePlan, compile_plan
from nostop.store.erasure import Secret, erased_keys
from nostop.store.work_loading import Loaded, Work, record_work

#: Days within which somebody should have looked at a case that was flagged.
SERVICE_DAYS = 10
_UNIT, _HOME = "benefit_unit_id", "household_id"
#: What is known not to be claimed. Of a scheme of which nobody knows whether it is, a case file
#: tells; it is no reason to look: take-up counts it, and no file is made for it alone.
_MISSED = FLAGGED & ~pl.col("claimed")
_PERIODS = ("amount", "amount_low", "amount_high")


@dataclass(frozen=True, slots=True)
class Load:
    """How a run is loaded.

    by: who does it. secret: what `NOSTOP_ERASURE_KEY` says. accept_fewer: somebody has looked at a
    run that finds almost nothing of what is in the queue, and it is right.
    """

    service_days: int = SERVICE_DAYS
    by: str = "nostop"
    secret: str | None = None
    accept_fewer: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """A finished run with the people it put together, and the plans of its schemes."""

    tables: RunTables
    people: Assembled
    book: Rulebook
    plans: Sequence[SchemePlan]


def load_work(
    engine: Engine, run_dir: Path, rules: Path, at: datetime, load: Load | None = None
) -> Loaded:
    """Put what a run found to look at into the store, in the place of what an earlier one found.

    What people did stays: decisions, who has a case, notes, corrections. People who were erased
    do not come back, whatever the run says.

    Args:
        engine: of the store.
        run_dir: the folder of a run's results.
        rules: the folder of rules that it was worked out with.
        at: now.
        load: how; by default within ten days, and refusing a run that has all but lost the queue.
    Raises:
        NostopError: the run or the rules cannot be used, a newer run is loaded, or nine in ten
            flags are no longer found; nothing is changed.
    """
    load = load or Load()
    run = _read(run_dir, rules)
    work = work_of(run.tables, run.people, run.book, run.plans)
    gone = _erased(engine, run_dir, load.secret)
    work = _without(work, gone, timedelta(days=load.service_days))
    known_run(engine, run.tables)
    loaded = record_work(engine, work, at, by=load.by, accept_fewer=load.accept_fewer)
    load_figures(engine, run.tables, work.flags)
    return loaded


def work_of(
    tables: RunTables, people: Assembled, book: Rulebook, plans: Sequence[SchemePlan]
) -> Work:
    """Return what a run found to look at.

    Args:
        tables: of the run.
        people: as it put them together.
        book: its rules.
        plans: of its schemes.
    """
    rows = _placed(tables, people, book, plans)
    flags = _flags(rows)
    items = _items(rows, flags, tables)
    homes = items.select(_HOME).unique()
    return Work(
        run_id=tables.snapshot,
        effective_on=tables.effective_on,
        items=items,
        flags=flags,
        files=filed(tables, people, book, homes),
        people=people_filed(tables, people, homes),
        service=timedelta(days=SERVICE_DAYS),
    )


def _read(folder: Path, rules: Path) -> _Run:
    tables = read_run(folder)
    kept = Checkpoints(folder).last(STAGE)
    if kept is None:
        raise SettingsError(
            f"{folder}: holds no whole snapshot of its people any more (a retention or an erasure "
            "took it): run `nostop run` into it again"
        )
    book = read_rules(rules)
    for scheme, version in tables.packs.items():
        found = book.schemes.get(scheme)
        if found is None or found.version != version:
            has = "no such scheme" if found is None else f"version {found.version}"
            raise SettingsError(
                f"{folder}: was worked out with {scheme} version {version}, and {rules} holds "
                f"{has}: give the rules it was worked out with (--rules), or run it again"
            )
    plans = compile_plan(book, tables.effective_on, sorted(tables.packs)).schemes
    return _Run(tables, as_assembled(kept), book, plans)


# --- who was erased -------------------------------------------------------------------------------


def _erased(engine: Engine, folder: Path, secret: str | None) -> pl.DataFrame:
    """Return `person_id` of people in a run whose records were erased since."""
    keys = erased_keys(engine)
    if keys and not secret:
        raise SettingsError(
            f"erasure: people were erased from here, and this run may still hold them: set {SECRET}"
            " as it was, or they would come back"
        )
    links = pl.read_parquet(folder / LINKS)
    if not (keys and secret):
        return links.clear().select("person_id")
    gone = Forgotten(keys, Secret(secret)).among(links)
    return links.join(gone, on=["source", "record_id"], how="semi").select("person_id").unique()


def _without(work: Work, gone: pl.DataFrame, service: timedelta) -> Work:
    """Leave out the households in which somebody was erased."""
    homes = work.people.join(gone, on="person_id", how="semi").select(_HOME).unique()
    items = work.items.join(homes, on=_HOME, how="anti")
    return Work(
        run_id=work.run_id,
        effective_on=work.effective_on,
        items=items,
        flags=work.flags.join(items, on=_UNIT, how="semi"),
        files=work.files.join(homes, on=_HOME, how="anti"),
        people=work.people.join(homes, on=_HOME, how="anti"),
        service=service,
    )


# --- flags ----------------------------------------------------------------------------------------


def _placed(
    tables: RunTables, people: Assembled, book: Rulebook, plans: Sequence[SchemePlan]
) -> pl.DataFrame:
    """Return each flagged determination under one benefit unit, with its claim, whether it rests on
    a fact in conflict, and how old its oldest fact is."""
    flagged = tables.determinations.filter(_MISSED)
    seen = with_review(flagged, people.situation, people.conflicts, plans)
    subject = pl.coalesce("person_id", _UNIT, _HOME).alias("subject_id")
    return (
        seen.with_columns(subject)
        .join(_claims(tables), on=["scheme", "subject_id"], how="left", validate="m:1")
        .join(_first_units(tables), on=_HOME, how="left", validate="m:1")
        .with_columns(pl.coalesce(_UNIT, "_claiming_unit", "_first_unit").alias(_UNIT))
        .join(_lone_adults(tables), on=_UNIT, how="left", validate="m:1")
        .join(_adults(tables), on="person_id", how="left", validate="m:1")
        .with_columns(
            person_id=pl.coalesce("_claimer", pl.when("_is_adult").then("person_id"), "_lone_adult")
        )
        .join(
            oldest_read(tables, book, plans).rename({"_subject": "subject_id"}),
            on=["scheme", "subject_id"],
            how="left",
            validate="m:1",
        )
    )


def _claims(tables: RunTables) -> pl.DataFrame:
    """Return of each scheme and subject the claim to make first, and who would make it."""
    order = ["scheme", "subject_id", "step", _UNIT, "person_id"]
    return (
        tables.paths.sort(order, nulls_last=True)
        .unique(["scheme", "subject_id"], keep="first", maintain_order=True)
        .select(
            "scheme",
            "subject_id",
            pl.col(_UNIT).alias("_claiming_unit"),
            pl.col("person_id").alias("_claimer"),
            pl.col("status").alias("path_status"),
            "step",
            "gain_year",
            "lost_each_week",
            "deadline",
        )
    )


def _first_units(tables: RunTables) -> pl.DataFrame:
    """Return of each household the unit whose case a scheme of all of it is: that of the first
    adult, in the order of ids, which stay from run to run."""
    return (
        tables.recipients.sort(pl.col("role") != "adult", "person_id")
        .unique(_HOME, keep="first", maintain_order=True)
        .select(_HOME, pl.col(_UNIT).alias("_first_unit"))
    )


def _adults(tables: RunTables) -> pl.DataFrame:
    return tables.recipients.select("person_id", _is_adult=pl.col("role") == "adult")


def _lone_adults(tables: RunTables) -> pl.DataFrame:
    """Return the adult of each unit that has one only: nobody else could claim for it."""
    adults = tables.recipients.filter(pl.col("role") == "adult").group_by(_UNIT)
    found = adults.agg(pl.len(), pl.col("person_id").first())
    return found.filter(pl.col("len") == 1).select(_UNIT, _lone_adult="person_id")


def _flags(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one flag for each unit and scheme. Where several of its people are flagged for one
    scheme, it stands for those of whom most is sure, and amounts and gains are of all of those."""
    order = rows.sort(
        _UNIT,
        "scheme",
        pl.col("outcome") != "entitled",
        "step",
        "subject_id",
        nulls_last=True,
    )
    best = order.filter(pl.col("outcome") == pl.col("outcome").first().over(_UNIT, "scheme"))
    return best.group_by(_UNIT, "scheme", maintain_order=True).agg(
        pl.col("subject_id", "person_id").first(),
        pl.col("effective_date").first().alias("effective_on"),
        pl.col("pack_version", "outcome").first(),
        *(_all_known(name) for name in _PERIODS),
        pl.col("per").first(),
        *(_known_sum(name) for name in ("gain_year", "lost_each_week")),
        pl.col("deadline", "step").min(),
        pl.col("path_status").first(),
        _per_mille(),
        _missing().alias("missing"),
    )


def _items(rows: pl.DataFrame, flags: pl.DataFrame, tables: RunTables) -> pl.DataFrame:
    """Return one item for each unit with a flag. What it would gain and what waiting costs is at
    least that: the sum over its claims of which it is known."""
    places = tables.recipients.select(_HOME, *_places(tables)).unique(_HOME)
    of_rows = rows.group_by(_UNIT).agg(
        pl.col(_HOME).first(),
        pl.col("oldest").min().alias("oldest_fact_on"),
        _missing().alias("unknown_facts"),
        pl.col("in_review").any().alias("in_conflict"),
    )
    of_flags = flags.group_by(_UNIT).agg(
        pl.len().cast(pl.Int64).alias("schemes"),
        *(_known_sum(name) for name in ("gain_year", "lost_each_week")),
        pl.col("deadline", "confidence_per_mille").min(),
    )
    found = of_rows.join(of_flags, on=_UNIT, how="inner", validate="1:1")
    return found.join(places, on=_HOME, how="left", validate="m:1").sort(_UNIT)


def _places(tables: RunTables) -> list[pl.Expr]:
    names = {"area": "local_authority", "nation": "nation"}
    has = tables.recipients.columns
    return [
        (pl.col(name) if name in has else pl.lit(None, pl.String)).alias(ours)
        for ours, name in names.items()
    ]


def _all_known(name: str) -> pl.Expr:
    """A sum of what is known of each; null where it is not of one."""
    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)


def _known_sum(name: str) -> pl.Expr:
    """A sum over those of which it is known; null where it is of none."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)


def _per_mille() -> pl.Expr:
    """How sure the links are, never more than they are."""
    sure = (pl.col("confidence").min() * 1000).floor().cast(pl.Int64)
    return sure.alias("confidence_per_mille")


def _missing() -> pl.Expr:
    return pl.col("missing").explode().drop_nulls().n_unique().cast(pl.Int64)
