"""What can be wrong in event types and rules, beyond their shape: each fault with its keys."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from nostop.events.rules import (
    ATTRIBUTE_TYPES,
    Compare,
    Condition,
    EventBook,
    EventRule,
    EventType,
    Then,
    TypesFile,
    Value,
)
from nostop.events.tables import TICK
from nostop.model import nearest
from nostop.strict_yaml import KeyPath

Fault = tuple[str, KeyPath]
Kind = str | list[str]

#: What each signal needs, and what it may have besides.
_NEEDS: dict[str, tuple[set[str], set[str]]] = {
    "reopen": (set(), {"schemes", "after"}),
    "follow_up": ({"step"}, set()),
    "stop": ({"reason"}, set()),
    "hold": ({"reason"}, {"for"}),
    "close_case": ({"reason"}, {"schemes"}),
    "open_case": ({"case", "reason"}, {"schemes"}),
}
#: What a follow-up is about: the event must say it.
_OF_A_MESSAGE = ("campaign", "scheme", "message_id")


def type_faults(file: TypesFile, schemes: frozenset[str]) -> Iterator[Fault]:
    """Yield what is wrong in types.yaml."""
    seen: dict[str, Kind] = {}
    for name, each in file.types.items():
        if name == TICK:
            yield f"'{TICK}' is the passing of time, and built in: take it out", ("types", name)
        if each.when_met and each.when_met.scheme not in schemes:
            hint = nearest(each.when_met.scheme, sorted(schemes))
            place: KeyPath = ("types", name, "when_met", "scheme")
            yield f"'{each.when_met.scheme}' is no scheme{hint}", place
        for part in ("has", "may_have"):
            for attribute, kind in getattr(each, part).items():
                place = ("types", name, part, attribute)
                yield from _kind_faults(attribute, kind, place)
                if seen.setdefault(attribute, kind) != kind:
                    yield f"'{attribute}' has another type elsewhere: use another word", place
        for attribute in each.has.keys() & each.may_have.keys():
            yield (
                f"'{attribute}' stands under has too: keep one",
                (
                    "types",
                    name,
                    "may_have",
                    attribute,
                ),
            )


def _kind_faults(attribute: str, kind: Kind, place: KeyPath) -> Iterator[Fault]:
    if isinstance(kind, str) and kind not in ATTRIBUTE_TYPES:
        listed = ", ".join(ATTRIBUTE_TYPES)
        hint = nearest(kind, list(ATTRIBUTE_TYPES))
        yield f"'{kind}' is no type: write {listed}, or a list of words{hint}", place
    if isinstance(kind, list) and len(set(kind)) != len(kind):
        yield f"a word of '{attribute}' stands there twice: keep one", place
    if attribute == "scheme" and kind != "scheme":
        yield "'scheme' must have the type scheme", place


def rule_faults(rule: EventRule, book: EventBook) -> Iterator[Fault]:
    """Yield what is wrong in one rule, with keys below the rule."""
    when = rule.when
    about = book.types.get(when.event)
    if about is None:
        yield _no_type(when.event, book), ("when", "event")
        return
    yield from _where_faults(when.where, about, when.event, ("when",))
    for part in ("all", "followed_by", "and_not", "until"):
        conditions: list[Condition] = getattr(when, part)
        for index, condition in enumerate(conditions):
            keys: KeyPath = ("when", part, index)
            yield from _condition_faults(condition, part, about, book, keys)
    for index, then in enumerate(rule.then):
        yield from _then_faults(then, rule, about, book.schemes, ("then", index))
    if len({then.signal for then in rule.then}) < len(rule.then):
        yield "says the same signal twice: keep one", ("then",)


def _no_type(name: str, book: EventBook) -> str:
    known = list(book.types)
    return f"'{name}' is no event in types.yaml{nearest(name, known)} (known: {', '.join(known)})"


def _condition_faults(
    condition: Condition, part: str, about: EventType, book: EventBook, keys: KeyPath
) -> Iterator[Fault]:
    other = book.types.get(condition.event)
    if other is None:
        yield _no_type(condition.event, book), (*keys, "event")
        return
    if other.subject != about.subject:
        yield (
            f"'{condition.event}' is about a {other.subject}, and the rule about a "
            f"{about.subject}: both must be about the same",
            (*keys, "event"),
        )
    yield from _where_faults(condition.where, other, condition.event, keys)
    yield from _span_faults(condition, part, keys)
    if part in ("and_not", "until"):
        # An event that does not say it would pass as one that is not there.
        for name in condition.where.keys() & other.may_have.keys():
            yield (
                f"'{condition.event}' need not say '{name}', so that its absence would prove "
                "nothing: compare what it has",
                (*keys, "where", name),
            )
    for index, name in enumerate(condition.same):
        if name not in about.has or name not in other.has:
            yield f"'{name}' is not what both events have", (*keys, "same", index)


def _span_faults(condition: Condition, part: str, keys: KeyPath) -> Iterator[Fault]:
    if part == "until" and condition.within is not None:
        yield "until has no within: it holds until the event comes", (*keys, "within")
    if part != "until" and condition.within is None:
        yield "key 'within' is missing: write it, such as within: 28 days", keys
    if part != "and_not" and condition.before:
        yield "before is for and_not only: take it out", (*keys, "before")


def _where_faults(
    where: Mapping[str, Value | Compare], about: EventType, event: str, keys: KeyPath
) -> Iterator[Fault]:
    known = about.attributes
    for name, wanted in where.items():
        place = (*keys, "where", name)
        if name not in known:
            yield f"'{event}' has no '{name}'{nearest(name, list(known))}", place
            continue
        if not isinstance(wanted, Compare):
            yield from _value_faults(known[name], [wanted], place)
            continue
        if len(wanted.model_fields_set) != 1:
            yield "compare in one way: is_not, at_least, at_most or one_of", place
            continue
        yield from _compare_faults(known[name], wanted, place)


def _compare_faults(kind: Kind, wanted: Compare, place: KeyPath) -> Iterator[Fault]:
    bound = wanted.at_least if wanted.at_least is not None else wanted.at_most
    if bound is not None and kind not in ("date", "pence", "count"):
        yield "at_least and at_most are for dates, pence and counts", place
        return
    values = wanted.one_of or [value for value in (wanted.is_not, bound) if value is not None]
    yield from _value_faults(kind, values, place)


def _value_faults(kind: Kind, values: Iterable[Value], place: KeyPath) -> Iterator[Fault]:
    for value in values:
        if isinstance(kind, list):
            if value not in kind:
                hint = nearest(str(value), kind)
                yield f"'{value}' is not one of {', '.join(kind)}{hint}", place
        elif not _fits(kind, value):
            yield f"'{value}' is no {_SAID[kind]}", place


_SAID = {
    "id": "id",
    "scheme": "scheme",
    "date": "date, such as 2026-04-06",
    "pence": "whole number of pence",
    "count": "whole number",
    "yes_no": "true or false",
}


def _fits(kind: str, value: Value) -> bool:
    if kind == "yes_no":
        return isinstance(value, bool)
    if kind == "date":
        return isinstance(value, date)
    if kind in ("pence", "count"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _then_faults(
    then: Then, rule: EventRule, about: EventType, schemes: frozenset[str], keys: KeyPath
) -> Iterator[Fault]:
    needs, may = _NEEDS[then.signal]
    given = {"for" if name == "for_" else name for name in then.model_fields_set} - {"signal"}
    for name in sorted(needs - given):
        yield f"{then.signal} needs '{name}'", keys
    for name in sorted(given - needs - may):
        yield f"{then.signal} takes no '{name}'", (*keys, name)
    yield from _scheme_faults(then.schemes or [], schemes, (*keys, "schemes"))
    missing = [name for name in _OF_A_MESSAGE if name not in about.has]
    event = rule.when.event
    match then.signal:
        case "reopen" if not then.schemes and "scheme" in missing:
            yield f"'{event}' names no scheme: write schemes: [...]", keys
        case "follow_up" if missing:
            told = ", ".join(missing)
            yield f"a follow-up is of a message: '{event}' does not say {told}", keys
        case "hold" if "for" not in given and not rule.when.until:
            yield "a hold needs an end: write for: 28 days, or until under when", keys


def _scheme_faults(listed: list[str], schemes: frozenset[str], keys: KeyPath) -> Iterator[Fault]:
    if len(set(listed)) < len(listed):
        yield "a scheme stands there twice: keep one", keys
    for index, scheme in enumerate(listed):
        if scheme not in schemes:
            yield f"'{scheme}' is no scheme{nearest(scheme, sorted(schemes))}", (*keys, index)
