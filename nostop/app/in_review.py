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
    reads = pl.DataFrame(
        [
            (each.scheme.id, each.reads_members_of.value, fact)
            for each in plans
            for fact in each.reads
        ],
        schema=["scheme", "widest", "fact"],
        orient="row",
    )
    touched = _people_of(disputed, situation).join(reads, on="fact", how="inner", validate="m:m")
    marked = touched.select("scheme", _group=_group()).unique()
    widest = reads.select("scheme", "widest").unique()
    return (
        determinations.join(widest, on="scheme", how="left", validate="m:1", maintain_order="left")
        .with_columns(_group=_group())
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


def _people_of(disputed: pl.DataFrame, situation: Situation) -> pl.DataFrame:
    """Return fact and ids of everybody whose fact it is, or their household's."""
    people = situation.people.select(KEYS.values())
    return pl.concat(
        disputed.filter(pl.col("level") == level.value)
        .select("fact", pl.col("subject_id").alias(KEYS[level]))
        .unique()
        .join(people, on=KEYS[level], how="inner")
        .select("fact", *KEYS.values())
        for level in Level
    )


def _group() -> pl.Expr:
    """The id of whose members a scheme asks about: a person, a benefit unit or a household."""
    found = pl.lit(None, dtype=pl.String)
    for level in Level:
        found = pl.when(pl.col("widest") == level.value).then(KEYS[level]).otherwise(found)
    return found
