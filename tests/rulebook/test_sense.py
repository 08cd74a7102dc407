# ruff: noqa: E501 - one case a line reads better than four
"""What an author's check refuses beyond what cannot run: what nobody can have meant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nostop.rulebook import load_rulebook
from tests.rulebook.mistakes import (
    AT_WHEN,
    CASES,
    GOOD,
    PACK,
    RATES_FILE,
    SOME_CASES,
    Mistake,
    both,
    formula,
    put,
    rates_named_in,
    told,
    write,
)
from tests.rulebook.small import FACTS, library_text, pack_text, write_rules

TRUE = "is always true: it rules nobody out, so mend it or take it out"
FALSE = "is always false: nobody could ever be entitled, so mend it"

#: Conditions that have one answer for everybody, and which.
DECIDED = [
    ("money >= 0", TRUE),
    ("not (money < 0)", TRUE),
    ("money == money", TRUE),
    ("money < week_a or money >= week_a", TRUE),
    ("money > week_a or week_a >= money", TRUE),
    ("money < week_b and money > week_a", FALSE),
    ("is_married or not is_married", TRUE),
    ("is_married and not is_married", FALSE),
    ("any_adult(pay >= 0)", TRUE),
    ("any_child(pay > 0)", FALSE),
    ("count(pay >= 0) < 0", FALSE),
    ("all_adults(hours >= 0)", TRUE),
    ("total(savings) < 0", FALSE),
    ("at_least(money - week_a, 0) >= 0", TRUE),
    ('nation in ["england", "wales", "scotland"]', TRUE),
    ('nation == "england" and nation == "wales"', FALSE),
    ('nation == "england" or nation != "england"', TRUE),
    ("is_married or flag", TRUE),
    ("is_married and effective_date < day_a", FALSE),
    ("rent < money or rent >= money", TRUE),
    ("(is_married if rent > 0 else is_married) or not is_married", TRUE),
    ("(money if is_married else rent) >= 0", TRUE),
]

#: Conditions that divide people, however odd they look.
OPEN = [
    "money > 0",
    "money != week_a",
    "money < week_a and money > week_b",
    "any_child(hours >= 0)",
    "count(pay >= 0) < two",
    "total(savings) > 0",
    "money - week_a >= 0",
    'nation in ["england", "wales"]',
    'nation != "england" and nation != "wales"',
    "is_married and flag",
    "is_married or effective_date < day_a",
    "is_married or effective_date < later",
    "rent < money or money < rent",
    "any_adult(age_on(born_on, effective_date) >= many)",
    "any_adult(ill) or all_adults(not ill and pay > 0)",
    "rate(week_by_place, nation, rooms) >= week_a",
]


def with_condition(folder: Path, condition: str) -> str:
    """Return what is said of the good pack with another condition."""
    text = formula(condition)(GOOD)
    rates = rates_named_in(text).replace("rates:\n", LATER if "later" in condition else "rates:\n")
    return told(write(folder, {PACK: lambda _: text, RATES_FILE: lambda _: rates}))


LATER = """\
rates:
  later: {means: A day to come, type: date, values: [{from: 2020-01-01, value: 2027-04-06, reference: law}]}
