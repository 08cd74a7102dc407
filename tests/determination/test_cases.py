"""Authors' cases: what they say is compared, and what cannot be meant is refused by place."""

import shutil
from pathlib import Path

import pytest

from nostop.determination import CaseResult, run_cases
from nostop.model import RuleError
from nostop.rulebook import default_rules_dir, load_rulebook

HEAD = """
situations:
  family:
    people:
      ann: {everything_else: nil, role: adult, born_on: 1990-01-01, sex: female}
      kim: {everything_else: nil, role: child, born_on: 2019-01-01, sex: male}
    benefit_units:
      b1: {adults: [ann], children: [kim]}
    households:
      home: {members: [ann, kim], nation: england}
cases:
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules") / "rules"
    shutil.copytree(default_rules_dir(), folder)
    return folder


def run(rules: Path, text: str) -> list[CaseResult]:
    cases = rules / "uk" / "child_benefit" / "cases"
    shutil.rmtree(cases, ignore_errors=True)
    cases.mkdir()
    (cases / "own.yaml").write_text(HEAD + text, encoding="utf-8")
    return run_cases(load_rulebook(rules), ["child_benefit"])


def test_a_case_that_holds_passes(rules: Path) -> None:
    (result,) = run(rules, """
  - name: One child
    effective_date: 2026-06-01
    start_from: family
    expect: {outcome: entitled, amount: 2705, claimed: false, missing: []}
""")  # fmt: skip
    assert (result.passed, result.message, result.line) == (True, "", 13)


def test_a_case_that_does_not_hold_says_what_was_found(rules: Path) -> None:
    (result,) = run(rules, """
  - name: One child
    effective_date: 2026-06-01
    start_from: family
    expect: {outcome: entitled, amount: 2704}
""")  # fmt: skip
    assert not result.passed
    assert result.message.startswith("amount: expected 2704, found 2705 (because: ")


def test_unknown_takes_a_fact_out_even_where_everything_else_is_nil(rules: Path) -> None:
    (result,) = run(rules, """
  - name: Residence not known
    effective_date: 2026-06-01
    start_from: family
    change: {people: {ann: {lives_in_uk: unknown}}}
    expect: {outcome: unknown, missing: [lives_in_uk], worth_asking: true, amount_high: 2705}
""")  # fmt: skip
    assert result.passed, result.message


def test_unknown_takes_a_whole_person_out(rules: Path) -> None:
    (result,) = run(rules, """
  - name: No child
    effective_date: 2026-06-01
    start_from: family
    change:
      people: {kim: unknown}
      benefit_units: {b1: {children: []}}
      households: {home: {members: [ann]}}
    expect: {outcome: not_entitled, amount: 0, because: [responsible_for_child]}
""")  # fmt: skip
    assert result.passed, result.message


def test_each_date_has_its_own_rates(rules: Path) -> None:
    amounts = {"2024-04-08": 2560, "2025-04-06": 2560, "2025-04-07": 2605, "2026-04-06": 2705}
    results = run(
        rules,
        "".join(
            f"  - {{name: On {day}, effective_date: {day}, start_from: family, "
            f"expect: {{outcome: entitled, amount: {amount}}}}}\n"
            for day, amount in amounts.items()
        ),
    )
    assert [result.passed for result in results] == [True] * 4


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("start_from: famly", "'famly' is no situation of this file; did you mean 'family'?"),
        (
            "start_from: family\n    change: {people: {ann: {everything_else: zero}}}",
            "everything_else is 'zero': it can only be nil",
        ),
        (
            "start_from: family\n    change: {peple: {ann: {capital: 0}}}",
            "'peple' is none of people, benefit_units, households; did you mean 'people'?",
        ),
        (
            "start_from: family\n    change: {people: {ann: {capitol: 0}}}",
            "'capitol' is not known here; did you mean 'capital'?",
        ),
        ("start_from: family\n    exepct: {}", "'exepct' is not known here"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_read_is_refused(case: str, message: str, rules: Path) -> None:
    text = f"""
  - name: One child
    effective_date: 2026-06-01
    {case}
    expect: {{outcome: entitled}}
"""
    with pytest.raises(RuleError) as raised:
        run(rules, text)
    assert message in str(raised.value)
    assert "own.yaml:" in str(raised.value)


def test_a_date_without_its_years_rates_is_one_problem_for_each_file(rules: Path) -> None:
    with pytest.raises(RuleError) as raised:
        run(rules, """
  - name: Next year
    effective_date: 2027-06-01
    start_from: family
    expect: {outcome: entitled}
""")  # fmt: skip
    (problem,) = raised.value.problems
    assert problem.path == rules / "uk" / "child_benefit" / "rates.yaml"
    assert "eldest_child_rate' is uprated each year and has no value for 2027" in problem.message
    assert problem.message.endswith("and so for 1 more: other_child_rate")
