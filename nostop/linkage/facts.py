"""Choose one value for each fact among what sources state; set facts out as columns."""

from dataclasses import dataclass

import polars as pl

from nostop.frames import FACT_DTYPES, Evidence
from nostop.model import LinkageError, nearest

#: Stands in `Evidence.record_id` where the evidence is that a complete feed has no record.
NO_RECORD = "-"
#: Facts without which nobody can be placed in a benefit unit.
NEEDED = ("born_on", "died_on", "education", "sex")
#: What is done with a fact of which sources differ: nothing is taken; nobody is told on it unseen.
UNKNOWN, REVIEW, TAKE_BEST = "unknown", "review", "take_best"
_FACT = ["subject_id", "fact"]
_SIDE = [*_FACT, "source", "record_id", "value", "as_of"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value for each subject and fact, and all that is said where sources differ.

    best: subject_id, fact, value, source, record_id, as_of, conflict.
    sides: subject_id, fact, source, record_id, value, as_of, is_best: of facts in conflict.
    """

    best: pl.DataFrame
    sides: pl.DataFrame


def choose(stated: pl.DataFrame) -> Chosen:
    """Return each fact's best value, and every side of a conflict.

    Args:
        stated: rows of `SourceFacts` with `subject_id`, `rank` (the place of their source in the
            order of trust) and `newest_first` (the day counts before the source).
    Returns:
        The best source's latest value, or the latest of the best source; `conflict` where any
        source's latest value differs.
    """
    whole = pl.concat([_sums(stated), _latest(stated)], how="diagonal")
    day, newest_first = -pl.col("as_of").dt.epoch("d"), pl.col("newest_first")
    ordered = whole.with_columns(
        _first=pl.when(newest_first).then(day).otherwise("rank"),
        _second=pl.when(newest_first).then("rank").otherwise(day),
    ).sort([*_FACT, "_first", "_second", "source", "record_id", "value"])
    best = ordered.group_by(_FACT, maintain_order=True).agg(
        pl.col("value", "source", "record_id", "as_of").first(),
        conflict=pl.col("value").min() != pl.col("value").max(),
    )
    return Chosen(best, _sides(ordered, best))


def _sides(ordered: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    disputed = best.filter("conflict").select(*_FACT, best_value="value")
    sides = ordered.join(disputed, on=_FACT, how="inner", validate="m:1")
    return sides.select(*_SIDE, is_best=pl.col("value") == pl.col("best_value"))


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
    return current.group_by("subject_id", "fact", "source", "rank", "newest_first").agg(
        pl.col("amount").sum().cast(pl.String).alias("value"),
        pl.col("as_of").max(),
        record_id=pl.col("record_id").min(),
    )


def set_out(chosen: pl.DataFrame, subjects: pl.Series, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each subject, one column for each fact of `catalogue`, typed.

    What sources differ on and the catalogue says to leave unknown is null.

    Raises:
        LinkageError: a value does not have the fact's type.
    """
    facts = catalogue.sort("fact")
    taken = chosen.filter(~(pl.col("conflict") & pl.col("fact").is_in(withheld(catalogue))))
    wide = taken.pivot(
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


def withheld(catalogue: pl.DataFrame) -> list[str]:
    """Return the facts that are unknown while sources differ on them."""
    return catalogue.filter(_in_conflict() == UNKNOWN)["fact"].to_list()


def _in_conflict() -> pl.Expr:
    return pl.col("in_conflict").fill_null(UNKNOWN)


def conflicts_of(sides: pl.DataFrame, catalogue: pl.DataFrame, level: str) -> pl.DataFrame:
    """Return the sides of conflicts at one level as `Conflicts`: what is done stands with them."""
    done = catalogue.select("fact", in_conflict=_in_conflict())
    return sides.join(done, on="fact", how="left", validate="m:1").select(
        pl.lit(level).alias("level"), *_SIDE, "is_best", pl.col("in_conflict").fill_null(TAKE_BEST)
    )


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
