# ruff: noqa: E501 - release files are quoted as they stand
"""Releases as files: what they must say, how they hold together, and what a run may use on a
day."""

from datetime import date
from pathlib import Path

import pytest

from nostop.model import RuleError
from nostop.rulebook import Rulebook, check, load_rulebook
from nostop.rulebook.history.releases import InForce, in_force, load_releases
from tests.rulebook.small import RATES, pack_text, write_rules

ALPHA = pack_text({"settled": "not entitled(beta)"}, {"part_a": "week_a"})
BETA = pack_text({"ill": "any_adult(ill)"}, {"part_a": "week_b"}, scheme="beta")
ANN = "{name: Ann Hill, email: ann@example.org, role: policy lead, approved_on: 2026-03-20}"
BOB = "{name: Bob Dale, email: bob@example.org, role: head of law, approved_on: 2026-03-21}"
OTHER = "0" * 64


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    return load_rulebook(write_rules(tmp_path, alpha=ALPHA, beta=BETA))


def content(book: Rulebook, scheme: str) -> str:
    return book.schemes[scheme].content_hash


def entry(version: str, content_hash: str) -> str:
    return f'{{version: "{version}", content: "{content_hash}"}}'


def both(book: Rulebook) -> dict[str, str]:
    """Return both schemes as their folders hold them."""
    return {name: entry("2026.1", content(book, name)) for name in ("alpha", "beta")}


def write(book: Rulebook, from_: str, schemes: dict[str, str], **more: str) -> Path:
    """Write a release; `more` may say for, people and the file's name."""
    people = more.get("people", f"[{ANN}, {BOB}]")
    lines = [
        f"from: {from_}",
        f"for: {more.get('purpose', 'synthetic_data')}",
        f"approved_by: {people}",
    ]
    lines += ["schemes:", *(f"  {name}: {said}" for name, said in schemes.items())]
    file = book.path / "releases" / f"{more.get('name', from_)}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def found(book: Rulebook, on: str) -> InForce:
    return in_force(book, load_releases(book), "synthetic_data", date.fromisoformat(on))


# --- what is in force ---------------------------------------------------------------------------


def test_release_is_in_force_from_its_day_until_the_next(book: Rulebook) -> None:
    write(book, "2026-04-06", {"beta": entry("2026.1", content(book, "beta"))})
    write(book, "2026-05-01", both(book))
    assert found(book, "2026-04-05") == InForce(
        None,
        (),
        dict.fromkeys(["alpha", "beta"], "no release for synthetic_data is in force on 2026-04-05"),
    )
    first = found(book, "2026-04-30")
    assert first.schemes == ("beta",)
    assert first.left_out == {"alpha": "releases/2026-04-06.yaml does not name it: release it"}
    assert found(book, "2026-05-01").schemes == ("alpha", "beta")


def test_scheme_whose_folder_holds_something_else_is_left_out_with_what_reads_it(
    book: Rulebook,
) -> None:
    write(book, "2026-04-06", {**both(book), "beta": entry("2026.1", OTHER)})
    assert found(book, "2026-06-01").left_out == {
        "alpha": "reads beta, which is left out",
        "beta": f"releases/2026-04-06.yaml, line 6, names 2026.1+00000000 and the folder holds "
        f"2026.1+{content(book, 'beta')[:8]}: release it again, or put the folder back",
    }


def test_scheme_that_has_not_begun_is_left_out(tmp_path: Path) -> None:
    late = BETA.replace("in_force: {from: 2020-01-01}", "in_force: {from: 2027-01-01}")
    book = load_rulebook(write_rules(tmp_path, beta=late))
    write(book, "2026-04-06", {"beta": entry("2026.1", content(book, "beta"))})
    assert found(book, "2026-06-01").left_out == {
        "beta": "the scheme is not in force on 2026-06-01"
    }
    assert found(book, "2027-01-01").schemes == ("beta",)


