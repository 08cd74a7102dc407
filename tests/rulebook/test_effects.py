# ruff: noqa: E501 - packs are quoted as authors write them
"""What packs say a claim changes, ends and waits for, and signposts: read, and refused by name."""

from datetime import date
from pathlib import Path

import pytest

from nostop.model import RuleError
from nostop.rulebook import load_rulebook
from nostop.rulebook.book import default_rules_dir
from nostop.rulebook.packs import SignpostsFile
from nostop.rulebook.reading.models import read_model
from tests.claim_paths.small import write_book

SIGNPOST = """\
  - id: help
    title: {en: Help in a crisis, cy: Cymorth}
    says: {en: Ask your council., cy: Gofynnwch.}
    applies_in: [wales]
    from: 2026-04-01
    url: https://example.org
    cite: some guidance
"""


def refused(folder: Path) -> str:
    with pytest.raises(RuleError) as error:
        load_rulebook(folder)
    (problem,) = error.value.problems
    return str(problem).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "changes: [{fact: income, to: true, says: It changes, cite: law}]",
            "'True' is nothing that 'income' can be: money",
        ),
        (
            "changes: [{fact: incom, to: 0, says: It changes, cite: law}]",
            "'incom' is no fact; did you mean 'income'?",
        ),
        (
            "changes_for_others: [{fact: rent, to: 0, whose: cares_for_person_id, says: It changes, cite: law}]",
            "'rent' is a fact of a household, not of a person",
        ),
        (
            "changes_for_others: [{fact: income, to: 0, whose: income, says: It changes, cite: law}]",
            "'income' holds no person's id: it must be a person's code",
        ),
        (
            "changes: [{fact: income, to: 0, says: It changes, cite: law, when: any_adult(income > 0) + 1}]",
            "when",
        ),
        (
            "closes: [{award: rent_hlp, says: It ends, cite: law}]",
            "'rent_hlp' is no award; did you mean 'rent_help'?",
        ),
    ],
)
def test_effect_that_cannot_be_is_refused(tmp_path: Path, more: str, said: str) -> None:
    folder = write_book(tmp_path, work_benefit=f"{more}\n")
    if said == "when":
        assert "uk/work_benefit/pack.yaml" in refused(folder)
    else:
        assert refused(folder).endswith(said)


def test_deadline_that_is_no_date_is_refused(tmp_path: Path) -> None:
    folder = write_book(tmp_path)
    pack = folder / "uk/grant/pack.yaml"
    text = pack.read_text()
    pack.write_text(text.replace("months_after(left_job_on, wait)", "income"))
    assert refused(folder).endswith("where a date is needed")


def test_effects_stand_among_what_a_scheme_reads(tmp_path: Path) -> None:
    book = load_rulebook(write_book(tmp_path))
    assert set(book.schemes["grant"].effects) == {"asked.deadline"}
    assert set(book.schemes["carers"].effects) == {"changes.has_paid_carer"}
    assert set(book.schemes["pension"].effects) == {"own.has_main_part"}
    assert set(book.schemes["work_benefit"].effects) == {"closes.rent_help"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("applies_in: [wales]", "applies_in: [wale]", "did you mean 'wales'?"),
        ("url: https://example.org", "url: example.org", "must begin with https://"),
        ("cite: some guidance", "cit: some guidance", "did you mean 'cite'?"),
        (
            "from: 2026-04-01",
            "from: 2026-04-01\n    to: 2026-03-31",
            "before it begins on 2026-04-01",
        ),
    ],
)
def test_signpost_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = f"signposts:\n{SIGNPOST}".replace(old, new)
    folder = write_book(tmp_path, {"signposts.yaml": text})
    problem = refused(folder)
    assert problem.startswith("signposts.yaml:")
    assert said in problem


def test_signpost_named_twice_is_refused(tmp_path: Path) -> None:
    folder = write_book(tmp_path, {"signposts.yaml": f"signposts:\n{SIGNPOST}{SIGNPOST}"})
    assert "id 'help' is used 2 times" in refused(folder)


@pytest.mark.parametrize(
    ("on", "nation", "shown"),
    [
        (date(2026, 3, 31), "england", ["household_support_fund"]),
        (date(2026, 4, 1), "england", ["crisis_and_resilience_fund"]),
        (date(2024, 4, 8), "wales", ["discretionary_assistance_fund"]),
        (date(2026, 11, 22), "scotland", ["scottish_welfare_fund"]),
        (date(2026, 11, 22), "northern_ireland", ["discretionary_support"]),
        (date(2026, 11, 22), None, []),
    ],
)
def test_each_nation_has_its_signpost(on: date, nation: str | None, shown: list[str]) -> None:
    file, problems, _ = read_model(default_rules_dir() / "signposts.yaml", SignpostsFile)
    assert problems == []
    assert file is not None
    assert [each.id for each in file.signposts if each.is_shown(nation, on)] == shown