"""


@pytest.mark.parametrize(("condition", "message"), DECIDED, ids=[each[0] for each in DECIDED])
def test_condition_with_one_answer_for_everybody_is_refused_where_it_stands(
    condition: str, message: str, tmp_path: Path
) -> None:
    assert with_condition(tmp_path, condition) == f"{AT_WHEN}: {message}"


@pytest.mark.parametrize("condition", OPEN)
def test_condition_that_divides_people_is_let_through(condition: str, tmp_path: Path) -> None:
    assert with_condition(tmp_path, condition) == ""


def test_working_behind_a_condition_is_looked_into(tmp_path: Path) -> None:
    pack = pack_text(
        {"not_rich": "is_poor and money < week_a"},
        {"part_a": "at_least(week_a - money, 0)"},
        {
            "money": "total(pay)",
            "is_rich": "money >= week_b",
            "is_poor": "not is_rich and money > week_a",
        },
        asked="pay",
    )
    found = told(write(tmp_path, {PACK: lambda _: pack}))
    assert found == f"{PACK}:18:36: {FALSE}"


def test_condition_that_a_later_rate_opens_is_let_through(tmp_path: Path) -> None:
    opened = "{from: 2020-01-01, value: true, reference: law}, {from: 2025-01-01, value: false, reference: law}"
    text = formula("is_married or flag")(GOOD)
    rates = put("{from: 2020-01-01, value: true, reference: law}", opened)(rates_named_in(text))
    assert told(write(tmp_path, {PACK: lambda _: text, RATES_FILE: lambda _: rates})) == ""


# --- leftovers, folders and other mistakes ----------------------------------------------------------

UNREAD = (
    "  spare: {means: A b, type: int, values: [{from: 2020-01-01, value: 2, reference: law}]}\n"
)
YEARLY = "type: money, per: week, uprated: yearly"
TWO_YEARS = (
    "[{from: 2024-04-08, value: 1, reference: law}, {from: 2026-04-06, value: 2, reference: law}]"
)
WEEK_A = rates_named_in("")

SENSELESS = [
    Mistake("dead_rate", RATES_FILE, lambda _: WEEK_A + UNREAD, f"{RATES_FILE}:3:3: rate 'spare' is read by nothing: use it or take it out"),
    Mistake("dead_table", RATES_FILE, lambda _: WEEK_A + "tables:\n  spare: {means: A b, keys: {care: exact}, type: int, values: [{from: 2020-01-01, reference: law, rows: [{care: low, value: 1}]}]}\n",
            f"{RATES_FILE}:4:3: table 'spare' is read by nothing: use it or take it out"),
    Mistake("year_without_a_value", RATES_FILE, lambda _: put("[{from: 2020-01-01, value: 10000, reference: law}]", TWO_YEARS)(put("type: money, per: week", YEARLY)(WEEK_A)),
            f"{RATES_FILE}:2:130: 'week_a' is uprated each year and has no value from 2025-04-15 to 2026-04-05: add it"),
    Mistake("asked_and_never_read", PACK, put("[pay]", "[pay, savings]"), f"{PACK}:22:19: 'savings' is read by nothing here, so nobody needs to be asked"),
    Mistake("opens_nothing_known", PACK, put("ask_person:", "opens: [universal_credits]\nask_person:"),
            f"{PACK}:22:9: 'universal_credits' is no scheme, and no award or offer of awards.yaml; did you mean 'universal_credit'?"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", SENSELESS, ids=[each.name for each in SENSELESS])
def test_what_serves_nothing_is_told_with_its_place(mistake: Mistake, tmp_path: Path) -> None:
    assert told(write(tmp_path, {mistake.file: mistake.change})) == mistake.expected


@pytest.mark.parametrize("mistake", SENSELESS, ids=[each.name for each in SENSELESS])
def test_what_serves_nothing_hinders_no_run(mistake: Mistake, tmp_path: Path) -> None:
    assert "alpha" in load_rulebook(write(tmp_path, {mistake.file: mistake.change})).schemes


def test_fact_that_only_a_scheme_behind_reads_may_be_asked_for(tmp_path: Path) -> None:
    reads = put("when: 'money < week_a'", "when: 'money < week_a and entitled(beta)'")
    asks = put("ask_person: [pay]", "ask_person: [pay, ill]")
    beta = pack_text({"ill": "any_adult(ill)"}, {"part_b": "week_a"}, scheme="beta", asked="ill")
    files = {"uk/beta/pack.yaml": lambda _: beta, "uk/beta/rates.yaml": lambda _: WEEK_A}
    cases = {"uk/beta/cases/some.yaml": lambda _: SOME_CASES}
    assert told(write(tmp_path, {PACK: both(reads, asks), **files, **cases})) == ""


def test_library_that_nothing_reads_is_told(tmp_path: Path) -> None:
    shared = library_text("shared", {"net": ("person", "pay")})
    change = put("work_out:", "uses: [shared]\nwork_out:")
    folder = write(tmp_path, {PACK: change, "uk/shared/library.yaml": lambda _: shared})
    assert told(folder) == f"{PACK}:13:8: nothing here reads the library 'shared': take it out"


def test_library_that_is_read_and_not_named_is_told_once(tmp_path: Path) -> None:
    shared = library_text("shared", {"net": ("person", "pay"), "gross": ("person", "pay + pay")})
    pack = pack_text(
        {"not_rich": "total(net) < week_a"}, {"part_a": "at_least(total(net) - total(gross), 0)"}
    )
    folder = write(tmp_path, {PACK: lambda _: pack, "uk/shared/library.yaml": lambda _: shared})
    expected = f"{PACK}:16:36: 'net' is of the library 'shared': add it to uses (so too at line 19)"
    assert told(folder) == expected


def test_rates_file_with_another_name_is_the_only_thing_told(tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    (folder / RATES_FILE).rename(folder / "uk/alpha/rate.yaml")
    assert told(folder) == (
        "uk/alpha/rate.yaml:1:1: is read by nothing: name it pack.yaml, library.yaml, rates.yaml, "
        "put it into cases/ as a .yaml, or take it out; did you mean 'rates.yaml'?"
    )


def test_pack_file_with_another_ending_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    (folder / PACK).rename(folder / "uk/alpha/pack.yml")
    assert told(folder).startswith("uk/alpha/pack.yml:1:1: is read by nothing: name it pack.yaml")


def test_turning_points_in_a_library_are_refused(tmp_path: Path) -> None:
    shared = library_text("shared", {"net": ("benefit_unit", "total(pay)", ["week_a"])})
    pack = pack_text({"poor": "net < week_a"}, {"part_a": "net"}, uses=["shared"])
    rates = rates_named_in("")
    files = {"uk/shared/library.yaml": shared, "uk/shared/rates.yaml": rates, PACK: pack}
    assert told(write_rules(tmp_path, files)) == (
        "uk/shared/library.yaml:6:86: turning points serve one award: write them in the pack, not "
        "in a library"
    )


NORTH = put("applies_in: [england, wales]", "applies_in: [scotland]")
COUNCIL = "local_authorities: [{}]\nin_force:"
PLACES = [
    ("scotland/alpha", NORTH, ""),
    ("scotland/alpha", str, "7:1: stands under scotland/ and applies in england, wales: write applies_in: [scotland], or move it to uk/"),
    ("scotlnd/alpha", NORTH, "1:1: stands under 'scotlnd/', which is no jurisdiction; did you mean 'scotland'? (known: uk, england, wales, scotland, northern_ireland, local)"),
    ("local/leeds/alpha", put("in_force:", COUNCIL.format("E08000035")), ""),
    ("local/leeds/alpha", str, "7:1: stands under local/ and names no council: write local_authorities: [its GSS code, such as E08000035]"),
    ("local/alpha", put("in_force:", COUNCIL.format("E08000035")), "1:1: stands in local/alpha/: a council's pack stands in local/<council>/<scheme>/"),
    ("uk/alpha", put("in_force:", COUNCIL.format("E08000035")), "8:1: stands under uk/ and names councils: move it to local/<council>/, or take local_authorities out"),
    ("local/leith/alpha", put("in_force:", COUNCIL.format("S12000036")), "8:21: 'S12000036' is in scotland, and the pack applies in england, wales"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change", "expected"), PLACES)
def test_pack_stands_where_it_applies(
    place: str, change: Callable[[str], str], expected: str, tmp_path: Path
) -> None:
    local = "  local_authority: {means: Council, level: household, type: code, valid_for: always, effort: 1, absent_means: unknown}\n"
    folder = write(tmp_path, {PACK: change, "facts.yaml": lambda _: FACTS + local})
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / "uk/alpha").rename(folder / place)
    assert told(folder) == (expected and f"{place}/pack.yaml:{expected}")


# --- for somebody, and not for everybody ------------------------------------------------------------

POPULATION = """\
households:
  - means: Somebody without pay
    benefit_units: [{adults: [{}]}]
  - means: Two people with pay
    facts: {rent: 5000}
    benefit_units: [{facts: {is_married: true}, adults: [{facts: {pay: 20000}}, {facts: {pay: 30000}, awards: {pension_credit: 100}}]}]
