"""What is taken where departments say different things of a fact, or said it too long ago."""

from datetime import date

import polars as pl
import pytest

from nostop.linkage import Assembled
from tests.linkage.gathered import assembled, complete, fact, one, person, status
from tests.linkage.people import AWAY

TWO = {"ada": [one(), one("dwp_awards:1"), one("hmrc_rti:1"), one("housing_benefit:1")]}
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 20)


def sides(result: Assembled, name: str) -> list[tuple[object, ...]]:
    found = result.conflicts.filter(pl.col("fact") == name)
    return found.select("source", "value", "as_of", "is_best", "in_conflict").rows()


def test_what_is_to_be_unknown_in_conflict_is_and_both_sides_are_kept() -> None:
    result = assembled(
        TWO,
        facts=[
            fact("dwp_awards:1", "in_prison", "true", MAY),
            fact("nhs_register:1", "in_prison", "false", MARCH),
        ],
    )
    assert person(result, "ada")["in_prison"] is None
    assert sides(result, "in_prison") == [
        ("dwp_awards", "true", MAY, False, "unknown"),
        ("nhs_register", "false", MARCH, True, "unknown"),
    ]


def test_one_value_from_two_sources_is_no_conflict() -> None:
    both = [fact(f"{source}:1", "in_prison", "true") for source in ("dwp_awards", "nhs_register")]
    result = assembled(TWO, facts=both)
    assert person(result, "ada")["in_prison"] is True
    assert result.conflicts.is_empty()


def test_the_newest_is_taken_of_a_fact_that_changes_whoever_is_believed_first() -> None:
    pay = [
        fact("hmrc_rti:1", "gross_earnings", "50000", APRIL),
        fact("housing_benefit:1", "gross_earnings", "0", MARCH),
    ]
    later = [*pay, fact("housing_benefit:1", "gross_earnings", "0", MAY)]
    assert person(assembled(TWO, facts=pay), "ada")["gross_earnings"] == 50000
    assert person(assembled(TWO, facts=later), "ada")["gross_earnings"] == 0
    assert sides(assembled(TWO, facts=pay), "gross_earnings") == [
        ("hmrc_rti", "50000", APRIL, True, "review"),
        ("housing_benefit", "0", MARCH, False, "review"),
    ]


def test_on_one_day_the_source_that_the_fact_names_is_believed() -> None:
    pay = [
        fact(f"{source}:1", "gross_earnings", value, MAY)
        for source, value in (("housing_benefit", "0"), ("hmrc_rti", "50000"))
    ]
    assert person(assembled(TWO, facts=pay), "ada")["gross_earnings"] == 50000


def test_a_date_of_birth_that_one_record_has_otherwise_is_a_conflict_to_look_at() -> None:
    result = assembled({"ada": [one(), one("hmrc_rti:1", born_on="1950-10-01")]})
    assert person(result, "ada")["born_on"] == date(1950, 1, 1)
    assert [row[1:2] + row[3:] for row in sides(result, "born_on")] == [
        ("1950-10-01", False, "review"),
        ("1950-01-01", True, "review"),
    ]


def test_inv_06_a_death_that_one_source_denies_silences_and_decides_nothing() -> None:
    result = assembled(
        TWO,
        facts=[
            fact("dwp_awards:1", "died_on", "2026-05-01"),
            fact("nhs_register:1", "died_on", "9999-12-31"),
        ],
    )
    assert person(result, "ada")["died_on"] is None
    assert result.contacts["safeguarding_hold"].to_list() == [True]


def test_two_addresses_are_a_conflict_that_is_settled_and_kept() -> None:
    moved = {**one("dwp_awards:1"), **AWAY, "seen_on": MAY}
    result = assembled({"ada": [{**one(), "seen_on": MARCH}, moved]})
    assert sides(result, "dwelling") == [
        ("dwp_awards", "U99900000002", MAY, False, "take_best"),
        ("nhs_register", "U99900000001", MARCH, True, "take_best"),
    ]


# --- too old --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "capital"),
    [
        pytest.param(date(2025, 12, 1), 5, id="six months to the day"),
        pytest.param(date(2025, 11, 30), None, id="a day longer"),
    ],
)
def test_a_fact_older_than_its_validity_is_unknown(as_of: date, capital: int | None) -> None:
    result = assembled(TWO, facts=[fact("housing_benefit:1", "capital", "5", as_of)])
    assert person(result, "ada")["capital"] == capital
    stale = dict(result.counts.iter_rows())["facts_stale"]
    assert stale == (1 if capital is None else 0)


def test_facts_of_a_household_go_stale_too() -> None:
    old = [fact("nhs_register:1", "tenure", "private_rent", date(2025, 5, 31))]
    assert assembled(TWO, facts=old).situation.households["tenure"].to_list() == [None]


def test_what_is_too_old_is_no_side_of_a_conflict() -> None:
    said = [
        fact("housing_benefit:1", "capital", "5", date(2025, 1, 1)),
        fact("dwp_awards:1", "capital", "7", MAY),
    ]
    result = assembled(TWO, facts=said)
    assert person(result, "ada")["capital"] == 7
    assert result.conflicts.is_empty()


def test_inv_20_silence_of_a_complete_feed_does_not_deny_what_it_said_too_long_ago() -> None:
    result = assembled(
        TWO,
        facts=[fact("dwp_awards:1", "pip_mobility_rate", "enhanced", date(2025, 1, 1))],
        completeness=[complete("dwp_awards", "pip_mobility_rate", "everybody")],
        status=[status("dwp_awards")],
    )
    assert person(result, "ada")["pip_mobility_rate"] is None


@pytest.mark.parametrize(
    ("as_of", "rate"), [(date(2025, 6, 1), "none"), (date(2025, 5, 31), None), (None, None)]
)
def test_inv_30_silence_of_a_feed_that_is_too_old_means_nothing(
    as_of: date | None, rate: str | None
) -> None:
    result = assembled(
        TWO,
        completeness=[complete("dwp_awards", "pip_mobility_rate", "everybody")],
        status=[{**status("dwp_awards"), "as_of": as_of}],
    )
    assert person(result, "ada")["pip_mobility_rate"] == rate


def test_a_death_does_not_lapse_and_that_somebody_lived_does() -> None:
    long_ago = date(2020, 1, 1)
    dead = assembled(TWO, facts=[fact("nhs_register:1", "died_on", "2019-05-01", long_ago)])
    lived = assembled(TWO, facts=[fact("nhs_register:1", "died_on", "9999-12-31", long_ago)])
    assert dead.situation.people.is_empty()
    assert person(lived, "ada")["died_on"] is None
