"""What a plan gives (truth values, bounds and bits) -> determinations in words."""

from datetime import date

import polars as pl

from nostop.frames import Determinations, empty
from nostop.model import Outcome
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, SchemePlan

#: Columns of words, of which a scheme has few.
_WORDS = ("scheme", "outcome", "per", "pack_version")
_OUTCOMES = [each.value for each in Outcome]


def coded(raw: pl.DataFrame, plan: SchemePlan, on: date) -> pl.DataFrame:
    """Return one scheme's rows as `Determinations`, in the same order, but for words: they are
    numbers of a list of them (`pl.Enum`) until `in_words`.

    Args:
        raw: ids, `confidence`, `claimed` and what `run.run_plan` gives for the scheme.
    """
    pack = plan.scheme.pack
    above = LOW_TO_HIGH[LOW_TO_HIGH.index(pack.decides_for) :]
    nobody = pl.lit(None, dtype=pl.String)
    return (
        _with_reasons(raw, plan)
        .select(
            **{key: pl.col(key) if level in above else nobody for level, key in KEYS.items()},
            scheme=_one_word(pack.scheme),
            effective_date=pl.lit(on, dtype=pl.Date),
            outcome=_outcome(),
            amount=pl.when(pl.col("lo") == pl.col("hi")).then("lo"),
            amount_low="lo",
            amount_high="hi",
            per=_one_word(pack.award.per.value),
            claimed="claimed",
            worth_asking=_worth_asking(plan),
            confidence="confidence",
            because="because",
            missing="missing",
            pack_version=_one_word(plan.scheme.version),
        )
        .select(empty(Determinations).columns)
    )


def in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `coded` as `Determinations`."""
    schema = empty(Determinations).schema
    return rows.with_columns(
        pl.col(name).cast(schema[name]) for name in (*_WORDS, "because", "missing")
    )


def in_numbers(rows: pl.DataFrame, plan: SchemePlan) -> pl.DataFrame:
    """Return one scheme's `Determinations` as `coded` would have given them."""
    pack = plan.scheme.pack
    lists = {
        "scheme": [pack.scheme],
        "outcome": _OUTCOMES,
        "per": [pack.award.per.value],
        "pack_version": [plan.scheme.version],
    }
    reasons = {"because": plan.conditions, "missing": plan.facts}
    return rows.with_columns(
        *(pl.col(name).cast(pl.Enum(words)) for name, words in lists.items()),
        *(pl.col(name).cast(pl.List(pl.Enum(words))) for name, words in reasons.items()),
    )


def _one_word(word: str) -> pl.Expr:
    return pl.lit(word, dtype=pl.Enum([word]))


def _outcome() -> pl.Expr:
    outcomes = pl.Enum(_OUTCOMES)
    return (
        pl.when(pl.col("outcome").is_null())
        .then(pl.lit(Outcome.UNKNOWN.value, dtype=outcomes))
        .when(pl.col("outcome"))
        .then(pl.lit(Outcome.ENTITLED.value, dtype=outcomes))
        .otherwise(pl.lit(Outcome.NOT_ENTITLED.value, dtype=outcomes))
    )


def _worth_asking(plan: SchemePlan) -> pl.Expr:
    """Whether the outcome is open, something may be given, the person alone can settle it, and the
    pack does not say whom else to ask."""
    asked = sum(1 << index for index, name in enumerate(plan.facts) if name in plan.askable)
    missing = pl.col("missing_bits")
    only_askable = (missing != 0) & ((missing | asked) == asked)
    in_kind = pl.lit(plan.scheme.pack.award.in_kind is not None)
    something = in_kind | pl.col("hi").is_null() | (pl.col("hi") > 0)
    return pl.col("outcome").is_null() & pl.col("invited") & something & only_askable


def _with_reasons(raw: pl.DataFrame, plan: SchemePlan) -> pl.DataFrame:
    """Decode bits into condition and fact ids: only the few combinations that occur are decoded,
    then joined."""
    missing = pl.when(pl.col("outcome").is_null()).then("missing_bits").otherwise(0)
    coded = raw.with_columns(missing_bits=missing)
    return coded.with_columns(
        because=_ids_of(coded["because_bits"], plan.conditions),
        missing=_ids_of(coded["missing_bits"], plan.facts),
    )


def _ids_of(bits: pl.Series, names: tuple[str, ...]) -> pl.Series:
    """Lists of the names whose bit is set."""
    codes = bits.unique(maintain_order=True)
    lists = [[name for index, name in enumerate(names) if code >> index & 1] for code in codes]
    ids = pl.Series(lists, dtype=pl.List(pl.Enum(names)))
    if codes.len() == 1:
        return ids.new_from_index(0, bits.len())
    place = pl.int_range(codes.len(), dtype=pl.UInt32, eager=True)
    return ids.gather(bits.replace_strict(codes, place, return_dtype=pl.UInt32))
