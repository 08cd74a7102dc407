"""The compiled plan and the slow interpreter agree on everything, over random packs and random
people."""

from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nostop.determination.determine import determine
from nostop.determination.prepare import prepared
from nostop.model import Outcome
from nostop.rulebook.household import household_rows
from nostop.rulebook.interpreter import Result, interpret
from nostop.rulebook.plan import KEYS, Plan, compile_plan
from tests.rulebook.small import ON
from tests.rulebook.worlds import world


def _of_twin(result: Result) -> dict[str, Any]:
    conditions = result.conditions
    because = {Outcome.ENTITLED: True, Outcome.NOT_ENTITLED: False, Outcome.UNKNOWN: None}[
        result.outcome
    ]
    return {
        "outcome": result.outcome.value,
        "amount_low": result.low,
        "amount_high": result.high,
        "claimed": result.claimed,
        "because": [name for name, truth in conditions.items() if truth is because],
    }


def _subject(row: dict[str, Any], plan: Plan) -> tuple[str, str]:
    level = plan.book.scheme(row["scheme"]).pack.decides_for
    return row["scheme"], row[KEYS[level]]


# A seed is not a smaller case for being a smaller number, so nothing is gained by shrinking it.
@settings(max_examples=25, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(seed=st.integers(0, 10**9))
def test_compiled_plan_agrees_with_the_interpreter(seed: int) -> None:
    made = world(seed, households=60)
    plan = compile_plan(made.book, ON)
    rows = {
        _subject(row, plan): row
        for row in determine(made.situation, made.book, ON).iter_rows(named=True)
    }
    frames = prepared(made.situation, made.book, plan)
    results = [each for household in household_rows(frames) for each in interpret(plan, household)]

    assert len(results) == len(rows)
    for result in results:
        row = rows[result.scheme, result.place.id]
        expected = _of_twin(result)
        assert {name: row[name] for name in expected} == expected
        met = {fact for _, fact in result.unknown[f"{result.scheme}.entitled", result.place.id]}
        assert set(row["missing"]) <= met
        assert not row["missing"] or result.outcome is Outcome.UNKNOWN
