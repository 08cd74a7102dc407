"""What is needed to place people in benefit units and households: ages, addresses, relations."""

from datetime import date

import polars as pl

from nostop.linkage import text
from nostop.linkage.addresses import current_dwellings
from nostop.linkage.gathered import Known
from nostop.model import CLAIMED_STATUSES

#: The scheme whose claim shows that a young person still counts as a child.
CHILD_BENEFIT = "child_benefit"


def lives(values: pl.DataFrame, effective_on: date) -> pl.DataFrame:
    """Return `person_id`, `born_on`, `is_deceased` (null: not known) of everybody."""
    return values.select(
        "born_on", person_id="subject_id", is_deceased=pl.col("died_on") <= effective_on
    )


def to_place(known: Known, values: pl.DataFrame, effective_on: date) -> pl.DataFrame:
    """Return those who are alive, as `units.benefit_units` takes them.

    Left out are those known to have died, and those yet to be born, on `effective_on`.
    """
    dead = (pl.col("died_on") <= effective_on).fill_null(value=False)
    unborn = (pl.col("born_on") > effective_on).fill_null(value=False)
    placed = values.filter(~dead & ~unborn).select(
        "born_on", "sex", "education", person_id="subject_id", age=_age(effective_on)
    )
    for table in (
        known.records.group_by("person_id").agg(pl.col("confidence").min()),
        _surnames(known.records),
        current_dwellings(known.records),
        _claimed_for(known),
    ):
        placed = placed.join(table, on="person_id", how="left", validate="1:1")
    return placed.sort("person_id")


def relations_of(known: Known, people: pl.DataFrame) -> pl.DataFrame:
    """Return relations between `people`: person_id, other_id, relation, as_of, rank."""
    return (
        _with_others(known)
        .join(people, on="person_id", how="semi")
        .join(people, left_on="other_id", right_on="person_id", how="semi")
        .filter(pl.col("person_id") != pl.col("other_id"))
        .select("person_id", "other_id", "relation", "as_of", "rank")
    )


def _age(on: date) -> pl.Expr:
    born_on = pl.col("born_on")
    # Months and days are Int8 in polars: June times a hundred would not fit.
    month_day = born_on.dt.month().cast(pl.Int32) * 100 + born_on.dt.day()
    before_birthday = (month_day > on.month * 100 + on.day).cast(pl.Int32)
    return on.year - born_on.dt.year() - before_birthday


def _surnames(records: pl.DataFrame) -> pl.DataFrame:
    """Return the surname, in standard form, that most of a person's records give."""
    said = records.select("person_id", surname=text.letters(text.folded("surname"))).drop_nulls()
    counted = said.group_by("person_id", "surname").len()
    ordered = counted.sort(["person_id", "len", "surname"], descending=[False, True, False])
    return ordered.drop("len").unique("person_id", keep="first", maintain_order=True)


def _claimed_for(known: Known) -> pl.DataFrame:
    """Return whom Child Benefit is claimed for: a young person who still counts as a child."""
    claims = known.of_people(known.gathered.awards).filter(
        (pl.col("scheme") == CHILD_BENEFIT) & pl.col("status").is_in(CLAIMED_STATUSES)
    )
    child = _with_others(known).filter(pl.col("relation") == "child")
    claimed = child.join(claims, on=["source", "person_id"], how="semi")
    return (
        claimed.select(person_id="other_id")
        .unique()
        .with_columns(is_claimed_for=pl.lit(value=True))
    )


def _with_others(known: Known) -> pl.DataFrame:
    """Return `SourceRelations` with person_id and other_id."""
    other = known.records.select("source", other_record_id="record_id", other_id="person_id")
    return known.of_people(known.gathered.relations).join(
        other, on=["source", "other_record_id"], how="inner", validate="m:1"
    )
