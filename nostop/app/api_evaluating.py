"""A situation that a service sends, through the rules: nothing of it is stored, logged or said
again in an error."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from nostop.app.casework.warm import Wanted, WarmShelf, shown
from nostop.app.casework.why import WhyLine
from nostop.app.gateways import ANY
from nostop.app.rules import known_schemes, rules_at
from nostop.determination import read_situation
from nostop.determination.one import Row
from nostop.model import FrameError, SettingsError, SituationError
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Catalogue

#: How many people, groups and schemes one request may hold.
MOST_PEOPLE = 20
MOST_SCHEMES = 200
_WHERE = "situation"
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_NUMBER = re.compile(r"(?<![\w-])-?\d[\d.e+-]*(?= must| is too)")
_YOURS = "what was sent"
_PLAIN = "something in it is unknown, of the wrong type, or contradicts itself"


class EvaluationShelf(WarmShelf):
    """Compiled rules for services, apart from those of the pages, which stay as they are."""

    MOST = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What a service asks: a situation as `rules/README` and the guides show it, a day (None: the
    one that the situation names), schemes (None: all that are in force on the day)."""

    situation: object
    on: date | None
    schemes: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the rules say: rows of `Determinations` as they may be shown, each with its reasons."""

    effective_on: date
    found: list[tuple[Row, tuple[WhyLine, ...]]]


def evaluate(shelf: WarmShelf, rules: Path, question: Question, at: datetime) -> Evaluated:
    """Work out one situation.

    Args:
        shelf: for services.
        rules: folder of rules.
        question: what is asked.
        at: now.
    Raises:
        SituationError: it cannot be used; the message repeats nothing that was sent but the words
            that the rules know.
        SettingsError: no day is given, two are, or the rules do not reach it.
    """
    book = rules_at(rules, at)
    try:
        given = read_situation(question.situation, book.catalogue, _WHERE)
        _check_size(question.situation)
        on = _day(question.on, given.effective_on)
        warm = shelf.of(Wanted(rules, on, _schemes(book, question.schemes, on), ANY), at)
        found = warm.home(given.rows).decide_with_why()
    except (SituationError, FrameError) as error:
        text = told_safely(str(error), question.situation, book.catalogue)
        raise SituationError(text) from None
    rows = shown([row for row, _ in found])
    return Evaluated(on, [(row, why) for row, (_, why) in zip(rows, found, strict=True)])


def told_safely(text: str, situation: object, catalogue: Catalogue) -> str:
    """Return a message about a situation without anything of it that the rules do not know: a name
    that somebody used as an id, or wrote in the place of a date, is not said again."""
    known = {*catalogue.facts, *catalogue.awards, *_WORDS}
    known |= {value for fact in catalogue.facts.values() for value in fact.values or ()}
    theirs = {each for each in _texts(situation) if each not in known}
    for group in ("people", "benefit_units", "households"):
        text = _numbered(text, situation, group)
    text = _NUMBER.sub(_YOURS, text.removeprefix(f"{_WHERE}: "))
    text = _QUOTED.sub(lambda found: _kept(found[0], found[1] or found[2] or "", known), text)
    words = set(re.findall(r"[^\s'\":,;()]+", text))
    if any((each in words and not _is_digit(each)) or _shows(text, each) for each in theirs):
        return _PLAIN
    return text


_WORDS = (
    "on", "people", "benefit_units", "households", "adults", "children", "members", "role", "adult",
    "child", "awards", "scheme", "status", "amount", "per", "starts_on", "ends_on", "2026-06-01",
)  # fmt: skip
_SINGULAR = {"people": "person", "benefit_units": "benefit unit", "households": "household"}


def _is_digit(text: str) -> bool:
    return len(text) == 1 and text.isdigit()


def _shows(text: str, word: str) -> bool:
    return len(word) > 3 and word in text


def _kept(whole: str, inner: str, known: set[str]) -> str:
    return whole if inner in known else _YOURS


def _numbered(text: str, situation: object, group: str) -> str:
    """Return a message in which ids are said by where they stand: "person 2"."""
    listed = situation.get(group) if isinstance(situation, dict) else None
    if not isinstance(listed, dict):
        return text
    for number, ident in enumerate(listed, start=1):
        place = f"{_SINGULAR[group]} {number}"
        text = re.sub(rf": {re.escape(str(ident))}(?=:)", f": {place}", text)
        text = text.replace(f"'{ident}'", place)
    return text


def _texts(data: object) -> Iterator[str]:
    """Yield every text and number of what was sent."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
    elif data is not None and not isinstance(data, bool):
        yield str(data)


def _check_size(situation: object) -> None:
    for group in ("people", "benefit_units", "households"):
        listed = situation.get(group) if isinstance(situation, dict) else None
        if isinstance(listed, dict) and len(listed) > MOST_PEOPLE:
            raise SituationError(f"{_WHERE}: {group} holds more than {MOST_PEOPLE}")


def _day(asked: date | None, named: date | None) -> date:
    if asked is not None and named is not None and asked != named:
        raise SettingsError("on: the situation names another day")
    on = asked or named
    if on is None:
        raise SettingsError('on: say for which day, such as "2026-06-01"')
    return on


def _schemes(book: Rulebook, asked: Sequence[str] | None, on: date) -> tuple[str, ...] | None:
    if asked is None:
        return None
    try:
        chosen = known_schemes(book, list(asked)) or []
    except SettingsError:
        raise SettingsError("schemes: there are no rules for one of them") from None
    if not all(book.schemes[name].is_in_force(on) for name in chosen):
        raise SettingsError("schemes: one of them is not in force on that day")
    return tuple(sorted(chosen))
