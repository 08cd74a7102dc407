"""Facts, awards and contacts: what is chosen, what stays unknown, and where it came from."""

from datetime import date

import polars as pl
import pytest

from nostop.linkage import to_link
from nostop.linkage.facts import NO_RECORD
from nostop.model import NEVER, LinkageError
from tests.linkage.gathered import (
    assembled,
    award,
    catalogue,
    complete,
    contact,
    fact,
    one,
    person,
    status,
)
from tests.linkage.people import AWAY, HOME, frame, record

ADA = {"ada": [one()]}


def test_every_fact_of_the_catalogue_is_a_column_and_unknown_when_unstated() -> None:
    situation = assembled(ADA).situation
    facts = catalogue()
    for level, table in (
        ("person", situation.people),
        ("benefit_unit", situation.benefit_units),
        ("household", situation.households),
    ):
        names = facts.filter(pl.col("level") == level)["fact"].to_list()
        assert set(names) <= set(table.columns)
    assert person(assembled(ADA), "ada")["capital"] is None


def test_values_take_the_type_of_the_catalogue() -> None:
    ada = person(
        assembled(
            ADA,
            facts=[
                fact("nhs_register:1", "state_pension", "15000"),
                fact("nhs_register:1", "in_prison", "false"),
                fact("nhs_register:1", "in_hospital_since", "2026-04-02"),
                fact("nhs_register:1", "pip_mobility_rate", "enhanced"),
            ],
        ),
        "ada",
    )
    assert ada["state_pension"] == 15000
    assert ada["in_prison"] is False
    assert ada["in_hospital_since"] == date(2026, 4, 2)
    assert ada["pip_mobility_rate"] == "enhanced"


def test_birth_date_comes_from_the_records_where_no_source_states_it() -> None:
    two = {"ada": [one(), one("dwp_awards:1"), one("hmrc_rti:1", born_on="1950-01-02")]}
    result = assembled(two)
    row = result.evidence.filter(pl.col("fact") == "born_on").row(0, named=True)
    assert person(result, "ada")["born_on"] == date(1950, 1, 1)
    assert (row["source"], row["conflict"]) == ("nhs_register", True)


def test_the_trusted_source_wins_and_the_conflict_is_kept() -> None:
    result = assembled(
        {"ada": [one(), one("dwp_awards:1")]},
        facts=[
            fact("dwp_awards:1", "council_tax_band", "b", date(2026, 5, 20)),
            fact("nhs_register:1", "council_tax_band", "c", date(2026, 4, 1)),
        ],
    )
    row = result.evidence.filter(pl.col("fact") == "council_tax_band").row(0, named=True)
    assert result.situation.households["council_tax_band"].to_list() == ["c"]
    assert (row["source"], row["conflict"]) == ("nhs_register", True)


def test_the_latest_value_of_one_source_wins_without_conflict() -> None:
    result = assembled(
        {"ada": [one("dwp_awards:1"), one("dwp_awards:2")]},
        facts=[
            fact("dwp_awards:1", "state_pension", "14000", date(2026, 4, 1)),
            fact("dwp_awards:2", "state_pension", "15000", date(2026, 5, 1)),
        ],
    )
    row = result.evidence.filter(pl.col("fact") == "state_pension").row(0, named=True)
    assert person(result, "ada")["state_pension"] == 15000
    assert (row["record_id"], row["conflict"]) == ("2", False)


def test_pay_of_several_jobs_is_added_up_for_the_latest_month_only() -> None:
    may, april = date(2026, 5, 31), date(2026, 4, 30)
    result = assembled(
        {"ada": [one("hmrc_rti:a5"), one("hmrc_rti:b5"), one("hmrc_rti:a4")]},
        facts=[
            fact("hmrc_rti:a5", "gross_earnings", "100000", may, additive=True),
            fact("hmrc_rti:b5", "gross_earnings", "25050", may, additive=True),
            fact("hmrc_rti:a4", "gross_earnings", "99999", april, additive=True),
        ],
    )
    assert person(result, "ada")["gross_earnings"] == 125050


