"""Groups of a population: literals in, words out; what is not known is a group of its own."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from nostop.app.population_groups import GROUPS, group_labels
from nostop.frames import Situation

ON = date(2026, 6, 1)


def situation(*people: tuple[str, str, date | None, str | None], **homes: Any) -> Situation:
    """Return people as (benefit unit, role, birth, sex), all of one household."""
    rows = [
        {
            "person_id": f"p{number}",
            "benefit_unit_id": unit,
            "household_id": "h",
            "role": role,
            "born_on": born_on,
            "sex": sex,
        }
        for number, (unit, role, born_on, sex) in enumerate(people)
    ]
    schema = dict.fromkeys(rows[0], pl.String()) | {"born_on": pl.Date()}
    units = pl.DataFrame({"benefit_unit_id": sorted({unit for unit, *_ in people})})
    return Situation(
        people=pl.DataFrame(rows, schema=schema),
        benefit_units=units.with_columns(household_id=pl.lit("h")),
        households=pl.DataFrame({"household_id": ["h"], **{k: [v] for k, v in homes.items()}}),
        awards=None,
    )


def labels(of: Situation, level: str) -> list[dict[str, Any]]:
    return group_labels(of, ON).filter(pl.col("level") == level).sort("subject").to_dicts()


def test_benefit_unit_has_the_oldest_adults_age_and_its_adults_sex() -> None:
    of = situation(
        ("a", "adult", date(1950, 6, 1), "female"),
        ("a", "adult", date(1970, 1, 1), "male"),
        ("a", "child", date(2015, 1, 1), "female"),
        ("b", "adult", date(2001, 6, 2), "male"),
        nation="wales",
        region="W92000004",
        tenure="mortgage",
    )
    first, second = labels(of, "benefit_unit")
    assert [first[name] for name in GROUPS] == [
        "wales", "W92000004", "mortgage", "couple, children", "75 or over", "both",
    ]  # fmt: skip
    assert [second[name] for name in GROUPS[3:]] == ["one adult, no children", "16 to 24", "male"]
    (home,) = labels(of, "household")
    assert [home[name] for name in GROUPS[3:]] == ["several benefit units", "75 or over", "both"]
    child = labels(of, "person")[2]
    assert [child[name] for name in GROUPS[3:]] == ["couple, children", "0 to 15", "female"]


def test_what_is_not_known_of_one_adult_is_not_known_of_the_unit() -> None:
    of = situation(
        ("a", "adult", date(1990, 1, 1), "female"), ("a", "adult", None, None), nation=None
    )
    (unit,) = labels(of, "benefit_unit")
    assert unit["family_type"] == "couple, no children"
    assert {unit[name] for name in GROUPS if name != "family_type"} == {"not known"}


@pytest.mark.parametrize(
    ("born_on", "band"),
    [
        (date(2010, 6, 1), "16 to 24"),
        (date(2010, 6, 2), "0 to 15"),
        (date(1951, 6, 1), "75 or over"),
        (date(1951, 6, 2), "65 to 74"),
    ],
)
def test_age_bands_change_on_the_birthday(born_on: date, band: str) -> None:
    (person,) = labels(situation(("a", "adult", born_on, "male")), "person")
    assert person["age_band"] == band
