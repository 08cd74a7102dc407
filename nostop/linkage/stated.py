"""What sources state of people, units and households, and what complete feeds leave out."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.frames import SourceFacts
from nostop.linkage.addresses import LONG_AGO
from nostop.linkage.awards import EVERYBODY
from nostop.linkage.facts import (
    Chosen,
    absent,
    choose,
    conflicts_of,
    evidence_of,
    set_out,
)
from nostop.linkage.gathered import Known
from nostop.model import LinkageError

PERSON, BENEFIT_UNIT, HOUSEHOLD = "person", "benefit_unit", "household"
#: What every record says of its person, beside what sources state as facts.
_IDENTITY = ("born_on", "sex")
#: Sources that a fact names itself stand before all that it does not name.
_NAMED_FIRST = 1_000_000


@dataclass(frozen=True, slots=True)
class Stated:
    """What is known of the subjects of one level.

    values: subject_id, and one column for each fact of the level, typed as the catalogue says; null
        is unknown.
    evidence: `Evidence` of each value, and of what would be the value but for a conflict.
    conflicts: `Conflicts`: every side of each fact of which sources differ.
    stale: how many facts are unknown because all that is said of them is too old.
    """

    values: pl.DataFrame
    evidence: pl.DataFrame
    conflicts: pl.DataFrame
    stale: int


def stated_of_people(known: Known) -> Stated:
    """Return what is known of every person that has a record."""
    keyed = known.records.with_columns(subject_id=pl.col("person_id"))
    sources = keyed.select("subject_id", "source", "person_id").unique()
    facts = pl.concat([known.gathered.facts, *(_recorded(known.records, x) for x in _IDENTITY)])
    return _stated(known, (facts, keyed), PERSON, sources)


def stated_of_groups(
    known: Known, keyed: pl.DataFrame, level: str, members: pl.DataFrame
) -> Stated:
    """Return what is known of benefit units or households.

    A feed that is complete for linked people covers the groups of which it knows a member.

    Args:
        keyed: source, record_id, rank, subject_id: whose facts each record states.
        members: person_id and the groups' ids.
    """
    group = members.select("person_id", subject_id=f"{level}_id")
    sources = (
        known.records.select("person_id", "source")
        .unique()
        .join(group, on="person_id", how="inner", validate="m:1")
    )
    return _stated(known, (known.gathered.facts, keyed), level, sources)


def _recorded(records: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return what records say of who their person is, as `SourceFacts`."""
    said = records.drop_nulls(column).select(
        "source",
        "record_id",
        fact=pl.lit(column),
        value=pl.col(column).cast(pl.String),
        as_of=pl.col("seen_on").fill_null(LONG_AGO),
        line=pl.lit(None, pl.Int64),
        additive=pl.lit(value=False),
    )
    return said.select(SourceFacts.columns().keys())


def _stated(
    known: Known, said: tuple[pl.DataFrame, pl.DataFrame], level: str, sources: pl.DataFrame
) -> Stated:
    """Choose values and fill what complete feeds leave out.

    Args:
        said: `SourceFacts`, and source, record_id, rank, subject_id: whose facts records state.
        sources: subject_id, source, person_id: in which feeds a subject's people have a record.
    """
    catalogue = _with_oldest(known.facts(level), known.good_on)
    subjects = sources.select("subject_id").unique().sort("subject_id")
    rows = _rows(said, catalogue)
    is_stale = _is_stale(catalogue)
    chosen = _of(choose(rows.filter(~is_stale)), subjects)
    lapsed = _lapsed(rows.filter(is_stale), chosen.best, subjects)
    # What was said and is too old was said all the same: silence does not deny it.
    covered = _covered(known, catalogue, sources).join(
        lapsed, on=["subject_id", "fact"], how="anti"
    )
    whole = pl.concat([chosen.best, absent(chosen.best, covered)])
    return Stated(
        set_out(whole, subjects["subject_id"], catalogue),
        evidence_of(whole, level),
        conflicts_of(chosen.sides, catalogue, level),
        lapsed.height,
    )


