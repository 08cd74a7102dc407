"""The Splink model: what is compared, frozen weights to score with, and a way to train new ones."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import ColumnExpression, DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.comparison_level_creator import ComparisonLevelCreator

from nostop.linkage.duck import connection
from nostop.model import LinkageError

MODEL_FILE = Path(__file__).with_name("model_v1.json")
#: Pairs below this probability are not returned: they are no candidates at all.
LEAST_PROBABILITY = 0.5
SEED = 20260601
_TRAINING_PAIRS = 2e6
#: Names whose frequency in the data weighs a match: sharing a rare surname says more than sharing a
#: common one.
_TERM_FREQUENCY = ("first", "surname")
#: As many imaginary mentions with evenly spread names are added, so that a small file does not call
#: every name common.
_IMAGINARY_MENTIONS = 20_000
_IMAGINARY_NAMES = 2_000
#: A share of true pairs, however rare in training, is never taken to be rarer: one slip must not
#: veto a link.
_LEAST_M = 0.002
#: Nor is agreement by chance taken to be rarer than this, where random pairs showed none.
_LEAST_U = 2e-6


def settings() -> SettingsCreator:
    """Return the model's shape, untrained.

    Only Splink's own comparison levels, so that every backend can run it.
    """
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node",
        comparisons=[
            _first(),
            _surname(),
            _middle(),
            _born_on(),
            _nino(),
            _place(),
            cl.ExactMatch("sex"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("nino"),
            block_on("born_on", "surname"),
            block_on("born_on", "first"),
            block_on("born_on", "postcode"),
            block_on("dwelling", "first"),
            block_on("first", "surname", "birth_year"),
            block_on("first", "surname", "birth_month_day"),
            block_on("postcode", "surname", "birth_year"),
        ],
        probability_two_random_records_match=1e-5,
        retain_matching_columns=False,
    )


def _first() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="first",
        comparison_levels=[
            cll.NullLevel("first"),
            cll.ExactMatchLevel("first", term_frequency_adjustments=True),
            cll.ArrayIntersectLevel("families", min_intersection=1),
            cll.JaroWinklerLevel("first", 0.9),
            cll.And(cll.ExactMatchLevel("initial"), _either_is_initial()),
            cll.JaroWinklerLevel("first", 0.75),
            cll.ElseLevel(),
        ],
    )


def _either_is_initial() -> ComparisonLevelCreator:
    return cll.Or(
        cll.LiteralMatchLevel("letters", "1", "int", side_of_comparison="left"),
        cll.LiteralMatchLevel("letters", "1", "int", side_of_comparison="right"),
    )


def _surname() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="surname",
        comparison_levels=[
            cll.NullLevel("surname"),
            cll.ExactMatchLevel("surname", term_frequency_adjustments=True),
            cll.DamerauLevenshteinLevel("surname", 1),
            cll.JaroWinklerLevel("surname", 0.88),
            cll.ElseLevel(),
        ],
    )


def _middle() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="middle",
        comparison_levels=[
            cll.NullLevel("middle"),
            cll.ExactMatchLevel("middle"),
            cll.ExactMatchLevel(ColumnExpression("middle").substr(1, 1)),
            cll.ElseLevel(),
        ],
    )


def _born_on() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="born_on",
        comparison_levels=[
            cll.NullLevel("born_on"),
            cll.ExactMatchLevel("born_on"),
            cll.DamerauLevenshteinLevel("born_on", 1),
            cll.ExactMatchLevel("birth_parts"),
            cll.DamerauLevenshteinLevel("born_on", 2),
            cll.ElseLevel(),
        ],
    )


def _nino() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="nino",
        comparison_levels=[
            cll.NullLevel("nino"),
            cll.ExactMatchLevel("nino"),
            cll.DamerauLevenshteinLevel("nino", 2),
            cll.ElseLevel(),
        ],
    )


def _place() -> cl.CustomComparison:
    return cl.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            cll.NullLevel("place"),
            cll.ExactMatchLevel("dwelling"),
            cll.ExactMatchLevel("postcode"),
            cll.ElseLevel(),
        ],
    )


def score(mentions: pl.DataFrame, model: Path = MODEL_FILE) -> pl.DataFrame:
    """Return candidate pairs of dated mentions: `l` < `r` (nodes) and `confidence`, the model's
    probability.

    Raises:
        LinkageError: the model file is missing or no Splink model.
    """
    if mentions.height < 2:
        return pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, "confidence": pl.Float64})
    with _linker(mentions, read_model(model)) as linker:
        found = linker.inference.predict(
            threshold_match_probability=LEAST_PROBABILITY, warning_mode="never"
        )
        pairs: pl.DataFrame = (
            found.as_duckdbpyrelation().select("node_l, node_r, match_probability").pl()
        )
    return (
        pairs.select(
            l=pl.min_horizontal("node_l", "node_r"),
            r=pl.max_horizontal("node_l", "node_r"),
            confidence=pl.col("match_probability"),
        )
        .group_by("l", "r")
        .agg(pl.col("confidence").max())
        .sort("l", "r")
    )


def read_model(path: Path) -> dict[str, Any]:
    """Return a frozen model.

    Raises:
        LinkageError: the file is missing or no Splink model.
    """
    try:
        model: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LinkageError(
            f"{path.name}: cannot be read as a linkage model: {error}; train one with `train`"
        ) from error
    if "comparisons" not in model:
        raise LinkageError(
            f"{path.name}: has no 'comparisons', so it is no Splink model; train one with `train`"
        )
    return model


def train_model(mentions: pl.DataFrame) -> dict[str, Any]:
    """Return a model learnt from dated mentions without labels: random pairs, then EM."""
    with _linker(mentions, settings()) as linker:
        linker.training.estimate_u_using_random_sampling(max_pairs=_TRAINING_PAIRS, seed=SEED)
        for rule in (
            block_on("first", "surname", "born_on"),
            block_on("nino"),
            block_on("born_on", "dwelling"),
        ):
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        model: dict[str, Any] = linker.misc.save_model_to_json(out_path=None)
    return _floored(model)


def _floored(model: dict[str, Any]) -> dict[str, Any]:
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level["m_probability"] = max(level.get("m_probability") or 0.0, _LEAST_M)
                level["u_probability"] = max(level.get("u_probability") or 0.0, _LEAST_U)
    return model


def _scorable(mentions: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("born_on").dt.to_string("%Y-%m-%d")
    return mentions.select(
        "node", "nino", "first", "families", "surname", "middle", "sex", "dwelling", "postcode",
        born_on=text,
        initial=pl.col("first").str.head(1),
        letters=pl.col("first").str.len_chars().cast(pl.Int64),
        birth_year=text.str.head(4),
        birth_month_day=text.str.tail(5),
        # Equal for a date and its day-and-month swap, and for nothing else a slip makes often.
        birth_parts=pl.concat_str(
            text.str.head(4),
            pl.min_horizontal(text.str.slice(5, 2), text.str.tail(2)),
            pl.max_horizontal(text.str.slice(5, 2), text.str.tail(2)),
        ),
        place=pl.coalesce("dwelling", "postcode"),
    )  # fmt: skip


@contextmanager
def _linker(mentions: pl.DataFrame, model: SettingsCreator | dict[str, Any]) -> Iterator[Linker]:
    with connection() as database:
        api = DuckDBAPI(connection=database)
        table = api.register(_scorable(mentions).to_arrow(), dataset_display_name="mentions")
        linker = Linker(table, model, log_level=None, validate_settings=False)
        for column in _TERM_FREQUENCY:
            lookup = api.register(_frequencies(mentions, column).to_arrow())
            linker.table_management.register_term_frequency_lookup(lookup, column)
        yield linker


def _frequencies(mentions: pl.DataFrame, column: str) -> pl.DataFrame:
    counted = mentions.select(column).drop_nulls().group_by(column).len().sort(column)
    even = _IMAGINARY_MENTIONS / _IMAGINARY_NAMES
    total = int(counted["len"].sum()) + _IMAGINARY_MENTIONS
    return counted.select(column, ((pl.col("len") + even) / total).alias(f"tf_{column}"))
