"""Hard labelled records: people who do not exist, as several departments wrote them down, with who
is who."""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import polars as pl

from nostop.model import SettingsError
from nostop.synth.chance import Bools, Chance, Ints, by_age, scattered
from nostop.synth.days import YEAR_DAYS, days_before
from nostop.synth.hard.changes import MOST_DAYS, daily_changes
from nostop.synth.hard.homes import build_dwellings, with_homes
from nostop.synth.hard.kinds import marked, told
from nostop.synth.hard.naming import with_names
from nostop.synth.hard.numbers import with_numbers
from nostop.synth.hard.people import build_people
from nostop.synth.hard.rates import Rates, read_hard_names, read_variants
from nostop.synth.hard.vocabulary import NONE, build_vocabulary
from nostop.synth.hard.writer import AS_AT, World, Writer
from nostop.synth.hard.writing import write
from nostop.synth.shapes import Shapes, read_names

LEAST_PEOPLE, MOST_PEOPLE = 20, 3_500_000
RECORD_COLUMNS = (
    "source", "record_id", "nino", "first_name", "middle_names", "surname", "born_on", "sex",
    "uprn", "address_line_1", "postcode", "town", "seen_on",
)  # fmt: skip
LABEL_COLUMNS = (
    "source", "record_id", "true_person", "true_household", "kind", "kinds", "name_origin",
    "age_band",
)  # fmt: skip
_RECORD_NUMBERS = 10**9
_AGE_BANDS = ((80, "80_plus"), (65, "65_79"), (45, "45_64"), (25, "25_44"), (16, "16_24"))
_ISLANDS = ("british", "irish", "caribbean")
_DIED_WITHIN_DAYS = 550


@dataclass(frozen=True, slots=True)
class HardRecords:
    """`records` has the columns of `SourceRecords`; `labels` one row for each, in the same
    order. `days` holds the changes of each day alike, its records with `change` besides."""

    records: pl.DataFrame
    labels: pl.DataFrame
    days: tuple["HardRecords", ...] = ()


def generate_records(people: int, seed: int, *, hard: bool = False, days: int = 0) -> HardRecords:
    """Return records of `people` invented people; the same for the same arguments.

    Args:
        people: how many people there are; each is on two to four registers of six.
        seed: what every draw follows from.
        hard: raise every hard case and fault, so that each can be measured on few records;
            otherwise they are about as common as in life.
        days: for how many days after to tell what changes.
    Raises:
        SettingsError: the number of people or days or the seed cannot be used.
    """
    if not LEAST_PEOPLE <= people <= MOST_PEOPLE:
        raise SettingsError(
            f"--people {people:,}: give a number from {LEAST_PEOPLE} to {MOST_PEOPLE:,}"
        )
    if seed < 0:
        raise SettingsError(f"--seed {seed}: give a whole number from 0")
    if not 0 <= days <= MOST_DAYS:
        raise SettingsError(f"--days {days}: give a number from 0 to {MOST_DAYS}")
    world = build_world(people, seed, hard=hard)
    written = pl.concat([_records_of(world, source) for source in world.rates.shapes["sources"]])
    if not days:
        return _labelled(written, world, RECORD_COLUMNS)
    changes = daily_changes(written, world, days)
    told = tuple(_labelled(day, world, (*RECORD_COLUMNS, "change")) for day in changes.days)
    return replace(_labelled(changes.first, world, RECORD_COLUMNS), days=told)


def _labelled(written: pl.DataFrame, world: World, columns: tuple[str, ...]) -> HardRecords:
    return HardRecords(written.select(columns), labels_of(written, world.people))


def build_world(people: int, seed: int, *, hard: bool) -> World:
    """Return everybody who exists and every dwelling, before any source looks."""
    rates, streets, names = Rates.read(hard=hard), read_names(), read_hard_names()
    chance = Chance(seed)
    vocabulary = build_vocabulary(streets, names, read_variants())
    everybody = build_people(people, rates, names, chance)
    everybody = with_names(everybody, rates, names, vocabulary, chance)
    everybody = with_homes(everybody, rates, chance)
    everybody = with_numbers(everybody, rates, chance)
    everybody = _with_dates(everybody, rates, names, chance)
    dwellings = build_dwellings(everybody, rates, streets, names, chance)
    return World(_with_marks(everybody, names), dwellings, vocabulary, rates, chance)


