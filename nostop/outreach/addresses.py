"""Where a letter may go: one postal address for each person, or the reason why none is sure enough.

A letter to an address that somebody has left can put them in danger. So an address counts only
where no trusted source says otherwise at about the same time, and only once it has stood a while.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import dataframely as dy
import polars as pl

from nostop.frames import Links, SourceRecords, check

#: Days that an address must have stood before anybody writes to it: a letter about the old address
#: and one to the new can cross, and somebody may have moved away from someone.
SETTLES = 28
#: Days by which one source must be ahead of another to be believed against it.
CLEARLY_NEWER = 90
REASONS = ("no_address", "sources_disagree", "moved_lately")
_POSTCODE = r"^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][ABD-HJLNP-UW-Z]{2}$"
_MOST_LINES = 6
_WRITTEN = ["address_line_1", "postcode"]


class PostalAddresses(dy.Schema):
    """One row for each person with a record: `lines` (2 to 6, the postcode last) where a letter may
    go, else null and the `reason`.

    `place` tells two addresses apart, however they are spelt: the numbers, or else the words, and
    the postcode. `as_of` is when `source` last said it, `since` the first day for which we
    know of it. All null where no source gave an address.
    """

    person_id = dy.String(primary_key=True)
    lines = dy.List(dy.String(), nullable=True)
    reason = dy.String(nullable=True)
    place = dy.String(nullable=True)
    as_of = dy.Date(nullable=True)
    since = dy.Date(nullable=True)
    source = dy.String(nullable=True)


def postal(
    records: pl.DataFrame,
    links: pl.DataFrame,
    *,
    trust: Sequence[str],
    on: date,
    previous: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return each person's postal address as of a day.

    The newest address that a trusted source gives counts, and of equally new ones the most
    trusted's. There is none (`sources_disagree`) where any record has another postcode, or other
    numbers before it, and is not `CLEARLY_NEWER` days older; nor (`moved_lately`) where this
    address has been known for less than `SETTLES` days, and another was known before.

    Args:
        records: `SourceRecords`. An address without a line, without a postcode of the United
            Kingdom, or without a day is none.
        links: `Links`: whose each record is.
        trust: the sources that may say where people live, the most trusted first.
        on: the day of the run. What sources say of later days is not read.
        previous: `PostalAddresses` of the last run. A feed that holds only today's address does not
            say that it changed; without the last run we do not know it either.
    Returns:
        `PostalAddresses`, sorted by person.
    Raises:
        FrameError: a table lacks a column, or a key repeats.
    """
    owned = check(Links, links).select("source", "record_id", "person_id")
    everybody = owned.select("person_id").unique()
    said = _said(check(SourceRecords, records), trust, on).join(
        owned, on=["source", "record_id"], how="inner", validate="1:1"
    )
    best = _best(said)
    dated = _dated(best, said, previous, on).with_columns(lines=_lines())
    reason = (
        pl.when(pl.col("lines").list.len().is_between(2, _MOST_LINES).not_().fill_null(value=True))
        .then(pl.lit("no_address"))
        .when("disputed")
        .then(pl.lit("sources_disagree"))
        .when("moved")
        .then(pl.lit("moved_lately"))
    )
    rows = everybody.join(dated, on="person_id", how="left", validate="1:1").with_columns(
        reason=reason
    )
    return check(
        PostalAddresses,
        rows.with_columns(lines=pl.when(pl.col("reason").is_null()).then("lines")).sort(
            "person_id"
        ),
    )


def _said(records: pl.DataFrame, trust: Sequence[str], on: date) -> pl.DataFrame:
    """Return source, record_id, rank, as_of, place and its parts of each address."""
    ranks = pl.DataFrame(
        {"source": list(trust), "rank": range(len(trust))},
        schema={"source": pl.String, "rank": pl.Int64},
    )
    places = _places(records)
    return (
        records.select("source", "record_id", "seen_on", "town", *_WRITTEN)
        .filter(pl.col("seen_on") <= on)
        .join(ranks, on="source", how="inner", validate="m:1")
        .join(places, on=_WRITTEN, how="inner", validate="m:1")
        .select(
            "source",
            "record_id",
            "rank",
            "address_line_1",
            "town",
            "numbers",
            "place",
            as_of="seen_on",
            postcode="written",
        )
    )


