"""Nobody in a sample can be mistaken for a real person."""

import re
from pathlib import Path

import pytest

from nostop.synth import Synthetic

SURE = {
    "nino": re.compile(r"QQ\d{6}[A-D]"),
    "postcode": re.compile(r"ZZ(?!99)\d{1,2} \d[A-Z]{2}"),
    "uprn": re.compile(r"9990\d{8}"),
}


def values(district: Synthetic, name: str) -> list[str]:
    found: list[str] = []
    for feed in district.feeds:
        for column in feed.rows.columns:
            if column == name or column.endswith(f"_{name}"):
                found += feed.rows[column].drop_nulls().to_list()
    return found


@pytest.mark.parametrize("name", SURE)
def test_numbers_and_places_are_never_issued(district: Synthetic, name: str) -> None:
    found = values(district, name)
    assert len(found) > 50
    assert [value for value in found if not SURE[name].fullmatch(value)] == []


def test_nhs_register_has_only_invented_numbers_and_addresses(folder: Path) -> None:
    text = (folder / "nhs_register.json").read_text(encoding="utf-8")
    numbers = re.findall(r'nhs-number","value":"(.*?)"', text)
    phones = re.findall(r'"phone","value":"(.*?)"', text)
    emails = re.findall(r'"email","value":"(.*?)"', text)
    assert min(len(numbers), len(phones), len(emails)) > 1_000
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"999\d{7}", number) for number in numbers)
    assert all(re.fullmatch(r"07700 900\d{3}", phone) for phone in phones)
    assert all(re.fullmatch(r"p\d+@example\.org", email) for email in emails)


def test_twins_have_different_first_names(district: Synthetic) -> None:
    census = next(feed for feed in district.feeds if feed.source == "hmrc_child_benefit").rows
    twins = census.group_by("claim_ref", "child_dob").agg("child_forename").to_dicts()
    pairs = [row["child_forename"] for row in twins if len(row["child_forename"]) > 1]
    assert pairs
    assert all(len(set(names)) == len(names) for names in pairs)


def test_names_are_many_and_some_are_shared(district: Synthetic) -> None:
    rti = next(feed for feed in district.feeds if feed.source == "hmrc_rti").rows
    people = rti.unique("payroll_id")
    assert people["surname"].n_unique() > 400
    assert (people.group_by("forename", "surname").len()["len"] > 1).any()
