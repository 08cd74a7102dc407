"""The district as it truly is."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from nostop.frames import Situation
from nostop.model import NEVER, FrameError, SettingsError
from nostop.strict_yaml import read_yaml
from nostop.synth import Synthetic, generate
from tests.synth.conftest import PEOPLE
from tests.synth.law import ADULT, EFFECTIVE, PENSION_AGE_BORN_BY, determine

RULES = Path(__file__).parents[2] / "rules"
#: What the gateways that all topics share name. Facts that schemes of one topic alone read are in
#: no feed, and nobody knows them of the district.
SHARED = {
    name
    for gateway in read_yaml(RULES / "gateways.yaml").data["gateways"]
    for name in gateway["fields"]
}
FACTS = {
    name: about
    for name, about in read_yaml(RULES / "facts.yaml").data["facts"].items()
    if name in SHARED
}
TYPES = {
    "bool": pl.Boolean,
    "int": pl.Int64,
    "date": pl.Date,
    "money": pl.Int64,
    "enum": pl.String,
    "code": pl.String,
}


def frame_of(situation: Situation, level: str) -> pl.DataFrame:
    frames = {
        "person": situation.people,
        "benefit_unit": situation.benefit_units,
        "household": situation.households,
    }
    return frames[level]


def test_generate_makes_exactly_as_many_people_as_asked(people: pl.DataFrame) -> None:
    assert people["person_id"].n_unique() == len(people) == PEOPLE


@pytest.mark.parametrize("count", [50, 51, 307])
def test_generate_makes_exactly_as_many_people_for_small_districts(count: int) -> None:
    assert len(generate(count, 1, determine, EFFECTIVE).situation.people) == count


@pytest.mark.parametrize("fact", FACTS)
def test_generate_knows_every_fact_of_the_catalogue(district: Synthetic, fact: str) -> None:
    about = FACTS[fact]
    values = frame_of(district.situation, about["level"])[fact]
    assert values.dtype == TYPES[about["type"]]
    assert values.null_count() == 0
    if about["type"] == "enum":
        assert set(values.unique()) <= set(about["values"])
    if about.get("non_negative"):
        assert (values >= 0).all()


def test_generate_places_everybody_in_a_unit_and_a_household(district: Synthetic) -> None:
    situation = district.situation
    units = situation.people.select("benefit_unit_id", "household_id").unique()
    known = situation.benefit_units.select("benefit_unit_id", "household_id")
    assert units.sort(pl.all()).equals(known.sort(pl.all()))
    assert set(units["household_id"]) == set(situation.households["household_id"])


def test_generate_gives_every_unit_one_or_two_adults(people: pl.DataFrame) -> None:
    adults = people.group_by("benefit_unit_id").agg(ADULT.sum().alias("adults"))["adults"]
    assert set(adults) == {1, 2}


def test_generate_lets_children_be_under_19_and_adults_at_least_18(people: pl.DataFrame) -> None:
    years = (pl.lit(EFFECTIVE) - pl.col("born_on")).dt.total_days() / 365.25
    ages = people.select("role", years=years)
    assert (ages.filter(~ADULT)["years"] < 19).all()
    assert (ages.filter(ADULT)["years"] >= 18).all()


def test_generate_follows_the_shape_of_the_population(people: pl.DataFrame) -> None:
    over_age = (people["born_on"] <= PENSION_AGE_BORN_BY).sum() / PEOPLE
    children = (people["role"] == "child").sum() / PEOPLE
    assert 0.16 < over_age < 0.20
    assert 0.17 < children < 0.23


def test_generate_draws_a_state_pension_only_over_pension_age(people: pl.DataFrame) -> None:
    drawn = people.filter(pl.col("state_pension") > 0)
    assert len(drawn) > 500
    assert (drawn["born_on"] <= PENSION_AGE_BORN_BY).all()


def test_generate_has_people_without_public_funds_but_none_of_them_with_pip(
    people: pl.DataFrame,
) -> None:
    barred = people.filter(~pl.col("has_recourse_to_public_funds"))
    assert len(barred) > 20
    assert set(barred["pip_daily_living_rate"]) == {"none"}


@pytest.mark.parametrize(
    "fact", ["in_care_home", "in_prison", "is_pregnant", "is_severely_sight_impaired"]
)
def test_generate_has_a_few_people_of_whom_it_is_true(people: pl.DataFrame, fact: str) -> None:
    assert 0 < people[fact].sum() < 0.05 * PEOPLE


@pytest.mark.parametrize("fact", ["died_on", "in_hospital_since"])
def test_generate_has_a_few_people_with_a_date_that_came(people: pl.DataFrame, fact: str) -> None:
    came = people.filter(pl.col(fact) != NEVER)
    assert 0 < len(came) < 0.01 * PEOPLE
    assert (came[fact] < EFFECTIVE).all()


def test_generate_gives_twins_one_birthday(people: pl.DataFrame) -> None:
    children = people.filter(~ADULT)
    twins = children.group_by("benefit_unit_id", "born_on").len().filter(pl.col("len") > 1)
    assert 3 < len(twins) < 40


def test_generate_finds_limited_capability_in_one_adult_of_a_unit_at_most(
    people: pl.DataFrame,
) -> None:
    limited = people.filter(pl.col("limited_capability") != "none")
    assert limited["benefit_unit_id"].is_unique().all()
    assert (limited["hours_worked"] == 0).all()
    assert (limited["limited_capability_since"] < EFFECTIVE).all()


def test_generate_is_the_same_for_the_same_seed(district: Synthetic) -> None:
    again = generate(PEOPLE, 7, determine, EFFECTIVE)
    assert again.situation.people.equals(district.situation.people)
    assert all(
        one.rows.equals(other.rows) for one, other in zip(again.feeds, district.feeds, strict=True)
    )


def test_generate_is_another_district_for_another_seed(people: pl.DataFrame) -> None:
    other = generate(PEOPLE, 8, determine, EFFECTIVE).situation.people
    assert not other.select("born_on").equals(people.select("born_on"))


@pytest.mark.parametrize(
    ("count", "seed", "on", "said"),
    [
        (49, 1, EFFECTIVE, "at least 50 people"),
        (4_000_001, 1, EFFECTIVE, "at most 4,000,000"),
        (100, -1, EFFECTIVE, "--seed -1"),
        (100, 1, date(2026, 4, 5), "2026-04-06 to 2027-04-05"),
        (100, 1, date(2027, 4, 6), "2026-04-06 to 2027-04-05"),
    ],
)
def test_generate_refuses_what_it_cannot_make(count: int, seed: int, on: date, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        generate(count, seed, determine, on)


def test_generate_refuses_determinations_of_another_shape() -> None:
    with pytest.raises(FrameError, match="Determinations"):
        generate(100, 1, lambda situation: situation.people, EFFECTIVE)


def test_generate_refuses_a_scheme_decided_for_a_person() -> None:
    def for_persons(situation: Situation) -> pl.DataFrame:
        return determine(situation).with_columns(person_id=pl.lit("P1"))

    with pytest.raises(FrameError, match="must be decided for a benefit unit"):
        generate(100, 1, for_persons, EFFECTIVE)


@pytest.mark.parametrize("days", [0, 200])
def test_generate_writes_dates_from_the_effective_date(days: int) -> None:
    on = EFFECTIVE + timedelta(days=days)
    made = generate(60, 1, determine, on)
    rti = next(feed for feed in made.feeds if feed.source == "hmrc_rti")
    latest = on.replace(day=1) - timedelta(days=1)
    assert rti.rows["month"].max() == latest.strftime("%Y-%m")
