"""What sources state of people, units and households, and what complete feeds leave out."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.linkage.awards import EVERYBODY
from nostop.linkage.facts import absent, choose, evidence_of, set_out
from nostop.linkage.gathered import Known
from nostop.model import LinkageError

PERSON, BENEFIT_UNIT, HOUSEHOLD = "person", "benefit_unit", "household"
#: Stands for the day of a record that does not give one: older than any other.
LONG_AGO = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Stated:
    """What is known of the subjects of one level.

    values: subject_id, and one column for each fact of the level, typed as the catalogue says; null
        is unknown.
    evidence: `Evidence` of each value.
    """

    values: pl.DataFrame
    evidence: pl.DataFrame


def stated_of_people(known: Known) -> Stated:
    """Return what is known of every person that has a record."""
    keyed = known.records.with_columns(subject_id=pl.col("person_id"))
    sources = keyed.select("subject_id", "source", "person_id").unique()
    return _with_recorded_identity(_stated(known, keyed, PERSON, sources), known.records)


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
    return _stated(known, keyed, level, sources)


def _stated(known: Known, keyed: pl.DataFrame, level: str, sources: pl.DataFrame) -> Stated:
    """Choose values and fill what complete feeds leave out.

    Args:
        sources: subject_id, source, person_id: in which feeds a subject's people have a record.
    """
    catalogue = known.facts(level)
    rows = known.gathered.facts.join(catalogue.select("fact"), on="fact", how="semi").join(
        keyed.select("source", "record_id", "rank", "subject_id"),
        on=["source", "record_id"],
        how="inner",
        validate="m:1",
    )
    subjects = sources.select("subject_id").unique().sort("subject_id")
    chosen = choose(rows).join(subjects, on="subject_id", how="semi")
    nil = absent(chosen, _covered(known, catalogue, sources))
    whole = pl.concat([chosen, nil])
    return Stated(set_out(whole, subjects["subject_id"], catalogue), evidence_of(whole, level))


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

    Raises:
        LinkageError: such a fact has no nil value.
    """
    as_of = known.gathered.status.select("source", "as_of")
    declared = (
        known.gathered.completeness.filter(pl.col("kind") == "fact")
        .join(catalogue.select("nil", name="fact"), on="name", how="inner", validate="m:1")
        .join(as_of, on="source", how="left", validate="m:1")
        .with_columns(pl.col("as_of").fill_null(LONG_AGO))
    )
    without = declared.filter(pl.col("nil").is_null())["name"].to_list()
    if without:
        raise LinkageError(
            f"fact '{without[0]}' is declared complete but has no nil value in rules/facts.yaml"
        )
    return declared


def _with_recorded_identity(stated: Stated, records: pl.DataFrame) -> Stated:
    """Fill birth date and sex that no source states as a fact from what most records say."""
    values, evidence = stated.values, [stated.evidence]
    for column in ("born_on", "sex"):
        missing = values.filter(pl.col(column).is_null()).select("subject_id")
        found = _usual(records, column).join(missing, on="subject_id", how="semi")
        told = found.select("subject_id", _found=column)
        values = (
            values.join(told, on="subject_id", how="left", validate="1:1")
            .with_columns(pl.coalesce(column, "_found").alias(column))
            .drop("_found")
        )
        evidence.append(evidence_of(found.with_columns(fact=pl.lit(column)), PERSON))
    return Stated(values.sort("subject_id"), pl.concat(evidence))


def _usual(records: pl.DataFrame, column: str) -> pl.DataFrame:
    counted = (
        records.drop_nulls(column)
        .sort("rank", "record_id")
        .group_by("person_id", column, maintain_order=True)
        .agg(pl.len(), pl.col("source", "record_id", "rank").first(), as_of=pl.col("seen_on").max())
    )
    several = counted.group_by("person_id").agg(conflict=pl.len() > 1)
    ordered = counted.sort(
        ["person_id", "len", "rank", column], descending=[False, True, False, False]
    )
    return (
        ordered.unique("person_id", keep="first", maintain_order=True)
        .join(several, on="person_id", how="left", validate="1:1")
        .with_columns(pl.col("as_of").fill_null(LONG_AGO), subject_id=pl.col("person_id"))
    )