def _rows(said: tuple[pl.DataFrame, pl.DataFrame], catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return `SourceFacts` with subject_id, rank, and `oldest` and `newest_first` of the fact."""
    facts, keyed = said
    told = catalogue.select(
        "fact", "oldest", newest_first=(pl.col("prefer") == "newest").fill_null(value=False)
    )
    rows = facts.join(told, on="fact", how="inner", validate="m:1").join(
        keyed.select("source", "record_id", "rank", "subject_id"),
        on=["source", "record_id"],
        how="inner",
        validate="m:1",
    )
    named = catalogue.select("fact", source="believe").explode("source").drop_nulls("source")
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("fact") - _NAMED_FIRST
    return rows.join(
        named.with_columns(_named=place), on=["fact", "source"], how="left", validate="m:1"
    ).with_columns(rank=pl.coalesce("_named", "rank"))


# --- what is too old ------------------------------------------------------------------------------


def _with_oldest(catalogue: pl.DataFrame, on: date) -> pl.DataFrame:
    """Add the first day whose values are still good on `on`; null where any are."""
    return catalogue.with_columns(oldest=pl.lit(on).dt.offset_by("-" + pl.col("lasts")))


def _is_stale(catalogue: pl.DataFrame) -> pl.Expr:
    """Whether a value is too old. A death, once said, does not lapse; that somebody lived does."""
    lived = catalogue.filter(pl.col("fact") == "died_on")["nil"].drop_nulls()
    died = (pl.col("fact") == "died_on") & ~pl.col("value").is_in(lived.to_list())
    return (pl.col("as_of") < pl.col("oldest")).fill_null(value=False) & ~died


def _lapsed(stale: pl.DataFrame, best: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Return subject_id and fact where all that is said is too old."""
    # Pay of an earlier month is no state that lasts: what its source says is the latest month.
    said = stale.filter(~pl.col("additive").fill_null(value=False))
    key = ["subject_id", "fact"]
    of = said.select(key).unique().join(subjects, on="subject_id", how="semi")
    return of.join(best, on=key, how="anti")


def _of(chosen: Chosen, subjects: pl.DataFrame) -> Chosen:
    best = chosen.best.join(subjects, on="subject_id", how="semi")
    return Chosen(best, chosen.sides.join(subjects, on="subject_id", how="semi"))


# --- what complete feeds leave out ----------------------------------------------------------------


def _covered(known: Known, catalogue: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Return where the lack of a record means none: subject_id, fact, value, source, as_of.

    Not for people of whom a row of that source is in quarantine: it may have said something.
    """
    declared = _declared(known, catalogue)
    for_all = pl.col("applies_to") == EVERYBODY
    columns = ["subject_id", "name", "nil", "source", "as_of"]
    some = sources.join(declared.filter(~for_all), on="source", how="inner", validate="m:m")
    subjects = sources.select("subject_id").unique()
    every = subjects.join(declared.filter(for_all), how="cross")
    covered = pl.concat([some.select(columns), every.select(columns)]).unique()
    subject = sources.select("person_id", "subject_id").unique()
    silenced = known.silenced.join(subject, on="person_id", how="inner", validate="m:1")
    heard = covered.join(silenced, on=["subject_id", "source"], how="anti")
    return heard.rename({"name": "fact", "nil": "value"})


def _declared(known: Known, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return the facts that feeds are complete for, with their nil and the feed's day.

    A feed whose day is too old for a fact says nothing by its silence.

    Raises:
        LinkageError: such a fact has no nil value.
    """
    as_of = known.gathered.status.select("source", "as_of")
    facts = catalogue.select("nil", "oldest", name="fact")
    declared = (
        known.gathered.completeness.filter(pl.col("kind") == "fact")
        .join(facts, on="name", how="inner", validate="m:1")
        .join(as_of, on="source", how="left", validate="m:1")
        .with_columns(pl.col("as_of").fill_null(LONG_AGO))
    )
    without = declared.filter(pl.col("nil").is_null())["name"].to_list()
    if without:
        raise LinkageError(
            f"fact '{without[0]}' is declared complete but has no nil value in rules/facts.yaml"
        )
    return declared.filter((pl.col("as_of") >= pl.col("oldest")).fill_null(value=True))
