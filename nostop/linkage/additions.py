"""A day's changes, linked at a cost in proportion to them: only who they may touch is linked again.

The people that the changed records may be, or may part or join, are linked anew by the same `link`;
everybody else stays as they were. Who may be touched is found by the keys that blocking uses, and
again from whoever changed, until nobody new is found.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from nostop.frames import Links, check
from nostop.linkage import text
from nostop.linkage.duck import kept_open, reused
from nostop.linkage.link import checked_records
from nostop.linkage.standing import Asked, Standing

_KEY = ["source", "record_id"]
#: Before the name of a source: this row is as a record was, and is nobody now.
_WAS = "was|"
_IN_A_STREET = ["postcode", "first", "surname"]
#: Pairs below this confidence are not near each other, whatever a further record may tell.
NEAR = 0.05
#: Pairs from here on would be joined unless something forbids it.
LIKELY = 0.5

Relink = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Added:
    """Links after a change, what stands after it, and how many records were linked again."""

    links: pl.DataFrame
    standing: Standing
    linked_again: int


def add(
    records: pl.DataFrame,
    previous: pl.DataFrame,
    changed: pl.DataFrame,
    relink: Relink,
    before: Standing,
) -> Added:
    """Return links of all records, those that a change cannot touch as they were.

    Args:
        records: `SourceRecords` as they are now, and extra columns: all of them.
        previous: `Links` of what they were.
        changed: rows of `records` that were corrected, and rows as they were of records that have
            been corrected or withdrawn since: a record may come twice. What is new, and what is
            gone, is seen without it.
        relink: what links a part of the records: `link`, with verdicts and the like bound, by the
            weights of `before`.
        before: the records of `previous`, as `standing` or an earlier `add` left them.
    Returns:
        `Links`; ids of people linked again say only who is together, so they go through the
        history (`history.remembered`) as those of a whole run do.
    Raises:
        FrameError: a table lacks a column or repeats a key.
    """
    was = check(Links, previous)
    new = records.join(was, on=_KEY, how="anti")
    told = records.join(changed, on=_KEY, how="semi")
    gone = was.join(records, on=_KEY, how="anti").select(_KEY)
    fresh = before.asked(checked_records(pl.concat([new, told]).unique(_KEY)))
    after = before.grown(fresh, pl.concat([gone, told.select(_KEY)]))
    nobodys = _placeholders(records, before)
    with kept_open(threads=2) as database, reused(database):
        near = _Near(after, was, fresh, after.asked(checked_records(_as_they_were(changed))))
        scope = near.people(near.first(pl.concat([gone, changed.select(_KEY)])), NEAR)
        while True:
            part = _without(nobodys, records.join(near.records_of(scope), on=_KEY, how="semi"))
            linked = relink(part) if part.height else was.clear()
            found = near.people(near.changed(linked), LIKELY)
            further = found.join(scope, on="person", how="anti")
            if further.is_empty():
                break
            scope = pl.concat([scope, further])
    return Added(_spliced(records, was, linked), after, part.height)


def _placeholders(records: pl.DataFrame, before: Standing) -> pl.Series:
    """Return the numbers that were nobody's among all records: few would not show that they are."""
    silent = before.nodes.filter(pl.col("nino").is_null()).select("node")
    said = before.records.join(silent, on="node", how="semi").select(_KEY)
    numbers = records.drop_nulls("nino").join(said, on=_KEY, how="semi")
    return numbers.select(text.nino("nino")).to_series().drop_nulls().unique().sort()


def _without(numbers: pl.Series, records: pl.DataFrame) -> pl.DataFrame:
    if numbers.is_empty():
        return records
    nobodys = text.nino("nino").is_in(numbers.implode()).fill_null(value=False)
    return records.with_columns(nino=pl.when(~nobodys).then("nino"))


def _as_they_were(changed: pl.DataFrame) -> pl.DataFrame:
    version = pl.int_range(pl.len()).cast(pl.String)
    return changed.with_columns(source=_WAS + version + "|" + pl.col("source"))


