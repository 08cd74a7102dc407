"""What cases test: each side that some case shows, and no other."""

from datetime import date
from pathlib import Path

import pytest

from nostop.determination.coverage import Coverage, Sort, coverage
from nostop.model import RuleError
from tests.determination.tried import HEAD, RATES, book_of, case
from tests.rulebook.small import RATES as SMALL_RATES
from tests.rulebook.small import library_text, pack_text

POOR = {"poor": "total(savings) <= savings_limit"}
PART = {"part": "grant_rate"}


def measured(folder: Path, *cases: str) -> Coverage:
    (found,) = coverage(book_of(folder, pack_text(POOR, PART), *cases), ["alpha"])
    return found


def sides(found: Coverage, sort: Sort, name: str) -> tuple[set[str], list[str]]:
    """What of a point is seen and what is lacking."""
    (point,) = (each for each in found.of(sort) if each.name == name)
    return set(point.seen), point.lacking


# --- conditions -----------------------------------------------------------------------------------


def test_a_condition_seen_as_yes_no_and_unknown_is_enough(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        case("outcome: entitled", savings=0),
        case("outcome: not_entitled", savings=5000),
        case("outcome: unknown", savings="unknown"),
        case("outcome: not_entitled", nation="scotland"),
        case("outcome: unknown", nation="unknown"),
    )
    assert sides(found, "condition", "poor") == ({"yes", "no", "unknown"}, [])
    assert sides(found, "condition", "applies_in") == ({"yes", "no", "unknown"}, [])
    assert found.is_enough
    assert found.cases == 5


def test_a_side_that_no_case_shows_is_named_with_its_place_and_case(tmp_path: Path) -> None:
    found = measured(tmp_path, case("outcome: entitled", savings=0))
    assert not found.is_enough
    (point,) = (each for each in found.of("condition") if each.name == "poor")
    assert point.lacking == ["no", "unknown"]
    assert point.text == "total(savings) <= savings_limit"
    assert point.written[0].name == "pack.yaml"
    line = point.written[0].read_text(encoding="utf-8").splitlines()[point.written[1] - 1]
    assert "id: poor" in line
    assert point.sides["no"] == "it does not hold"
    assert point.sides["unknown"] == "it is open, one of these unknown: savings"


def test_what_rests_on_nothing_that_can_be_unknown_need_not_be_so(tmp_path: Path) -> None:
    workings = {"is_pair": 'count(role == "adult") > 1'}
    pack = pack_text({**POOR, "alone": "not is_pair"}, PART, workings)
    (found,) = coverage(book_of(tmp_path, pack, case("outcome: entitled")), ["alpha"])
    assert sides(found, "condition", "alone") == ({"yes"}, ["no"])
    assert sides(found, "working", "is_pair") == ({"no"}, ["yes"])


def test_a_condition_counts_as_the_only_reason_where_every_other_holds(tmp_path: Path) -> None:
    both = case("outcome: not_entitled", savings=5000, nation="scotland")
    assert sides(measured(tmp_path, both), "alone", "poor") == (set(), ["no", "unknown"])
    found = measured(
        tmp_path,
        case("outcome: not_entitled", savings=5000),
        case("outcome: unknown", savings="unknown", nation="unknown"),
        case("outcome: not_entitled", savings="unknown", nation="scotland"),
    )
    assert sides(found, "alone", "poor") == ({"no"}, ["unknown"])
    assert sides(found, "alone", "applies_in") == ({"no"}, ["unknown"])


def test_conditions_count_for_whom_a_case_is_about(tmp_path: Path) -> None:
    rich = "bob: {everything_else: nil, role: adult, born_on: 1950-01-01, savings: 5000}"
    two = f"""\
  - name: Two of them
    effective_date: 2026-06-01
    start_from: ann
    change:
      people: {{{rich}}}
      benefit_units: {{c: {{adults: [bob], everything_else: nil}}}}
      households: {{home: {{members: [ann, bob]}}}}
    subject: b
    expect: {{outcome: entitled}}
"""
    assert sides(measured(tmp_path, two), "condition", "poor") == ({"yes"}, ["no", "unknown"])


# --- limits, branches, rows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("savings", "seen"),
    [
        (998, set()),
        (999, {"below"}),
        (1000, {"at"}),
        (1001, {"above"}),
        (1002, set()),
        ("unknown", set()),
    ],
)
def test_a_limit_is_seen_a_penny_below_at_it_and_a_penny_above(
    savings: object, seen: set[str], tmp_path: Path
) -> None:
    outcome = "entitled" if savings in (998, 999, 1000) else "not_entitled"
    expected = "unknown" if savings == "unknown" else outcome
    found = measured(tmp_path, case(f"outcome: {expected}", savings=savings))
    assert sides(found, "limit", "poor")[0] - {""} == seen


AGES = RATES + (
    "  pension_age: {means: Pension age, type: int, "
    "values: [{from: 2020-01-01, value: 66, reference: law}]}\n"
)


@pytest.mark.parametrize(
    ("born", "outcome", "seen"),
    [
        ("1960-05-30", "entitled", set()),
        ("1960-05-31", "entitled", {"below"}),
        ("1960-06-01", "entitled", {"at"}),
        ("1960-06-02", "not_entitled", {"above"}),
        ("9999-12-31", "not_entitled", set()),
    ],
)
def test_a_limit_of_age_is_seen_a_day_before_on_it_and_a_day_after(
    born: str, outcome: str, seen: set[str], tmp_path: Path
) -> None:
    old = "any_adult(years_before(effective_date, pension_age) >= born_on)"
    pack = pack_text({"old": old}, PART)
    book = book_of(tmp_path, pack, case(f"outcome: {outcome}", born_on=born), rates=AGES)
    (found,) = coverage(book, ["alpha"])
    assert sides(found, "limit", "old")[0] - {""} == seen
    (point,) = found.of("limit")
    assert (
        point.sides["above"] == "born_on is a day after years_before(effective_date, pension_age)"
    )


