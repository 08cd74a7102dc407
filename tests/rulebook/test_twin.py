"""The compiled plan and the interpreter agree on everything, over random packs and random
people."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nostop.determination.determine import determine
from nostop.determination.prepare import prepared
from nostop.rulebook.one.household import household_rows
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.plan import KEYS, Plan, compile_plan
from tests.rulebook.small import ON
from tests.rulebook.worlds import World, world, worlds

#: What a determination says; its other columns say of whom, when and by which pack.
TOLD = (
    "outcome", "amount", "claimed", "worth_asking", "confidence", "because", "missing",
)  # fmt: skip


def _of_twin(result: Result) -> dict[str, Any]:
    told = {name: getattr(result, name) for name in TOLD}
    return {**told, "amount_low": result.low, "amount_high": result.high}


def _subject(row: dict[str, Any], plan: Plan) -> tuple[str, str]:
    level = plan.book.scheme(row["scheme"]).pack.decides_for
    return row["scheme"], row[KEYS[level]]


def _both(made: World) -> list[tuple[dict[str, Any], Result]]:
    """Return each determination beside what the interpreter says of the same subject."""
    plan = compile_plan(made.book, ON)
    rows = {
        _subject(row, plan): row
        for row in determine(made.situation, made.book, ON).iter_rows(named=True)
    }
    interpreter = Interpreter(plan)
    frames = prepared(made.situation, made.book, plan)
    results = [each for home in household_rows(frames) for each in interpreter.results(home)]
    assert len(results) == len(rows)
    return [(rows[each.scheme, each.place.id], each) for each in results]


@worlds(25)
@given(seed=st.integers(0, 10**9))
def test_compiled_plan_agrees_with_the_interpreter(seed: int) -> None:
    for row, result in _both(world(seed, households=60)):
        expected = _of_twin(result)
        assert {name: row[name] for name in expected} == expected
