"""`docs/promises.md` is whole and true: every promise has its row, every test that it names exists,
and every test of a promise is named."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_docs import ROOT

PAGE = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
PROMISES, TESTS = PAGE.split("## The tests\n")
#: Not ours yet, or no test by itself: the row says why.
WITHOUT_TESTS = {27, 45}


def cells(text: str) -> list[list[str]]:
    """Return the cells of each row that begins with a number."""
    rows = re.findall(r"^\| [0-9]+ \|.*$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def named() -> Iterator[tuple[int, str, str]]:
    """Yield promise, file and name of each test on the page."""
    for number, file, tests in cells(TESTS):
        for test in re.findall(r"`(\w+)`", tests):
            yield int(number), file.strip("`"), test


def of_promises() -> Iterator[tuple[int, str, str]]:
    """Yield promise, file and name of each test that carries a promise's number."""
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        for test in re.findall(r"^def (test_inv_\w+)", text, re.MULTILINE):
            for number in re.findall(r"(?:inv|and)_([0-9]{2})(?=_)", test):
                yield int(number), file.relative_to(ROOT).as_posix(), test


def test_every_promise_has_a_row_that_says_how_it_is_tried() -> None:
    rows = cells(PROMISES)
    assert [int(row[0]) for row in rows] == list(range(1, 49))
    for number, promise, small, full, short in rows:
        assert promise, number
        assert small, number
        assert full or short, number


def test_every_test_on_the_page_exists() -> None:
    lost = [
        f"{file}::{test}"
        for _, file, test in named()
        if not (ROOT / file).is_file()
        or f"\ndef {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert lost == []


def test_every_test_of_a_promise_is_on_the_page() -> None:
    found = set(of_promises())
    assert len(found) > 100
    assert sorted(found - set(named())) == []


def test_every_promise_has_a_test_or_is_not_ours_yet() -> None:
    tested = {number for number, _, _ in named()}
    assert set(range(1, 49)) - tested == WITHOUT_TESTS


def test_the_nightly_command_runs_every_test_that_has_more_to_do_at_night() -> None:
    command = re.search(
        r"^nightly:.*\n\t(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert command is not None
    run = [Path(word) for word in command.group(1).split() if word.startswith("tests/")]
    more = [
        file.relative_to(ROOT)
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        if file != Path(__file__)
        and re.search(r"NOSTOP_NIGHTLY|at_night|\bworlds\([0-9]", file.read_text(encoding="utf-8"))
    ]
    assert len(more) > 5
    assert [file for file in more if not any(file.is_relative_to(place) for place in run)] == []
