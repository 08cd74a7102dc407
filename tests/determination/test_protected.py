"""No protected characteristic changes an outcome but by a rule that cites why it may."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop.determination import Determiner
from nostop.determination.engine import living_in
from nostop.determination.parquet import read_frames
from nostop.frames import FACT_DTYPES, Situation
from nostop.model import Level
from nostop.rulebook import Rulebook, default_rules_dir
from nostop.rulebook.catalogue import Fact, load_catalogue

ON = date(2026, 6, 1)
TRUTH = Path(__file__).parents[2] / "sample_data" / "truth"
PROTECTED = [
    name for name, fact in load_catalogue(default_rules_dir()).facts.items() if fact.protected
]
_FRAMES = {
    Level.PERSON: "people",
    Level.BENEFIT_UNIT: "benefit_units",
    Level.HOUSEHOLD: "households",
}


@pytest.fixture(scope="module")
def population(book: Rulebook) -> Situation:
    """A tenth of the sample's households."""
    everybody = read_frames(TRUTH, book.catalogue)
    homes = everybody.households.select("household_id").sort("household_id").gather_every(10)
    found = {
        frame: with_every_fact(
            living_in(homes, getattr(everybody, frame)), book.catalogue.at(level)
        )
        for level, frame in _FRAMES.items()
    }
    awards = everybody.awards.join(found["people"], on="person_id", how="semi")
    return replace(everybody, **found, awards=awards)


def flipped(name: str, fact: Fact) -> pl.Expr:
    """Everybody's fact as it is not: the other sex, another rate, thirty years older; some value
    where it is not known, and the first one's not known, so that nobody's is known of all."""
    column = pl.col(name)
    if fact.type == "bool":
        other = (~column).fill_null(value=True)
    elif fact.type == "date":
        other = column.dt.offset_by("-30y").fill_null(date(1950, 1, 1))
    elif fact.type == "enum":
        others = [*fact.values[1:], fact.values[0]]
        other = column.replace_strict(fact.values, others).fill_null(fact.values[-1])
    else:
        other = (column + 1).fill_null(1)
    return pl.when(pl.int_range(pl.len()) > 0).then(other).alias(name)


def with_flipped(population: Situation, name: str, fact: Fact) -> Situation:
    frame = _FRAMES[fact.level]
    there = getattr(population, frame)
    return replace(population, **{frame: there.with_columns(flipped(name, fact))})


def with_every_fact(frame: pl.DataFrame, facts: dict[str, Fact]) -> pl.DataFrame:
    """A fact that the sample lacks is one that nobody knows of anybody; flipped, it is known."""
    absent = {name: FACT_DTYPES[facts[name].type] for name in PROTECTED if name in facts}
    return frame.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in absent.items()
        if name not in frame.columns
    )


def cites(book: Rulebook, scheme: str, fact: str) -> bool:
    """Whether a scheme, or what it rests on, gives a reason for reading a protected fact."""
    waiting, owners = [scheme], set()
    while waiting:
        owner = waiting.pop()
        if owner in owners:
            continue
        owners.add(owner)
        start = f"{owner}."
        read = (each for each in book.definitions.values() if each.name.startswith(start))
        waiting += [name.partition(".")[0] for each in read for name in each.reads]
    models = {**book.libraries, **book.packs}
    return any(fact in models[each].protected_facts for each in owners)


def named(situation: Situation, name: str) -> Situation:
    """A copy of everybody, whose ids begin with a name."""
    ids = ("person_id", "benefit_unit_id", "household_id")

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        there = [each for each in ids if each in frame.columns]
        return frame.with_columns((pl.lit(f"{name}|") + pl.col(each)).alias(each) for each in there)

    frames = {each: renamed(getattr(situation, each)) for each in (*_FRAMES.values(), "awards")}
    return replace(situation, **frames)


@pytest.fixture(scope="module")
def found(book: Rulebook, population: Situation) -> dict[str, pl.DataFrame]:
    """The determinations of everybody as they are (under no name), and with each protected fact
    flipped: all at once, since a plan of every scheme costs more to begin than to run."""
    flips = {"": population} | {
        name: with_flipped(population, name, book.catalogue.facts[name]) for name in PROTECTED
    }
    copies = [named(each, name) for name, each in flips.items()]
    frames = {
        each: pl.concat([getattr(copy, each) for copy in copies])
        for each in (*_FRAMES.values(), "awards")
    }
    rows = Determiner(book, ON).determine(replace(population, **frames))
    copy = pl.col("household_id").str.extract(r"^([^|]*)[|]")
    ids = pl.col("person_id", "benefit_unit_id", "household_id")
    parts = rows.with_columns(copy.alias("copy")).partition_by("copy", as_dict=True)
    return {
        str(name): part.with_columns(ids.str.replace(r"^[^|]*[|]", "")).drop("copy")
        for (name,), part in parts.items()
    }


@pytest.mark.parametrize("name", PROTECTED)
def test_flipping_a_protected_fact_changes_only_what_cites_it(
    name: str, book: Rulebook, found: dict[str, pl.DataFrame]
) -> None:
    silent = pl.col("scheme").is_in([each for each in book.schemes if not cites(book, each, name)])
    assert found[name].filter(silent).equals(found[""].filter(silent))


def test_flipping_a_protected_fact_that_is_cited_is_seen(found: dict[str, pl.DataFrame]) -> None:
    cited = pl.col("scheme") == "child_benefit"
    assert not found["born_on"].filter(cited).equals(found[""].filter(cited))
