"""INV 33: records that look like one person and are two, and one person who looks like two.

Nobody below is real; no false merge may reach the threshold from which a link leads to outreach.
"""

import polars as pl
import pytest

from nostop.linkage import link
from tests.linkage.people import AWAY, HOME, frame, linked, record, together

#: From here on a link may lead to outreach.
ACTION = 0.95
Record = dict[str, object]

TWO_PEOPLE: dict[str, list[Record]] = {
    "twins on one register": [
        record("nhs:1", "Molly Hart", "2018-03-04", **HOME),
        record("nhs:2", "Polly Hart", "2018-03-04", **HOME),
        record("school:1", "Molly Hart", "2018-03-04", **HOME),
        record("school:2", "Polly Hart", "2018-03-04", **HOME),
    ],
    "twins, one of whom moved": [
        record("nhs:1", "Amy Hart", "1990-03-04", **HOME),
        record("dwp:1", "Ruth Hart", "1990-03-04", **AWAY),
    ],
    "father and son of one name at one address": [
        record("nhs:1", "John Okafor", "1958-05-05", **HOME),
        record("dwp:1", "John Okafor", "1991-05-15", **HOME),
    ],
    "people at one address": [
        record("nhs:1", "Maria Reyes", "1975-05-05", **HOME),
        record("nhs:2", "Marta Kowal", "1975-11-05", **HOME),
    ],
    "a borrowed number": [
        record("dwp:1", "Adam Whitlock", "1980-01-02", nino="QQ111111A", **HOME),
        record("hmrc:1", "Sunil Perera", "1993-07-21", nino="QQ111111A", **AWAY),
    ],
    "a number used again with another birth date": [
        record("dwp:1", "Adam Whitlock", "1980-01-02", nino="QQ111111A", **HOME),
        record("hmrc:1", "Ada Whitehead", "1944-09-30", nino="QQ111111A", **AWAY),
    ],
    "one name, another birth date and address": [
        record("nhs:1", "David Jones", "1960-01-15", **HOME),
        record("dwp:1", "David Jones", "1972-06-30", **AWAY),
    ],
    "partners with one surname and initial": [
        record("nhs:1", "Peter Lund", "1961-02-03", sex="male", **HOME),
        record("nhs:2", "Petra Lund", "1963-04-05", sex="female", **HOME),
    ],
}


@pytest.mark.parametrize("case", TWO_PEOPLE)
def test_inv_33_two_people_are_never_one_at_the_action_threshold(case: str) -> None:
    records = frame(*TWO_PEOPLE[case])
    sure = link(records).filter(pl.col("confidence") >= ACTION)
    named = sure.join(records, on=["source", "record_id"], how="left")
    people = named.group_by("person_id").agg(pl.col("first_name", "born_on").n_unique())
    assert people.filter((pl.col("first_name") > 1) | (pl.col("born_on") > 1)).is_empty()


def test_a_default_birth_date_joins_nobody() -> None:
    found = linked(
        record("nhs:1", "Amina Yusuf", "1900-01-01", **HOME),
        record("dwp:1", "Amina Yusuf", "1900-01-01", **AWAY),
    )
    assert len(found) == 2


ONE_PERSON: dict[str, list[Record]] = {
    "a changed surname": [
        record("dwp:1", "Aisha Hussain", "1985-08-08", nino="QQ444444A", **HOME),
        record("hmrc:1", "Aisha Khan", "1985-08-08", nino="QQ444444A", **AWAY),
    ],
    "a transliterated name": [
        record("nhs:1", "Aleksandr Kowalski", "1979-09-19", **HOME),
        record("dwp:1", "Alexander Kowalsky", "1979-09-19", **HOME),
    ],
    "a name in the other order": [
        record("nhs:1", "Wei Chen", "1988-12-01", **HOME),
        record("dwp:1", "Chen Wei", "1988-12-01", **HOME),
    ],
    "a number without its last letter": [
        record("dwp:1", "Ruth Alder", "1970-10-10", nino="QQ555555A", **HOME),
        record("hmrc:1", "Ruth Alder", "1970-10-10", nino="QQ555555", **AWAY),
    ],
    "two numbers, one of them borrowed": [
        record("dwp:1", "Ruth Alder", "1970-10-10", nino="QQ555555A", **HOME),
        record("hmrc:1", "Ruth Alder", "1970-10-10", nino="QQ987654B", **HOME),
    ],
    "a birthday that is not known to the day": [
        record("nhs:1", "Emine Yildirim", "2014-01-01", nino="QQ121212A", **HOME),
        record("dwp:1", "Emine Yildirim", "2014-05-26", nino="QQ121212A", **HOME),
    ],
    "one half of a double surname": [
        record("nhs:1", "Clara Reed-Moss", "1992-02-12", nino="QQ131313A", **HOME),
        record("dwp:1", "Clara Moss", "1992-02-12", nino="QQ131313A", **AWAY),
    ],
}


@pytest.mark.parametrize("case", ONE_PERSON)
def test_one_person_is_one(case: str) -> None:
    records = ONE_PERSON[case]
    keys = [f"{row['source']}:{row['record_id']}" for row in records]
    assert linked(*records) == {together(*keys)}


def test_a_placeholder_number_joins_and_parts_nobody() -> None:
    people = [
        record(f"dwp:{n}", name, f"19{50 + 3 * n}-0{n + 1}-11", nino="QQ272727B", **HOME)
        for n, name in enumerate(["Ann Ash", "Bea Birch", "Cem Cedar", "Dot Dale", "Eva Elm"])
    ]
    registered = record("nhs:0", "Ann Ash", "1950-01-11", **HOME)
    found = linked(*people, registered)
    assert together("dwp:0", "nhs:0") in found
    assert len(found) == 5
