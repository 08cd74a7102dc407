"""Facts as caseworkers type them: read into canonical text by the fact's own type, and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from nostop.model import NEVER, Period, pounds
from nostop.rulebook.catalogue import Fact

_MONEY = re.compile(
    r"(?P<minus>-?)£?(?P<pounds>[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,12})(\.(?P<pence>[0-9]{2}))?"
)
_WHOLE = re.compile(r"-?[0-9]{1,7}")
_OLDEST = date(1890, 1, 1)
#: What an evidence rests on, in the order in which it is offered.
EVIDENCE_KINDS = ("seen_document", "said_by_phone", "letter", "department_confirmed")
NOT_KNOWN, NONE_OF_IT = "not_known", "never"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for a fact: canonical text, None for not known; or what is wrong, by field."""

    value: str | None
    wrong: Mapping[str, str]


def read_value(fact: Fact, given: Mapping[str, str]) -> Typed:
    """Return the canonical text of what somebody typed.

    Args:
        fact: of the catalogue.
        given: `value` (text, or the word of a radio), `value-day`, `value-month`, `value-year`;
            `known` is `not_known` or `never` where that was ticked.
    """
    known = given.get("known", "")
    if known == NOT_KNOWN or given.get("value") == NOT_KNOWN:
        return Typed(None, {})
    if fact.type == "date":
        return _read_date(fact, given)
    return _READ[fact.type](fact, given.get("value", "").strip())


def fields_of(fact: Fact, value: str | None) -> dict[str, str]:
    """Return what the form of a fact shows for a canonical value: the reverse of `read_value`."""
    if value is None:
        return {}
    if fact.type == "date":
        when = date.fromisoformat(value)
        if when == NEVER:
            return {"known": NONE_OF_IT}
        return {
            "value-day": str(when.day),
            "value-month": str(when.month),
            "value-year": str(when.year),
        }
    if fact.type == "money":
        return {"value": pounds(int(value)).replace("£", "").replace(",", "")}
    return {"value": value}


def python_value(fact: Fact, value: str | None) -> bool | int | date | str | None:
    """Return a canonical value as rules read it; None is not known."""
    if value is None:
        return None
    if fact.type == "bool":
        return value == "true"
    if fact.type in ("int", "money"):
        return int(value)
    return date.fromisoformat(value) if fact.type == "date" else value


def fact_words(fact: Fact, value: str | None) -> str | None:
    """Return a canonical value in English words, a date as ISO for the page to write; None where it
    is not known."""
    if value is None:
        return None
    if fact.type == "bool":
        return "yes" if value == "true" else "no"
    if fact.type == "money":
        per = "" if fact.per in (None, Period.ONCE) else f" a {fact.per.value}"
        return pounds(int(value)) + per
    if fact.type == "date":
        return "never" if date.fromisoformat(value) == NEVER else value
    return value.replace("_", " ") if fact.type == "enum" else value


def evidence_text(kind: str, note: str) -> str:
    """Return how evidence is kept: the word of what it is, then what was written."""
    return f"{kind}\n{note}".strip()


def evidence_parts(evidence: str) -> tuple[str, str]:
    """Return what evidence is, and what was written of it."""
    kind, _, note = evidence.partition("\n")
    return kind, note


def _read_date(fact: Fact, given: Mapping[str, str]) -> Typed:
    if given.get("known") == NONE_OF_IT and fact.nil == NEVER:
        return Typed(NEVER.isoformat(), {})
    parts = [given.get(f"value-{part}", "").strip() for part in ("year", "month", "day")]
    try:
        when = date(*(int(part) for part in parts))
    except ValueError:
        return Typed(None, {"value-day": "Enter a real date, such as 27 3 1956"})
    if not _OLDEST <= when < date(2200, 1, 1):
        return Typed(None, {"value-year": "Enter a year between 1890 and 2199"})
    return Typed(when.isoformat(), {})


def _read_money(fact: Fact, text: str) -> Typed:
    found = _MONEY.fullmatch(text.replace(" ", ""))
    if found is None:
        return Typed(None, {"value": "Enter an amount in pounds and pence, such as 120 or 120.50"})
    pence = int(found["pounds"].replace(",", "")) * 100 + int(found["pence"] or 0)
    return _bounded(fact, -pence if found["minus"] else pence)


def _read_whole(fact: Fact, text: str) -> Typed:
    if not _WHOLE.fullmatch(text):
        return Typed(None, {"value": "Enter a whole number, such as 2"})
    return _bounded(fact, int(text))


def _bounded(fact: Fact, number: int) -> Typed:
    if number < 0 and (fact.non_negative or fact.type == "int"):
        return Typed(None, {"value": "Enter 0 or more"})
    largest = fact.largest if fact.at_most is None else fact.at_most
    if largest is not None and number > largest:
        return Typed(None, {"value": "This is more than it can be: check what you typed"})
    return Typed(str(number), {})


def _read_bool(fact: Fact, text: str) -> Typed:  # noqa: ARG001 - one shape for every type
    if text in ("true", "false"):
        return Typed(text, {})
    return Typed(None, {"value": "Choose yes, no or not known"})


def _read_enum(fact: Fact, text: str) -> Typed:
    if text in fact.values:
        return Typed(text, {})
    return Typed(None, {"value": "Choose one, or not known"})


def _read_code(fact: Fact, text: str) -> Typed:  # noqa: ARG001 - one shape for every type
    if re.fullmatch(r"[A-Za-z0-9_.:-]{1,40}", text):
        return Typed(text, {})
    return Typed(None, {"value": "Enter the code: letters and digits, without spaces"})


_READ = {
    "bool": _read_bool,
    "int": _read_whole,
    "money": _read_money,
    "enum": _read_enum,
    "code": _read_code,
}
