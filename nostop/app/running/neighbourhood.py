"""Who has to be put together again after a change, and how that is joined to all others.

What is put together of people depends only on those they share an address or a relation with: for
two sets of people between whom there is neither, it is the same whether they are put together at
once or each alone. So what changed, and all that can be reached from it before or now, is put
together as it was and as it is; what it gave before is taken out, and what it gives now put in.
"""

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from nostop import linkage
from nostop.feeds import FeedBatch
from nostop.frames import Conflicts
from nostop.linkage import Assembled, Gathered, text
from nostop.linkage.addresses import LONG_AGO
from nostop.linkage.facts import NO_RECORD
from nostop.model import FrameError

_KEY = ["source", "record_id"]
#: Where more people than this share are touched, everybody is put together again: it costs less.
MOST = 0.45
_TABLES = ("records", "facts", "awards", "relations", "contacts")
_PLACES = ("uprn", "text")


@dataclass(frozen=True, slots=True)
class Side:
    """What there was before, or is now.

    gathered: what the feeds brought.
    places: source, record_id, person_id, confidence, uprn, text: whose each record is, and each
        address it gives, in standard form; of people of rows set aside too.
    """

    gathered: Gathered
    places: pl.DataFrame

    @property
    def links(self) -> pl.DataFrame:
        """`Links`."""
        return self.places.select(*_KEY, "person_id", "confidence").unique().sort(_KEY)


def places_of(batch: FeedBatch, links: pl.DataFrame) -> pl.DataFrame:
    """Return the `places` of a side."""
    said = pl.concat([batch.records, batch.set_aside])
    addresses = ["uprn", "address_line_1", "postcode"]
    # Few addresses are many records': each is put into standard form once.
    distinct = said.select(addresses).unique()
    standard = distinct.with_columns(
        _uprn=text.uprn("uprn"),
        _text=text.address_line("address_line_1") + "|" + text.postcode("postcode"),
    )
    return (
        said.select(*_KEY, *addresses)
        .join(standard, on=addresses, how="left", nulls_equal=True, validate="m:1")
        .join(links, on=_KEY, how="left", validate="m:1")
        .select(*_KEY, "person_id", "confidence", uprn="_uprn", text="_text")
        .unique()
        .sort(*_KEY, *_PLACES)
    )


def put_together_again(
    last: Assembled, before: Side, now: Side, on: tuple[date, date | None]
) -> Assembled | None:
    """Return what `assemble` would give of everybody; None where it cannot be told from the last.

    Args:
        last: what was put together of everybody before.
        on: the day, and the day of knowledge.
    """
    if not _comparable(before.gathered, now.gathered, min(on[0], on[1] or on[0])):
        return None
    people = _reached(before, now, _touched(before, now))
    if people.height > MOST * now.places["person_id"].n_unique():
        return None
    was, is_ = (_assembled(side, people, on) for side in (before, now))
    return _joined(last, was, is_, now.gathered.status)


def _comparable(before: Gathered, now: Gathered, good_on: date) -> bool:
    """Whether the same feeds say as much by their silence as before."""
    same = [
        (each.completeness.sort(pl.all()), each.status.filter(state="ok")["source"].sort())
        for each in (before, now)
    ]
    heard = [_heard(each, good_on) for each in (before, now)]
    return (
        same[0][0].equals(same[1][0])
        and same[0][1].equals(same[1][1])
        and heard[0].equals(heard[1])
    )


def _heard(gathered: Gathered, good_on: date) -> pl.DataFrame:
    """Return of which facts the silence of a feed is new enough to be heard: source, name."""
    oldest = pl.lit(good_on).dt.offset_by("-" + pl.col("lasts"))
    lasts = gathered.catalogue.select("lasts", name="fact")
    days = gathered.status.select("source", pl.col("as_of").fill_null(LONG_AGO))
    facts = gathered.completeness.filter(pl.col("kind") == "fact").select("source", "name")
    told = facts.join(lasts, on="name", how="inner").join(days, on="source", how="left")
    heard = told.filter((pl.col("as_of") >= oldest).fill_null(value=True))
    return heard.select("source", "name").unique().sort("source", "name")


# --- who is touched ------------------------------------------------------------------------------


def _touched(before: Side, now: Side) -> pl.DataFrame:
    """Return `person_id` of whom a record says something else, or is somebody else's."""
    keys = [
        _other_rows(getattr(before.gathered, name), getattr(now.gathered, name))
        for name in (*_TABLES, "set_aside")
    ]
    keys.append(before.places.join(now.places, on=now.places.columns, how="anti", nulls_equal=True))
    keys.append(now.places.join(before.places, on=now.places.columns, how="anti", nulls_equal=True))
    for side in (before, now):
        # Of each source, somebody with the latest pay: by it the pay of all others is too old.
        facts = side.gathered.facts.filter("additive")
        keys.append(facts.sort("as_of").unique(["source", "fact"], keep="last"))
    changed = pl.concat([each.select(_KEY) for each in keys]).unique()
    every = pl.concat([before.places, now.places]).select(*_KEY, "person_id")
    return every.join(changed, on=_KEY, how="semi").select("person_id").unique()


