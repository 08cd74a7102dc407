"""Whether the people of a feed are people that other feeds know: a file may be of another district.

A person is known where another feed names somebody of the same National Insurance number and birth
date, of the same names and birth date, or of the same names and postcode.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import polars as pl

from nostop.feeds.batch import FeedBatch, held
from nostop.feeds.contract import percent
from nostop.feeds.declaration import FeedDeclaration

#: So many people are enough to tell; of a larger feed they are taken evenly.
LOOKED_FOR = 5_000
_KEYS = (
    ("nino", "born_on"),
    ("first_name", "surname", "born_on"),
    ("first_name", "surname", "postcode"),
)
_COLUMNS = sorted({column for key in _KEYS for column in key})
_NAMES = ("first_name", "surname")


def hold_strangers(batch: FeedBatch, declarations: Sequence[FeedDeclaration]) -> FeedBatch:
    """Return a batch in which feeds of too many people whom no other feed knows are held.

    The one that lacks most goes first: without it the others may be judged otherwise.

    Args:
        batch: all feeds together.
        declarations: theirs; those whose contract says nothing of it are not judged.
    """
    asked = {feed.id: feed.contract.known_people_at_least for feed in declarations}
    least = {source: share for source, share in sorted(asked.items()) if share is not None}
    found = _known(batch.records, list(least))
    told = _told(batch, found)
    short = {
        known / (least[source] * people): source
        for source, (people, known) in reversed(found.items())
        if known < least[source] * people
    }
    if not short:
        return told
    worst = short[min(short)]
    reason = _reason(told, worst, found[worst], least[worst])
    return hold_strangers(held(told, worst, reason), declarations)


def _reason(batch: FeedBatch, source: str, found: tuple[int, int], least: Fraction) -> str:
    people, known = found
    file = batch.status.filter(source=source)["file"].item()
    promised = f"its contract says at least {percent(least)}"
    hint = "ask the source whether it is the right file; if it is, lower known_people_at_least"
    return (
        f"{file}: other feeds know {known:,} of the {people:,} people that were looked for, "
        f"{promised}: {hint}"
    )


def _known(records: pl.DataFrame, sources: list[str]) -> dict[str, tuple[int, int]]:
    """Return of each feed how many people were looked for, and how many another feed names.

    A feed is left out where it names nobody, or no other feed does.
    """
    some = pl.concat([_some(records, source) for source in ["", *sources]])
    met = pl.concat([_met(some, records, key) for key in _KEYS]).unique()
    known = dict(met.group_by("source").agg(pl.len()).iter_rows())
    looked_for = dict(some.group_by("source").agg(pl.len()).iter_rows())
    alone = records["source"].n_unique() < 2
    return {
        source: (looked_for[source], known.get(source, 0))
        for source in sources
        if source in looked_for and not alone
    }


def _some(records: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return people of a feed, evenly over it, of whom there is a key."""
    mine = records.filter(pl.col("source") == source).select("source", "record_id", *_COLUMNS)
    named = mine.filter(
        pl.any_horizontal(pl.all_horizontal(pl.col(key).is_not_null()) for key in _KEYS)
    )
    return _folded(named.gather_every(max(1, -(-named.height // LOOKED_FOR))))


def _met(some: pl.DataFrame, records: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Return source and record_id of those whom a record of another feed names."""
    # Few records are near any of them: to fold every name would cost more.
    rough = [column for column in key if column not in _NAMES]
    near = records.select("source", *key).join(some.select(rough), on=rough, how="semi")
    named = _folded(near).join(some.select(key), on=key, how="semi").unique()
    both = some.join(named, on=key, how="inner", suffix="_other", validate="m:m")
    by_another = both.filter(pl.col("source") != pl.col("source_other"))
    return by_another.select("source", "record_id")


def _folded(people: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in _NAMES if name in people.columns]
    return people.with_columns(pl.col(names).str.to_lowercase())


def _told(batch: FeedBatch, found: Mapping[str, tuple[int, int]]) -> FeedBatch:
    counts = pl.DataFrame(
        [(source, *pair) for source, pair in found.items()],
        schema={"source": pl.String, "_people": pl.Int64, "_known": pl.Int64},
        orient="row",
    )
    status = (
        batch.status.join(counts, on="source", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            people=pl.coalesce("_people", "people"),
            people_known=pl.coalesce("_known", "people_known"),
        )
        .drop("_people", "_known")
    )
    return replace(batch, status=status)
