"""What departments' files say, read back and held against the truth."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nostop.synth.views.council_tax import FIELDS
from nostop.synth.views.school_census import year_group
from tests.synth.conftest import PEOPLE
from tests.synth.law import EFFECTIVE

CSV_FILES = [
    "dwp_awards",
    "hmrc_rti",
    "hmrc_child_benefit",
    "housing_benefit",
    "school_census",
    "outreach_register",
]
Rows = list[dict[str, str]]


def read(folder: Path, source: str) -> Rows:
    with (folder / f"{source}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_council_tax(folder: Path) -> Rows:
    rows = []
    for line in (folder / "council_tax.txt").read_text(encoding="utf-8").splitlines():
        at, row = 0, {}
        for name, width in FIELDS.items():
            row[name], at = line[at : at + width].strip(), at + width
        rows.append(row)
    return rows


def read_bundle(folder: Path) -> list[dict[str, Any]]:
    bundle = json.loads((folder / "nhs_register.json").read_text(encoding="utf-8"))
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    return [entry["resource"] for entry in bundle["entry"]]


def truth(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth" / f"{name}.parquet")


def bad_rows(folder: Path, source: str) -> set[int]:
    """Return the positions of the rows of a source with a planted fault."""
    bad = truth(folder, "bad_rows").filter(pl.col("source") == source)
    first = 1 if source == "council_tax" else 2
    return {line - first for line in bad["line"]}


def good(rows: Rows, folder: Path, source: str) -> Rows:
    bad = bad_rows(folder, source)
    return [row for at, row in enumerate(rows) if at not in bad]


def records(folder: Path, source: str) -> dict[str, str]:
    kept = truth(folder, "record_map").filter(pl.col("source") == source)
    return dict(kept.select("record_id", "person_id").iter_rows())


def facts(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["person_id"]: row for row in truth(folder, "people").iter_rows(named=True)}


def pence(text: str) -> int:
    pounds, _, rest = text.partition(".")
    assert len(rest) == 2
    return int(pounds) * 100 + int(rest)


def ids_of(source: str, row: dict[str, str]) -> list[str]:
    """Return the record ids a row gives, as the feeds' declarations have them."""
    keys = {
        "dwp_awards": row.get("award_ref", ""),
        "hmrc_rti": "/".join(
            row.get(name, "") for name in ("employer_ref", "payroll_id", "month", "kind")
        ),
        "hmrc_child_benefit": f"{row.get('claim_ref')}/{row.get('child_no')}",
        "council_tax": row.get("account", ""),
        "housing_benefit": row.get("claim_ref", ""),
        "school_census": row.get("upn", ""),
        "outreach_register": row.get("entry_id", ""),
    }
    others = {
        "#partner": row.get("partner_surname"),
        "#child": row.get("child_surname"),
        "#contact": row.get("contact1_surname"),
        "#liable2": row.get("liable2_surname"),
    }
    key = keys[source]
    return [key, *(key + suffix for suffix, named in others.items() if named)]


@pytest.mark.parametrize("source", CSV_FILES)
def test_record_map_holds_every_record_of_the_good_rows(folder: Path, source: str) -> None:
    rows = good(read(folder, source), folder, source)
    given = [record for row in rows for record in ids_of(source, row)]
    assert len(given) > 20
    assert sorted(given) == sorted(records(folder, source))


def test_record_map_holds_every_record_of_council_tax_and_the_nhs(folder: Path) -> None:
    rows = good(read_council_tax(folder), folder, "council_tax")
    given = [record for row in rows for record in ids_of("council_tax", row)]
    assert sorted(given) == sorted(records(folder, "council_tax"))
    patients = [r["id"] for r in read_bundle(folder) if r["resourceType"] == "Patient"]
    assert sorted(patients) == sorted(records(folder, "nhs_register"))


def test_bad_rows_hold_a_fault_where_they_say(folder: Path) -> None:
    planted = truth(folder, "bad_rows").filter(pl.col("file").str.ends_with(".csv"))
    assert len(planted) >= 5
    faults = {"12,50", "£5", "XP", "ZZ", "WAGE", "PAYED", "PAID", "9", "Q", "X", "2026-13"}
    dates = {"31/02/1961", "00/00/0000", "31/02/2024", "2024-13-01", "19610231", "00000000"}
    dates |= {"2019-02-31", "31/02/2019", "31/02/1950", "2015-02-31", "31/02/2015", "1961-02-31"}
    for source, line, column in planted.select("source", "line", "column").iter_rows():
        assert read(folder, source)[line - 2][column] in faults | dates


def test_council_tax_lines_are_all_of_one_width(folder: Path) -> None:
    lines = (folder / "council_tax.txt").read_text(encoding="utf-8").splitlines()
    assert {len(line) for line in lines} == {sum(FIELDS.values())} == {205}


def test_council_tax_states_the_true_bill(folder: Path) -> None:
    homes = {row["uprn"]: row for row in truth(folder, "households").iter_rows(named=True)}
    rows = good(read_council_tax(folder), folder, "council_tax")
    for row in rows:
        home = homes[row["uprn"]]
        assert int(row["annual_pence"]) == home["council_tax"]
        assert row["band"].lower() == home["council_tax_band"]


def test_rti_adds_up_to_the_truth_in_its_latest_month(folder: Path) -> None:
    rows, map_ = read(folder, "hmrc_rti"), records(folder, "hmrc_rti")
    bad = {ids_of("hmrc_rti", rows[at])[0] for at in bad_rows(folder, "hmrc_rti")}
    paid: dict[str, int] = {}
    for row in good(rows, folder, "hmrc_rti"):
        if row["month"] == "2026-05" and row["kind"] == "EARN":
            person = map_[ids_of("hmrc_rti", row)[0]]
            paid[person] = paid.get(person, 0) + pence(row["taxable_pay"])
    true = {p: row["gross_earnings"] for p, row in facts(folder).items() if row["gross_earnings"]}
    off = {person for person in true if true[person] != paid.get(person)}
    assert len(off) <= len(bad)
    assert set(paid) <= set(true)


