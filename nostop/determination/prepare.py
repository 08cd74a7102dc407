"""Facts and awards as they come -> the frames that a plan reads, with exactly its columns."""

from dataclasses import dataclass

import polars as pl

from nostop.determination.perhaps import with_perhaps
from nostop.determination.receipts import receipts
from nostop.determination.values import edges
from nostop.frames import FACT_DTYPES, Situation
from nostop.model import FrameError, Level
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Fact, too_large
from nostop.rulebook.plan import KEYS, Plan


@dataclass(frozen=True, slots=True)
class Numbered:
    """The three frames with exactly the columns that a plan reads, and numbers in the place of ids:
    the row of `ids`, which stand in their order. Numbers are grouped, joined and sorted by in a
    fraction of the time."""

    frames: dict[Level, pl.DataFrame]
    ids: dict[Level, pl.Series]

    def named(self) -> dict[Level, pl.DataFrame]:
        """Return the frames with their ids."""
        return {level: self.with_ids(frame) for level, frame in self.frames.items()}

    def with_ids(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return any frame with ids in the place of the numbers it has."""
        numbers = {KEYS[level]: ids for level, ids in self.ids.items()}
        return frame.with_columns(
            ids.gather(frame[key]).alias(key)
            for key, ids in numbers.items()
            if key in frame.columns
        )


def prepared(situation: Situation, book: Rulebook, plan: Plan) -> dict[Level, pl.DataFrame]:
    """Return the three frames with exactly the columns that the plan reads.

    Raises:
        FrameError: as `determine`.
    """
    return numbered(situation, book, plan).named()


def numbered(situation: Situation, book: Rulebook, plan: Plan) -> Numbered:
    """Return the frames that a plan is put over.

    Raises:
        FrameError: as `determine`.
    """
    keys = ["benefit_unit_id", "household_id", "role"]
    people = _with_facts(situation.people, book, plan, Level.PERSON, keys)
    if people["role"].null_count():
        raise FrameError("people: 'role' is empty for somebody: write adult or child")
    people = people.hstack(receipts(situation, plan))
    units = _with_facts(situation.benefit_units, book, plan, Level.BENEFIT_UNIT, ["household_id"])
    households = _with_facts(situation.households, book, plan, Level.HOUSEHOLD, [])
    units, households = units.sort("benefit_unit_id"), households.sort("household_id")
    ids = {
        Level.PERSON: people["person_id"].sort(),
        Level.BENEFIT_UNIT: units["benefit_unit_id"],
        Level.HOUSEHOLD: households["household_id"],
    }
    people, units, households = _with_numbers(people, units, households)
    together = people.group_by("benefit_unit_id").agg(pl.col("confidence").min())
    units = _peopled(units, together, "benefit_unit_id")
    at_home = people.group_by("household_id").agg(pl.col("confidence").min())
    frames = {
        Level.PERSON: people,
        Level.BENEFIT_UNIT: units,
        Level.HOUSEHOLD: _peopled(households, at_home, "household_id"),
    }
    return Numbered(*with_perhaps(frames, ids, situation))


def _with_numbers(
    people: pl.DataFrame, units: pl.DataFrame, households: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Put the row of each id in its place, and refuse people whom the other tables do not hold."""
    homes = households.select("household_id", _home=pl.int_range(pl.len(), dtype=pl.UInt32))
    of_units = units.select("benefit_unit_id", "household_id").join(
        homes, on="household_id", how="left", validate="m:1", maintain_order="left"
    )
    places = of_units.select(
        "benefit_unit_id",
        _unit=pl.int_range(pl.len(), dtype=pl.UInt32),
        _unit_home="_home",
        _of="household_id",
    )
    found = people.select("benefit_unit_id", "household_id").join(
        places, on="benefit_unit_id", how="left", validate="m:1", maintain_order="left"
    )
    _must_resolve(found, homes)
    return (
        people.with_columns(
            person_id=_places(people["person_id"]),
            benefit_unit_id=found["_unit"],
            household_id=found["_unit_home"],
        ),
        units.with_columns(
            benefit_unit_id=pl.int_range(pl.len(), dtype=pl.UInt32), household_id=of_units["_home"]
        ),
        households.with_columns(household_id=homes["_home"]),
    )


def _places(ids: pl.Series) -> pl.Series:
    """Return where each id stands in their order."""
    order = ids.arg_sort()
    return pl.zeros(ids.len(), dtype=pl.UInt32, eager=True).scatter(
        order, pl.int_range(ids.len(), dtype=pl.UInt32, eager=True)
    )


def _peopled(frame: pl.DataFrame, lived_in: pl.DataFrame, key: str) -> pl.DataFrame:
    # Nobody's benefit unit, or an empty dwelling, is no subject: there is no one to decide for.
    return frame.join(lived_in, on=key, how="inner", validate="1:1", maintain_order="left")


def _with_facts(
    frame: pl.DataFrame, book: Rulebook, plan: Plan, level: Level, keys: list[str]
) -> pl.DataFrame:
    key = KEYS[level]
    for name in (key, *keys):
        if name not in frame.columns:
            found = f"column '{name}' is missing, found {frame.columns}"
            raise FrameError(f"{level.value} table: {found}")
    if frame[key].n_unique() < frame.height:
        row = f"each row is one {level.value.replace('_', ' ')}"
        raise FrameError(f"{level.value} table: '{key}' repeats: {row}")
    columns = [pl.col(key).cast(pl.String), *(pl.col(name) for name in keys)]
    for name, fact in book.catalogue.at(level).items():
        if name in plan.schedule.facts and name not in keys:
            columns.append(_typed(frame, name, FACT_DTYPES[fact.type]))
            _must_be_within(frame, name, fact)
    if level is Level.PERSON:
        columns.append(_typed(frame, "confidence", pl.Float64()))
    return frame.select(columns)


def _typed(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(None, dtype=dtype).alias(name)
    found = frame.schema[name]
    if found in (dtype, pl.Null()):
        return pl.col(name).cast(dtype)
    if dtype == pl.Int64() and found.is_integer():
        return pl.col(name).cast(pl.Int64)
    if dtype == pl.String() and found in (pl.Categorical, pl.Enum):
        return pl.col(name).cast(pl.String)
    raise FrameError(f"column '{name}' is {found} where {dtype} is needed")


def _must_be_within(frame: pl.DataFrame, name: str, fact: Fact) -> None:
    """Exact fractions of larger amounts would run over 64 bits, and turn into other amounts."""
    found = edges(frame[name]) if name in frame.columns else []
    if fact.largest is not None and any(abs(edge) > fact.largest for edge in found):
        raise FrameError(f"column '{name}': a value is {too_large(fact.type)}")


def _must_resolve(found: pl.DataFrame, homes: pl.DataFrame) -> None:
    """Refuse people whose benefit unit or household no table holds, or who live elsewhere than
    their benefit unit."""
    no_unit = found.filter(pl.col("_unit").is_null())
    apart = found.filter(pl.col("household_id") != pl.col("_of"))
    no_home = (
        found.filter(pl.col("_unit_home").is_null())
        if apart.is_empty()
        else apart.join(homes, on="household_id", how="anti")
    )
    for lost, what in (
        (no_unit, "a benefit_unit_id that its own table does not hold"),
        (no_home, "a household_id that its own table does not hold"),
        (apart, "another household than their benefit unit"),
    ):
        if lost.height:
            count = lost.select("benefit_unit_id", "household_id").n_unique()
            raise FrameError(f"people: {count} benefit unit(s) have members with {what}")
