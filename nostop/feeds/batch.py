"""What one feed, or all of them together, bring into a run."""

from collections.abc import Iterable
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from nostop.feeds.declaration import FeedDeclaration
from nostop.frames import (
    Completeness,
    FeedStatus,
    Quarantine,
    SourceAwards,
    SourceContacts,
    SourceFacts,
    SourceRecords,
    SourceRelations,
    check,
    empty,
)
from nostop.model import FeedError


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """The frames of one or more feeds, each as its schema in `nostop.frames` says.

    `set_aside` (`SourceRecords`) has the people of rows in quarantine whose identity could be read,
    or a `record_id` of `records` that such a row spoke of. Something their source says of them is
    missing here: no absence may be read for them from that source. They are not in `records`.
    """

    records: pl.DataFrame
    facts: pl.DataFrame
    awards: pl.DataFrame
    relations: pl.DataFrame
    contacts: pl.DataFrame
    quarantine: pl.DataFrame
    status: pl.DataFrame
    completeness: pl.DataFrame
    set_aside: pl.DataFrame


#: Each frame of a batch: its schema, and what sorts it, so that equal input gives equal bytes.
SHAPES: dict[str, tuple[type[dy.Schema], tuple[str, ...]]] = {
    "records": (SourceRecords, ("source", "record_id")),
    "facts": (SourceFacts, ("source", "record_id", "fact", "line", "value")),
    "awards": (SourceAwards, ("source", "record_id", "scheme", "starts_on", "status", "amount")),
    "relations": (SourceRelations, ("source", "record_id", "other_record_id", "relation")),
    "contacts": (SourceContacts, ("source", "record_id")),
    "quarantine": (Quarantine, ("source", "file", "line", "column", "reason")),
    "status": (FeedStatus, ("source",)),
    "completeness": (Completeness, ("source", "kind", "name", "applies_to")),
    "set_aside": (SourceRecords, ("source", "record_id")),
}


def tidy(name: str, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return parts of one frame of a batch as one, checked against its schema and sorted."""
    schema, keys = SHAPES[name]
    frame = pl.concat([empty(schema), *(part.select(schema.columns().keys()) for part in parts)])
    return check(schema, frame.sort(keys))


def missing(
    declaration: FeedDeclaration, reason: str, *, held: bool = False, file: str | None = None
) -> FeedBatch:
    """Return what a feed brings that cannot be used: its status with the reason, and nothing else.

    Without completeness rows its facts and awards stay unknown; nothing turns into zero or none.

    Args:
        reason: what the run says of it; holds nothing personal.
        held: whether a file came and broke its contract, rather than none coming.
        file: the name of the file that came.
    """
    status = status_row(declaration, state="held" if held else "missing", reason=reason, file=file)
    return only(status=status)


def status_row(declaration: FeedDeclaration, **said: object) -> pl.DataFrame:
    """Return `FeedStatus` of one feed: what is not said is nothing, or not known."""
    counts = ("rows_read", "rows_good", "rows_quarantined", "rows_later", "rows_replaced")
    usual = dict.fromkeys(FeedStatus.columns()) | dict.fromkeys(counts, 0)
    row = {**usual, "source": declaration.id, **said}
    return pl.DataFrame([row], schema=empty(FeedStatus).schema)


def only(**frames: pl.DataFrame) -> FeedBatch:
    """Return a batch of these frames, and nothing else."""
    return FeedBatch(**{n: tidy(n, [frames[n]] if n in frames else []) for n in SHAPES})


def held(batch: FeedBatch, source: str, reason: str) -> FeedBatch:
    """Return a batch without anything of one feed but its quarantine and its status, now held."""
    mine = pl.col("source") == source
    told = batch.status.with_columns(
        pl.when(mine).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in (("state", "held"), ("reason", reason))
    )
    kept = {"quarantine": batch.quarantine, "status": told}
    rest = {n: getattr(batch, n).filter(~mine) for n in SHAPES if n not in kept}
    return FeedBatch(**kept, **rest)


def combine(batches: Iterable[FeedBatch]) -> FeedBatch:
    """Return several feeds as one batch; their order does not matter.

    Raises:
        FeedError: two of them are the same feed.
    """
    every = list(batches)
    sources = [source for batch in every for source in batch.status["source"]]
    if len(set(sources)) < len(sources):
        double = sorted({source for source in sources if sources.count(source) > 1})
        raise FeedError(f"feeds {double} came twice: each source has one declaration and one file")
    return FeedBatch(**{n: tidy(n, (getattr(batch, n) for batch in every)) for n in SHAPES})
