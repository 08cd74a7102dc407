# ruff: noqa: E501 - one case a line reads better than four
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination.explaining import explain_situation, trace_situation
from nostop.model import Period
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.tree import BOOL, DATE, INT, Kind
from nostop.rulebook.words.explain import MAX_LINES, shown
from tests.rulebook.small import ON, pack_text, situation, write_rules
from tests.rulebook.worlds import world, worlds

WEEK = Kind("money", Period.WEEK)


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    text = pack_text(
        {"poor": "money < week_a", "modest": "total(savings) < stock_a"},
        {"part_a": "week_a - money"},
        {"money": ("benefit_unit", "total(net)"), "net": ("person", "recorded_or(pay, week_b)")},
        notes={"tax": "yearly(part_a)"},
        to="pound",
    )
    return load_rulebook(write_rules(tmp_path, alpha=text))


def _told(
    book: Rulebook, person: dict[str, Any], evidence: pl.DataFrame | None = None
) -> list[str]:
    return explain_situation(
        situation(book.catalogue, [person], awards=[]), book, ON, "alpha", evidence
    )["b"]


def test_entitled_tells_amount_conditions_parts_workings_and_notes(book: Rulebook) -> None:
    assert _told(book, {"pay": 4_050, "savings": 0}) == [
        "A test scheme: entitled, £60.00 a week on 1 June 2026; not claimed.",
        "Met: Lives where the scheme applies: England, Wales; It holds [some law]; It holds [some law].",
        "Part: Part a: £59.50 a week [some law]. Together rounded up to the pound [some law].",
        "Worked out: A working: £40.50 a week [some law].",
        "Note: A note: £3,094.00 a year [some law].",
    ]


def test_not_entitled_tells_what_is_not_met_with_its_figures(book: Rulebook) -> None:
    assert _told(book, {"pay": 10_000, "savings": 0}) == [
        "A test scheme: not entitled on 1 June 2026; not claimed.",
        "Not met: It does not hold (money £100.00 a week) [some law].",
        "Worked out: A working: £100.00 a week [some law].",
    ]


def test_unknown_tells_what_is_open_and_missing_and_what_stood_in(book: Rulebook) -> None:
    assert _told(book, {}) == [
        "A test scheme: unknown, between £0.00 and £97.00 a week on 1 June 2026; not claimed.",
        "Open: It holds [some law].",
        "Missing, no record holds it: savings (Savings; of p0).",
        "Part: Part a: £96.67 a week [some law]. Together rounded up to the pound [some law].",
        "Worked out: A working: £3.33 a week [some law].",
        "Not on record, so worked out from what is: pay of p0: £3.33 a week.",
        "Note: A note: £5,026.84 a year [some law].",
    ]


def test_a_note_stands_beside_the_outcomes_it_says(tmp_path: Path) -> None:
    text = pack_text(
        {"poor": "total(pay) < week_a"},
        {"part_a": "week_b"},
        notes={"opens": "any_adult(ill)", "tax": "yearly(part_a)"},
    ).replace(
        "{id: opens, says: A note,", "{id: opens, beside: [not_entitled], says: Claim the other,"
    )
    book = load_rulebook(write_rules(tmp_path, alpha=text))
    told = _told(book, {"pay": 10_000, "ill": True})
    assert [line for line in told if line.startswith("Note")] == [
        "Note: Claim the other [some law]."
    ]
    told = _told(book, {"pay": 0, "ill": True})
    assert [line for line in told if line.startswith("Note")] == [
        "Note: A note: £173.16 a year [some law]."
    ]


def test_sources_are_named_with_their_date(book: Rulebook) -> None:
    evidence = pl.DataFrame(
        {"level": ["person"], "subject_id": ["p0"], "fact": ["pay"], "source": ["pay_feed"], "record_id": ["r1"],
         "as_of": [date(2026, 5, 1)], "conflict": [False]}
    )  # fmt: skip
    assert (
        _told(book, {"pay": 0, "savings": 0}, evidence)[-1]
        == "Records: pay from pay_feed, 1 May 2026."
    )


def test_trace_tells_every_value_and_what_was_unknown(book: Rulebook) -> None:
    lines = trace_situation(
        situation(book.catalogue, [{"savings": 5}], awards=[]), book, ON, "alpha"
    )["b"]
    assert "alpha.net [p0] = £3.33 a week (unknown: pay of p0): A working [some law]" in lines
    assert "alpha.when.modest [b] = yes: It holds [some law]" in lines
    assert "alpha.amount [b] = £97.00 a week (unknown: pay of p0): A test scheme" in lines


@worlds(8)
@given(seed=st.integers(0, 10**9))
def test_every_result_is_told_in_few_lines(seed: int) -> None:
    made = world(seed, households=12)
    for name in made.book.schemes:
        for lines in explain_situation(made.situation, made.book, ON, name).values():
            assert 2 <= len(lines) <= MAX_LINES
            assert all(line and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, BOOL, "unknown"),
        (True, BOOL, "yes"),
        ("low", Kind("text"), "low"),
        ((Fraction(8_800), Fraction(8_800)), WEEK, "£88.00 a week"),
        ((Fraction(0), Fraction(500)), WEEK, "between £0.00 and £5.00 a week"),
        ((Fraction(500), None), WEEK, "at least £5.00 a week"),
        ((None, Fraction(500)), Kind("money"), "at most £5.00"),
        ((None, None), WEEK, "unknown"),
        ((Fraction(1, 3), Fraction(1, 3)), WEEK, "about £0.00 a week"),
        ((Fraction(-150), Fraction(-150)), WEEK, "-£1.50 a week"),
        ((Fraction(5_000), Fraction(5_000)), Kind("money", Period.ONCE), "£50.00"),
        ((Fraction(3), Fraction(3)), INT, "3"),
        ((Fraction(20260601), Fraction(20260601)), DATE, "1 June 2026"),
        ((Fraction(99991231), Fraction(99991231)), DATE, "never"),
    ],
)
def test_value_is_shown_in_words(value: Value, kind: Kind, text: str) -> None:
    assert shown(value, kind) == text
