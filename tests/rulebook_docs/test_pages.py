"""Whether the pages say all that the rules say."""

from datetime import date
from pathlib import Path

import pytest

from nostop.model import RuleError, pounds
from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook
from nostop.rulebook.words.explain import day
from nostop.rulebook_docs import build_pages, build_site
from nostop.strict_yaml import read_yaml
from tests.rulebook.small import pack_text, write_rules
from tests.rulebook_docs.reader import Element, broken_links, read_page, section

SCHEMES = sorted(path.parent.name for path in default_rules_dir().rglob("pack.yaml"))
LONG_TABLE = """\
rates:
  nought:
    means: Nought
    type: money
    per: week
    values: [{from: 2020-01-01, value: 0, reference: law}]
tables:
  by_area:
    means: Amount by area
    keys: {area: exact}
    type: money
    per: week
    values:
      - from: 2020-01-01
        reference: law
        rows:
"""
SCRIPT = "<script>alert('x')</script> & \"more\""


def small_site(folder: Path) -> dict[str, Element]:
    book = load_rulebook(folder)
    return read_all(build_pages(build_site(book, book.schemes, None, None)))


def read_all(files: dict[str, str]) -> dict[str, Element]:
    return {name: read_page(text) for name, text in files.items() if name.endswith(".html")}


def rows_of(part: Element) -> list[list[str]]:
    return [[cell.text for cell in row.children] for row in part.all("tr")]


# --- everything is there --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_condition_part_and_working_is_on_the_page(
    scheme: str, book: Rulebook, pages: dict[str, Element]
) -> None:
    page, pack = pages[f"scheme-{scheme}.html"], book.packs[scheme]
    for each in pack.entitled_when:
        assert page.by_id[f"condition-{each.id}"].text == each.says
        assert page.by_id[f"condition-{each.id}"].tag == "h3"
    text = page.text
    for each in pack.entitled_when:
        assert all(" ".join(said.split()) in text for said in (each.when, each.if_not, each.cite))
    for name, working in pack.work_out.items():
        assert page.by_id[f"working-{name}"].text == working.says
        assert " ".join(working.formula.split()) in text
        assert working.cite in text
    for name, part in pack.award.parts.items():
        assert page.by_id[f"part-{name}"]
        assert " ".join(part.formula.split()) in text
    assert all(left_out in text for left_out in pack.left_out)
    assert all(page.by_id[f"note-{note.id}"].text == note.says for note in pack.notes)


def test_every_rate_is_on_its_page_with_each_value_and_day(
    book: Rulebook, pages: dict[str, Element]
) -> None:
    assert len(book.rates) > 50
    for qualified, rate in book.rates.items():
        owner, name = qualified.split(".")
        kind = "library" if owner in book.libraries else "scheme"
        page = pages[f"{kind}-{owner}.html"]
        assert page.by_id[f"rate-{name}"].text == rate.means
        (table,) = [
            each
            for each in page.all("table")
            if each.all("caption")[0].text == f"{rate.means}: values"
        ][:1]
        rows = rows_of(table)[1:]
        assert len(rows) == len(rate.values)
        for (begins, shown, source), dated in zip(rows, rate.values, strict=True):
            assert begins.removesuffix(" (in force)") == day(dated.from_)
            assert source == dated.reference
            if rate.type == "money":
                assert isinstance(dated.value, int)
                assert shown.startswith(pounds(dated.value))


def test_every_table_is_on_its_page(book: Rulebook, pages: dict[str, Element]) -> None:
    for qualified, table in book.tables.items():
        owner, name = qualified.split(".")
        kind = "library" if owner in book.libraries else "scheme"
        assert pages[f"{kind}-{owner}.html"].by_id[f"table-{name}"].text == table.means


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_case_is_on_the_page_of_its_pack(
    scheme: str, book: Rulebook, pages: dict[str, Element]
) -> None:
    shown = section(pages[f"scheme-{scheme}.html"], "cases")
    for file in sorted((book.folders[scheme] / "cases").glob("*.yaml")):
        (table,) = [
            each
            for each in shown.all("table")
            if each.all("caption")[0].text == f"Cases in {file.name}"
        ]
        written = read_yaml(file).data["cases"]
        rows = rows_of(table)[1:]
        assert [row[0] for row in rows] == [" ".join(case["name"].split()) for case in written]
        assert [row[1] for row in rows] == [day(case["effective_date"]) for case in written]
        for row, case in zip(rows, written, strict=True):
            assert row[2] == case["expect"]["outcome"].replace("_", " ")
            if "amount" in case["expect"]:
                assert row[3].startswith(pounds(case["expect"]["amount"]))