def test_rti_has_second_jobs_and_jobs_that_ended(folder: Path) -> None:
    rows, map_ = good(read(folder, "hmrc_rti"), folder, "hmrc_rti"), records(folder, "hmrc_rti")
    jobs = [
        (map_[ids_of("hmrc_rti", row)[0]], row["month"]) for row in rows if row["kind"] == "EARN"
    ]
    assert len(jobs) > len(set(jobs))
    earlier = {person for person, month in jobs if month == "2026-04"}
    latest = {person for person, month in jobs if month == "2026-05"}
    assert earlier - latest
    assert latest - earlier


def test_dwp_states_the_true_awards(folder: Path) -> None:
    map_, true = records(folder, "dwp_awards"), facts(folder)
    for row in good(read(folder, "dwp_awards"), folder, "dwp_awards"):
        person = true[map_[row["award_ref"]]]
        assert (row["residence"] == "GB") == person["lives_in_uk"]
        assert (row["custody"] == "Y") == person["in_prison"]
        if row["benefit"] == "SP":
            assert pence(row["amount"]) == person["state_pension"]
        if row["benefit"] == "UC":
            result = {"": "none", "LCW": "lcw", "LCWRA": "lcwra"}[row["wca"]]
            assert result == person["limited_capability"]


def test_dwp_names_the_partner_of_a_couple_and_of_nobody_else(folder: Path) -> None:
    map_, true = records(folder, "dwp_awards"), facts(folder)
    rows = good(read(folder, "dwp_awards"), folder, "dwp_awards")
    couples = [row for row in rows if row["partner_surname"]]
    assert {row["benefit"] for row in couples} == {"PC", "UC"}
    for row in couples:
        one, other = map_[row["award_ref"]], map_[row["award_ref"] + "#partner"]
        assert one != other
        assert true[one]["benefit_unit_id"] == true[other]["benefit_unit_id"]


def test_housing_benefit_states_the_capital_of_both_partners(folder: Path) -> None:
    map_, true = records(folder, "housing_benefit"), facts(folder)
    stated = 0
    for row in good(read(folder, "housing_benefit"), folder, "housing_benefit"):
        person = true[map_[row["claim_ref"]]]
        partner = true.get(map_.get(row["claim_ref"] + "#partner", ""), {"capital": 0})
        if row["capital"]:
            stated += 1
            assert pence(row["capital"]) == person["capital"] + partner["capital"]
    assert stated > 10


def test_child_benefit_lists_every_child_of_a_claim(folder: Path) -> None:
    map_, true = records(folder, "hmrc_child_benefit"), facts(folder)
    rows = good(read(folder, "hmrc_child_benefit"), folder, "hmrc_child_benefit")
    for row in rows:
        key = ids_of("hmrc_child_benefit", row)[0]
        assert true[map_[key]]["benefit_unit_id"] == true[map_[key + "#child"]]["benefit_unit_id"]
        assert true[map_[key + "#child"]]["role"] == "child"


def test_school_census_contact_takes_the_free_meals(folder: Path) -> None:
    map_ = records(folder, "school_census")
    awards = truth(folder, "awards").filter(pl.col("scheme") == "free_school_meals")
    rows = good(read(folder, "school_census"), folder, "school_census")
    taken = {map_[row["upn"] + "#contact"] for row in rows if row["fsm_taken"] == "Y"}
    assert taken
    assert taken <= set(awards["person_id"])


@pytest.mark.parametrize(
    ("born", "group"),
    [("2021-08-31", "R"), ("2020-09-01", "R"), ("2020-08-31", "1"), ("2009-09-01", "11")],
)
def test_school_census_year_group_goes_by_the_age_on_31_august(born: str, group: str) -> None:
    frame = pl.DataFrame({"born": [born]}).with_columns(pl.col("born").str.to_date())
    assert frame.select(year_group(pl.col("born"), EFFECTIVE)).item() == group


def test_nhs_names_parents_who_are_patients_of_the_same_unit(folder: Path) -> None:
    map_, true = records(folder, "nhs_register"), facts(folder)
    named = 0
    for resource in read_bundle(folder):
        for contact in resource.get("contact", ()):
            reference = contact["extension"][0]["valueReference"]["reference"]
            parent = map_[reference.removeprefix("Patient/")]
            child = map_[resource["id"]]
            assert true[parent]["benefit_unit_id"] == true[child]["benefit_unit_id"]
            assert true[parent]["role"] == "adult"
            named += 1
    assert named > 300


def test_nhs_has_encounters_for_people_in_hospital(folder: Path) -> None:
    map_, true = records(folder, "nhs_register"), facts(folder)
    stays = [r for r in read_bundle(folder) if r["resourceType"] == "Encounter"]
    assert stays
    for stay in stays:
        person = true[map_[stay["subject"]["reference"].removeprefix("Patient/")]]
        assert stay["period"]["start"] == person["in_hospital_since"].isoformat()


def test_nhs_register_leaves_some_people_out(folder: Path) -> None:
    assert 0.94 * PEOPLE < len(records(folder, "nhs_register")) < PEOPLE


def test_outreach_register_entries_ask_for_something(folder: Path) -> None:
    flags = ("opted_out", "safeguarding_hold", "no_contact_address")
    for row in good(read(folder, "outreach_register"), folder, "outreach_register"):
        assert row["language"] == "cy" or "Y" in [row[flag] for flag in flags]
