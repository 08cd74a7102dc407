"""Authors' cases: what they say is compared, and what cannot be meant is refused by place."""

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from nostop.determination import CaseResult, run_cases
from nostop.determination.cases import interpreters_for, own_cases, ready
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


# --- notes, and the same cases again --------------------------------------------------------------


NOTED = """
  - name: A charge on the higher earner
    effective_date: 2026-06-01
    start_from: family
    change: {{people: {{ann: {{gross_earnings: 600000}}}}}}
    expect: {{outcome: entitled, notes: {{{notes}}}}}
"""


def test_a_case_may_say_what_a_note_comes_to(rules: Path) -> None:
    (result,) = run(rules, NOTED.format(notes="high_income_charge: 0"))
    assert not result.passed
    found = result.message.removeprefix("notes: high_income_charge: expected 0, found ")
    assert found.split(" ")[0].isdigit()
    (again,) = run(rules, NOTED.format(notes=f"high_income_charge: {found.split(' ')[0]}"))
    assert again.passed, again.message


def test_a_note_nobody_knows_is_named_with_the_nearest(rules: Path) -> None:
    (result,) = run(rules, NOTED.format(notes="high_income_charges: 0"))
    assert not result.passed
    assert result.message.startswith(
        "notes: 'high_income_charges' is no note with a formula; did you mean 'high_income_charge'?"
    )


def test_an_award_stated_in_another_period_is_refused_at_its_case(rules: Path) -> None:
    award = "{scheme: child_benefit, status: in_payment, amount: 1, per: month}"
    with pytest.raises(RuleError) as raised:
        run(rules, f"""
  - name: Paid by the month
    effective_date: 2026-06-01
    start_from: family
    change: {{people: {{ann: {{awards: [{award}]}}}}}}
    expect: {{outcome: entitled}}
""")  # fmt: skip
    (problem,) = raised.value.problems
    assert (problem.path.name, problem.line) == ("own.yaml", 13)
    assert problem.message == (
        "case 'Paid by the month': awards: child_benefit is stated per week, found per month"
    )


def test_cases_can_be_run_again_against_a_variant(rules: Path) -> None:
    run(rules, """
  - name: One child
    effective_date: 2026-06-01
    start_from: family
    expect: {outcome: entitled, amount: 2705}
""")  # fmt: skip
    book = load_rulebook(rules)
    cases = own_cases(book, ["child_benefit"])
    interpreters = interpreters_for(book, cases)
    (case,) = ready(cases, interpreters)
    warm = interpreters[case.case.effective_on]
    assert case.holds(warm)
    assert not case.holds(warm.with_rate("child_benefit.eldest_child_rate", Fraction(2706)))
    assert case.holds(warm)


# --- cases of a library ---------------------------------------------------------------------------

PENSIONER = """
situations:
  couple:
    people:
      ann: {everything_else: nil, role: adult, born_on: 1960-05-06, sex: female}
      bob: {everything_else: nil, role: adult, sex: male}
    benefit_units: {b1: {adults: [ann, bob]}}
    households: {home: {nation: england}}
cases:
"""


def run_library(rules: Path, text: str) -> list[CaseResult]:
    folder = rules.parent / "with_library"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(rules, folder)
    for cases in folder.rglob("cases"):
        shutil.rmtree(cases)
    cases = folder / "uk" / "state_pension_age" / "cases"
    cases.mkdir()
    (cases / "own.yaml").write_text(PENSIONER + text, encoding="utf-8")
    return run_cases(load_rulebook(folder))


def test_a_librarys_case_says_what_a_working_comes_to(rules: Path) -> None:
    expectations = {
        "ann": "state_pension_date, value: 2026-07-06",
        "bob": "state_pension_date, value: unknown",
    }
    results = run_library(
        rules,
        "".join(
            f"  - {{name: About {name}, effective_date: 2026-06-01, start_from: couple, "
            f"subject: {name}, expect: {{working: {wanted}}}}}\n"
            for name, wanted in expectations.items()
        ),
    )
    assert [(each.scheme, each.passed, each.message) for each in results] == [
        ("state_pension_age", True, ""),
        ("state_pension_age", True, ""),
    ]


def test_a_librarys_case_that_does_not_hold_says_what_was_found(rules: Path) -> None:
    (result,) = run_library(rules, """
  - name: A month out
    effective_date: 2026-06-01
    start_from: couple
    subject: ann
    expect: {working: state_pension_date, value: 2026-06-06}
""")  # fmt: skip
    assert result.message == ("state_pension_date: expected 2026-06-06, found 2026-07-06")


def test_a_librarys_case_names_whom_and_what_it_is_about(rules: Path) -> None:
    case = """
  - name: About somebody
    effective_date: 2026-06-01
    start_from: couple
    expect: {working: WORKING, value: 2026-07-06}
"""
    (result,) = run_library(rules, case.replace("WORKING", "state_pension_date"))
    assert result.message == "write which of ann, bob the case is about, as subject: ..."
    with pytest.raises(RuleError) as raised:
        run_library(rules, case.replace("WORKING", "state_pension_dates"))
    (problem,) = raised.value.problems
    assert problem.message == (
        "case 'About somebody': 'state_pension_dates' is no working of "
        "state_pension_age; did you mean 'state_pension_date'?"
    )


def test_a_librarys_case_before_its_first_rate_is_refused(rules: Path) -> None:
    with pytest.raises(RuleError) as raised:
        run_library(rules, """
  - name: Long ago
    effective_date: 1990-06-01
    start_from: couple
    subject: ann
    expect: {working: state_pension_date, value: unknown}
""")  # fmt: skip
    assert "has no value for 1990-06-01: its first is from" in str(raised.value)