def test_every_fact_is_in_the_catalogue_with_its_readers_and_gateways(
    book: Rulebook, pages: dict[str, Element]
) -> None:
    page = pages["facts.html"]
    for name in book.catalogue.facts:
        assert page.by_id[f"fact-{name}"].text == name
    (row,) = [each for each in page.all("tr") if each.children[0].text == "capital"]
    assert "Pension Credit" in row.text
    assert "made-up people only" in row.text
    assert {gateway.id for gateway in book.gateways} == {
        each.attributes["id"].removeprefix("gateway-")
        for each in pages["gateways.html"].everything
        if each.attributes.get("id", "").startswith("gateway-")
    }


def test_first_page_lists_every_scheme_and_library(
    book: Rulebook, pages: dict[str, Element]
) -> None:
    page = pages["index.html"]
    links = {each.attributes["href"] for each in page.all("a")}
    assert {f"scheme-{name}.html" for name in book.packs} <= links
    assert {f"library-{name}.html" for name in book.libraries} <= links
    (row,) = [each for each in page.all("tr") if each.children[0].text == "Pension Credit"]
    cases = section(pages["scheme-pension_credit.html"], "cases")
    count = len(cases.all("tr")) - len(cases.all("table"))
    assert row.children[5].text == str(count)
    assert row.children[4].text == book.schemes["pension_credit"].version


def test_what_is_not_verified_is_marked_where_it_stands_and_collected(
    book: Rulebook, pages: dict[str, Element]
) -> None:
    marked = [name for name, rate in book.rates.items() if rate.unverified]
    assert marked
    collected = {each.attributes["href"] for each in pages["left_out.html"].all("a")}
    for qualified in marked:
        owner, name = qualified.split(".")
        kind = "library" if owner in book.libraries else "scheme"
        assert f"{kind}-{owner}.html#rate-{name}" in collected
        head = section(pages[f"{kind}-{owner}.html"], "unverified")
        assert f"#rate-{name}" in {each.attributes["href"] for each in head.all("a")}


def test_formulas_lead_to_what_they_name_and_are_said_in_words(pages: dict[str, Element]) -> None:
    page = pages["scheme-pension_credit.html"]
    links = {each.text: each.attributes["href"] for each in page.all("pre")[0].all("a")}
    wanted = "library-state_pension_age.html#working-has_reached_pension_credit_age"
    assert links["has_reached_pension_credit_age"] == wanted
    words = [each for each in page.all("p") if each.text.startswith("In words: ")]
    assert len(words) == len(page.all("pre"))


# --- what is shown when ---------------------------------------------------------------------------


def test_values_of_the_day_are_marked(pages: dict[str, Element], book: Rulebook) -> None:
    page = pages["scheme-pension_credit.html"]
    assert "6 April 2026 (in force)" in page.text
    plain = build_pages(build_site(book, ["pension_credit"], None, None))
    assert all("in force)" not in text for text in plain.values())


def test_rate_without_a_value_for_the_day_is_warned_of(book: Rulebook) -> None:
    late = build_pages(build_site(book, ["pension_credit"], date(2029, 6, 1), None))
    page = read_page(late["scheme-pension_credit.html"])
    warnings = [each.text for each in page.all("p") if each.attributes.get("class") == "warning"]
    assert any("No value" in each and "uprated each year" in each for each in warnings)


def test_one_scheme_alone_has_its_libraries_and_no_broken_link(book: Rulebook) -> None:
    files = build_pages(build_site(book, ["child_benefit"], None, None))
    schemes = [name for name in files if name.startswith("scheme-")]
    assert schemes == ["scheme-child_benefit.html"]
    assert "library-qualifying_young_person.html" in files
    assert broken_links(files, read_all(files)) == []


