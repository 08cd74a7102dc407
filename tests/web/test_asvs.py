"""`docs/security/asvs.md` is true: each test that it names exists, each row says something."""

import re

from tests.test_docs import ROOT

PAGE = (ROOT / "docs/security/asvs.md").read_text(encoding="utf-8")
_NUMBER = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}(?: to \d{1,2}\.\d{1,2}\.\d{1,2})?")


def rows() -> list[list[str]]:
    """Return the cells of each row of a requirement."""
    found = re.findall(r"^\| [0-9].*\|$", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found]


def test_every_requirement_has_a_number_what_we_do_and_a_test_or_a_reason() -> None:
    assert len(rows()) > 100
    for row in rows():
        assert len(row) == 3, row
        number, done, shown = row
        assert _NUMBER.fullmatch(number), number
        assert done, number
        assert shown, number


def test_no_requirement_stands_twice() -> None:
    numbers = [row[0] for row in rows()]
    assert sorted(numbers) == sorted(set(numbers))


def test_every_test_that_the_table_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 80
    lost = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file()
        or f"\ndef {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert lost == []


def test_every_file_that_the_table_names_exists() -> None:
    files = set(re.findall(r"\b((?:tests|nostop|docs)/[\w/.-]+\.(?:py|md|js|html))\b", PAGE))
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
