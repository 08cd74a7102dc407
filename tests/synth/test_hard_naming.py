"""Who is called what, who lives where, and whose number is whose, before any source looks."""

import numpy as np
import polars as pl
import pytest

from nostop.synth.hard.people import ADULT_CHILD, CHILD, HEAD, PARTNER
from nostop.synth.hard.records import build_world
from nostop.synth.hard.vocabulary import NONE
from nostop.synth.hard.writer import World


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(12_000, 5, hard=True)


@pytest.fixture(scope="module")
def people(world: World) -> pl.DataFrame:
    """Everybody with their names as words."""
    names = ("given", "middle", "surname", "surname_b", "former")
    return world.people.with_columns(
        world.vocabulary.text(world.people[name].to_numpy()).alias(f"{name}_text") for name in names
    )


def _families(people: pl.DataFrame, convention: str) -> pl.DataFrame:
    """Return each child of a couple beside its father (`_right`), both of that
    convention."""
    couples = people.filter(pl.col("role") == PARTNER)["start"].to_list()
    parents = pl.col("role").is_in([HEAD, PARTNER]) & pl.col("start").is_in(couples)
    father = people.filter(pl.col("male") & parents)
    father = father.unique("start", keep="none")
    child = people.filter(
        pl.col("role").is_in([CHILD, ADULT_CHILD]) & (pl.col("convention") == convention)
    )
    families = child.join(father, on="start", how="inner", validate="m:1")
    return families.filter(pl.col("convention_right") == convention)


def test_children_bear_the_father_s_surname_where_families_have_one(people: pl.DataFrame) -> None:
    families = _families(people, "family").filter(pl.col("surname_b") == NONE)
    assert families.height > 100
    assert families["surname"].equals(families["surname_right"], check_names=False)


def test_a_double_barrelled_child_bears_both_parents_names(people: pl.DataFrame) -> None:
    families = _families(people, "family").filter(pl.col("surname_b") != NONE)
    assert families.height > 10
    assert families["surname_b"].equals(families["surname_right"], check_names=False)


def test_a_somali_child_s_last_name_is_the_father_s_middle_name(people: pl.DataFrame) -> None:
    families = _families(people, "lineage")
    assert families.height > 5
    assert families["middle_text"].equals(families["given_text_right"], check_names=False)
    assert families["surname_text"].equals(families["middle_text_right"], check_names=False)


def test_sikh_names_have_singh_or_kaur_in_one_place(people: pl.DataFrame) -> None:
    honour = people.filter(pl.col("convention") == "singh_kaur")
    wanted = pl.when("male").then(pl.lit("Singh")).otherwise(pl.lit("Kaur"))
    in_middle = pl.col("middle_text").eq_missing(wanted)
    as_surname = pl.col("surname_text").eq_missing(wanted)
    assert honour.select((in_middle ^ as_surname).all()).item()
    assert honour.select(in_middle.any() & as_surname.any()).item()


def test_women_bear_a_woman_s_form(people: pl.DataFrame) -> None:
    slavs = people.filter(
        (pl.col("convention") == "gendered") & pl.col("surname_text").is_not_null()
    )
    ska = pl.col("surname_text").str.ends_with("ska")
    assert slavs.filter(ska)["male"].sum() == 0
    assert slavs.filter(ska).height > 10


def test_iberian_people_have_two_surnames_and_some_tamils_one_name(people: pl.DataFrame) -> None:
    two = people.filter(pl.col("convention") == "two")
    assert two["surname_b_text"].null_count() == 0
    single = people.filter(pl.col("convention") == "single")["surname_text"]
    assert 0.2 < single.null_count() / len(single) < 0.7


def test_a_changed_name_was_another(people: pl.DataFrame) -> None:
    changed = people.filter((pl.col("changed_days") != NONE) & (pl.col("surname_b") == NONE))
    assert changed.height > 100
    assert (changed["surname"] == changed["former"]).sum() < 0.05 * changed.height


def test_every_household_has_a_home_of_its_own_but_for_communal_ones(world: World) -> None:
    at_home = world.people.filter(pl.col("establishment") < 0)
    homes = at_home.group_by("dwelling").agg(pl.col("household").n_unique())
    assert homes["household"].to_list().count(1) == homes.height
    shared = world.people.filter(pl.col("establishment") >= 0).group_by("dwelling").len()
    assert 20 <= max(shared["len"]) <= 300
    assert not world.dwellings["uprn"].is_duplicated().any()
    assert (world.people["dwelling"] != world.people["former_dwelling"]).all()


def test_flats_of_a_building_share_its_door_and_nothing_stands_twice(world: World) -> None:
    flats = world.dwellings.filter(pl.col("flat") > 0)
    doors = flats.group_by("parent_uprn").agg(
        pl.len(),
        pl.col("number", "street", "postcode").n_unique(),
        pl.col("flat").n_unique().alias("own"),
    )
    for column in ("number", "street", "postcode"):
        assert doors[column].to_list().count(1) == doors.height
    assert doors["own"].equals(doors["len"], check_names=False)


def test_a_borrower_has_another_s_number_and_the_lender_is_known(world: World) -> None:
    people = world.people
    assert not people["nino"].drop_nulls().is_duplicated().any()
    borrowers = people.drop_nulls("borrowed_nino")
    lenders = borrowers.join(people, left_on="borrowed_nino", right_on="nino", validate="m:1")
    assert lenders.height == borrowers.height > 50
    assert lenders["lends_right"].all()
    assert (lenders["person"] != lenders["person_right"]).all()
    assert lenders["male"].equals(lenders["male_right"], check_names=False)
    same_home = lenders["start"] == lenders["start_right"]
    assert 0.05 < int(same_home.sum()) / len(same_home) < 0.6


def test_children_have_no_number(world: World) -> None:
    young = world.people.filter(pl.col("age_days") < 15 * 365)
    assert young["nino"].null_count() == young.height > 500
    assert np.all(young["age_days"].to_numpy() > 0)
