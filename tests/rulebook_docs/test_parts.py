"""The pieces that pages are made of: markup, words, drawings, and the folder they go into."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import Period, SettingsError
from nostop.rulebook.packs import Rate
from nostop.rulebook_docs import write_pages
from nostop.rulebook_docs.chart import chart
from nostop.rulebook_docs.markup import Html, element, link, text, with_links
from nostop.rulebook_docs.words import amount, rate_value
from tests.rulebook_docs.reader import read_page


def rate(type_: str, *values: tuple[str, object], per: str | None = None) -> Rate:
    dated = [
        {"from": date.fromisoformat(day), "value": value, "reference": "law"}
        for day, value in values
    ]
    return Rate.model_validate(
        {"means": "A rate", "type": type_, "values": dated} | ({"per": per} if per else {})
    )


# --- markup ---------------------------------------------------------------------------------------


@settings(derandomize=True)
@given(st.text())
def test_any_text_stays_text(said: str) -> None:
    page = read_page(element("p", said, attributes={"title": said}))
    (paragraph,) = page.children
    assert page.everything == [paragraph]
    wanted = said.replace("\\r\\n", "\\n").replace("\\r", "\\n")
    assert paragraph.raw == wanted or "\\r" in said


def test_markup_is_not_escaped_again() -> None:
    assert text(text("a < b")) == "a &lt; b"
    assert element("b", Html("<i>x</i>")) == "<b><i>x</i></b>"


def test_only_https_addresses_become_links() -> None:
    said = (
        "javascript:alert(1) http://example.org (https://example.org/a?b=1&c=2), and https://x.org."
    )
    (page,) = [read_page(with_links(said))]
    assert [each.attributes["href"] for each in page.all("a")] == [
        "https://example.org/a?b=1&c=2",
        "https://x.org",
    ]
    assert page.raw == said


def test_attributes_cannot_be_broken_out_of() -> None:
    (anchor,) = read_page(link('x" onclick="y', "z")).children
    assert anchor.attributes == {"href": 'x" onclick="y'}


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("ratio", "55/100", "55/100 (55%)"),
        ("ratio", "1/3", "1/3 (about 33.33%)"),
        ("ratio", "1/8", "1/8 (12.5%)"),
        ("ratio", "100/100", "100/100 (100%)"),
        ("int", 1000, "1,000"),
        ("bool", False, "no"),
        ("date", date(2017, 4, 6), "6 April 2017"),
        ("money", 1, "£0.01"),
    ],
)
def test_value_of_a_rate_in_words(kind: str, value: object, said: str) -> None:
    one = rate(kind, ("2020-01-01", value))
    assert rate_value(one.values[0].value, one) == said


@pytest.mark.parametrize(
    ("per", "said"), [(Period.WEEK, "£1.00 a week"), (Period.ONCE, "£1.00 once"), (None, "£1.00")]
)
def test_amount_has_its_period(per: Period | None, said: str) -> None:
    assert amount(100, per) == said


# --- drawings -------------------------------------------------------------------------------------


def test_drawing_steps_at_each_day_and_names_each_value() -> None:
    money = rate("money", ("2024-04-08", 100), ("2025-04-07", 300), ("2026-04-06", 200), per="week")
    (drawing,) = read_page(chart(money, "rate-x")).children
    (line,) = drawing.all("path")
    assert line.attributes["d"] == "M16 127 H225 V40 H434 V83 H644"
    assert len(drawing.all("circle")) == 3
    texts = [each.text for each in drawing.all("text")]
    assert texts[::2] == ["£1.00 a week", "£3.00 a week", "£2.00 a week"]
    assert texts[1::2] == ["8 April 2024", "7 April 2025", "6 April 2026"]


def test_drawing_says_where_its_scale_begins() -> None:
    money = rate("money", ("2024-04-08", 10000), ("2025-04-07", 11000))
    assert "The scale begins at £90.00, not at 0." in chart(money, "rate-x")


def test_drawing_leaves_out_texts_that_would_lie_on_one_another() -> None:
    days = [(f"2025-{month:02d}-01", month) for month in range(1, 13)]
    (drawing,) = read_page(chart(rate("int", *days), "rate-x")).children
    assert len(drawing.all("circle")) == 12
    assert len(drawing.all("text")) < 24
    assert "12 from 1 December 2025" in drawing.all("desc")[0].text


@pytest.mark.parametrize(
    "still",
    [
        rate("money", ("2024-04-08", 100)),
        rate("date", ("2024-04-08", date(2020, 1, 1)), ("2025-04-08", date(2021, 1, 1))),
        rate("bool", ("2024-04-08", True), ("2025-04-08", False)),
    ],
)
def test_what_has_no_course_is_not_drawn(still: Rate) -> None:
    assert chart(still, "rate-x") == ""


@settings(derandomize=True, max_examples=60)
@given(
    st.lists(st.dates(date(1990, 1, 1), date(2040, 1, 1)), min_size=2, unique=True),
    st.lists(st.integers(-(10**9), 10**9), min_size=1),
)
def test_every_value_lies_inside_the_drawing(days: list[date], values: list[int]) -> None:
    dated = [
        (day.isoformat(), values[index % len(values)]) for index, day in enumerate(sorted(days))
    ]
    (drawing,) = read_page(chart(rate("money", *dated), "rate-x")).children
    for mark in drawing.all("circle"):
        assert 16 <= int(mark.attributes["cx"]) <= 644
        assert 40 <= int(mark.attributes["cy"]) <= 170


# --- the folder -----------------------------------------------------------------------------------


def test_pages_of_an_earlier_run_are_taken_out_and_others_stay(tmp_path: Path) -> None:
    write_pages({"a.html": "a", "b.html": "b"}, tmp_path / "out")
    (tmp_path / "out/mine.txt").write_text("mine", encoding="utf-8")
    write_pages({"a.html": "again"}, tmp_path / "out")
    names = sorted(each.name for each in (tmp_path / "out").iterdir())
    assert names == ["a.html", "files.txt", "mine.txt"]
    assert (tmp_path / "out/a.html").read_text(encoding="utf-8") == "again"


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"holds other files and no files\.txt"):
        write_pages({"a.html": "a"}, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_list_that_names_files_elsewhere_takes_nothing_out(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_pages({"a.html": "a"}, out)
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    (out / "files.txt").write_text("../thesis.txt\n..\n", encoding="utf-8")
    write_pages({"a.html": "a"}, out)
    assert (tmp_path / "thesis.txt").exists()
