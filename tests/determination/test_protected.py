"""No protected characteristic changes an outcome but by a rule that cites why it may."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop.determination import Determiner
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
    return read_frames(TRUTH, book.catalogue)


def flipped(name: str, fact: Fact) -> pl.Expr:
    """Everybody's fact as it is not: the other sex, another rate, thirty years older; and some
    value where it is not known."""
    column = pl.col(name)
    if fact.type == "bool":
        return (~column).fill_null(value=True)
    if fact.type == "date":
        return column.dt.offset_by("-30y").fill_null(date(1950, 1, 1))
    if fact.type == "enum":
        others = [*fact.values[1:], fact.values[0]]
        return column.replace_strict(fact.values, others).fill_null(fact.values[-1])
    return (column + 1).fill_null(1)


def with_flipped(population: Situation, name: str, fact: Fact) -> Situation:
    frame = _FRAMES[fact.level]
    there = getattr(population, frame)
    if name not in there.columns:
        # Nobody knows it of anybody: it is flipped from that.
        there = there.with_columns(pl.lit(None, dtype=FACT_DTYPES[fact.type]).alias(name))
    return replace(population, **{frame: there.with_columns(flipped(name, fact))})


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


@pytest.fixture(scope="module")
def determiner(book: Rulebook) -> Determiner:
    return Determiner(book, ON)


@pytest.fixture(scope="module")
def as_it_is(determiner: Determiner, population: Situation) -> pl.DataFrame:
    return determiner.determine(population)


@pytest.mark.parametrize("name", PROTECTED)
def test_flipping_a_protected_fact_changes_only_what_cites_it(
    name: str,
    book: Rulebook,
    population: Situation,
    determiner: Determiner,
    as_it_is: pl.DataFrame,
) -> None:
    flip = determiner.determine(with_flipped(population, name, book.catalogue.facts[name]))
    silent = pl.col("scheme").is_in([each for each in book.schemes if not cites(book, each, name)])
    assert flip.filter(silent).equals(as_it_is.filter(silent))


def test_flipping_a_protected_fact_that_is_cited_is_seen(
    book: Rulebook, population: Situation, determiner: Determiner, as_it_is: pl.DataFrame
) -> None:
    flip = determiner.determine(
        with_flipped(population, "born_on", book.catalogue.facts["born_on"])
    )
    cited = pl.col("scheme") == "child_benefit"
    assert not flip.filter(cited).equals(as_it_is.filter(cited))
