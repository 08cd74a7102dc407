"""Which source records are one person: exact rules, scores, guards, verdicts, then lasting ids."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import polars as pl

from nostop.frames import Links, SourceRecords, check
from nostop.linkage.binding import bound, checked_verdicts, records_of
from nostop.linkage.duck import kept_for
from nostop.linkage.exact import exact_links
from nostop.linkage.ids import with_lasting_ids
from nostop.linkage.joining import Comparing, Run, variants
from nostop.linkage.model import MODEL_FILE, read_model
from nostop.linkage.nodes import extra_columns, linkable, mentions
from nostop.linkage.undated import undated_links
from nostop.linkage.weighing import Weighing

__all__ = ["checked_records", "link", "variants"]

#: How sure it is that somebody known by name and address alone is a person not met elsewhere.
NAME_ONLY = 0.5


def link(
    records: pl.DataFrame,
    *,
    previous: pl.DataFrame | None = None,
    verdicts: pl.DataFrame | None = None,
    deduplicated: Collection[str] = frozenset(),
    model: Path | Weighing | None = None,
) -> pl.DataFrame:
    """Return which person each source record is.

    Args:
        records: `SourceRecords`, in any order, and further columns `extra_*` of any type, which are
            compared too.
        previous: the `Links` of the last run, whose person ids live on.
        verdicts: what clerks decided, as text: source_l, record_id_l, source_r, record_id_r,
            verdict (`same` or `different`). `same` holds over scores and guards, `different` over
            everything, if only by way of others. Records that are gone bind nobody.
        deduplicated: sources that have at most one record of a person.
        model: a model file made by `train`; the frozen one of this version if None; or weights
            settled on all records before, by which a part of them is weighed as the whole was.
    Returns:
        `Links`: one row for each record, sorted; `confidence` is the weakest link that holds the
        person together.
    Raises:
        FrameError: `records` or `previous` lacks a column or repeats a key.
        LinkageError: the model file cannot be read, or verdicts contradict each other.
    """
    with kept_for(records.height):
        links = _linked(records, checked_verdicts(verdicts), deduplicated, model or MODEL_FILE)
    older = None if previous is None else check(Links, previous)
    return check(Links, with_lasting_ids(links, older))


def _linked(
    records: pl.DataFrame,
    told: pl.DataFrame,
    deduplicated: Collection[str],
    model: Path | Weighing,
) -> pl.DataFrame:
    """Return records with the cluster they are of, and its confidence."""
    said = mentions(checked_records(records), deduplicated=deduplicated, own=records_of(told))
    if isinstance(model, Weighing):
        said = replace(said, nodes=model.as_borne(said.nodes))
    run = Run(said, bound(told, said.records), frozenset(deduplicated))
    agreeing = pl.concat([_alike(said.nodes), exact_links(said.nodes)])
    # Who is surely one person before a clerk joins them to somebody else.
    unbound = Run(said, bound(told.clear(), said.records), frozenset(deduplicated))
    exact = unbound.joined(agreeing)
    run.surely(exact.placed)
    if told.height:
        exact = run.joined(agreeing)
    weights = model if isinstance(model, Weighing) else read_model(model)
    comparing = Comparing(said.nodes, exact.placed, weights)
    dated = run.scored(exact.links, comparing.all())
    if run.has_partners():
        left = comparing.left(run.alone(dated.placed))
        dated = run.scored(dated.links, left)
    undated = undated_links(said, dated.placed)
    whole = run.joined(pl.concat([dated.links, undated]))
    return said.records.join(
        _less_sure_names(whole.placed, said.nodes), on="node", how="left", validate="m:1"
    )


def checked_records(records: pl.DataFrame) -> pl.DataFrame:
    """Return `SourceRecords` and the extra columns, nothing else.

    Raises:
        FrameError: a column is missing, has another type, or a key repeats.
    """
    return check(SourceRecords, records).hstack(records.select(extra_columns(records)))


def _alike(nodes: pl.DataFrame) -> pl.DataFrame:
    """Link nodes that say the very same to the smallest of them."""
    other = nodes.filter(linkable(), pl.col("node") != pl.col("alike"))
    return other.select(l="alike", r="node", confidence=pl.lit(1.0))


def _less_sure_names(placed: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Cap the confidence of people who are but a name at an address: they may be known already."""
    known = nodes.select(
        "node", born=pl.col("born_on").is_not_null() | pl.col("nino").is_not_null()
    )
    told = placed.join(known, on="node", how="left", validate="1:1")
    confidence = pl.when(pl.col("born").any().over("cluster")).then("confidence")
    return told.select(
        "node",
        "cluster",
        pl.coalesce(confidence, pl.min_horizontal("confidence", pl.lit(NAME_ONLY))),
    )
