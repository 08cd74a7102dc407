"""Linking a file of records on its own, learning from files, and holding links against labels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

import polars as pl

from nostop import linkage
from nostop.app.link_additions import Change, keep_index, link_changed
from nostop.app.link_history import read_parquet, remember, write_whole
from nostop.app.record_file import read_records
from nostop.frames import Links, Verdicts, check
from nostop.linkage.evaluate import (
    ClusterQuality,
    LinkQuality,
    by_group,
    calibration,
    evaluate,
    evaluate_clusters,
)
from nostop.linkage.model import MODEL_FILE, Model, read_model
from nostop.linkage.training import Taught
from nostop.linkage.verdicts import binding
from nostop.model import LinkageError, SettingsError, nearest

#: What a column of labels that says who is who may be called.
LABEL_COLUMNS = ("true_person", "person_id", "true_person_id", "cluster")


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What is known besides the records.

    deduplicated: sources with at most one record a person.
    verdicts: a file of clerks' verdicts, as `nostop link verdicts` keeps them or as plain columns
        source_l, record_id_l, source_r, record_id_r, verdict.
    model: a model file of `nostop link train`; the one that ships with nostop if None.
    """

    deduplicated: Collection[str] = ()
    verdicts: Path | None = None
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class LinkKept:
    """What lives on from one linking to the next.

    previous: the `Links` of an earlier run, whose person ids live on.
    index: a folder of what stands. Where it is there already, only what may be touched by a change
        is linked again; it is kept up to date.
    changed: rows that were corrected since, and rows as they were before they were corrected or
        withdrawn; None where there are only new ones.
    history: the `LinkEvents` file that ids live on by, with what is new added at its end.
    at: the time that the history notes, with its zone.
    """

    previous: Path | None = None
    index: Path | None = None
    changed: Path | None = None
    history: Path | None = None
    at: datetime | None = None


def link_file(
    records: Path, out: Path, kept: LinkKept | None = None, options: LinkOptions | None = None
) -> pl.DataFrame:
    """Write, and return, which person each record of a Parquet file is (`Links`).

    Args:
        records: the columns of `SourceRecords` and `extra_*`; see record_file.read_records.
        out: the Parquet file to write.
        kept: what lives on from earlier runs.
        options: what is known besides.
    Raises:
        LinkageError: a file cannot be read, a column cannot be used, a source is not there, or
            verdicts contradict each other.
        FrameError: a record comes twice.
        SettingsError: changed rows without what they go on from, or an index with another model.
    """
    known, lasting = options or LinkOptions(), kept or LinkKept()
    if lasting.index is not None and known.model is not None:
        raise SettingsError("an --index weighs by the model that ships: leave out it or --model")
    older = None if lasting.previous is None else check(Links, read_parquet(lasting.previous))
    told = read_records(records)
    _refuse_unknown(known.deduplicated, told, records)
    relink = partial(
        linkage.link,
        verdicts=None if known.verdicts is None else _verdicts(known.verdicts),
        deduplicated=frozenset(known.deduplicated),
        model=known.model,
    )
    change = _change(told, older, lasting)
    links = relink(told, previous=older) if change is None else link_changed(change, relink).links
    if lasting.history is not None and lasting.at is not None:
        occasion = linkage.Occasion(lasting.at, "nostop link", linkage.MODEL_VERSION)
        remembered = remember(links, lasting.history, occasion, older)
        # The history comes first: the links follow from it.
        write_whole(remembered.log, lasting.history)
        links = remembered.links
    write_whole(links, out)
    if change is None and lasting.index is not None:
        keep_index(told, links, lasting.index)
    return links


def _change(records: pl.DataFrame, previous: pl.DataFrame | None, kept: LinkKept) -> Change | None:
    """Return a change, where there is something to go on from."""
    if kept.index is not None and previous is not None and kept.index.is_dir():
        changed = None if kept.changed is None else read_records(kept.changed)
        return Change(records, previous, changed, kept.index)
    if kept.changed is not None:
        raise SettingsError(
            "changed records go on from an earlier linking: give its links as --previous, and the "
            "--index that it kept"
        )
    return None


