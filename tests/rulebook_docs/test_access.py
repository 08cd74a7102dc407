"""Whether everybody can use the pages: landmarks, headings, tables, links, contrast."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from nostop import rulebook_docs
from tests.rulebook_docs.reader import Element, broken_links, links_within, read_page

STYLE = (Path(rulebook_docs.__file__).parent / "style.css").read_text(encoding="utf-8")
#: Which colour is written on which, by the style's own names.
WRITTEN_ON = [
    ("ink", "paper"),
    ("ink", "shade"),
    ("link", "paper"),
    ("link", "shade"),
    ("link", "warning-paper"),
    ("quiet", "paper"),
    ("warning-ink", "warning-paper"),
    ("band-ink", "band"),
]


def test_every_page_has_its_language_title_and_landmarks(pages: dict[str, Element]) -> None:
    for name, page in pages.items():
        (html,) = page.all("html")
        assert html.attributes["lang"] == "en", name
        assert len(page.all("title")) - len(page.all("svg")) == 1, name
        assert [len(page.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1] * 4, name
        labels = [
            each.attributes.keys() & {"aria-label", "aria-labelledby"} for each in page.all("nav")
        ]
        assert all(labels), name


def test_first_link_of_every_page_skips_to_its_content(pages: dict[str, Element]) -> None:
    for name, page in pages.items():
        first, *_ = page.all("a")
        assert first.attributes["href"] == "#main", name
        assert page.by_id["main"].tag == "main", name


def test_headings_leave_out_no_level(pages: dict[str, Element]) -> None:
    for name, page in pages.items():
        levels = [int(each.tag[1]) for each in page.all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1, name
        assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == [], name


def test_every_heading_says_something(pages: dict[str, Element]) -> None:
    for page in pages.values():
        assert all(each.text for each in page.all("h1", "h2", "h3", "h4"))


def test_every_table_has_a_caption_and_scoped_headers(pages: dict[str, Element]) -> None:
    tables = [each for page in pages.values() for each in page.all("table")]
    assert len(tables) > 50
    for table in tables:
        (caption,) = table.all("caption")
        assert caption.text
        assert all(each.attributes["scope"] in ("col", "row") for each in table.all("th"))
        head, *rows = table.all("tr")
        assert all(len(row.children) == len(head.children) for row in rows)
        assert all(row.children[0].attributes.get("scope") == "row" for row in rows)


def test_every_drawing_is_named_and_described(pages: dict[str, Element]) -> None:
    drawings = [(page, each) for page in pages.values() for each in page.all("svg")]
    assert len(drawings) > 20
    for page, drawing in drawings:
        assert drawing.attributes["role"] == "img"
        named, described = drawing.attributes["aria-labelledby"].split()
        assert page.by_id[named].tag == "title"
        assert "steps at each change" in page.by_id[described].text


def test_ids_are_unique_on_each_page(pages: dict[str, Element]) -> None:
    for name, page in pages.items():
        ids = [each.attributes["id"] for each in page.everything if "id" in each.attributes]
        assert len(ids) == len(set(ids)), name


def test_every_link_leads_somewhere(files: dict[str, str], pages: dict[str, Element]) -> None:
    assert sum(len(links_within(page)) for page in pages.values()) > 1000
    assert broken_links(files, pages) == []


def test_link_that_leads_nowhere_is_found() -> None:
    page = read_page('<p id="x"><a href="#x">1</a><a href="#y">2</a><a href="z.html">3</a></p>')
    assert broken_links({"a.html": ""}, {"a.html": page}) == ["a.html: #y", "a.html: z.html#"]


def test_pages_load_nothing_from_elsewhere_and_run_nothing(pages: dict[str, Element]) -> None:
    for page in pages.values():
        assert page.all("script", "img", "iframe", "object", "embed", "style") == []
        assert [each.attributes["href"] for each in page.all("link")] == ["style.css"]
        events = [
            key for each in page.everything for key in each.attributes if key.startswith("on")
        ]
        assert events == []
    assert "http" not in STYLE
    assert "@import" not in STYLE


def test_every_welsh_title_is_marked_as_welsh(pages: dict[str, Element]) -> None:
    page = pages["scheme-pension_credit.html"]
    marked = [each.text for each in page.everything if each.attributes.get("lang") == "cy"]
    assert "Credyd Pensiwn" in marked


@pytest.mark.parametrize(("ink", "paper"), WRITTEN_ON)
def test_colours_stand_out_by_seven_to_one(ink: str, paper: str) -> None:
    assert contrast(colour(ink), colour(paper)) >= 7


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)


def test_links_are_told_from_text_by_more_than_colour() -> None:
    assert "text-decoration: none" not in STYLE


def colour(name: str) -> str:
    found = re.search(rf"--{name}: #([0-9a-f]{{6}});", STYLE)
    assert found is not None, f"the style has no colour --{name}"
    return found.group(1)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours' relative luminance."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
