"""What a plan gives (truth values, bounds and bits) -> determinations in words."""

from datetime import date

import polars as pl

from nostop.frames import Determinations, empty
from nostop.model import Outcome
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, SchemePlan


def decoded(raw: pl.DataFrame, plan: SchemePlan, on: date) -> pl.DataFrame:
    """Return one scheme's rows of `run.run_plan` as `Determinations`, in the same order."""
    pack = plan.scheme.pack
    above = LOW_TO_HIGH[LOW_TO_HIGH.index(pack.decides_for) :]
    nobody = pl.lit(None, dtype=pl.String)
    return (
        _with_words(raw, plan)
        .select(
            **{key: pl.col(key) if level in above else nobody for level, key in KEYS.items()},
            scheme=pl.lit(pack.scheme),
            effective_date=pl.lit(on, dtype=pl.Date),
            outcome=_outcome(),
            amount=pl.when(pl.col("lo") == pl.col("hi")).then("lo"),
            amount_low="lo",
            amount_high="hi",
            per=pl.lit(pack.award.per.value),
            claimed="claimed",
            worth_asking=_worth_asking(plan),
            confidence="confidence",
            because="because",
            missing="missing",
            pack_version=pl.lit(plan.scheme.version),
        )
        .select(empty(Determinations).columns)
    )


def _outcome() -> pl.Expr:
    return (
        pl.when(pl.col("outcome").is_null())
        .then(pl.lit(Outcome.UNKNOWN.value))
        .when(pl.col("outcome"))
        .then(pl.lit(Outcome.ENTITLED.value))
        .otherwise(pl.lit(Outcome.NOT_ENTITLED.value))
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


def _with_words(raw: pl.DataFrame, plan: SchemePlan) -> pl.DataFrame:
    """Decode bits into condition and fact ids: only the few combinations that occur are decoded,
    then joined."""
    width = 1 << len(plan.conditions)
    unknown = pl.col("outcome").is_null()
    coded = raw.with_columns(
        reasons=pl.col("true_bits") * width + pl.col("unknown_bits"),
        lacking=pl.when(unknown).then("missing_bits").otherwise(0),
    )
    because = {
        code: _because(code // width, code % width, plan.conditions)
        for code in coded["reasons"].unique()
    }
    missing = {code: _ids(code, plan.facts) for code in coded["lacking"].unique()}
    return coded.join(
        _lookup("reasons", "because", because), on="reasons", how="left", validate="m:1",
        maintain_order="left",
    ).join(
        _lookup("lacking", "missing", missing), on="lacking", how="left", validate="m:1",
        maintain_order="left",
    )  # fmt: skip


def _lookup(key: str, name: str, values: dict[int, list[str]]) -> pl.DataFrame:
    schema = pl.Schema({key: pl.Int64(), name: pl.List(pl.String())})
    return pl.DataFrame({key: list(values), name: list(values.values())}, schema=schema)


def _because(true: int, unknown: int, conditions: tuple[str, ...]) -> list[str]:
    """All conditions where all hold; those that fail where any does; else those that are open."""
    failed = (1 << len(conditions)) - 1 & ~true & ~unknown
    return _ids(failed or unknown or true, conditions)


def _ids(bits: int, names: tuple[str, ...]) -> list[str]:
    return [name for index, name in enumerate(names) if bits >> index & 1]
