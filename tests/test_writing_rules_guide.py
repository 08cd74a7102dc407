"""The guide for authors is true: its blocks make a scheme that checks and passes its cases, its
reference is whole, its examples can be read, and its messages are those an author gets."""

import shutil
from pathlib import Path

import pytest

from nostop.determination import run_cases
from nostop.rulebook import check, load_rulebook
from nostop.rulebook.reading.calls import FUNCTIONS
from tests.test_docs import ROOT, blocks_of

GUIDE = ROOT / "docs" / "guides" / "writing-rules.md"
BLOCKS = {block.name: block.text for block in blocks_of(GUIDE) if block.name}
SCHEME = "marriage_allowance"
PACK = f"mine/uk/{SCHEME}/pack.yaml"
RATES = f"mine/uk/{SCHEME}/rates.yaml"
#: What the pack of the guide rests on; the page's own commands check it beside every other pack.
LIBRARIES = ("state_pension_age", "net_earnings")
LEVELS = {"person": "person", "benefit unit": "benefit_unit", "household": "household"}


def rows_below(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, cell by cell, without its head."""
    below = GUIDE.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1]
    lines = below[below.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def code(cell: str) -> str:
    return cell.strip().strip("`")


FUNCTION_ROWS = rows_below("Functions")
MISTAKE_ROWS = rows_below("Mistakes and what the messages mean")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The catalogue and libraries of the repository, with the guide's blocks laid over them."""
    for name in ("facts.yaml", "awards.yaml", "gateways.yaml"):
        (tmp_path / "mine").mkdir(exist_ok=True)
        shutil.copy(ROOT / "rules" / name, tmp_path / "mine" / name)
    for name in LIBRARIES:
        shutil.copytree(ROOT / "rules" / "uk" / name, tmp_path / "mine" / "uk" / name)
    for name, text in BLOCKS.items():
        if name.startswith("mine/"):
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    gateways = tmp_path / "mine" / "gateways.yaml"
    gateways.write_text(gateways.read_text("utf-8") + BLOCKS["gateway.yaml"], "utf-8")
    return tmp_path / "mine"


def test_blocks_of_the_guide_make_a_scheme_that_checks(rules: Path) -> None:
    assert check(rules) == []


def test_cases_of_the_guide_pass(rules: Path) -> None:
    results = run_cases(load_rulebook(rules), [SCHEME])
    assert len(results) >= 20
    assert [result.message for result in results if not result.passed] == []


def test_cases_of_the_guide_can_fail(rules: Path) -> None:
    text = BLOCKS[RATES].replace("value: 126000", "value: 126100")
    (rules / "uk" / SCHEME / "rates.yaml").write_text(text, encoding="utf-8")
    assert not all(result.passed for result in run_cases(load_rulebook(rules), [SCHEME]))


def test_reference_lists_every_function_once() -> None:
    assert sorted(code(row[0]) for row in FUNCTION_ROWS) == sorted(FUNCTIONS)


def test_each_example_of_the_reference_uses_its_function() -> None:
    assert [row for row in FUNCTION_ROWS if f"{code(row[0])}(" not in code(row[3])] == []


def test_examples_of_the_reference_can_be_read(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    folder = tmp_path / "rules" / "uk" / "reference"
    folder.mkdir()
    (folder / "rates.yaml").write_text(BLOCKS["reference/rates.yaml"], encoding="utf-8")
    workings = [
        f"  example_{number}: {{says: An example, level: {LEVELS[level]}, "
        f"formula: '{code(example)}', cite: An Act}}\n"
        for number, (_, _, level, example) in enumerate(FUNCTION_ROWS)
    ]
    head = "library: reference\nsays: Examples\nperiods: {weeks_in_year: '52', cite: An Act}\n"
    (folder / "library.yaml").write_text(f"{head}work_out:\n{''.join(workings)}", encoding="utf-8")
    assert [str(problem) for problem in check(tmp_path / "rules")] == []


@pytest.mark.parametrize("row", MISTAKE_ROWS, ids=lambda row: code(row[0]))
def test_a_mistake_gets_the_message_that_the_guide_says(row: list[str], rules: Path) -> None:
    wrong = f"when: '{code(row[0])}'"
    text = BLOCKS[PACK].replace("when: is_married\n", f"{wrong}\n")
    assert wrong in text
    (rules / "uk" / SCHEME / "pack.yaml").write_text(text, encoding="utf-8")
    told = [problem.message for problem in check(rules)]
    assert len(told) == 1
    assert row[1] in told[0]
