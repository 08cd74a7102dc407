"""What is shown of the difference between two rules folders."""

from pathlib import Path

import pytest

from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook_docs import build_pages, build_site
from tests.rulebook.small import RATES, library_text, pack_text, write_rules
from tests.rulebook_docs.reader import Element, broken_links, read_page, section

#: By what the earlier rules differ from the later ones: (in alpha's rates, in alpha's pack).
LATER_RATE = "value: 10000, reference: law}"
ADDED_VALUE = "value: 10000, reference: law}, {from: 2026-04-06, value: 10300, reference: law}"


def rules(folder: Path, *, is_later: bool) -> Rulebook:
    """Two packs on one library; the earlier rules lack a condition and a value, and have another
    formula, text and figure, and another formula in the library."""
    conditions = {"is_ill": "any_adult(ill)"}
    if is_later:
        conditions["has_savings"] = "total(savings) > 0"
    part = "at_most(week_a, week_a + week_b)" if is_later else "week_a"
    alpha = pack_text(conditions, {"all": part}, uses=["shared"]).replace(
        "One sentence.", "One sentence more." if is_later else "One sentence."
    )
    alpha = alpha.replace("any_adult(ill)", "any_adult(ill and is_away)")
    beta = pack_text({"is_ill": "any_adult(ill)"}, {"all": "week_a"}, scheme="beta")
    away = "away_since < effective_date" if is_later else "away_since <= effective_date"
    rates = RATES.replace("value: 333,", "value: 444,") if is_later else RATES
    files = {
        "uk/shared/library.yaml": library_text("shared", {"is_away": ("person", away)}),
        "uk/alpha/rates.yaml": rates.replace(LATER_RATE, ADDED_VALUE, 1) if is_later else rates,
    }
    return load_rulebook(write_rules(folder, files, alpha=alpha, beta=beta))


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return rules(tmp_path_factory.mktemp("earlier"), is_later=False)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return rules(tmp_path_factory.mktemp("later"), is_later=True)


@pytest.fixture(scope="module")
def written(later: Rulebook, earlier: Rulebook) -> dict[str, str]:
    return build_pages(build_site(later, later.schemes, None, earlier))


@pytest.fixture(scope="module")
def compared(written: dict[str, str]) -> dict[str, Element]:
    return {name: read_page(text) for name, text in written.items() if name.endswith(".html")}


def changes(page: Element) -> list[list[str]]:
    (table,) = section(page, "changes").all("table")
    return [[cell.text for cell in row.children] for row in table.all("tr")[1:]]


def test_changed_rate_shows_its_value_before_and_now(compared: dict[str, Element]) -> None:
    rows = changes(compared["scheme-alpha.html"])
    assert ["rate week_b", "Changed", "from 2020-01-01", "£3.33 a week", "£4.44 a week"] in rows


def test_added_value_shows_its_day(compared: dict[str, Element]) -> None:
    rows = changes(compared["scheme-alpha.html"])
    assert ["rate week_a", "Changed", "from 2026-04-06", "", "£103.00 a week"] in rows


def test_changed_words_and_formulas_show_before_and_now(compared: dict[str, Element]) -> None:
    rows = changes(compared["scheme-alpha.html"])
    now = "at_most(week_a, week_a + week_b)"
    assert ["part all", "Changed", "formula", "week_a", now] in rows
    words = ["setting summary", "Changed", "summary.en", "One sentence.", "One sentence more."]
    assert words in rows


def test_added_condition_leads_to_its_place(compared: dict[str, Element]) -> None:
    page = compared["scheme-alpha.html"]
    added = [row for row in changes(page) if row[0] == "condition has_savings"]
    assert ["condition has_savings", "Added", "when", "", "total(savings) > 0"] in added
    links = {each.attributes["href"] for each in section(page, "changes").all("a")}
    assert "#condition-has_savings" in links
    assert "condition-has_savings" in page.by_id


def test_changed_library_is_told_to_the_schemes_that_use_it(compared: dict[str, Element]) -> None:
    shown = section(compared["scheme-alpha.html"], "changes")
    assert "shared: 1 change" in shown.text
    assert "library-shared.html#changes" in {each.attributes["href"] for each in shown.all("a")}
    before, now = "away_since <= effective_date", "away_since < effective_date"
    row = ["working is_away", "Changed", "formula", before, now]
    assert changes(compared["library-shared.html"]) == [row]
    assert "Nothing of its own changed." in section(compared["scheme-beta.html"], "changes").text
    assert "shared" not in section(compared["scheme-beta.html"], "changes").text


def test_every_link_of_a_site_with_changes_leads_somewhere(
    written: dict[str, str], compared: dict[str, Element]
) -> None:
    assert broken_links(written, compared) == []


def test_page_of_changes_counts_them_by_scheme(compared: dict[str, Element]) -> None:
    listed = [each.text for each in section(compared["changes.html"], "schemes").all("li")]
    assert listed == ["A test scheme: 6 changes", "shared: 1 change"]


def test_versions_before_and_now_are_named(
    compared: dict[str, Element], later: Rulebook, earlier: Rulebook
) -> None:
    before, now = (each.schemes["alpha"].version for each in (earlier, later))
    assert before != now
    told = section(compared["scheme-alpha.html"], "changes").text
    assert f"Version {before} before, {now} now." in told


def test_nothing_changed_is_said(later: Rulebook) -> None:
    files = build_pages(build_site(later, later.schemes, None, later))
    page = read_page(files["scheme-alpha.html"])
    assert "Nothing of its own changed." in section(page, "changes").text
    assert "No scheme and no library changed." in files["changes.html"]


def test_scheme_that_is_new_or_gone_is_said_to_be(later: Rulebook, tmp_path: Path) -> None:
    alone = load_rulebook(
        write_rules(
            tmp_path, beta=pack_text({"a": "any_adult(ill)"}, {"all": "week_a"}, scheme="beta")
        )
    )
    grown = build_pages(build_site(later, later.schemes, None, alone))
    assert "The scheme is new" in grown["scheme-alpha.html"]
    assert "A test scheme: added" in read_page(grown["changes.html"]).text
    shrunk = build_pages(build_site(alone, alone.schemes, None, later))
    assert "alpha: taken out" in read_page(shrunk["changes.html"]).text


def test_many_changes_of_one_piece_are_counted(tmp_path: Path) -> None:
    last = "          - {area: otherwise, rooms: 1, value: 50}\n"
    many = "".join(f"          - {{area: X{n}, rooms: 1, value: {n}}}\n" for n in range(90))
    pack = pack_text({"a": "any_adult(ill)"}, {"all": "rate(week_by_area, area, rooms)"})
    longer = RATES.replace(last, last + many)
    assert longer != RATES
    before = load_rulebook(write_rules(tmp_path / "a", alpha=pack))
    now = load_rulebook(write_rules(tmp_path / "b", {"uk/alpha/rates.yaml": longer}, alpha=pack))
    page = read_page(build_pages(build_site(now, now.schemes, None, before))["scheme-alpha.html"])
    rows = changes(page)
    assert len(rows) == 61
    assert rows[-1][2] == "and 30 more, not listed here"


def test_without_previous_rules_there_is_nothing_about_changes(later: Rulebook) -> None:
    files = build_pages(build_site(later, later.schemes, None, None))
    assert "changes.html" not in files
    assert all("What changed" not in text for text in files.values())
