"""Choose one value for each fact among what sources state; set facts out as columns."""

import polars as pl

from nostop.frames import FACT_DTYPES, Evidence
from nostop.model import LinkageError, nearest

#: Stands in `Evidence.record_id` where the evidence is that a complete feed has no record.
NO_RECORD = "-"
#: Facts without which nobody can be placed in a benefit unit.
NEEDED = ("born_on", "died_on", "education", "sex")


def choose(stated: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each subject and fact: subject_id, fact, value, source, record_id, as_of,
    conflict.

    Args:
        stated: rows of `SourceFacts` with `subject_id` and `rank` (the place of their source in the
            order of trust).
    Returns:
        The best source's latest value; `conflict` where any source's latest value differs.
    """
    whole = pl.concat([_sums(stated), _latest(stated)], how="diagonal")
    ordered = whole.sort(
        ["subject_id", "fact", "rank", "as_of", "source", "record_id", "value"],
        descending=[False, False, False, True, False, False, False],
    )
    return ordered.group_by("subject_id", "fact", maintain_order=True).agg(
        pl.col("value", "source", "record_id", "as_of").first(),
        conflict=pl.col("value").min() != pl.col("value").max(),
    )


def _latest(stated: pl.DataFrame) -> pl.DataFrame:
    single = stated.filter(~pl.col("additive").fill_null(value=False))
    newest = single.group_by("subject_id", "fact", "source").agg(as_of=pl.col("as_of").max())
    return single.join(newest, on=["subject_id", "fact", "source", "as_of"], how="semi")


def _sums(stated: pl.DataFrame) -> pl.DataFrame:
    """Add up pay of several jobs, in the source's latest month only: else old jobs would count."""
    parts = stated.filter(pl.col("additive").fill_null(value=False)).with_columns(
        month=pl.col("as_of").dt.truncate("1mo"), amount=pl.col("value").cast(pl.Int64)
    )
    newest = parts.group_by("source").agg(month=pl.col("month").max())
    current = parts.join(newest, on=["source", "month"], how="semi")
    return current.group_by("subject_id", "fact", "source", "rank").agg(
        pl.col("amount").sum().cast(pl.String).alias("value"),
        pl.col("as_of").max(),
        record_id=pl.col("record_id").min(),
    )


def set_out(chosen: pl.DataFrame, subjects: pl.Series, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each subject, one column for each fact of `catalogue`, typed.

    Raises:
        LinkageError: a value does not have the fact's type.
    """
    facts = catalogue.sort("fact")
    wide = chosen.pivot(
        on="fact", on_columns=facts["fact"].to_list(), index="subject_id", values="value"
    )
    placed = pl.DataFrame({"subject_id": subjects}).join(
        wide, on="subject_id", how="left", validate="1:1"
    )
    typed = [_typed(fact, kind) for fact, kind in facts.select("fact", "type").iter_rows()]
    try:
        return placed.select("subject_id", *typed).sort("subject_id")
    except pl.exceptions.PolarsError:
        # Without its cause: polars quotes the values, and they are personal.
        raise LinkageError(
            "a fact's value does not have the type that rules/facts.yaml gives it: "
            "feeds must state canonical text"
        ) from None


def _typed(fact: str, kind: str) -> pl.Expr:
    if kind == "bool":
        text = pl.col(fact).replace_strict({"true": "1", "false": "0"}, return_dtype=pl.String)
        return text.cast(pl.Int8).cast(pl.Boolean).alias(fact)
    if kind == "date":
        return pl.col(fact).str.to_date("%Y-%m-%d", strict=True)
    return pl.col(fact).cast(FACT_DTYPES[kind], strict=True)


def absent(chosen: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Return rows as `choose` gives them for facts that a complete feed leaves out: the fact's nil
    value.

    Args:
        chosen: what sources state.
        covered: subject_id, fact, value (the nil), source, as_of: for whom absence means none. Two
            feeds may both say so.
    """
    left_out = covered.join(chosen, on=["subject_id", "fact"], how="anti")
    return (
        left_out.sort("subject_id", "fact", "source")
        .unique(["subject_id", "fact"], keep="first", maintain_order=True)
        .with_columns(record_id=pl.lit(NO_RECORD), conflict=pl.lit(value=False))
        .select(chosen.columns)
    )


def evidence_of(chosen: pl.DataFrame, level: str) -> pl.DataFrame:
    """Return `Evidence` rows of chosen values."""
    told = chosen.with_columns(level=pl.lit(level))
    return told.select(list(Evidence.columns()))


def check_known(facts: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    """Refuse facts that are not in the catalogue, and a catalogue that cannot tell who is who.

    Raises:
        LinkageError: with the nearest known name.
    """
    known = catalogue["fact"].to_list()
    needed = sorted(set(NEEDED) - set(known))
    if needed:
        raise LinkageError(
            f"rules/facts.yaml lacks the fact '{needed[0]}', needed to form benefit units"
        )
    unknown = sorted(set(facts["fact"].unique()) - set(known))
    if unknown:
        raise LinkageError(
            f"fact '{unknown[0]}' is not in rules/facts.yaml{nearest(unknown[0], known)}"
        )
