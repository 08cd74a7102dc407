"""A new model, learnt from records with or without labels, to be reviewed and frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from nostop.linkage.binding import bound, checked_verdicts
from nostop.linkage.calibration import Calibration, calibrated
from nostop.linkage.comparisons import COMPARISONS
from nostop.linkage.exact import exact_links
from nostop.linkage.joining import Comparing, Run
from nostop.linkage.link import checked_records
from nostop.linkage.model import Model, about, learnt_from_labels, learnt_from_records
from nostop.linkage.nodes import linkable, mentions
from nostop.linkage.pairs import allowed
from nostop.linkage.weights import Levels, Weights

#: A field of which a file's true pairs say this little teaches nothing.
_FEWEST_PAIRS = 200
#: True pairs of one file that are looked at: large files teach no more than others.
_MOST_PAIRS = 100_000


@dataclass(frozen=True, slots=True)
class Taught:
    """Records that teach: `SourceRecords` and extra columns; and who is who, if that is known.

    truth: source, record_id, person_id; None where nobody knows.
    deduplicated: sources with at most one record a person.
    """

    records: pl.DataFrame
    truth: pl.DataFrame | None = None
    deduplicated: tuple[str, ...] = ()


def train(sets: Sequence[Taught], made_on: date, start: Model) -> Model:
    """Return a model that several sets teach, each as much as another.

    Labelled sets teach how often one person's records differ and how far scores are to be trusted;
    unlabelled ones teach by expectation maximisation, and leave the calibration of `start`.

    Args:
        sets: what teaches.
        made_on: the date that the file shall state.
        start: where there is nothing to learn from.
    Raises:
        FrameError: records lack a column, or a key repeats.
    """
    lessons = [_lesson(each, start.weights) for each in sets]
    weights = Weights(
        _mean([lesson.m for lesson in lessons], start.weights.m),
        _mean([lesson.u for lesson in lessons], start.weights.u),
    )
    taught = {
        f"set {number}": {"records": each.records.height, "true_pairs": lesson.true_pairs}
        for number, (each, lesson) in enumerate(zip(sets, lessons, strict=True), start=1)
    }
    labelled = [each for each in sets if each.truth is not None]
    raw = Model(weights, Calibration(), about(made_on, taught))
    if not labelled:
        return Model(weights, start.calibration, raw.about)
    judged = pl.concat([judged_pairs(each, raw) for each in labelled])
    known = calibrated(judged["bits"].to_numpy(), judged["right"].to_numpy())
    return Model(weights, known, raw.about)


def judged_pairs(taught: Taught, model: Model) -> pl.DataFrame:
    """Return candidate pairs that no guard forbids: `bits`, `confidence`, and whether they are
    `right` by the labels.

    Raises:
        FrameError: records lack a column, or a key repeats.
    """
    if taught.truth is None:
        raise ValueError("pairs can be judged by labels only")
    said = mentions(checked_records(taught.records), deduplicated=taught.deduplicated)
    nobody = bound(checked_verdicts(None), said.records)
    run = Run(said, nobody, frozenset(taught.deduplicated))
    exact = run.joined(exact_links(said.nodes))
    run.surely(exact.placed)
    pairs = Comparing(said.nodes, exact.placed, model).all(least=0.0)
    run.scored(exact.links, pairs.filter(pl.col("confidence") >= _SURE))
    person = _person_of_node(said.records, taught.truth)
    side: dict[str, Any] = {"right_on": "node", "how": "inner", "validate": "m:1"}
    told = (
        pairs.filter(allowed(run.doubt))
        .join(person, left_on="l", **side)
        .join(person, left_on="r", **side)
        .with_columns(right=pl.col("person") == pl.col("person_right"))
    )
    return told.select("bits", "confidence", "right").sort("bits", "right")


#: From here on pairs are likely enough to say what a file puts in doubt.
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class _Lesson:
    m: Levels
    u: Levels
    true_pairs: int


def _lesson(taught: Taught, start: Weights) -> _Lesson:
    said = mentions(checked_records(taught.records))
    forms = said.nodes.filter(linkable()).with_columns(cluster="node")
    if taught.truth is None:
        found = learnt_from_records(forms, start)
        return _Lesson(found.m, found.u, 0)
    person = _person_of_node(said.records, taught.truth).join(forms, on="node", how="semi")
    pairs = (
        person.join(person, on="person", how="inner", validate="m:m")
        .filter(pl.col("node") < pl.col("node_right"))
        .select(l="node", r="node_right")
        .sort("l", "r")
        .head(_MOST_PAIRS)
    )
    seen, weights = learnt_from_labels(forms, pairs)
    enough = [name for name, many in seen.items() if many.sum() >= _FEWEST_PAIRS]
    return _Lesson(
        {name: weights.m[name] for name in enough},
        {name: weights.u[name] for name in enough},
        pairs.height,
    )


def _person_of_node(records: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    told = records.join(truth, on=["source", "record_id"], how="inner", validate="1:1")
    return told.group_by("node").agg(person=pl.col("person_id").min()).sort("node")


def _mean(several: Sequence[Levels], start: Levels) -> Levels:
    found: Levels = {}
    for comparison in COMPARISONS:
        rows = [each[comparison.name] for each in several if comparison.name in each]
        mean = np.asarray(rows or [start[comparison.name]]).mean(axis=0)
        found[comparison.name] = tuple(float(share) for share in mean / mean.sum())
    return found
