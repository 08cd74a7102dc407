"""Rules changed one slip at a time: caught where a case fails, told where none does."""

from datetime import date
from pathlib import Path

import pytest

from nostop.determination.mutation import Mutation, mutate
from nostop.determination.mutation.formulas import formula_mutants
from nostop.determination.mutation.idle import idle_values
from nostop.determination.mutation.rates import rate_mutants
from nostop.determination.mutation.run import is_caught
from nostop.determination.mutation.tables import table_mutants
from nostop.determination.trials import run_trials
from nostop.rulebook import Rulebook
from tests.determination.tried import RATES, book_of, case
from tests.rulebook.small import pack_text

POOR = {"poor": "total(savings) <= savings_limit"}
PART = {"part": "grant_rate"}
#: Cases that leave nothing of the small pack untested.
ENOUGH = (
    case("outcome: entitled, amount: 500", savings=1000),
    case("outcome: not_entitled, because: [poor]", savings=1001),
    case("outcome: not_entitled, because: [applies_in]", nation="scotland"),
)


def mutated(folder: Path, *cases: str, limit: int | None = None) -> Mutation:
    book = book_of(folder, pack_text(POOR, PART), *cases)
    (found,) = mutate(book, ["alpha"], limit)
    return found


def left(found: Mutation) -> list[tuple[str, str, str]]:
    """The survivors: sort, before and after."""
    return [(each.mutant.sort, each.mutant.before, each.mutant.after) for each in found.survivors]


# --- formulas -------------------------------------------------------------------------------------


def test_cases_on_both_sides_of_a_limit_with_amounts_catch_everything(tmp_path: Path) -> None:
    found = mutated(tmp_path, *ENOUGH)
    assert left(found) == []
    # Two conditions and a part dropped, `<=` in two ways, two rates up and down.
    assert (found.tried, found.caught, found.idle) == (9, 9, ())
    # The award is a rate, whole pence: rounding it another way changes nothing.
    assert found.equal == 2


def test_without_a_case_at_the_limit_the_limit_may_move(tmp_path: Path) -> None:
    near = case("outcome: entitled, amount: 500", savings=998)
    far = case("outcome: not_entitled", savings=1002)
    found = mutated(tmp_path, near, far, *ENOUGH[2:])
    assert left(found) == [
        ("comparison", "total(savings) <= savings_limit", "total(savings) < savings_limit"),
        ("rate", "£10.00 from 2020-01-01", "£10.01"),
        ("rate", "£10.00 from 2020-01-01", "£9.99"),
    ]
    comparison, rate, _ = (each.mutant for each in found.survivors)
    assert comparison.advice == "total(savings) is exactly savings_limit, and the result tells"
    assert (comparison.name, comparison.written[0].name) == ("when.poor", "pack.yaml")
    assert (rate.name, rate.written[0].name, rate.written[1]) == ("savings_limit", "rates.yaml", 2)
    assert rate.advice.endswith("cases in its time are on 2026-06-01")


def test_what_a_case_does_not_expect_it_does_not_catch(tmp_path: Path) -> None:
    cases = [each.replace(", amount: 500", "") for each in ENOUGH]
    assert left(mutated(tmp_path, *cases)) == [
        ("part dropped", "grant_rate", "0"),
        ("rate", "£5.00 a week from 2020-01-01", "£5.01 a week"),
        ("rate", "£5.00 a week from 2020-01-01", "£4.99 a week"),
    ]


def test_a_condition_that_fails_only_beside_others_may_be_dropped(tmp_path: Path) -> None:
    both = case("outcome: not_entitled", savings=1001, nation="scotland")
    found = mutated(tmp_path, ENOUGH[0], both)
    assert ("condition dropped", "total(savings) <= savings_limit", "true") in left(found)


def test_what_no_case_works_out_is_told_apart(tmp_path: Path) -> None:
    note = {"charge": "total(pay) - total(profit)"}
    book = book_of(tmp_path, pack_text(POOR, PART, notes=note), *ENOUGH)
    (found,) = mutate(book, ["alpha"])
    assert [(each.mutant.name, each.is_read) for each in found.survivors] == [
        ("note.charge", False)
    ]
    noted = case("outcome: entitled, notes: {charge: -5}", pay=1, profit=6)
    book = book_of(tmp_path, pack_text(POOR, PART, notes=note), *ENOUGH, noted)
    assert left(mutate(book, ["alpha"])[0]) == []


