"""Facts and awards as they come -> the frames that a plan reads, with exactly its columns."""

import polars as pl

from nostop.determination.receipts import receipts
from nostop.determination.values import edges
from nostop.frames import Situation
from nostop.model import FrameError, Level
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Fact, too_large
from nostop.rulebook.plan import KEYS, Plan


def prepared(situation: Situation, book: Rulebook, plan: Plan) -> dict[Level, pl.DataFrame]:
    """Return the three frames with exactly the columns that the plan reads.

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
    together = people.group_by("benefit_unit_id", "household_id").agg(pl.col("confidence").min())
    _must_resolve(together, units, ["benefit_unit_id"])
    _must_resolve(together, households, ["household_id"])
    _must_resolve(together, units, ["benefit_unit_id", "household_id"])
    at_home = together.group_by("household_id").agg(pl.col("confidence").min())
    return {
        Level.PERSON: people,
        Level.BENEFIT_UNIT: _peopled(units, together.drop("household_id"), "benefit_unit_id"),
        Level.HOUSEHOLD: _peopled(households, at_home, "household_id"),
    }


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
    if frame[key].is_duplicated().any():
        row = f"each row is one {level.value.replace('_', ' ')}"
        raise FrameError(f"{level.value} table: '{key}' repeats: {row}")
    columns = [pl.col(key).cast(pl.String), *(pl.col(name) for name in keys)]
    for name, fact in book.catalogue.at(level).items():
        if name in plan.schedule.facts and name not in keys:
            columns.append(_typed(frame, name, fact.dtype))
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


def _must_resolve(together: pl.DataFrame, frame: pl.DataFrame, keys: list[str]) -> None:
    lost = together.join(frame, on=keys, how="anti")
    if lost.height:
        what = f"a {keys[0]} that its own table does not hold"
        if len(keys) > 1:
            what = "another household than their benefit unit"
        raise FrameError(f"people: {lost.height} benefit unit(s) have members with {what}")