"""
ALL_ENTITLED = put("not_entitled", "entitled")
NONE_ENTITLED = put("outcome: entitled", "outcome: unknown")
NOBODY = (
    f"{PACK}:15:1: matches nobody in check_population.yaml and in its own cases: mend a condition, "
    "or add a case of somebody who is entitled"
)
EVERYBODY = (
    f"{PACK}:15:1: matches everybody in check_population.yaml and in its own cases: mend a "
    "condition, or add a case of somebody who is not entitled"
)


@pytest.mark.parametrize(
    ("condition", "cases", "expected"),
    [
        ("money < week_a", str, ""),
        ("total(savings) < stock_a", ALL_ENTITLED, EVERYBODY),
        ("total(savings) < stock_a", str, ""),
        ("total(savings) > stock_a", NONE_ENTITLED, NOBODY),
        ("total(savings) > stock_a", str, ""),
        ("any_adult(in_payment(pension_credit))", NONE_ENTITLED, ""),
        ("is_married and rent > 0", NONE_ENTITLED, ""),
    ],
)
def test_pack_is_for_some_of_the_check_population_and_not_for_all(
    condition: str, cases: Callable[[str], str], expected: str, tmp_path: Path
) -> None:
    changes = {
        PACK: formula(condition),
        CASES: cases,
        "check_population.yaml": lambda _: POPULATION,
    }
    found = told(write(tmp_path, changes))
    assert found == expected


def test_pack_without_cases_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    (folder / CASES).unlink()
    assert told(folder) == (
        f"{PACK}:1:1: has no worked cases: write cases/<name>.yaml with people who are entitled, "
        "who are not, and unknown"
    )


def test_rates_that_never_hold_together_are_told(tmp_path: Path) -> None:
    text = formula("money < at_most(week_a, week_b)")(GOOD)
    rates = both(
        put(
            "type: money, per: week, values: [{from: 2020-01-01, value: 10000",
            f"{YEARLY}, values: [{{from: 2020-01-01, value: 10000",
        ),
        put("{from: 2020-01-01, value: 333", "{from: 2024-01-01, value: 333"),
    )(rates_named_in(text))
    changes = {
        PACK: lambda _: text,
        RATES_FILE: lambda _: rates,
        "check_population.yaml": lambda _: POPULATION,
    }
    assert told(write(tmp_path, changes)) == (
        f"{PACK}:1:1: there is no day on which all its rates have a value: add what is missing to "
        "rates.yaml"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rent: 5000", "rnt: 5000", "5:13: 'rnt' is no fact here; did you mean 'rent'?"),
        ("pay: 20000", "pay: much", "6:67: 'much' is no money"),
        ("is_married: true", "pay: 1", "6:30: 'pay' is no fact here"),
        ("pension_credit: 100", "pension_credits: 100", "6:112: 'pension_credits' is no award; did you mean 'pension_credit'?"),
    ],
)  # fmt: skip
def test_what_the_check_population_says_must_fit_the_catalogue(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    changed = POPULATION.replace(old, new)
    folder = write(tmp_path, {"check_population.yaml": lambda _: changed})
    assert told(folder) == f"check_population.yaml:{expected}"