def test_same_rules_give_the_same_bytes(book: Rulebook) -> None:
    some = ["child_benefit", "healthy_start", "scottish_child_payment", "winter_fuel_payment"]
    day = date(2026, 6, 1)
    once, again = (build_pages(build_site(book, each, day, None)) for each in (some, some[::-1]))
    assert again == once


def test_long_table_is_a_file_beside_its_first_rows(tmp_path: Path) -> None:
    rows = "".join(f"          - {{area: A{n}, value: {n}}}\n" for n in range(40))
    pack = pack_text({"has": "rate(by_area, area) > nought"}, {"all": "rate(by_area, area)"})
    rates = {"uk/alpha/rates.yaml": LONG_TABLE + rows}
    book = load_rulebook(write_rules(tmp_path, rates, alpha=pack))
    files = build_pages(build_site(book, book.schemes, None, None))
    page = read_page(files["scheme-alpha.html"])
    file = "table-alpha-by_area-2020-01-01.csv"
    assert file in {each.attributes["href"] for each in page.all("a")}
    assert files[file].splitlines() == ["area,value", *(f"A{n},{n}" for n in range(40))]
    assert len(section(page, "tables").all("tr")) == 11


def test_schemes_that_read_one_another_are_a_nested_list(tmp_path: Path) -> None:
    alpha = pack_text({"has": "entitled(beta)"}, {"all": "entitlement(beta)"})
    beta = pack_text(
        {"has": "any_adult(in_payment(carers_allowance))"}, {"all": "week_a"}, scheme="beta"
    )
    pages = small_site(write_rules(tmp_path, alpha=alpha, beta=beta))
    reads = pages["scheme-alpha.html"].by_id["reads-from"]
    relations = section(pages["scheme-alpha.html"], "relations")
    outer, inner = relations.all("ul")[:2]
    assert reads.text == "What it reads from other schemes"
    assert "how much our rules say, whether our rules say entitled" in outer.text
    assert inner.text.startswith(
        "Carer's Allowance (carers_allowance): whether an award is in payment"
    )
    assert "A test scheme (alpha)" in section(pages["scheme-beta.html"], "relations").text


def test_text_of_a_pack_comes_out_as_text(tmp_path: Path) -> None:
    pack = pack_text({"has": "any_adult(ill)"}, {"all": "week_a"}, {}, notes={"beside": "week_b"})
    quoted = "'" + SCRIPT.replace("'", "''") + "'"
    for said in (
        "One sentence.",
        "It holds",
        "It does not hold",
        "Nobody",
        "A note",
        "A test scheme",
    ):
        pack = pack.replace(said, quoted)
    pack += f"left_out: [{quoted}]\n"
    case = (
        "situations: {s: {people: {a: {role: adult}}}}\n"
        f"cases:\n  - {{name: {quoted}, effective_date: 2026-06-01, start_from: s, why: {quoted},"
        " expect: {outcome: unknown}}\n"
    )
    pages = small_site(write_rules(tmp_path, {"uk/alpha/cases/one.yaml": case}, alpha=pack))
    wanted = " ".join(SCRIPT.split())
    for page in pages.values():
        assert page.all("script") == []
    assert pages["scheme-alpha.html"].text.count(wanted) >= 8
    assert pages["scheme-alpha.html"].all("title")[0].text == f"{wanted} - nostop rules"
    assert wanted in pages["index.html"].text
    assert wanted in pages["left_out.html"].text


def test_file_of_cases_that_is_none_is_named(tmp_path: Path) -> None:
    pack = pack_text({"has": "any_adult(ill)"}, {"all": "week_a"})
    cases = {"uk/alpha/cases/one.yaml": "cases: []\n"}
    book = load_rulebook(write_rules(tmp_path, cases, alpha=pack))
    with pytest.raises(
        RuleError, match=r"one\.yaml:1:1: 'cases' must be a list|at least one entry"
    ):
        build_site(book, book.schemes, None, None)
