"""What a policy team is told when an event rule cannot stand."""

import pytest

from nostop.events import load_event_book
from nostop.events.hearing import comparisons
from nostop.events.rules import looks
from nostop.model import RuleError
from nostop.rulebook import default_rules_dir
from tests.events.build import SCHEMES, TYPES, rule, written

FOLLOWS = "{signal: follow_up, step: 2}"


def faults(folder, *rules, types=TYPES) -> list[str]:
    """Each message as line:column: text."""
    with pytest.raises(RuleError) as refused:
        load_event_book(written(folder, *rules, types=types), SCHEMES)
    return [f"{p.line}:{p.column}: {p.message}" for p in refused.value.problems]


def test_the_rules_that_ship_with_nostop_stand():
    rules = default_rules_dir()
    schemes = {file.parent.name for file in rules.glob("*/*/pack.yaml")}
    book = load_event_book(rules, schemes)
    follow_up = {each.id: each for each in book.rules}["follow_up_after_four_weeks"]
    assert [(look.condition.event, look.high) for look in looks(follow_up.when)][:2] == [
        ("claim_made", 28),
        ("award_started", 28),
    ]
    assert list(comparisons(follow_up.when.where["step"])) == [("is", [1])]


@pytest.mark.parametrize(
    ("when", "then", "told"),
    [
        ("{event: borne}", None, "8:12: 'borne' is no event in types.yaml; did you mean 'born'?"),
        ("{event: sent, where: {stpe: 1}}", None,
         "8:33: 'sent' has no 'stpe'; did you mean 'step'?"),
        ("{event: award, where: {per: weak}}", None, "did you mean 'week'?"),
        ("{event: award, where: {amount: lots}}", None, "8:34: 'lots' is no whole number of pence"),
        ("{event: award, where: {per: {at_least: 2}}}", None, "are for dates, pence and counts"),
        ("{event: award, where: {amount: {at_least: 2, at_most: 4}}}", None, "compare in one way"),
        ("{event: born, all: [{event: moved, within: 4 months}]}", None,
         "write a span as '28 days' or '4 weeks'; months have no fixed length"),
        ("{event: born, all: [{event: moved}]}", None, "key 'within' is missing"),
        ("{event: born, until: [{event: moved, within: 2 days}]}", None, "until has no within"),
        ("{event: born, all: [{event: moved, within: 2 days, before: 1 day}]}", None,
         "before is for"),
        ("{event: born, all: [{event: unit_grew, within: 2 days}]}", None,
         "both must be about the same"),
        ("{event: sent, and_not: [{event: award, same: [step], within: 2 days}]}", None,
         "'step' is not what both events have"),
        ("{event: born, and_not: [{event: award, where: {per: week}, within: 2 days}]}", None,
         "'award' need not say 'per', so that its absence would prove nothing"),
        ("{event: born, folowed_by: []}", None, "did you mean 'followed_by'?"),
        ("{event: born}", "{signal: reopn}", "did you mean 'reopen'?"),
        ("{event: born}", "{signal: reopen}", "'born' names no scheme"),
        ("{event: born}", "{signal: reopen, schemes: [child_benfit]}",
         "'child_benfit' is no scheme; did you mean 'child_benefit'?"),
        ("{event: born}", "{signal: reopen, schemes: [child_benefit, child_benefit]}",
         "a scheme stands there twice"),
        ("{event: born}", "{signal: stop}", "stop needs 'reason'"),
        ("{event: born}", "{signal: stop, reason: a, step: 2}", "stop takes no 'step'"),
        ("{event: born}", FOLLOWS, "does not say campaign, scheme, message_id"),
        ("{event: born}", "{signal: hold, reason: a}", "a hold needs an end"),
        ("{event: born}", "{signal: stop, reason: a}, {signal: stop, reason: b}",
         "same signal twice"),
        ("{event: sent}", FOLLOWS, "calls itself in a circle (one -> one)"),
        ("{event: sent, where: {step: 2}}", FOLLOWS, "calls itself in a circle (one -> one)"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_stand_is_told_with_its_place(tmp_path, when, then, told):
    found = faults(tmp_path, rule(when, then or "{signal: stop, reason: deceased}"))
    assert len(found) == 1
    assert told in found[0]


def test_two_rules_that_call_each_other_are_a_circle_and_rising_steps_are_none(tmp_path):
    first = rule("{event: sent, where: {step: 1}}", FOLLOWS, "a")
    second = rule("{event: sent, where: {step: 2}}", "{signal: follow_up, step: 3}", "b")
    load_event_book(written(tmp_path, first, second), SCHEMES)
    types = TYPES.replace("born: {means: A birth, subject: person}",
                          "born: {means: A birth, subject: person, follows: reopen}")  # fmt: skip
    third = rule("{event: born}", "{signal: reopen, schemes: [child_benefit]}", "c")
    assert faults(tmp_path, first, second, third, types=types) == [
        "20:5: calls itself in a circle (c -> c): let each say where: {step: ...}, with a higher "
        "step each time"
    ]


def test_one_id_is_one_rule(tmp_path):
    assert faults(tmp_path, rule("{event: born}"), rule("{event: moved}")) == [
        "11:5: 'one' is the id of another rule, in some.yaml"
    ]


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ("types: {tick: {means: A day, subject: person}}", "'tick' is the passing of time"),
        ("types: {a: {means: A, subject: person, has: {x: text}}}", "'text' is no type: write id"),
        ("types: {a: {means: A, subject: person, has: {scheme: id}}}", "must have the type scheme"),
        ("types: {a: {means: A, subject: person, has: {x: id}}, "
         "b: {means: B, subject: person, has: {x: count}}}", "'x' has another type elsewhere"),
        ("types: {a: {means: A, subject: person, has: {x: id}, may_have: {x: id}}}", "keep one"),
        ("types: {a: {means: A, subject: people}}", "'people' is not one of"),
    ],
)  # fmt: skip
def test_event_types_that_cannot_stand(tmp_path, types, told):
    found = faults(tmp_path, rule("{event: a}"), types=types)
    assert len(found) == 1
    assert told in found[0]
