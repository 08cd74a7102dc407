"""Whether everybody who belongs to a benefit unit or household is known."""

import pytest

from nostop.linkage import Assembled
from tests.linkage.gathered import assembled, complete, fact, relation
from tests.linkage.people import AWAY, HOME, record

Row = dict[str, object]
PARTS = {
    "nhs_register": ("children", "residents"),
    "school_census": ("pupils",),
    "hmrc_child_benefit": ("claimed_children",),
    "council_tax": ("liable_people",),
    "dwp_awards": ("claiming_couples",),
    "housing_benefit": ("tenant_couples",),
}
ADA = {"ada": [record("nhs_register:1", "Ada Cole", "1985-01-01", **HOME)]}


def without(people: dict[str, list[Row]], *gone: str, **tables: list[Row]) -> Assembled:
    """Assemble with every feed but some, as far as they tell who belongs together."""
    parts = [
        complete(source, part, "everybody", "members")
        for source, names in PARTS.items()
        for part in names
        if source not in gone
    ]
    return assembled(people, completeness=parts, **tables)


def known(result: Assembled, name: str = "ada") -> tuple[bool, bool, bool]:
    """Return whether children, partner and household of one person are known."""
    people = result.situation.people.filter(person_id=f"P{name}")
    unit = people.join(result.situation.benefit_units, on="benefit_unit_id")
    home = people.join(result.situation.households, on="household_id")
    (flags,) = unit.select("children_known", "partner_known").rows()
    return (*flags, home["members_known"].item())


@pytest.mark.parametrize(
    ("gone", "flags"),
    [
        ((), (True, True, True)),
        (("nhs_register",), (False, False, False)),
        (("council_tax",), (False, False, False)),
        (("school_census",), (False, True, True)),
        (("hmrc_child_benefit",), (False, True, True)),
        (("dwp_awards", "housing_benefit"), (True, True, True)),
        (tuple(PARTS), (False, False, False)),
    ],
)
def test_inv_30_members_are_known_only_where_the_feeds_that_would_name_them_came(
    gone: tuple[str, ...], flags: tuple[bool, bool, bool]
) -> None:
    assert known(without(ADA, *gone)) == flags


def test_a_couple_has_no_further_partner() -> None:
    people = {**ADA, "bo": [record("nhs_register:2", "Bo Cole", "1985-01-01", **HOME)]}
    named = [relation("nhs_register:1", "2", "partner")]
    assert known(without(people, "council_tax", relations=named))[1]


def test_of_two_who_share_a_home_it_is_not_known_without_those_who_name_couples() -> None:
    people = {**ADA, "bo": [record("nhs_register:2", "Bo Roe", "1985-01-01", **HOME)]}
    assert known(without(people))[:2] == (True, True)
    assert known(without(people, "dwp_awards"))[:2] == (False, False)


def test_a_young_person_whose_school_is_not_known_may_be_a_child_and_no_unit() -> None:
    people = {**ADA, "kit": [record("nhs_register:2", "Kit Cole", "2009-01-01", **HOME)]}
    assert known(without(people), "kit")[:2] == (True, True)
    assert known(without(people, "school_census"), "kit")[:2] == (False, False)


def test_a_child_without_a_known_adult_may_be_of_anybody_it_lives_with() -> None:
    kit = record("nhs_register:2", "Kit Cole", "2018-01-01", **HOME)
    far = {**kit, **AWAY}
    assert not known(without({**ADA, "kit": [kit]}))[0]
    assert known(without({**ADA, "kit": [far]}))[0]
    assert known(without({**ADA, "kit": [far]}), "kit")[:2] == (False, False)


def test_nothing_is_known_of_a_home_of_which_a_row_is_in_quarantine() -> None:
    aside: Row = record("nhs_register:9", "Kit Cole", None, **HOME)
    assert known(without(ADA, set_aside=[aside])) == (False, False, False)
    assert known(without(ADA, set_aside=[{**aside, **AWAY}])) == (True, True, True)


def test_without_an_address_nobody_knows_who_lives_there() -> None:
    people = {"ada": [record("nhs_register:1", "Ada Cole", "1985-01-01")]}
    assert known(without(people)) == (False, False, False)


def test_a_child_whom_another_feed_names_counts_though_children_are_not_known() -> None:
    people = {**ADA, "kit": [record("school_census:2", "Kit Cole", "2018-01-01", **HOME)]}
    people["ada"].append(record("school_census:1", "Ada Cole", "1985-01-01", **HOME))
    found = without(
        people,
        "nhs_register",
        relations=[relation("school_census:1", "2", "child")],
        facts=[fact("school_census:2", "education", "school")],
    )
    assert found.situation.people["benefit_unit_id"].n_unique() == 1
    assert known(found)[0] is False