def _other_rows(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of rows that are not there as often on both sides; the line does not count:
    where a row was put in, all others moved down."""
    counted = [each.drop("line", strict=False) for each in (before, now)]
    counted = [each.group_by(pl.all()).agg(_times=pl.len()) for each in counted]
    return pl.concat(counted).unique(keep="none").select(_KEY)


def _reached(before: Side, now: Side, touched: pl.DataFrame) -> pl.DataFrame:
    """Return `person_id` of all that share an address or a relation with the touched, or with
    somebody who does, and so on."""
    sides = (before, now)
    homes = pl.concat([each.places.select("person_id", *_PLACES) for each in sides]).unique()
    related = pl.concat([_related(each) for each in sides]).unique()
    found, edge = touched, touched
    while edge.height:
        near = [related.join(edge, on="person_id", how="semi").select(person_id="other_id")]
        here = homes.join(edge, on="person_id", how="semi")
        for place in _PLACES:
            at = here.select(place).drop_nulls().unique()
            near.append(homes.join(at, on=place, how="semi").select("person_id"))
        edge = pl.concat(near).unique().join(found, on="person_id", how="anti")
        found = pl.concat([found, edge])
    return found


def _related(side: Side) -> pl.DataFrame:
    """Return `person_id`, `other_id` of people of whom a source says that they are related, in
    both directions."""
    owners = side.places.select(*_KEY, "person_id").unique()
    other = owners.select("source", other_record_id="record_id", other_id="person_id")
    pairs = (
        side.gathered.relations.join(owners, on=_KEY, how="inner", validate="m:1")
        .join(other, on=["source", "other_record_id"], how="inner", validate="m:1")
        .select("person_id", "other_id")
        .unique()
    )
    return pl.concat([pairs, pairs.select(person_id="other_id", other_id="person_id")])


# --- put together, and joined --------------------------------------------------------------------


def _assembled(side: Side, people: pl.DataFrame, on: tuple[date, date | None]) -> Assembled:
    links = side.links.join(people, on="person_id", how="semi")
    tables = {
        name: getattr(side.gathered, name).join(links, on=_KEY, how="semi") for name in _TABLES
    }
    gathered = replace(side.gathered, **tables)
    return linkage.assemble(gathered, links, effective_on=on[0], known_on=on[1])


def _joined(last: Assembled, was: Assembled, is_: Assembled, status: pl.DataFrame) -> Assembled:
    """Return the last whole without what a part of it gave then, and with what it gives now."""
    counts = is_.counts.with_columns(count=pl.col("count") - was.counts["count"])
    counts = counts.with_columns(count=pl.col("count") + last.counts["count"])

    def spliced(name: str, key: list[str], order: list[str]) -> pl.DataFrame:
        tables = [_table(each, name) for each in (last, was, is_)]
        kept = tables[0].join(tables[1], on=key, how="anti")
        if kept.height != tables[0].height - tables[1].height:
            raise FrameError(f"{name}: what is taken out is not what was there; --from-scratch")
        whole = pl.concat([_dated(kept, status) if name == "evidence" else kept, tables[2]])
        return whole.sort(order, nulls_last=False)

    person, unit, home = ["person_id"], ["benefit_unit_id"], ["household_id"]
    of = ["level", "subject_id"]
    awards = list(was.situation.awards.columns) if was.situation.awards is not None else []
    situation = replace(
        is_.situation,
        people=spliced("people", person, person),
        benefit_units=spliced("benefit_units", unit, unit),
        households=spliced("households", home, home),
        awards=spliced("awards", person, awards),
    )
    return Assembled(
        situation=situation,
        evidence=spliced("evidence", of, [*of, "fact"]),
        contacts=spliced("contacts", person, person),
        contacts_known=is_.contacts_known,
        conflicts=spliced("conflicts", of, list(Conflicts.columns())),
        counts=counts,
    )


def _table(found: Assembled, name: str) -> pl.DataFrame:
    where = found if hasattr(found, name) else found.situation
    table: pl.DataFrame = getattr(where, name)
    return table


def _dated(evidence: pl.DataFrame, status: pl.DataFrame) -> pl.DataFrame:
    """Return evidence in which the silence of a feed is of the feed's day."""
    days = status.select("source", _day=pl.col("as_of").fill_null(LONG_AGO))
    told = evidence.join(days, on="source", how="left", validate="m:1", maintain_order="left")
    silent = pl.col("record_id") == NO_RECORD
    return told.with_columns(as_of=pl.when(silent).then("_day").otherwise("as_of")).drop("_day")
