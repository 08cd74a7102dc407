"""Who lives and is assessed with whom."""

from datetime import date

import polars as pl
import pytest

from tests.linkage.gathered import assembled, award, fact, person, relation, units
from tests.linkage.people import AWAY, HOME, record


def adult(
    key: str, born_on: str | None = "1985-01-01", home: dict[str, str] = HOME
) -> dict[str, object]:
    return record(key, "Ada Cole", born_on, **home)


def child(key: str, born_on: str = "2018-01-01", home: dict[str, str] = HOME) -> dict[str, object]:
    return record(key, "Kit Cole", born_on, **home)


def together(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_a_named_partner_makes_a_couple_wherever_the_addresses_point() -> None:
    people = {"ada": [adult("dwp_awards:1")], "bo": [adult("dwp_awards:1#partner", home=AWAY)]}
    result = assembled(people, relations=[relation("dwp_awards:1", "1#partner", "partner")])
    assert units(result) == {together("ada", "bo")}
    assert person(result, "ada")["household_id"] == person(result, "bo")["household_id"]


def test_two_adults_at_one_address_are_two_units_of_one_household() -> None:
    result = assembled({"ada": [adult("nhs_register:1")], "bo": [adult("nhs_register:2")]})
    assert units(result) == {together("ada"), together("bo")}
    assert person(result, "ada")["household_id"] == person(result, "bo")["household_id"]


def test_two_parents_of_a_child_at_one_address_are_a_couple() -> None:
    people = {
        "ada": [adult("nhs_register:1")],
        "bo": [adult("nhs_register:2", "1983-01-01")],
        "kit": [child("nhs_register:3")],
    }
    both = [relation(f"nhs_register:{n}", "3", "child") for n in (1, 2)]
    assert units(assembled(people, relations=both)) == {together("ada", "bo", "(kit)")}


def test_parents_at_two_addresses_are_no_couple_and_the_child_is_where_it_lives() -> None:
    people = {
        "ada": [adult("nhs_register:1", home=AWAY)],
        "bo": [adult("nhs_register:2")],
        "kit": [child("nhs_register:3")],
    }
    both = [relation(f"nhs_register:{n}", "3", "child") for n in (1, 2)]
    assert units(assembled(people, relations=both)) == {together("ada"), together("bo", "(kit)")}


def test_a_grandmother_who_is_a_contact_is_no_partner() -> None:
    people = {
        "ada": [adult("nhs_register:1", "1990-01-01")],
        "gran": [adult("school_census:9#contact", "1960-01-01")],
        "kit": [child("nhs_register:3"), child("school_census:9")],
    }
    both = [
        relation("nhs_register:1", "3", "child"),
        relation("school_census:9#contact", "9", "child"),
    ]
    assert units(assembled(people, relations=both)) == {together("ada", "(kit)"), together("gran")}


JOINT = [relation("council_tax:1", "1#liable2", "joint_liable")]


@pytest.mark.parametrize(
    ("other", "confidence"),
    [
        ({"name": "Bo Cole", "sex": "male"}, 0.97),
        ({"name": "Bo Lind", "sex": "male"}, 0.9),
        ({"name": "Bo Cole", "sex": "male", "born_on": None}, 0.8),
    ],
)
def test_joint_liability_makes_a_couple_with_less_confidence(
    other: dict[str, str], confidence: float
) -> None:
    liable2 = record("council_tax:1#liable2", **{"born_on": "1983-01-01", **HOME, **other})
    people = {
        "ada": [record("council_tax:1", "Ada Cole", "1985-01-01", sex="female", **HOME)],
        "bo": [liable2],
    }
    result = assembled(people, relations=JOINT)
    assert units(result) == {together("ada", "bo")}
    assert person(result, "ada")["confidence"] == pytest.approx(confidence)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Bo Cole", "sex": "male", "born_on": "1960-01-01"},
        {"name": "Bea Lind", "sex": "female", "born_on": "1985-01-01"},
    ],
)
def test_joint_liability_of_two_generations_or_of_two_women_makes_no_couple(
    other: dict[str, str],
) -> None:
    people = {
        "ada": [record("council_tax:1", "Ada Cole", "1985-01-01", sex="female", **HOME)],
        "bo": [record("council_tax:1#liable2", **{**HOME, **other})],
    }
    assert units(assembled(people, relations=JOINT)) == {together("ada"), together("bo")}


def test_two_adults_of_one_surname_and_generation_are_a_couple_with_less_confidence() -> None:
    people = {
        "ada": [record("nhs_register:1", "Ada Cole", "1951-01-01", sex="female", **HOME)],
        "bo": [record("nhs_register:2", "Bo Cole", "1949-01-01", sex="male", **HOME)],
    }
    result = assembled(people)
    assert units(result) == {together("ada", "bo")}
    assert person(result, "bo")["confidence"] == pytest.approx(0.9)


def test_a_person_who_lives_with_a_possible_partner_is_less_surely_single() -> None:
    people = {
        "ada": [record("nhs_register:1", "Ada Cole", "1985-01-01", sex="female", **HOME)],
        "bo": [record("nhs_register:2", "Bo Lind", "1983-01-01", sex="male", **HOME)],
    }
    result = assembled(people)
    assert units(result) == {together("ada"), together("bo")}
    assert person(result, "ada")["confidence"] == pytest.approx(0.5)


