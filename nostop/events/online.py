"""Event rules one subject at a time with `durable_rules`, where it is installed (decision 0015).

A subject's events are replayed in order into an empty session, the matches read, and the session
deleted. So nothing is kept between two calls: a restart loses nothing, and the library's 1,024
sessions are never used up. Each condition is a rule of its own, because `none` is right only as the
last of few antecedents; what all conditions of a rule found is put together here.
"""

import warnings
from collections.abc import Iterator
from datetime import date
from threading import Lock
from typing import Any

import polars as pl

from nostop.events.hearing import MATCH, OF, comparisons, heard, last_tick, signals
from nostop.events.rules import Compare, EventBook, EventRule, Look, Value, looks
from nostop.events.tables import TICK
from nostop.model import EventError

try:
    from durable import engine
except ImportError:  # not built, or Python 3.13 and later
    engine = None

#: (rule, condition) -> event key -> the place and key of the first other event; none where there
#: must be none.
_Found = dict[tuple[str, int], dict[str, tuple[int, str]]]
_NONE = (-1, "")
_Fact = dict[str, Any]
#: Comes first in a replay, and is always handled: deleting a session in which nothing ever was
#: ends the process.
_BEGIN = "replay_begins"
#: Comes last: only then is it known what is not there.
_END = "replay_ends"


def is_installed() -> bool:
    """Whether `durable_rules` is here. Without it, `nostop.events.bulk` gives the same signals."""
    return engine is not None


class Online:
    """The rules of a book as one ruleset. Threads take turns: the library is not made for them."""

    def __init__(self, book: EventBook) -> None:
        """Compile the rules.

        Raises:
            EventError: `durable_rules` is not installed.
        """
        if engine is None:
            raise EventError("online events: durable-rules is not installed here; use the bulk way")
        self._book = book
        self._found: _Found = {}
        self._conditions = {rule.id: len(looks(rule.when)) or 1 for rule in book.rules}
        self._turn = Lock()
        begin: _Fact = {"all": [{"a": {"type": _BEGIN}}], "run": lambda _context: None}
        definition: dict[str, _Fact] = {_BEGIN: begin}
        for rule in book.rules:
            for index, look in enumerate(looks(rule.when) or [None]):
                definition[f"{rule.id}_{index}"] = {
                    "all": _antecedents(rule, look),
                    "run": self._action(rule.id, index),
                }
        # Not `Host`: it adds threads that run actions at moments of their own, and a directory in
        # which a name can stand only once.
        self._rules = engine.Ruleset("life_events", None, definition)
        # The library's first use sets up what later ones share.
        self._replayed("warm-up", [], None)

    def signals_of(self, events: pl.DataFrame, on: date | None = None) -> pl.DataFrame:
        """Return what follows from a set of events: see `nostop.events.bulk.signals_of`."""
        rows = heard(events, self._book, on)
        today = last_tick(rows)
        about = rows.filter(pl.col("type") != TICK)
        found: list[tuple[str, str, list[str]]] = []
        with self._turn, warnings.catch_warnings():
            # The library asks for the time in a way that Python 3.12 warns of.
            warnings.simplefilter("ignore", DeprecationWarning)
            for subject, own in about.partition_by("subject", as_dict=True).items():
                found += self._replayed(str(subject[0]), own.to_dicts(), today)
        return signals(pl.DataFrame(found, MATCH, orient="row"), rows, self._book)

    def _replayed(
        self, subject: str, own: list[_Fact], today: int | None
    ) -> Iterator[tuple[str, str, list[str]]]:
        self._found = {}
        facts = [_of_ours(_BEGIN, 0)]
        facts += [_fact(row, number) for number, row in enumerate(own)]
        # Time comes last, so that everything that could undo a signal is there when it runs out.
        facts += [] if today is None else [_of_ours(TICK, today)]
        facts.append(_of_ours(_END, 0))
        try:
            for fact in facts:
                self._tell({**fact, "sid": subject})
        finally:
            self._rules.delete_state(subject)
        return self._together()

    def _tell(self, fact: _Fact) -> None:
        failed: list[object] = []

        def done(error: object, state: _Fact | None) -> None:
            # An action's exception is kept in the state, and raised nowhere.
            failed.append(error or (state or {}).get("exception"))

        try:
            self._rules.do_actions(self._rules.assert_fact(fact), done)
        except engine.MessageNotHandledException:
            return
        if any(failed):
            raise EventError("online events: durable_rules failed on an event; use the bulk way")

    def _action(self, rule: str, index: int) -> Any:  # noqa: ANN401 - the library has no types
        def run(context: Any) -> None:  # noqa: ANN401 - the same
            about, other = context.a["id"], context.b
            now = self._found.setdefault((rule, index), {})
            met = _NONE if other is None else (other["n"], other["id"])
            now[about] = min(met, now.get(about, met))

        return run

    def _together(self) -> Iterator[tuple[str, str, list[str]]]:
        met = {rule for rule, _ in self._found}
        for rule, conditions in self._conditions.items():
            if rule not in met:
                continue
            each = [self._found.get((rule, n), {}) for n in range(conditions)]
            for about in sorted(set.intersection(*(set(one) for one in each))):
                others = [one[about] for one in each]
                yield rule, about, [key for number, key in others if number >= 0]


def _of_ours(name: str, day: int) -> _Fact:
    return {"id": name, "type": name, "n": -1, "day": day}


def _fact(row: _Fact, number: int) -> _Fact:
    stated = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in row.items()
        if name.startswith(OF) and value is not None
    }
    key = {"id": row["event_key"], "n": number}
    return {**key, "type": row["type"], "day": row["day"], **stated}


def _antecedents(rule: EventRule, look: Look | None) -> list[_Fact]:
    since = (rule.in_force - date(1970, 1, 1)).days
    about = _is(rule.when.event, rule.when.where, [{"$gte": {"day": since}}])
    if look is None:
        return [{"a": about}]
    same = [{OF + name: {"a": OF + name}} for name in look.condition.same]
    days = [
        {"$gte": {"day": _shifted(look.low)}},
        {"$lte": {"day": _shifted(look.high)}},
        # By number: comparing ids of two facts with $neq ends the process.
        {"$neq": {"n": {"a": "n"}}},
    ]
    other = _is(look.condition.event, look.condition.where, [*same, *days])
    if not look.absent:
        return [{"a": about}, {"b": other}]
    over: _Fact = {"type": _END}
    if look.waits:
        over = {"$and": [{"type": TICK}, {"$gt": {"day": _shifted(look.high)}}]}
    return [{"a": about}, {"t": over}, {"b$not": other}]


def _shifted(days: int) -> _Fact:
    return {"$add": {"$l": {"a": "day"}, "$r": days}}


_SIGNS = {"is_not": "$neq", "at_least": "$gte", "at_most": "$lte"}


def _is(event: str, where: dict[str, Value | Compare], more: list[_Fact]) -> _Fact:
    tests: list[_Fact] = [{"type": event}]
    for name, wanted in where.items():
        for how, values in comparisons(wanted):
            plain = [int(value) if isinstance(value, bool) else value for value in values]
            if how in _SIGNS:
                tests.append({_SIGNS[how]: {OF + name: plain[0]}})
            elif len(plain) == 1:
                tests.append({OF + name: plain[0]})
            else:
                tests.append({"$or": [{OF + name: value} for value in plain]})
    return {"$and": [*tests, *more]}
