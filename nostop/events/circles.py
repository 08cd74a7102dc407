"""Rules that would call themselves: a signal leads to events, which lead to signals.

A follow-up sends a message, and that is an event. It is no circle where each rule on the way names
the step it is about, because steps only rise.
"""

from collections.abc import Iterator, Mapping

from nostop.events.rules import EventRule, EventType, Then


def circles(
    rules: tuple[EventRule, ...], types: Mapping[str, EventType]
) -> Iterator[tuple[EventRule, str]]:
    """Yield each rule that leads back to itself, and how that is told."""
    after = {
        rule.id: [other.id for other in rules if _leads_to(rule, other, types)] for rule in rules
    }
    for rule in rules:
        path = _way_back(rule.id, after)
        if path:
            told = " -> ".join((rule.id, *path))
            yield (
                rule,
                f"calls itself in a circle ({told}): let each say where: {{step: ...}}, "
                "with a higher step each time",
            )


def _leads_to(rule: EventRule, other: EventRule, types: Mapping[str, EventType]) -> bool:
    follows = types[other.when.event].follows
    return any(_may_meet(then, other) for then in rule.then if then.signal == follows)


def _may_meet(then: Then, other: EventRule) -> bool:
    """Whether what a signal leads to may be what another rule is about."""
    step = other.when.where.get("step")
    return not isinstance(step, int) or then.step is None or step == then.step


def _way_back(start: str, after: Mapping[str, list[str]]) -> list[str] | None:
    """Return the shortest way from a rule to itself, or None."""
    ways: list[list[str]] = [[each] for each in after[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        if way[-1] == start:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, each] for each in after[way[-1]]]
    return None
