"""The rule engines that people use, one record at a time: evaluations a second of the same
ten-condition rule."""

import json
from collections.abc import Callable, Iterable
from importlib import import_module
from time import perf_counter
from typing import Any

from nostop.app.bench_rules.ten_conditions import EXPRESSION
from nostop.model import SettingsError

Facts = dict[str, Any]
#: How long each engine is timed, in seconds.
LONG = 2.0


def rule_engine() -> Callable[[Facts], bool]:
    """Return the rule in `rule-engine`."""
    rule = _imported("rule_engine").Rule(EXPRESSION)
    matches: Callable[[Facts], bool] = rule.matches
    return matches


def zen_decision() -> Callable[[Facts], bool]:
    """Return the rule as a decision of `zen-engine`: what its users evaluate."""
    node = {"id": "rule", "type": "expressionNode", "name": "rule", "position": _AT}
    node["content"] = {"expressions": [{"id": "1", "key": "holds", "value": EXPRESSION}]}
    graph = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": _AT},
            node,
            {"id": "out", "type": "outputNode", "name": "out", "position": _AT},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "rule", "type": "edge"},
            {"id": "2", "sourceId": "rule", "targetId": "out", "type": "edge"},
        ],
    }
    decision = _imported("zen").ZenEngine().create_decision(json.dumps(graph))
    return lambda facts: bool(decision.evaluate(facts)["result"]["holds"])


def zen_expression() -> Callable[[Facts], bool]:
    """Return the rule as a bare compiled expression of `zen-engine`, without a decision."""
    expression = _imported("zen").compile_expression(EXPRESSION)
    return lambda facts: bool(expression.evaluate(facts))


def durable_rules() -> Callable[[Facts], bool]:
    """Return the rule in `durable-rules`: a ruleset that each record is posted to."""
    lang = _imported("durable.lang")
    not_met = _imported("durable.engine").MessageNotHandledException
    met: list[bool] = []
    m = lang.m
    with lang.ruleset("ten_conditions"):

        @lang.when_all(  # type: ignore[untyped-decorator] # the library has no types
            (m.gross_earnings < 300000) & (m.private_pension < 200000) & (m.capital < 1600000)
            & (m.hours_worked <= 60) & (m.caring_hours < 100) & (m.state_pension < 30000)
            & (m.both_earnings < 400000) & ((m.lives_in_uk == True) & (m.in_prison == False))  # noqa: E712
            & ((m.education == "none") | (m.education == "school") | (m.education == "further"))
            & ((m.capital < 600000) | (m.hours_worked < 40))
        )  # fmt: skip
        def holds(_context: object) -> None:
            met.append(True)

    def evaluate(facts: Facts) -> bool:
        met.clear()
        both = facts["self_employed_profit"] + facts["gross_earnings"]
        try:
            lang.post("ten_conditions", {**facts, "both_earnings": both})
        except not_met:
            return False
        return bool(met)

    return evaluate


def rate(evaluate: Callable[[Facts], bool], rows: list[Facts]) -> float:
    """Return evaluations a second, over the rows again and again for some seconds."""
    done, began = 0, perf_counter()
    while perf_counter() - began < LONG:
        for row in rows[:500]:
            evaluate(row)
        done += min(len(rows), 500)
    return done / (perf_counter() - began)


def agreed(evaluate: Callable[[Facts], bool], rows: Iterable[Facts]) -> int:
    """Return how many rows meet the rule."""
    return sum(evaluate(row) for row in rows)


_AT = {"x": 0, "y": 0}


def _imported(name: str) -> Any:  # noqa: ANN401 - libraries without types
    try:
        return import_module(name)
    except ImportError as error:
        raise SettingsError(
            f"bench: '{name}' is not installed: the engines to compare with come with "
            "pip install 'nostop[peers]'"
        ) from error