def _spliced(now: pl.DataFrame, was: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Return the new links, and the old ones of records that are still there."""
    kept = was.join(linked, on=_KEY, how="anti").join(now, on=_KEY, how="semi")
    # Ids of the part could be those of others, since the part was linked knowing nobody else.
    apart = linked.with_columns(person_id="again|" + pl.col("person_id"))
    return check(Links, pl.concat([kept, apart]).sort(_KEY))


class _Near:
    """Who is near whom, among the records as they are now; those that they were can be asked from.

    A person is who the last linking said; a new record is somebody of its own.
    """

    def __init__(self, after: Standing, was: pl.DataFrame, fresh: Asked, ghosts: Asked) -> None:
        self._after, self._was = after, was
        self._fresh, self._ghosts = fresh, ghosts
        own = pl.concat_str(pl.lit("new|"), *_KEY, separator="|")
        self._placed = after.records.join(
            was.select(*_KEY, "person_id"), on=_KEY, how="left", validate="1:1"
        ).with_columns(person=pl.coalesce("person_id", own))
        self._met = pl.DataFrame(schema={"node": pl.Int64})

    def first(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the nodes of what is new, and of who was one person with what changed."""
        people = self._was.join(keys.unique(), on=_KEY, how="semi").select("person_id").unique()
        mates = self._was.join(people, on="person_id", how="semi").select(_KEY)
        return pl.concat([self._nodes_of(mates), self._fresh.records.select("node")]).unique()

    def _nodes_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        return self._placed.join(keys, on=_KEY, how="semi").select("node").unique()

    def records_of(self, people: pl.DataFrame) -> pl.DataFrame:
        """Return the keys of the records of people."""
        return self._placed.join(people, on="person", how="semi").select(_KEY)

    def changed(self, linked: pl.DataFrame) -> pl.DataFrame:
        """Return the nodes of people that are not made up of the same records as before."""
        sizes = self._was.group_by("person_id").agg(before=pl.len())
        told = linked.join(
            self._was.select(*_KEY, was="person_id"), on=_KEY, how="left", validate="1:1"
        ).join(sizes, left_on="was", right_on="person_id", how="left", validate="m:1")
        # Nulls are records that were nobody's before.
        same = (
            (pl.col("was").n_unique().over("person_id") == 1)
            & (pl.len().over("person_id") == pl.col("before"))
        ).fill_null(value=False)
        return self._nodes_of(told.filter(~same).select(_KEY))

    def people(self, nodes: pl.DataFrame, least: float) -> pl.DataFrame:
        """Return the people of these nodes, and of all that are near them: `person`.

        Near is who shares a key and scores `least`; who is likely to be joined is looked around
        from in turn, for those likely to be joined to them. No node is looked around from twice.
        """
        found = [nodes]
        waiting = nodes.join(self._met, on="node", how="anti")
        for bar in (least, LIKELY):
            ghosts = self._ghosts if self._met.is_empty() else None
            self._met = pl.concat([self._met, waiting])
            scored = self._scored(waiting, ghosts)
            found.append(scored.filter(pl.col("confidence") >= bar).select("node"))
            found.append(self._beside(waiting, ghosts))
            joined = scored.filter(pl.col("confidence") >= LIKELY).select("node").unique()
            waiting = self._whole(joined).join(self._met, on="node", how="anti")
        return self._people_of(pl.concat(found).unique())

    def _people_of(self, nodes: pl.DataFrame) -> pl.DataFrame:
        return self._placed.join(nodes, on="node", how="semi").select("person").unique()

    def _whole(self, nodes: pl.DataFrame) -> pl.DataFrame:
        """Return all nodes of the people that these are of."""
        people = self._people_of(nodes)
        return self._placed.join(people, on="person", how="semi").select("node").unique()

    def _scored(self, nodes: pl.DataFrame, ghosts: Asked | None) -> pl.DataFrame:
        """Return `node`, `confidence` of what shares a key with these nodes, and with ghosts."""
        # Forms stand for all nodes of their people that say as much.
        ours = self._after.prepared.join(self._whole(nodes), on="node", how="semi")
        told = ours if ghosts is None else pl.concat([ours, ghosts.prepared])
        pairs = self._after.sharing(told)
        others = self._after.rows(self._after.prepared, pairs["r"])
        both = pl.concat([told, others], how="vertical_relaxed").unique("node", keep="first")
        return self._after.weighing.weighed(both, pairs).select("confidence", node="r")

    def _beside(self, nodes: pl.DataFrame, ghosts: Asked | None) -> pl.DataFrame:
        """Return who is linked by more than a score: without a birth date at the same dwelling, or
        of the same name in the street, listed there as a twin, or in one row of a source."""
        said, rows = self._after.nodes, self._after.records.drop_nulls("row_key")
        ours = said.join(nodes, on="node", how="semi")
        ours = ours if ghosts is None else pl.concat([ours, ghosts.nodes], how="vertical_relaxed")
        undated, no_door = pl.col("born_on").is_null(), pl.col("dwelling").is_null()
        everybody = pl.lit(value=True)
        met = []
        for theirs, here in ((undated, everybody), (everybody, undated)):
            at_home = ours.filter(here).drop_nulls("dwelling")
            met.append(said.filter(theirs).join(at_home, on="dwelling", how="semi").select("node"))
            # Where one side gives no door, only the very same name in the street is linked.
            for no_door_there, no_door_here in ((no_door, everybody), (everybody, no_door)):
                named = ours.filter(here & no_door_here).drop_nulls(_IN_A_STREET)
                there = said.filter(theirs & no_door_there)
                met.append(there.join(named, on=_IN_A_STREET, how="semi").select("node"))
        twins = ["born_on", "surname", "dwelling"]
        met.append(said.join(ours.drop_nulls(twins), on=twins, how="semi").select("node"))
        row = rows.join(nodes, on="node", how="semi").select("row_key")
        met.append(rows.join(row, on="row_key", how="semi").select("node"))
        return pl.concat(met).unique()
