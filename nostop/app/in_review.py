"""Which determinations rest on a fact of which departments say different things, so that somebody
has to look before anybody is told."""

from collections.abc import Sequence

import polars as pl

from nostop.frames import Situation
from nostop.linkage.facts import REVIEW
from nostop.model import Level
from nostop.rulebook.plan import KEYS, SchemePlan


def with_review(
    determinations: pl.DataFrame,
    situation: Situation,
    conflicts: pl.DataFrame,
    plans: Sequence[SchemePlan],
) -> pl.DataFrame:
    """Return determinations with `in_review`: whether their scheme reads, of one of the people it
    asks about, a fact in conflict that the catalogue wants looked at.

    Args:
        conflicts: `Conflicts`.
        plans: of the schemes that were determined.
    """
    disputed = conflicts.filter(pl.col("in_conflict") == REVIEW)
    if disputed.is_empty():
        return determinations.with_columns(in_review=pl.lit(value=False))
    reads = reads_of(plans)
    people = situation.people
    touched = people_of(disputed, people).join(reads, on="fact", how="inner", validate="m:m")
    marked = touched.select("scheme", _group=group_of()).unique()
    widest = reads.select("scheme", "widest").unique()
    return (
        determinations.join(widest, on="scheme", how="left", validate="m:1", maintain_order="left")
        .with_columns(_group=group_of())
        .join(
            marked.with_columns(in_review=pl.lit(value=True)),
            on=["scheme", "_group"],
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .with_columns(pl.col("in_review").fill_null(value=False))
        .drop("widest", "_group")
    )


def reads_of(plans: Sequence[SchemePlan]) -> pl.DataFrame:
    """Return `scheme`, `widest` (of whose members it asks) and `fact`: each fact a scheme reads."""
    return pl.DataFrame(
        [
            (each.scheme.id, each.reads_members_of.value, fact)
            for each in plans
            for fact in each.reads
        ],
        schema=["scheme", "widest", "fact"],
        orient="row",
    )


def people_of(stated: pl.DataFrame, people: pl.DataFrame, *kept: str) -> pl.DataFrame:
    """Return `fact`, the columns `kept`, and the ids of everybody whose fact it is, or their
    household's.

    Args:
        stated: level, subject_id, fact, and `kept`.
        people: person_id, benefit_unit_id, household_id.
    """
    ids = people.select(KEYS.values())
    return pl.concat(
        stated.filter(pl.col("level") == level.value)
        .select("fact", pl.col("subject_id").alias(KEYS[level]), *kept)
        .unique()
        .join(ids, on=KEYS[level], how="inner")
        .select("fact", *kept, *KEYS.values())
        for level in Level
    )


def group_of() -> pl.Expr:
    """The id of whose members a scheme asks about: a person, a benefit unit or a household."""
    found = pl.lit(None, dtype=pl.String)
    for level in Level:
        found = pl.when(pl.col("widest") == level.value).then(KEYS[level]).otherwise(found)
    return found
