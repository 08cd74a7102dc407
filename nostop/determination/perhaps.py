"""Those who may belong to a benefit unit or household without anybody having told of them.

Where it is not known who the children of a benefit unit are, whether there is a partner, or who
else lives in a household, one more row stands in the frames for any number of such people. Nothing
is known of them but their role. What is taken over members is then as open as it has to be: a known
child settles `any_child`, and the number of children has no upper end.
"""

import polars as pl

from nostop.frames import Situation
from nostop.model import Level
from nostop.rulebook.plan import KEYS
from nostop.rulebook.schedule import PERHAPS

#: One frame, and the ids behind its numbers, for each level.
Frames = dict[Level, pl.DataFrame]
Ids = dict[Level, pl.Series]

_UNIT, _HOME = KEYS[Level.BENEFIT_UNIT], KEYS[Level.HOUSEHOLD]
#: What says of a benefit unit that all its members of a role are there.
MEMBERSHIP = {"child": "children_known", "adult": "partner_known"}


def with_perhaps(frames: Frames, ids: Ids, situation: Situation) -> tuple[Frames, Ids]:
    """Return frames of numbers with `perhaps`, and a row for those who may be there where a flag of
    the situation says so; and the ids behind the numbers, theirs last."""
    people = frames[Level.PERSON].with_columns(pl.lit(value=False).alias(PERHAPS))
    units = frames[Level.BENEFIT_UNIT].with_columns(pl.lit(value=False).alias(PERHAPS))
    homes = frames[Level.HOUSEHOLD].select(_HOME)
    open_homes = _open(situation.households, Level.HOUSEHOLD, "members_known", ids).join(
        homes, on=_HOME, how="semi"
    )
    more_units, unit_ids = _more_units(open_homes, ids)
    more_people = [more_units.with_columns(role=pl.lit(role)) for role in MEMBERSHIP]
    for role, flag in MEMBERSHIP.items():
        open_units = _open(situation.benefit_units, Level.BENEFIT_UNIT, flag, ids)
        of = units.select(_UNIT, _HOME).join(open_units, on=_UNIT, how="semi")
        more_people.append(of.with_columns(role=pl.lit(role)))
    more = pl.concat(more_people).sort(_UNIT, "role")
    found = frames | {Level.PERSON: people, Level.BENEFIT_UNIT: units}
    if more.is_empty():
        return found, ids
    all_ids = ids | {Level.BENEFIT_UNIT: unit_ids}
    names = unit_ids.gather(more[_UNIT]) + "?" + more["role"]
    all_ids[Level.PERSON] = pl.concat([ids[Level.PERSON], names.alias("person_id")])
    found[Level.BENEFIT_UNIT] = _added(units, more_units)
    first = ids[Level.PERSON].len()
    numbers = pl.int_range(first, first + more.height, dtype=pl.UInt32, eager=True)
    found[Level.PERSON] = _added(people, more.with_columns(person_id=numbers))
    return found, all_ids


def _open(table: pl.DataFrame, level: Level, flag: str, ids: Ids) -> pl.DataFrame:
    """Return the numbers of those whose flag is false or null; nobody's, where there is no flag."""
    key = KEYS[level]
    numbers = pl.int_range(ids[level].len(), dtype=pl.UInt32, eager=True)
    if flag not in table.columns:
        return pl.DataFrame({key: numbers.clear()})
    lacking = table.filter(pl.col(flag).ne_missing(other=True)).select(pl.col(key).cast(pl.String))
    places = pl.DataFrame({key: ids[level], "_number": numbers})
    return lacking.join(places, on=key, how="inner", validate="1:1").select(
        pl.col("_number").alias(key)
    )


def _more_units(homes: pl.DataFrame, ids: Ids) -> tuple[pl.DataFrame, pl.Series]:
    """Return a further benefit unit for each household whose members are not known."""
    here, before = homes.sort(_HOME), ids[Level.BENEFIT_UNIT]
    numbers = pl.int_range(before.len(), before.len() + here.height, dtype=pl.UInt32, eager=True)
    names = ids[Level.HOUSEHOLD].gather(here[_HOME]) + "?"
    return (
        here.select(numbers.alias(_UNIT), _HOME),
        pl.concat([before, names.alias(before.name)]),
    )


def _added(frame: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Add rows of which all else is unknown; no source is complete for somebody nobody knows."""
    receipts = [name for name in frame.columns if name.startswith("known:")]
    rows = more.with_columns(
        pl.lit(value=True).alias(PERHAPS), *(pl.lit(value=False).alias(name) for name in receipts)
    )
    return pl.concat([frame, rows.cast({x: frame.schema[x] for x in rows.columns})], how="diagonal")