def _with_dates(people: pl.DataFrame, rates: Rates, names: Shapes, chance: Chance) -> pl.DataFrame:
    """Add born_on; official_born_on, 1 January of that year for some who came from abroad;
    died_days (-1 alive); re_registered."""
    rng = chance.part("dates")
    count = len(people)
    born = days_before(AS_AT, people["age_days"].to_numpy())
    abroad = ~np.isin(_origins(people, names), _ISLANDS)
    unknown = pl.Series(abroad & rates.happens("default_birthday", count, rng))
    # Who has no papers is given 1 January or, with all their family, the day they came.
    arrived = rng.integers(0, 365, count)[people["start"].to_numpy()]
    share = rates.shapes["born_on_arrival_percent"]
    shift = np.where(rng.integers(0, 100, count)[people["start"].to_numpy()] < share, arrived, 0)
    official = born.dt.truncate("1y") + pl.Series(shift).cast(pl.Duration("ms")) * 86_400_000
    first = pl.select(pl.when(unknown).then(official)).to_series()
    old = people["age_days"].to_numpy() > 45 * YEAR_DAYS
    died = old & rates.happens("died", count, rng)
    return people.with_columns(
        born_on=born,
        official_born_on=first,
        died_days=pl.Series(np.where(died, rng.integers(1, _DIED_WITHIN_DAYS, count), -1)),
        re_registered=pl.Series(rates.happens("re_registered", count, rng)),
    )


def _origins(people: pl.DataFrame, names: Shapes) -> np.ndarray:
    origins: np.ndarray = np.asarray(list(names["origins"]))[people["origin"].to_numpy()]
    return origins


def _with_marks(people: pl.DataFrame, names: Shapes) -> pl.DataFrame:
    """Add name_origin, family_first, and marks: the hard cases that all records of a person
    share."""
    column = {name: people[name].to_numpy() for name in people.columns}
    twin = column["twin"] | np.concatenate([column["twin"][1:], [False]])
    origins = names["origins"]
    first = np.asarray([origins[name].get("family_first", False) for name in origins])
    borrowed = people["borrowed_nino"].is_not_null().to_numpy() | column["lends"]
    cases: dict[str, Bools] = {
        "twins": twin,
        "namesake": column["namesake"],
        "borrowed_nino": borrowed,
        "re_registered": column["re_registered"],
        "died": column["died_days"] > 0,
        "communal": column["establishment"] >= 0,
        "default_birthday": people["official_born_on"].is_not_null().to_numpy(),
        "double_barrelled": column["surname_b"] != NONE,
        "patronymic": np.isin(column["convention"], ("given", "lineage", "singh_kaur")),
        "two_word_given": column["given_b"] != NONE,
        "family_first": first[column["origin"]],
        "household_moved": column["moved"],
    }
    marks = np.zeros(len(people), dtype=np.int64)
    for kind, where in cases.items():
        marks = marked(marks, kind, where)
    return people.with_columns(
        name_origin=pl.Series(_origins(people, names), dtype=pl.String),
        family_first=pl.Series(first[column["origin"]]),
        marks=pl.Series(marks),
    )


def _records_of(world: World, source: str) -> pl.DataFrame:
    """Return all records of one source, in the order of their record_id, with person and marks."""
    rows = _covered(world, source)
    parts = [write(Writer(world, source, rows))]
    again = _written_twice(world, source, rows)
    if len(again):
        second = write(Writer(world, source, again, "again"))
        parts.append(
            second.with_columns(
                marks=pl.Series(
                    marked(second["marks"].to_numpy(), "duplicate", np.ones(len(again), dtype=bool))
                )
            )
        )
    written = pl.concat(parts)
    numbers = scattered(len(written), _RECORD_NUMBERS, world.chance.seed + crc32(source.encode()))
    ids = np.char.add(f"{source[0]}", np.char.zfill(numbers.astype(str), 9))
    return written.with_columns(record_id=pl.Series(ids, dtype=pl.String)).sort("record_id")


def _covered(world: World, source: str) -> Ints:
    rng = world.chance.part(f"who is on {source}")
    age = world.people["age_days"].to_numpy() / YEAR_DAYS
    rate = by_age(age, world.rates.shapes["sources"][source]["coverage"], "per_10000")
    return np.flatnonzero(rng.integers(0, 10_000, len(age)) < rate)


def _written_twice(world: World, source: str, rows: Ints) -> Ints:
    rng = world.chance.part(f"twice on {source}")
    twice = world.rates.errs(source, "duplicate", len(rows), rng)
    returned = world.people["re_registered"].to_numpy()[rows] & (rng.integers(0, 3, len(rows)) == 0)
    again: Ints = rows[twice | returned]
    return again


def labels_of(written: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return source, record_id, true_person, true_household, kind, kinds, name_origin, age_band,
    in the order of `written`."""
    person = people[written["person"].to_numpy()]
    years = pl.col("age_days") / YEAR_DAYS
    band = pl.lit("under_16")
    for from_age, name in reversed(_AGE_BANDS):
        band = pl.when(years >= from_age).then(pl.lit(name)).otherwise(band)
    about = person.select(
        pl.format("p{}", "person").alias("true_person"),
        pl.format("h{}", "household").alias("true_household"),
        "name_origin",
        band.alias("age_band"),
    )
    return pl.concat(
        [written.select("source", "record_id"), about, told(written["marks"])], how="horizontal"
    ).select(LABEL_COLUMNS)
