"""Plain Splink, as its guides set it up: the honest peer that our linkage is held against.

Comparisons of its own library, u from random pairs, m by expectation maximisation, and the
threshold that is best on the half of the people we tune on. No guards, no exact rules, no lasting
ids.
"""

import logging
from dataclasses import dataclass

import polars as pl
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from nostop.app.bench_linkage.labelled import Labelled
from nostop.linkage.duck import connection
from nostop.linkage.evaluate import LinkQuality, evaluate

_SEED = 20260601
_TRAINING_PAIRS = 1e6
THRESHOLDS = (0.01, 0.1, 0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999, 0.9999, 0.99999)


@dataclass(frozen=True, slots=True)
class Peer:
    """How right plain Splink is at its best threshold, and which that is."""

    quality: LinkQuality
    threshold: float


def splink_on(tuned_on: Labelled, reported_on: Labelled) -> Peer:
    """Return what Splink reaches on one half of a set, its threshold chosen on the other."""
    best = max(_at(tuned_on, THRESHOLDS), key=lambda each: each[0].f1)[1]
    quality, threshold = _at(reported_on, (best,))[0]
    return Peer(quality, threshold)


def _at(labelled: Labelled, thresholds: tuple[float, ...]) -> list[tuple[LinkQuality, float]]:
    records = labelled.records.with_columns(
        key=pl.concat_str("source", pl.lit("|"), "record_id"),
        born_on=pl.col("born_on").dt.to_string("%Y-%m-%d"),
    )
    said = [name for name in records.columns if records[name].null_count() < records.height]
    # What it thinks of its training is told by the figures.
    logging.getLogger("splink").setLevel(logging.ERROR)
    with connection() as database:
        api = DuckDBAPI(connection=database)
        table = api.register(records.select(said).to_arrow(), dataset_display_name="records")
        linker = Linker(table, _settings(said), log_level=None, validate_settings=False)
        _train(linker, said)
        pairs = linker.inference.predict(
            threshold_match_probability=min(thresholds), warning_mode="never"
        )
        found = []
        for threshold in thresholds:
            clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            )
            who: pl.DataFrame = (
                clusters.as_duckdbpyrelation().select("key, cluster_id::VARCHAR AS person_id").pl()
            )
            found.append((evaluate(_as_links(who, records), labelled.truth), threshold))
        return found


def _settings(said: list[str]) -> SettingsCreator:
    known = {
        "nino": cl.DamerauLevenshteinAtThresholds("nino", [2]),
        "first_name": cl.JaroWinklerAtThresholds("first_name", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "surname": cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "born_on": cl.DamerauLevenshteinAtThresholds("born_on", [1, 2]),
        "sex": cl.ExactMatch("sex"),
        "address_line_1": _place(said),
        "town": cl.ExactMatch("town").configure(term_frequency_adjustments=True),
    }
    if "address_line_1" not in said:
        known["postcode"] = cl.PostcodeComparison("postcode")
    extras = {
        name: cl.JaroWinklerAtThresholds(name, [0.9]).configure(term_frequency_adjustments=True)
        for name in said
        if name.startswith("extra_")
    }
    extra_rules = [(name, other) for name in extras for other in _BESIDE_EXTRA]
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="key",
        comparisons=[made for name, made in {**known, **extras}.items() if name in said],
        blocking_rules_to_generate_predictions=[
            block_on(*rule) for rule in [*_RULES, *extra_rules] if set(rule) <= set(said)
        ],
        probability_two_random_records_match=1e-5,
        retain_matching_columns=False,
    )


_RULES = (
    ("nino",),
    ("born_on", "surname"),
    ("born_on", "first_name"),
    ("born_on", "postcode"),
    ("first_name", "surname", "postcode"),
    ("uprn", "first_name"),
    ("first_name", "surname"),
    ("postcode", "surname"),
    ("postcode", "first_name"),
    ("address_line_1", "surname"),
    ("address_line_1", "first_name"),
    ("address_line_1", "postcode"),
    ("surname", "town"),
    ("born_on", "town"),
)
#: With each extra column, and each of these.
_BESIDE_EXTRA = ("surname", "born_on", "postcode")
#: Pairs that m is learnt from.
_LEARN_BY = (("first_name", "surname"), ("born_on",), ("nino",))


def _place(said: list[str]) -> cl.CustomComparison:
    """One comparison: door, address and postcode are no three witnesses."""
    door = [cll.ExactMatchLevel("uprn")] if "uprn" in said else []
    return cl.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            cll.NullLevel("address_line_1"),
            *door,
            cll.And(cll.ExactMatchLevel("postcode"), cll.JaroWinklerLevel("address_line_1", 0.9)),
            cll.ExactMatchLevel("postcode"),
            cll.JaroWinklerLevel("address_line_1", 0.9),
            cll.ElseLevel(),
        ],
    )


def _train(linker: Linker, said: list[str]) -> None:
    linker.training.estimate_u_using_random_sampling(max_pairs=_TRAINING_PAIRS, seed=_SEED)
    for rule in _LEARN_BY:
        if set(rule) <= set(said):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))


def _as_links(clusters: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    return records.select("source", "record_id", "key").join(
        clusters, on="key", how="left", validate="1:1"
    )
