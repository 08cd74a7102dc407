"""Households worked out in published guidance come out with the published figures.

They stand in files `cases/published.yaml` beside the packs and libraries. docs/worked-households.md
lists them; `python -m tests.rulebook.test_published` writes that page anew."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nostop.determination.case_files import OwnCase, library_cases, own_cases
from nostop.determination.cases import interpreters_for, ready
from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook

PAGE = Path(__file__).resolve().parents[2] / "docs/worked-households.md"

_ADDRESS = re.compile(r"https://[\w.-]+\.[a-z]+\S*")

_HEAD = """\
# Worked households

Guidance that others publish works out what example households get. These are the examples that the
rules are held against: each is a case in a file `cases/published.yaml` beside a pack or a library,
and must come out to the penny. Where a publication works out one step only, such as what savings
take off, the case sets that step in a household of ours, and its `why` says what is ours. Where the
publication is of an earlier year, the law of that step is the same today, and its `why` says that.

A test keeps this page equal to the files.

| Scheme or library | Household | Our figure | Published by |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Published:
    """The published cases of a rule book, and what is wrong with each, if anything."""

    book: Rulebook
    cases: list[OwnCase]
    wrong: dict[str, str]


def published_cases(book: Rulebook) -> list[OwnCase]:
    """Return the cases that stand in a file published.yaml, of schemes and of libraries."""
    schemes = [
        name
        for name in book.schemes
        if (book.scheme(name).folder / "cases" / "published.yaml").exists()
    ]
    cases = own_cases(book, schemes) + library_cases(book)
    return [case for case in cases if case.file.name == "published.yaml"]


def page(book: Rulebook, cases: Iterable[OwnCase]) -> str:
    """Return the page that lists the cases."""
    return _HEAD + "".join(_line(book, case) for case in cases)


def _line(book: Rulebook, case: OwnCase) -> str:
    cite = _ADDRESS.sub(lambda found: f"<{found[0].rstrip(',')}>,", case.cite or "").rstrip(",")
    cells = (f"`{case.scheme}`", case.name, _figure(book, case), cite)
    return f"| {' | '.join(cells)} |\n"


def _figure(book: Rulebook, case: OwnCase) -> str:
    if case.working is not None:
        value = case.expected["value"]
        return _pounds(value) if isinstance(value, int) else str(value)
    if case.expected["outcome"] == "not_entitled":
        return "nothing"
    notes = "".join(
        f"; {name.replace('_', ' ')}: {_pounds(amount)}"
        for name, amount in case.expected.get("notes", {}).items()
    )
    per = book.packs[case.scheme].award.per
    return f"{_pounds(case.expected['amount'])} {per if per == 'once' else f'a {per}'}{notes}"


def _pounds(pence: int) -> str:
    return f"£{pence // 100:,}.{pence % 100:02}"


@pytest.fixture(scope="module")
def published(book: Rulebook) -> Published:
    cases = published_cases(book)
    interpreters = interpreters_for(book, cases)
    wrong = {
        f"{each.case.scheme}: {each.case.name}": found
        for each in ready(cases, interpreters)
        if (found := each.wrong(interpreters[each.case.effective_on]))
    }
    return Published(book, cases, wrong)


def test_each_comes_out_as_published(published: Published) -> None:
    assert published.wrong == {}


def test_there_are_forty_households_and_twelve_schemes(published: Published) -> None:
    households = {(case.file, repr(case.rows)) for case in published.cases}
    assert len(households) >= 40
    assert len({case.scheme for case in published.cases if case.working is None}) >= 12


def test_each_cites_an_address_and_no_name_stands_twice(published: Published) -> None:
    without = [case.name for case in published.cases if not _ADDRESS.search(case.cite or "")]
    assert without == []
    names = [(case.scheme, case.name) for case in published.cases]
    assert len(names) == len(set(names))


def test_the_page_lists_them(published: Published) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(published.book, published.cases)


if __name__ == "__main__":
    _book = load_rulebook(default_rules_dir())
    PAGE.write_text(page(_book, published_cases(_book)), encoding="utf-8")