def test_pay_of_a_job_that_ended_before_the_latest_month_does_not_count() -> None:
    may, april = date(2026, 5, 31), date(2026, 4, 30)
    people = {"ada": [one("hmrc_rti:a4")], "bo": [one("hmrc_rti:b5", "Bo Lind")]}
    result = assembled(
        people,
        facts=[
            fact("hmrc_rti:a4", "gross_earnings", "99999", april, additive=True),
            fact("hmrc_rti:b5", "gross_earnings", "50000", may, additive=True),
        ],
        completeness=[complete("hmrc_rti", "gross_earnings")],
        status=[status("hmrc_rti")],
    )
    assert person(result, "ada")["gross_earnings"] == 0


def test_absence_in_a_complete_feed_is_nil_for_people_it_knows_and_unknown_for_others() -> None:
    result = assembled(
        {"ada": [one("dwp_awards:1")], "bo": [one("nhs_register:2", "Bo Lind")]},
        completeness=[complete("dwp_awards", "state_pension")],
        status=[status("dwp_awards")],
    )
    row = result.evidence.filter(pl.col("fact") == "state_pension").row(0, named=True)
    assert person(result, "ada")["state_pension"] == 0
    assert person(result, "bo")["state_pension"] is None
    assert (row["source"], row["record_id"]) == ("dwp_awards", NO_RECORD)


def test_inv_30_absence_in_a_feed_without_completeness_stays_unknown() -> None:
    result = assembled({"ada": [one("dwp_awards:1")]}, status=[status("dwp_awards", "held")])
    assert person(result, "ada")["state_pension"] is None


def test_completeness_for_everybody_covers_people_the_feed_does_not_know() -> None:
    result = assembled(
        ADA,
        completeness=[complete("dwp_awards", "in_prison", "everybody")],
        status=[status("dwp_awards")],
    )
    assert person(result, "ada")["in_prison"] is False


def test_a_stated_value_is_never_overwritten_by_absence() -> None:
    result = assembled(
        {"ada": [one(), one("dwp_awards:1")]},
        facts=[fact("nhs_register:1", "in_hospital_since", "2026-04-02")],
        completeness=[complete("dwp_awards", "in_hospital_since")],
        status=[status("dwp_awards")],
    )
    assert person(result, "ada")["in_hospital_since"] == date(2026, 4, 2)


def test_an_unknown_fact_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(LinkageError, match="did you mean 'state_pension'"):
        assembled(ADA, facts=[fact("nhs_register:1", "state_pensions", "1")])


@pytest.mark.parametrize(
    ("name", "value"),
    [("state_pension", "150.00"), ("in_prison", "Y"), ("died_on", "01/02/2026")],
)
def test_a_value_of_another_type_is_refused(name: str, value: str) -> None:
    with pytest.raises(LinkageError, match="canonical text") as refused:
        assembled(ADA, facts=[fact("nhs_register:1", name, value)])
    assert value not in str(refused.value)


def test_a_fact_without_nil_cannot_be_complete() -> None:
    with pytest.raises(LinkageError, match="no nil value"):
        assembled(ADA, completeness=[complete("nhs_register", "sex")])


def test_one_award_on_several_rows_is_one_award() -> None:
    records = [one("hmrc_child_benefit:c/1"), one("hmrc_child_benefit:c/2")]
    rows = [award(f"hmrc_child_benefit:c/{n}", "child_benefit", 4425) for n in (1, 2)]
    awards = assembled({"ada": records}, awards=rows).situation.awards
    assert awards is not None
    assert awards.select("person_id", "scheme", "amount").rows() == [
        ("Pada", "child_benefit", 4425)
    ]


def test_an_award_stands_as_last_stated() -> None:
    old = award("dwp_awards:1", "pension_credit", 900, as_of=date(2026, 4, 1))
    new = award("dwp_awards:2", "pension_credit", None, status="ended", as_of=date(2026, 5, 1))
    people = {"ada": [one("dwp_awards:1"), one("dwp_awards:2")]}
    awards = assembled(people, awards=[old, new]).situation.awards
    assert awards is not None
    assert awards["status"].to_list() == ["ended"]


def test_receipt_is_known_only_for_schemes_complete_for_everybody() -> None:
    result = assembled(
        ADA,
        completeness=[
            complete("dwp_awards", "pension_credit", "everybody", "award"),
            complete("dwp_awards", "pip", "linked_people", "award"),
        ],
    )
    assert result.situation.receipt_known_for == frozenset({"pension_credit"})


