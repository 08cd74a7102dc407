"""Which determinations wait for somebody to look at a fact in conflict."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop import determination
from nostop.app.in_review import with_review
from nostop.frames import Conflicts, Situation, empty
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.plan import compile_plan
from tests.rulebook.small import ON, pack_text, situation, write_rules

PEOPLE = [
    {"person_id": "ada", "benefit_unit_id": "b1"},
    {"person_id": "bo", "benefit_unit_id": "b2"},
    {"person_id": "cy", "benefit_unit_id": "b3", "household_id": "elsewhere"},
]


def book_of(folder: Path, condition: str) -> Rulebook:
    pack = pack_text({"holds": condition}, {"part": "week_a"})
    return load_rulebook(write_rules(folder, alpha=pack))


def conflict(level: str, subject: str, fact: str, in_conflict: str = "review") -> pl.DataFrame:
    row = {
        "level": level, "subject_id": subject, "fact": fact, "source": "a", "record_id": "1",
        "value": "x", "as_of": date(2026, 5, 1), "is_best": True, "in_conflict": in_conflict,
    }  # fmt: skip
    return pl.DataFrame([row], schema=empty(Conflicts).schema)


def waiting(folder: Path, condition: str, disputed: pl.DataFrame) -> list[str]:
    book = book_of(folder, condition)
    given: Situation = situation(book.catalogue, PEOPLE)
    found = determination.determine(given, book, ON)
    marked = with_review(found, given, disputed, compile_plan(book, ON, ["alpha"]).schemes)
    assert marked.drop("in_review").equals(found)
    return marked.filter("in_review")["benefit_unit_id"].to_list()


@pytest.mark.parametrize(
    ("condition", "disputed", "units"),
    [
        ("any_adult(ill)", conflict("person", "ada", "ill"), ["b1"]),
        ("any_adult(ill)", conflict("person", "ada", "savings"), []),
        ("any_adult(ill)", conflict("person", "ada", "ill", "take_best"), []),
        ("is_owned", conflict("household", "h", "is_owned"), ["b1", "b2"]),
        ("is_married", conflict("benefit_unit", "b3", "is_married"), ["b3"]),
    ],
)
def test_what_reads_a_disputed_fact_of_its_people_waits(
    tmp_path: Path, condition: str, disputed: pl.DataFrame, units: list[str]
) -> None:
    assert waiting(tmp_path, condition, disputed) == units


def test_inv_31_confidence_is_the_weakest_link_of_those_whose_facts_are_read(
    tmp_path: Path,
) -> None:
    own = book_of(tmp_path / "own", "any_adult(ill)")
    everybody = load_rulebook(
        write_rules(
            tmp_path / "all",
            alpha=pack_text(
                {"holds": "somebody_ill"},
                {"part": "week_a"},
                {"somebody_ill": ("household", "any_adult(ill)")},
            ),
        )
    )
    sure = [{**row, "confidence": c} for row, c in zip(PEOPLE, (1.0, 0.6, 0.9), strict=True)]
    found = {}
    for name, book in (("own", own), ("all", everybody)):
        rows = determination.determine(situation(book.catalogue, sure), book, ON)
        found[name] = dict(rows.select("benefit_unit_id", "confidence").iter_rows())
    assert found["own"] == {"b1": 1.0, "b2": 0.6, "b3": 0.9}
    assert found["all"] == {"b1": 0.6, "b2": 0.6, "b3": 0.9}
