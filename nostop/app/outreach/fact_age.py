"""How old the oldest record is that a determination rests on."""

from collections.abc import Sequence

import polars as pl

from nostop.app.in_review import group_of, people_of, reads_of
from nostop.app.outreach.source import EVIDENCE, RunTables
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import SchemePlan, compile_plan

#: What is true for good does not age: a birth date of ten years ago is as good as one of today.
_FOR_GOOD = "always"


def oldest_facts(tables: RunTables, book: Rulebook, schemes: list[str]) -> pl.DataFrame:
    """Return `scheme`, `_subject` and `oldest`: the day of the oldest record among the facts that a
    scheme reads of the people it asks about. What is true for good is left out.

    Args:
        tables: of the run.
        book: the rules.
        schemes: which of them.
    """
    return oldest_read(tables, book, compile_plan(book, tables.effective_on, schemes).schemes)


def oldest_read(tables: RunTables, book: Rulebook, plans: Sequence[SchemePlan]) -> pl.DataFrame:
    """Return the same for schemes of which the plans are there."""
    ageing = [name for name, fact in book.catalogue.facts.items() if fact.valid_for != _FOR_GOOD]
    columns = ("level", "subject_id", "fact", "as_of")
    evidence = pl.read_parquet(tables.folder / EVIDENCE, columns=list(columns))
    reads = reads_of(plans)
    stated = people_of(evidence.filter(pl.col("fact").is_in(ageing)), tables.recipients, "as_of")
    oldest = (
        stated.join(reads, on="fact", how="inner", validate="m:m")
        .with_columns(_group=group_of())
        .group_by("scheme", "_group")
        .agg(oldest=pl.col("as_of").min())
    )
    widest = reads.select("scheme", "widest").unique()
    return (
        tables.determinations.join(widest, on="scheme", how="inner", validate="m:1")
        .with_columns(
            _group=group_of(),
            _subject=pl.coalesce("person_id", "benefit_unit_id", "household_id"),
        )
        .join(oldest, on=["scheme", "_group"], how="inner", validate="m:1")
        .select("scheme", "_subject", "oldest")
    )