def test_inv_30_without_complete_feeds_no_receipt_is_known() -> None:
    assert assembled(ADA).situation.receipt_known_for == frozenset()


def alive(*sources: str) -> dict[str, list[dict[str, object]]]:
    return {
        "completeness": [complete("nhs_register", "died_on")],
        "status": [status(source) for source in ("nhs_register", *sources)],
    }


def test_any_flag_stands_and_the_first_known_way_to_reach_a_person_is_kept() -> None:
    people = {"ada": [one(), one("outreach_register:1")]}
    said = [
        contact("nhs_register:1", phone="07700900123", protected_address=False, language=None),
        contact("outreach_register:1", language="cy", opted_out=True, protected_address=True),
    ]
    result = assembled(people, contacts=said, **alive("outreach_register"))
    row = result.contacts.row(0, named=True)
    assert result.contacts_known
    assert row == {
        "person_id": "Pada",
        "first_name": "Ada",
        "surname": "Cole",
        "email": None,
        "phone": "07700900123",
        "language": "cy",
        "born_on": date(1950, 1, 1),
        "is_deceased": False,
        "opted_out": True,
        "protected_address": True,
        "safeguarding_hold": False,
    }


def test_inv_08_without_the_register_contacts_are_not_known() -> None:
    assert not assembled(ADA, **alive()).contacts_known


def test_inv_06_a_person_of_whom_nobody_knows_whether_they_live_is_on_hold() -> None:
    result = assembled({"ada": [one("dwp_awards:1")]}, **alive("outreach_register"))
    assert result.contacts["safeguarding_hold"].to_list() == [True]


def test_inv_06_the_dead_are_in_contacts_and_in_no_benefit_unit() -> None:
    result = assembled(
        {"ada": [one()], "bo": [one("nhs_register:2", "Bo Lind")]},
        facts=[fact("nhs_register:1", "died_on", "2026-05-30")],
        **alive(),
    )
    assert result.situation.people["person_id"].to_list() == ["Pbo"]
    assert result.contacts.filter("is_deceased")["person_id"].to_list() == ["Pada"]
    assert person(result, "bo")["died_on"] == NEVER


def test_records_without_a_link_are_refused() -> None:
    with pytest.raises(LinkageError, match="no link"):
        assembled(ADA, unlinked=[one("dwp_awards:1")])


def test_household_facts_follow_the_dwelling_of_the_record() -> None:
    result = assembled(
        {
            "ada": [one(), one("council_tax:1", born_on=None)],
            "bo": [record("nhs_register:2", "Bo Lind", "1980-01-01", **AWAY)],
            "cy": [record("nhs_register:3", "Cy Roe", "1980-01-01", **HOME)],
        },
        facts=[
            fact("council_tax:1", "tenure", "council_rent"),
            fact("council_tax:1", "nation", "england"),
        ],
    )
    homes = result.situation.people.join(result.situation.households, on="household_id")
    assert dict(homes.select("person_id", "tenure").rows()) == {
        "Pada": "council_rent",
        "Pbo": None,
        "Pcy": "council_rent",
    }


def test_absence_means_nothing_for_a_person_whose_row_is_in_quarantine() -> None:
    people = {name: [one(f"dwp_awards:{name}", name)] for name in ("ada", "bo")}
    result = assembled(
        people,
        completeness=[
            complete("dwp_awards", "state_pension"),
            complete("dwp_awards", "pension_credit", "everybody", "award"),
        ],
        status=[status("dwp_awards")],
        set_aside=[one("dwp_awards:ada")],
    )
    known = {name: person(result, name) for name in people}
    assert [known[name]["state_pension"] for name in people] == [None, 0]
    assert [known[name]["awards_known"] for name in people] == [False, True]


def test_inv_07_a_wish_in_quarantine_puts_a_person_on_hold() -> None:
    result = assembled(
        {"ada": [one(), one("outreach_register:1")]},
        set_aside=[one("outreach_register:1")],
        **alive("outreach_register"),
    )
    assert result.contacts["safeguarding_hold"].to_list() == [True]


def test_set_aside_records_are_linked_once_with_the_others() -> None:
    records, aside = frame(one("dwp_awards:1")), frame(one("dwp_awards:1"), one("dwp_awards:2"))
    assert to_link(records, aside)["record_id"].to_list() == ["1", "2"]