def test_a_brother_and_sister_with_their_parent_are_surely_single() -> None:
    people = {
        "ada": [record("nhs_register:1", "Ada Cole", "1998-01-01", sex="female", **HOME)],
        "bo": [record("nhs_register:2", "Bo Cole", "2000-01-01", sex="male", **HOME)],
        "mum": [record("nhs_register:3", "Mo Cole", "1970-01-01", sex="female", **HOME)],
    }
    result = assembled(people)
    assert result.situation.people["confidence"].to_list() == [1.0, 1.0, 1.0]


def test_a_young_person_for_whom_child_benefit_is_claimed_is_a_child() -> None:
    people = {
        "ada": [adult("hmrc_child_benefit:c/1")],
        "kit": [child("hmrc_child_benefit:c/1#child", "2008-06-02")],
    }
    named = [relation("hmrc_child_benefit:c/1", "c/1#child", "child")]
    claim = award("hmrc_child_benefit:c/1", "child_benefit")
    assert units(assembled(people, relations=named, awards=[claim])) == {together("ada", "(kit)")}
    ended = {**claim, "status": "ended"}
    assert units(assembled(people, relations=named, awards=[ended])) == {
        together("ada"),
        together("kit"),
    }


def test_a_person_is_in_one_couple_only_the_latest() -> None:
    people = {
        "ada": [adult("dwp_awards:1"), adult("dwp_awards:2")],
        "bo": [adult("dwp_awards:1#partner")],
        "cy": [adult("dwp_awards:2#partner")],
    }
    result = assembled(
        people,
        relations=[
            relation("dwp_awards:1", "1#partner", "partner", date(2026, 1, 1)),
            relation("dwp_awards:2", "2#partner", "partner", date(2026, 5, 1)),
        ],
    )
    assert units(result) == {together("ada", "cy"), together("bo")}


def test_a_partner_who_died_leaves_a_single_person() -> None:
    people = {"ada": [adult("dwp_awards:1")], "bo": [adult("dwp_awards:1#partner")]}
    result = assembled(
        people,
        relations=[relation("dwp_awards:1", "1#partner", "partner")],
        facts=[fact("dwp_awards:1#partner", "died_on", "2026-05-31")],
    )
    assert units(result) == {together("ada")}


@pytest.mark.parametrize(
    ("born_on", "education", "expected"),
    [
        ("2010-06-02", None, "child"),
        ("2010-06-01", None, "adult"),
        ("2006-06-02", "further", "child"),
        ("2006-06-01", "further", "adult"),
        ("2008-06-02", "higher", "adult"),
        ("2009-01-01", "school", "child"),
    ],
)
def test_role_turns_on_the_birthday_and_on_education(
    born_on: str, education: str | None, expected: str
) -> None:
    people = {"ada": [adult("nhs_register:1")], "kit": [child("nhs_register:3", born_on)]}
    stated = [] if education is None else [fact("nhs_register:3", "education", education)]
    result = assembled(people, relations=[relation("nhs_register:1", "3", "child")], facts=stated)
    assert person(result, "kit")["role"] == expected


def test_a_child_without_a_known_adult_is_a_unit_of_its_own() -> None:
    assert units(assembled({"kit": [child("school_census:9")]})) == {together("(kit)")}


def test_a_child_moves_with_the_person_who_claims_for_it_when_its_address_is_old() -> None:
    people = {
        "ada": [adult("hmrc_child_benefit:c/1")],
        "kit": [child("hmrc_child_benefit:c/1#child"), child("nhs_register:3", home=AWAY)],
    }
    result = assembled(people, relations=[relation("hmrc_child_benefit:c/1", "c/1#child", "child")])
    assert units(result) == {together("ada", "(kit)")}
    assert person(result, "ada")["household_id"] == person(result, "kit")["household_id"]


def test_residents_of_a_care_home_are_households_of_their_own() -> None:
    people = {f"p{n}": [adult(f"nhs_register:{n}", "1940-01-01")] for n in range(13)}
    result = assembled(people)
    assert result.situation.households.height == 13


def test_people_without_an_address_are_households_of_their_own() -> None:
    people = {
        name: [record(f"dwp_awards:{name}", "Ada Cole", "1985-01-01")] for name in ("ada", "bo")
    }
    assert assembled(people).situation.households.height == 2


def test_confidence_is_the_weakest_of_the_person_and_the_people_they_are_placed_with() -> None:
    people = {
        "ada": [adult("dwp_awards:1")],
        "bo": [adult("dwp_awards:1#partner")],
        "kit": [child("dwp_awards:2")],
    }
    result = assembled(
        people,
        relations=[relation("dwp_awards:1", "1#partner", "partner")],
        confidence=[{"person_id": "Pbo", "confidence": 0.96}],
    )
    assert person(result, "ada")["confidence"] == pytest.approx(0.96)
    assert person(result, "kit")["confidence"] == 1.0


def test_every_person_is_in_one_unit_and_every_unit_in_one_household() -> None:
    people = {
        "ada": [adult("nhs_register:1")],
        "bo": [adult("nhs_register:2", home=AWAY)],
        "kit": [child("nhs_register:3")],
    }
    situation = assembled(people, relations=[relation("nhs_register:2", "3", "child")]).situation
    assert situation.people["person_id"].is_unique().all()
    assert situation.benefit_units["benefit_unit_id"].is_unique().all()
    assert situation.households["household_id"].is_unique().all()
    homes = situation.people.group_by("benefit_unit_id").agg(pl.col("household_id").n_unique())
    assert homes["household_id"].to_list() == [1] * homes.height