def test_the_rounding_that_a_pack_states_may_slip(tmp_path: Path) -> None:
    pack = pack_text(POOR, {"part": "weekly(total(grant))"}, direction="up")
    up = case("outcome: entitled, amount: 24", grant=100)  # 100 * 12 / 52 = 23.08
    book = book_of(tmp_path, pack, up, *(each.replace(", amount: 500", "") for each in ENOUGH))
    assert [each for each in left(mutate(book, ["alpha"])[0]) if each[0] == "rounding"] == []
    down = case("outcome: entitled, amount: 300", grant=1300)  # 300 exactly
    book = book_of(tmp_path, pack, down, *(each.replace(", amount: 500", "") for each in ENOUGH))
    survivors = [each[2] for each in left(mutate(book, ["alpha"])[0]) if each[0] == "rounding"]
    assert [each.rsplit('"', 2)[1] for each in survivors] == ["down", "nearest"]


def test_what_is_asked_for_can_catch_a_slip(tmp_path: Path) -> None:
    pack = pack_text({"poor": "is_married or total(savings) <= savings_limit"}, PART)
    open_ = case("outcome: unknown", savings="unknown", is_married="unknown")
    told = case("outcome: unknown, missing: [savings, is_married]", savings="unknown",
                is_married="unknown")  # fmt: skip
    dropped = ("part dropped", "grant_rate", "0")
    assert dropped in left(mutate(book_of(tmp_path / "a", pack, open_), ["alpha"])[0])
    survivors = left(mutate(book_of(tmp_path / "b", pack, told), ["alpha"])[0])
    assert ("condition dropped", "is_married or total(savings) <= savings_limit", "true") not in (
        survivors
    )


# --- rates and tables -----------------------------------------------------------------------------


def test_a_value_without_a_case_in_its_time_is_left_alone(tmp_path: Path) -> None:
    rates = RATES.replace(
        "{from: 2020-01-01, value: 500, reference: law}",
        "{from: 2020-01-01, value: 400, reference: law}, "
        "{from: 2025-01-01, value: 500, reference: law}",
    )
    book = book_of(tmp_path, pack_text(POOR, PART), *ENOUGH, rates=rates)
    (found,) = mutate(book, ["alpha"])
    assert left(found) == []
    (idle,) = found.idle
    assert (idle.name, idle.from_) == ("grant_rate", date(2020, 1, 1))
    assert idle.why == "no case on a day in its time"
    earlier = case("outcome: entitled", on="2024-06-01")
    book = book_of(tmp_path, pack_text(POOR, PART), *ENOUGH, earlier, rates=rates)
    (found,) = mutate(book, ["alpha"])
    assert found.idle == ()
    assert {each[1] for each in left(found)} == {"£4.00 a week from 2020-01-01"}


KINDS = """\
rates:
  savings_limit: {means: Limit, type: money, values: [{from: 2020-01-01, value: 0, reference: law}]}
  share: {means: Share, type: ratio, values: [{from: 2020-01-01, value: "1/4", reference: law}]}
  day: {means: Day, type: date, values: [{from: 2020-01-01, value: 2026-03-01, reference: law}]}
  switch: {means: Switch, type: bool, values: [{from: 2020-01-01, value: true, reference: law}]}
  one: {means: One, type: int, values: [{from: 2020-01-01, value: 1, reference: law}]}
  never: {means: Never, type: date, values: [{from: 2020-01-01, value: 9999-12-31, reference: law}]}
"""


def test_each_kind_of_value_moves_by_the_least_there_is(tmp_path: Path) -> None:
    poor = "total(savings) <= savings_limit"
    condition = f"({poor} and any_adult(born_on < day or born_on == never)) == switch"
    pack = pack_text({"c": condition}, {"part": "total(pay) * share // one"})
    book = book_of(tmp_path, pack, case("outcome: entitled"), rates=KINDS)
    mutants = rate_mutants(run_trials(book, ["alpha"]), "alpha")
    assert [(each.name, each.after) for each in mutants] == [
        ("savings_limit", "£0.01"),
        ("share", "2/4"),
        ("share", "0/4"),
        ("day", "2026-03-02"),
        ("day", "2026-02-28"),
        ("switch", "false"),
        ("one", "2"),
    ]