def test_releases_for_live_data_and_for_made_up_people_stand_apart(book: Rulebook) -> None:
    write(book, "2026-04-06", both(book))
    releases = load_releases(book)
    assert in_force(book, releases, "live", date(2026, 6, 1)).schemes == ()
    assert in_force(book, releases, "synthetic_data", date(2026, 6, 1)).schemes == ("alpha", "beta")


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "line", "told"),
    [
        (f"[{ANN}]", 3, "needs 2 people who approve it, found 1: add another"),
        ("[]", 3, "needs 2 people who approve it, found 0: add another"),
        (f"[{ANN}, {ANN}]", 3, "'Ann Hill' approves twice: two different people must approve a release"),
        (f"[{ANN}, {BOB.replace('Bob Dale', 'ANN  hill')}]", 3, "'ANN  hill' approves twice"),
        (f"[{ANN}, {BOB.replace('bob@', 'Ann@')}]", 3, "'Ann@example.org' approves twice"),
        (f"[{ANN}, {BOB.replace(', role: head of law', '')}]", 3, "key 'role' is missing"),
        (f"[{ANN}, {BOB.replace(', approved_on: 2026-03-21', '')}]", 3, "key 'approved_on' is missing"),
    ],
)  # fmt: skip
def test_two_different_people_must_approve(
    book: Rulebook, people: str, line: int, told: str
) -> None:
    file = write(book, "2026-04-06", both(book), people=people)
    (problem,) = check(book.path)
    assert (problem.path, problem.line) == (file, line)
    assert told in problem.message


def test_scheme_that_nobody_knows_is_refused_with_the_nearest(book: Rulebook) -> None:
    write(book, "2026-04-06", {"alfa": entry("2026.1", OTHER)})
    (problem,) = check(book.path)
    assert problem.message == "no pack has the scheme 'alfa'; did you mean 'alpha'?"
    assert problem.line == 5


def test_older_release_may_name_a_scheme_that_is_gone(book: Rulebook) -> None:
    write(book, "2025-04-06", {"gone": entry("2025.1", OTHER)})
    write(book, "2026-04-06", both(book))
    assert check(book.path) == []
    assert (
        found(book, "2025-06-01").left_out["gone"]
        == "releases/2025-04-06.yaml names it and no pack has it"
    )


def test_version_that_goes_back_is_refused(book: Rulebook) -> None:
    write(book, "2026-04-06", {"beta": entry("2026.10", OTHER)})
    write(book, "2026-05-01", {"beta": entry("2026.9", "1" * 64)})
    (problem,) = check(book.path)
    assert problem.message == (
        "beta goes back to version 2026.9: releases/2026-04-06.yaml has 2026.10; give it a later number"
    )


def test_two_contents_under_one_version_are_refused(book: Rulebook) -> None:
    write(book, "2026-04-06", {"beta": entry("2026.1", OTHER)})
    write(book, "2026-05-01", both(book), purpose="live")
    (problem,) = check(book.path)
    assert "a version has one content: give the changed pack the next version" in problem.message


def test_two_releases_from_one_day_are_refused(book: Rulebook) -> None:
    write(book, "2026-04-06", both(book))
    write(book, "2026-04-06", both(book), name="again")
    (problem,) = check(book.path)
    assert "is already from 2026-04-06 for synthetic_data: keep one of them" in problem.message


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("for: synthetic_data", "for: real", "must be one of 'synthetic_data' or 'live'"),
        ("from: 2026-04-06", "from: soon", "must be a day such as 2026-04-06"),
        ('version: "2026.1"', "version: x", 'must be a version such as "2026.1"'),
        ("schemes:", "scheme:", "did you mean 'schemes'?"),
    ],
)
def test_release_that_cannot_be_read_is_refused(
    book: Rulebook, old: str, new: str, told: str
) -> None:
    file = write(book, "2026-04-06", {"beta": entry("2026.1", content(book, "beta"))})
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (problem,) = check(book.path)
    assert told in problem.message
    with pytest.raises(RuleError):
        load_releases(book)


def test_rates_of_a_pack_are_part_of_what_is_released(book: Rulebook) -> None:
    write(book, "2026-04-06", both(book))
    (book.path / "uk/beta/rates.yaml").write_text(RATES.replace("333", "334"), encoding="utf-8")
    later = load_rulebook(book.path)
    assert found(later, "2026-06-01").schemes == ()