def test_an_amount_made_of_rates_only_is_a_limit_and_a_fact_is_none(tmp_path: Path) -> None:
    workings = {"most": "savings_limit if is_married else savings_limit + savings_limit"}
    conditions = {
        "poor": "total(savings) < most",
        "some": "count(ill) > 0",
        "dear": "total(pay) < rent",
    }
    pack = pack_text(conditions, PART, workings)
    (found,) = coverage(book_of(tmp_path, pack, case("outcome: not_entitled")), ["alpha"])
    assert [point.name for point in found.of("limit")] == ["poor"]


def test_each_branch_taken_is_seen(tmp_path: Path) -> None:
    pack = pack_text(POOR, {"part": "grant_rate if is_married else grant_rate - grant_rate"})
    single = case("outcome: entitled, amount: 0", is_married=False)
    open_ = case("outcome: entitled", is_married="unknown")
    (found,) = coverage(book_of(tmp_path / "a", pack, single, open_), ["alpha"])
    (point,) = found.of("branch")
    assert point.lacking == ["yes"]
    assert point.sides["yes"] == "is_married holds"
    married = case("outcome: entitled, amount: 500", is_married=True)
    (found,) = coverage(book_of(tmp_path / "b", pack, single, married), ["alpha"])
    assert found.of("branch")[0].lacking == []


TABLE = (
    RATES
    + """\
tables:
  by_rooms:
    means: Amount by rooms
    keys: {rooms: band}
    type: money
    per: week
    values:
      - {from: 2020-01-01, reference: law, rows: [{rooms: 3, value: 300}, {rooms: 0, value: 100}]}
      - {from: 2025-01-01, reference: law, rows: [{rooms: 0, value: 200}]}
      - {from: 2030-01-01, reference: law, rows: [{rooms: 0, value: 300}]}
"""
)


def test_a_row_counts_on_the_days_on_which_it_holds(tmp_path: Path) -> None:
    pack = pack_text(POOR, {"part": "rate(by_rooms, rooms)"})
    book = book_of(
        tmp_path,
        pack,
        case("outcome: entitled, amount: 100", on="2021-01-01", rooms=2),
        case("outcome: entitled", on="2021-01-01", rooms="unknown"),
        rates=TABLE,
    )
    (found,) = coverage(book, ["alpha"])
    rows = {(point.text, point.written[1], *point.lacking) for point in found.of("row")}
    line = TABLE.splitlines().index("    values:") + 2
    assert rows == {
        ("rooms 0 from 2020-01-01", line),
        ("rooms 3 from 2020-01-01", line, "looked up"),
    }


def test_of_a_large_table_the_share_is_told(tmp_path: Path) -> None:
    rows = ", ".join(f"{{rooms: {rooms}, value: {rooms}}}" for rooms in range(51))
    rates = RATES + (
        "tables:\n  by_rooms:\n    means: By rooms\n    keys: {rooms: exact}\n    type: money\n"
        f"    per: week\n    values: [{{from: 2020-01-01, reference: law, rows: [{rows}]}}]\n"
    )
    pack = pack_text(POOR, {"part": "rate(by_rooms, rooms)"})
    book = book_of(tmp_path, pack, case("outcome: entitled, amount: 2", rooms=2), rates=rates)
    (found,) = coverage(book, ["alpha"])
    assert found.of("row") == []
    (large,) = found.large_tables
    assert (large.name, large.from_, large.looked_up, large.rows) == (
        "by_rooms",
        date(2020, 1, 1),
        1,
        51,
    )


# --- whose cases ----------------------------------------------------------------------------------


def test_a_library_is_judged_by_every_case_and_a_pack_by_its_own(tmp_path: Path) -> None:
    library = library_text("shared", {"is_hurt": ("person", "ill")})
    uses = pack_text({"hurt": "any_adult(is_hurt)"}, PART, uses=["shared"])
    beta = pack_text(
        {"hurt": "any_adult(is_hurt)"}, {"part": "week_a"}, scheme="beta", uses=["shared"]
    )
    files = {
        "uk/shared/library.yaml": library,
        "uk/beta/pack.yaml": beta,
        "uk/beta/rates.yaml": SMALL_RATES,
        "uk/beta/cases/own.yaml": HEAD + case("outcome: entitled", ill=True),
    }
    own = case("outcome: not_entitled", ill=False)
    book = book_of(tmp_path, uses, own, files=files)
    found = {each.owner: each for each in coverage(book, ["alpha", "beta", "shared"])}
    assert sides(found["shared"], "working", "is_hurt") == ({"yes", "no"}, ["unknown"])
    assert sides(found["alpha"], "condition", "hurt") == ({"no"}, ["yes", "unknown"])
    assert sides(found["beta"], "condition", "hurt") == ({"yes"}, ["no", "unknown"])


def test_a_case_that_fails_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as raised:
        measured(tmp_path, case("outcome: entitled", savings=5000))
    (problem,) = raised.value.problems
    assert (problem.path.name, problem.line) == ("own.yaml", 8)
    assert "does not come out as it says: outcome: expected entitled, found not_entitled" in str(
        problem
    )