def _places(records: pl.DataFrame) -> pl.DataFrame:
    """Return `_WRITTEN` of every address that is one, with its `place`, the numbers in it, and its
    postcode as it is `written`: worked out once for each, and not for each record."""
    bare = pl.col("postcode").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    words = pl.col("address_line_1").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
    number = pl.when(pl.col("numbers") != "").then("numbers")
    place = pl.coalesce(number, pl.col("_words").str.strip_chars())
    return (
        records.select(_WRITTEN)
        .unique()
        .filter(pl.col("address_line_1").str.contains(r"[\p{L}\p{N}]"))
        .with_columns(_bare=bare, _words=words)
        .filter(pl.col("_bare").str.contains(_POSTCODE))
        .with_columns(
            written=pl.concat_str(
                pl.col("_bare").str.head(-3), pl.lit(" "), pl.col("_bare").str.tail(3)
            ),
            numbers=pl.col("_words").str.extract_all(r"\d+[A-Z]?\b").list.join(" "),
        )
        .select(
            *_WRITTEN, "written", "numbers", place=pl.concat_str(place, pl.lit(", "), "written")
        )
    )


def _lines() -> pl.Expr:
    parts = pl.concat_str("address_line_1", "town", separator=",", ignore_nulls=True)
    tidy = (
        parts.str.replace_all(r"\s+", " ").str.replace_all(r" ?,[ ,]*", ",").str.strip_chars(" ,")
    )
    return pl.concat_list(tidy.str.split(",").list.unique(maintain_order=True), "postcode")


def _best(said: pl.DataFrame) -> pl.DataFrame:
    """Return each person's newest address with `disputed`: whether a source says otherwise."""
    newest = said.sort(
        ["person_id", "as_of", "rank", "record_id"], descending=[False, True, False, False]
    )
    best = newest.unique("person_id", keep="first", maintain_order=True)
    chosen = best.select(
        "person_id",
        best_place="place",
        best_postcode="postcode",
        best_numbers="numbers",
        best_as_of="as_of",
    )
    others = said.join(chosen, on="person_id", how="inner", validate="m:1").filter(
        pl.col("place") != pl.col("best_place")
    )
    ahead = pl.col("best_as_of") - pl.col("as_of") >= timedelta(days=CLEARLY_NEWER)
    # The flat may be left out, but 12 is not 14.
    theirs, ours = (pl.col(name).str.split(" ") for name in ("numbers", "best_numbers"))
    differ = (theirs.list.set_difference(ours).list.len() > 0) & (
        ours.list.set_difference(theirs).list.len() > 0
    )
    disputes = others.filter((pl.col("postcode") != pl.col("best_postcode")) | differ, ~ahead)
    disputed = disputes.select("person_id").unique().with_columns(disputed=pl.lit(value=True))
    return best.join(disputed, on="person_id", how="left", validate="1:1").with_columns(
        pl.col("disputed").fill_null(value=False)
    )


def _dated(
    best: pl.DataFrame, said: pl.DataFrame, previous: pl.DataFrame | None, on: date
) -> pl.DataFrame:
    """Add `since`, and `moved`: whether another address came before, and this one is new."""
    here = said.join(
        best.select("person_id", here="place"), on="person_id", how="inner", validate="m:1"
    )
    same = pl.col("place") == pl.col("here")
    seen = here.group_by("person_id").agg(
        first_seen=pl.col("as_of").filter(same).min(), elsewhere=(~same).any()
    )
    last = PostalAddresses.create_empty() if previous is None else check(PostalAddresses, previous)
    before = last.select(
        "person_id",
        place_before="place",
        since_before="since",
        unsure_before=pl.col("reason").is_in(["moved_lately", "sources_disagree"]),
        known_before=pl.lit(value=True),
    )
    dated = best.join(seen, on="person_id", how="left", validate="1:1").join(
        before, on="person_id", how="left", validate="1:1"
    )
    known = pl.col("known_before").fill_null(value=False)
    # An address that we had not, or had lost: it is new to us, whatever the feed says of its age.
    changed = known & pl.col("place").ne_missing(pl.col("place_before"))
    since = (
        pl.when(changed).then(pl.lit(on)).when(known).then("since_before").otherwise("first_seen")
    )
    another = pl.col("elsewhere") | changed | pl.col("unsure_before").fill_null(value=False)
    return dated.with_columns(since=since).with_columns(
        moved=another & (pl.col("since") > on - timedelta(days=SETTLES))
    )
