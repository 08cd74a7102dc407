"""The interpreter kept warm: variants of it, who is told of what it does, and whose facts it asks
for."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination.prepare import prepared
from nostop.rulebook import load_rulebook
from nostop.rulebook.one.arithmetic import Truth
from nostop.rulebook.one.household import Household, Place, household_rows
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.look_ups import Key
from nostop.rulebook.one.meanings import Observer, Value
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.tree import Choose, Compare, Definition, Lit, Logic, Lookup, Node
from tests.rulebook.small import ON, pack_text, situation, write_rules
from tests.rulebook.worlds import World, world, worlds

QUICK = worlds(10)


def _ready(made: World) -> tuple[Interpreter, list[Household]]:
    plan = compile_plan(made.book, ON)
    return Interpreter(plan), list(household_rows(prepared(made.situation, made.book, plan)))


def _told(interpreter: Interpreter, homes: list[Household]) -> list[tuple[Any, ...]]:
    return [_of(result) for home in homes for result in interpreter.results(home)]


def _of(result: Result) -> tuple[Any, ...]:
    conditions = tuple(result.conditions.items())
    return (result.scheme, result.place.id, conditions, result.low, result.high, result.claimed,
            sorted(result.asks))  # fmt: skip


def _negated(definition: Definition) -> Definition:
    """The definition with a truth value turned round, or an amount put to nought."""
    tree = definition.tree
    turned: Node = Lit(tree.kind, None, 0)
    if tree.kind.base == "bool":
        turned = Logic(tree.kind, tree.level, "not", (tree,))
    return replace(definition, tree=turned, turning_points=())


# --- variants -------------------------------------------------------------------------------------


@QUICK
@given(seed=st.integers(0, 10**9))
def test_a_changed_definition_is_worked_out_as_if_it_had_been_written_so(seed: int) -> None:
    made = world(seed, households=15)
    warm, homes = _ready(made)
    before = _told(warm, homes)
    scheduled = [each for each in warm.plan.schedule.scheduled() if each.tree.kind.base != "text"]
    for definition in made.random.sample(scheduled, 6):
        changed = _negated(definition)
        definitions = {**warm.plan.schedule.definitions, changed.name: changed}
        schedule = replace(warm.plan.schedule, definitions=definitions)
        anew = Interpreter(replace(warm.plan, schedule=schedule))
        assert _told(warm.with_definition(changed), homes) == _told(anew, homes)
    assert _told(warm, homes) == before


@QUICK
@given(seed=st.integers(0, 10**9))
def test_a_changed_rate_or_table_is_worked_out_as_if_it_had_been_written_so(seed: int) -> None:
    made = world(seed, households=15)
    warm, homes = _ready(made)
    before = _told(warm, homes)
    constants = warm.plan.constants
    for name, value in constants.rates.items():
        if not isinstance(value, bool) and name in warm.readers:
            anew = replace(constants, rates={**constants.rates, name: value + 1})
            expected = _told(Interpreter(replace(warm.plan, constants=anew)), homes)
            assert _told(warm.with_rate(name, value + 1), homes) == expected
    for name, table in constants.tables.items():
        rows = tuple((keys, value + Fraction(1)) for keys, value in table.rows)
        changed = replace(table, rows=rows)
        anew = replace(constants, tables={**constants.tables, name: changed})
        expected = _told(Interpreter(replace(warm.plan, constants=anew)), homes)
        assert _told(warm.with_table(name, changed), homes) == expected
    assert _told(warm, homes) == before


class _Names(Observer):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def worked_out(self, definition: str, place: Place, value: Value) -> None:  # noqa: ARG002
        self.names.add(definition)


@QUICK
@given(seed=st.integers(0, 10**9))
def test_a_definition_that_nobody_was_told_of_changes_nothing(seed: int) -> None:
    made = world(seed, households=10)
    warm, homes = _ready(made)
    for home in homes:
        told = _Names()
        results = Interpreter(warm.plan, told).results(home)
        for definition in warm.plan.schedule.scheduled():
            if definition.name not in told.names and definition.tree.kind.base != "text":
                other = warm.with_definition(_negated(definition))
                assert [*map(_of, other.results(home))] == [*map(_of, results)]


# --- what is told and asked -----------------------------------------------------------------------


class _Notebook(Observer):
    def __init__(self) -> None:
        self.compared_: list[tuple[str, str, tuple[Value, Value], Truth]] = []
        self.worked_out_: list[tuple[str, str, Value]] = []
        self.chosen_: list[tuple[str, Truth]] = []
        self.looked_up_: list[tuple[str, str, list[Any]]] = []

    def compared(
        self, definition: str, node: Compare, sides: tuple[Value, Value], truth: Truth
    ) -> None:
        self.compared_.append((definition, node.op, sides, truth))

    def worked_out(self, definition: str, place: Place, value: Value) -> None:
        self.worked_out_.append((definition, place.id, value))

    def chosen(self, definition: str, node: Choose, test: Truth) -> None:  # noqa: ARG002
        self.chosen_.append((definition, test))

    def looked_up(self, definition: str, node: Lookup, keys: Sequence[Key]) -> None:
        self.looked_up_.append((definition, node.table, list(keys)))


def _home(
    tmp_path: Path,
    conditions: dict[str, str],
    *people: dict[str, Any],
    part: str = "week_a",
) -> Any:
    text = pack_text(conditions, {"part_a": part})
    book = load_rulebook(write_rules(tmp_path, alpha=text))
    plan = compile_plan(book, ON)
    (home,) = household_rows(prepared(situation(book.catalogue, [*people], awards=[]), book, plan))
    return plan, home


def test_an_observer_is_told_of_each_comparison_and_definition(tmp_path: Path) -> None:
    conditions = {"poor": "total(savings) < stock_a", "cared_for": 'any_adult(care == "high")'}
    plan, home = _home(tmp_path, conditions, {"savings": 5, "care": "low"})
    notes = _Notebook()
    Interpreter(plan, notes).results(home)
    assert notes.compared_ == [
        ("alpha.when.poor", "<", ((5, 5), (1_000_000, 1_000_000)), True),
        ("alpha.when.cared_for", "==", ("low", "high"), False),
    ]
    assert notes.worked_out_[:3] == [
        ("alpha.when.applies_in", "b", True),
        ("alpha.when.poor", "b", True),
        ("alpha.when.cared_for", "b", False),
    ]
    assert ("alpha.amount", "b", (0, 0)) in notes.worked_out_


def test_an_observer_is_told_of_each_branch_and_look_up(tmp_path: Path) -> None:
    part = "total(rate(week_by_place, nation, rooms) if ill else 0)"
    people = {"ill": True}, {"ill": False}, {}
    plan, home = _home(tmp_path, {"poor": "total(savings) >= 0"}, *people, part=part)
    notes = _Notebook()
    Interpreter(plan, notes).results(home)
    assert notes.chosen_[0] == ("alpha.amount", True)
    branches = [test for name, test in notes.chosen_ if name == "alpha.part_a"]
    assert branches == [True, False, None]
    look_up = ("alpha.part_a", "alpha.week_by_place", ["england", (0, 50)])
    assert notes.looked_up_ == [look_up] * 2


def test_a_variant_tells_the_same_observer(tmp_path: Path) -> None:
    plan, home = _home(tmp_path, {"poor": "total(savings) < stock_a"}, {"savings": 5})
    (stock,) = (name for name in plan.constants.rates if name.endswith("stock_a"))
    notes = _Notebook()
    Interpreter(plan, notes).with_rate(stock, Fraction(5)).results(home)
    assert notes.compared_ == [("alpha.when.poor", "<", ((5, 5), (5, 5)), False)]


def test_what_is_asked_says_of_whom(tmp_path: Path) -> None:
    condition = "total(savings) < stock_a and not any_adult(ill)"
    plan, home = _home(
        tmp_path, {"poor": condition}, {"savings": 5}, {"ill": False}, {"savings": 0, "ill": False}
    )
    (result,) = Interpreter(plan).results(home)
    assert result.asks == {("p0", "ill"), ("p1", "savings")}
    assert result.missing == ["savings", "ill"]
    assert result.worth_asking


@pytest.mark.parametrize(
    ("condition", "person", "missing"),
    [
        ("is_married or total(savings) < stock_a", {"savings": 0}, []),
        ("is_married or total(savings) < stock_a", {}, ["savings", "is_married"]),
        ("total(savings if ill else 0) < stock_a", {"ill": False}, []),
        ("total(savings if ill else 0) < stock_a", {"ill": True}, ["savings"]),
        ("total(savings * hours) < stock_a", {"hours": 0}, []),
        ("total(at_least(savings, stock_a)) > stock_a", {}, ["savings"]),
        ("total(award(carers_allowance)) > week_a", {}, ["award_of_carers_allowance"]),
        ("total(recorded_or(pay, rent_share)) > week_a", {}, ["rent"]),
    ],
)
def test_only_what_could_still_settle_it_is_asked(
    condition: str, person: dict[str, Any], missing: list[str], tmp_path: Path
) -> None:
    workings = {"rent_share": ("household", "at_most(rent, week_a + week_a)")}
    notes = {"share": "rent_share"}
    text = pack_text({"it": condition}, {"part_a": "week_a"}, workings, notes=notes)
    book = load_rulebook(write_rules(tmp_path, alpha=text))
    plan = compile_plan(book, ON)
    frames = prepared(situation(book.catalogue, [person]), book, plan)
    (result,) = Interpreter(plan).results(next(household_rows(frames)))
    assert result.missing == missing