def table(rows: int) -> str:
    listed = ", ".join(f"{{rooms: {each}, value: {100 + each}}}" for each in range(rows))
    return RATES + (
        "tables:\n  by_rooms:\n    means: By rooms\n    keys: {rooms: exact}\n    type: money\n"
        f"    per: week\n    values: [{{from: 2020-01-01, reference: law, rows: [{listed}]}}]\n"
    )


def test_each_row_of_a_small_table_moves(tmp_path: Path) -> None:
    pack = pack_text(POOR, {"part": "rate(by_rooms, rooms)"})
    cases = [case(f"outcome: entitled, amount: {100 + each}", rooms=each) for each in (1, 2)]
    book = book_of(tmp_path, pack, *cases, rates=table(3))
    (found,) = mutate(book, ["alpha"])
    assert [each for each in left(found) if each[0] == "table"] == [
        ("table", "rooms 0: £1.00 a week from 2020-01-01", "£1.01 a week"),
        ("table", "rooms 0: £1.00 a week from 2020-01-01", "£0.99 a week"),
    ]


def test_a_row_at_what_it_counts_up_to_may_rise(tmp_path: Path) -> None:
    capped = table(3).replace(
        "tables:",
        "  top: {means: Top, type: money, per: week, "
        "values: [{from: 2020-01-01, value: 102, reference: law}]}\ntables:",
    )
    formula = "at_most(at_least(rate(by_rooms, rooms) * share, 0), top * share)"
    cases = [case(f"outcome: entitled, amount: {100 + each}", rooms=each) for each in range(3)]
    workings = {"share": "count(savings >= 0)"}
    book = book_of(tmp_path, pack_text(POOR, {"part": formula}, workings), *cases, rates=capped)
    rows, equal = table_mutants(run_trials(book, ["alpha"]), "alpha")
    # £1.02 to £1.03 is none of them.
    assert [each.after for each in rows] == [
        "£1.01 a week",
        "£0.99 a week",
        "£1.02 a week",
        "£1.00 a week",
        "£1.01 a week",
    ]
    assert equal == 1


def test_of_a_large_table_the_rows_looked_up_move(tmp_path: Path) -> None:
    pack = pack_text(POOR, {"part": "rate(by_rooms, rooms)"})
    cases = [case(f"outcome: entitled, amount: {100 + each}", rooms=each) for each in range(30)]
    book = book_of(tmp_path, pack, *cases, rates=table(51))
    trials = run_trials(book, ["alpha"])
    rows, _ = table_mutants(trials, "alpha")
    assert len(rows) == 40
    assert all(is_caught(each, trials.of("alpha"), trials.interpreters) for each in rows)
    (idle,) = idle_values(trials, "alpha")
    assert (idle.name, idle.why) == ("by_rooms", "no case looks up 21 of its 51 rows")


# --- as a whole -----------------------------------------------------------------------------------


def test_a_limit_tries_changes_spread_over_all(tmp_path: Path) -> None:
    found = mutated(tmp_path, case("outcome: entitled"), limit=3)
    assert found.tried == 3
    assert [each[0] for each in left(found)] == ["condition dropped", "rate"]


@pytest.mark.parametrize("owner", ["child_benefit", "tv_licence_over_75"])
def test_the_short_cut_catches_what_running_every_case_does(owner: str, book: Rulebook) -> None:
    trials = run_trials(book, [owner])
    cases = trials.of(owner)
    mutants = [*formula_mutants(trials, owner)[0], *rate_mutants(trials, owner)]
    assert len(mutants) > 20
    for mutant in mutants[::3]:
        variants = {on: mutant.change.variant(each) for on, each in trials.interpreters.items()}
        in_time = [each for each in cases if mutant.days is None or each.on in mutant.days]
        fails = any(not each.ready.holds(variants[each.on]) for each in in_time)
        assert is_caught(mutant, cases, trials.interpreters) == fails, mutant.before