def train_file(
    records: Sequence[Path], out: Path, made_on: date, labels: Sequence[Path] = ()
) -> Model:
    """Write, and return, a model learnt from files of records.

    Args:
        records: files as `link_file` takes.
        out: the JSON file to write.
        made_on: the date that the file states.
        labels: one file of labels for each file of records, or none at all: source, record_id and
            who it is (one of LABEL_COLUMNS).
    Raises:
        LinkageError: a file cannot be read, or there are labels for some files only.
    """
    if labels and len(labels) != len(records):
        raise LinkageError(
            f"there are {len(records)} files of records and {len(labels)} of labels: "
            "give labels for each, in the same order, or for none"
        )
    truths: list[pl.DataFrame | None] = [_truth(path) for path in labels]
    truths = truths or [None] * len(records)
    sets = [Taught(read_records(path), truth) for path, truth in zip(records, truths, strict=True)]
    model = linkage.train(sets, made_on, read_model(MODEL_FILE))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(model.as_json() + "\n", encoding="utf-8")
    return model


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How right links are (see linkage.evaluate).

    groups: for each column asked for, the quality within each group.
    """

    pairs: LinkQuality
    people: ClusterQuality
    bands: pl.DataFrame
    groups: dict[str, pl.DataFrame]


def evaluate_file(links: Path, labels: Path, by: Sequence[str] = ()) -> Evaluation:
    """Return how right the links of a file are, by labels.

    Args:
        links: a file that `link_file` wrote.
        labels: source, record_id, who it is (one of LABEL_COLUMNS), and the columns of `by`.
        by: columns of labels to show apart: sex, age band, origin of the name, area.
    Raises:
        LinkageError: a file cannot be read, or lacks a column.
        FrameError: the links lack a column.
    """
    found = check(Links, read_parquet(links))
    truth = _truth(labels, by)
    if not found.join(truth, on=["source", "record_id"], how="semi").height:
        raise LinkageError(f"{labels}: labels no record of {links}; is it of other records?")
    return Evaluation(
        pairs=evaluate(found, truth),
        people=evaluate_clusters(found, truth),
        bands=calibration(found, truth),
        groups={column: by_group(found, truth, column) for column in by},
    )


def _verdicts(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise LinkageError(f"{path}: no such file of verdicts")
    plain = read_parquet(path)
    kept = set(Verdicts.columns()) <= set(plain.columns)
    return binding(plain) if kept else plain


def _refuse_unknown(sources: Collection[str], records: pl.DataFrame, path: Path) -> None:
    there = sorted(set(records["source"].drop_nulls()))
    for source in sources:
        if source not in there:
            raise LinkageError(
                f"{path}: has no source '{source}'{nearest(source, there)}; it has {there}"
            )


def _truth(path: Path, by: Sequence[str] = ()) -> pl.DataFrame:
    frame = read_parquet(path)
    who = next((name for name in LABEL_COLUMNS if name in frame.columns), None)
    if who is None:
        raise LinkageError(
            f"{path}: no column says who is who; expected one of {list(LABEL_COLUMNS)}, "
            f"found {frame.columns}"
        )
    for name in ("source", "record_id", *by):
        if name not in frame.columns:
            raise LinkageError(
                f"{path}: column '{name}' is missing{nearest(name, frame.columns)}, "
                f"found {frame.columns}"
            )
    key = [pl.col(name).cast(pl.String) for name in ("source", "record_id")]
    truth = frame.select(*key, *by, person_id=pl.col(who).cast(pl.String))
    if truth.select("source", "record_id").is_duplicated().any():
        raise LinkageError(f"{path}: labels a record twice")
    return truth
