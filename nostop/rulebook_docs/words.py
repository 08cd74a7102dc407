"""Values of the rule language in words for a page: `£217.98 a week`, `55/100 (55%)`,
`6 April 2026`."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from nostop.model import NEVER, Level, Period, pounds
from nostop.rulebook.catalogue import Fact
from nostop.rulebook.packs import Rate, RateValue, Span, Table
from nostop.rulebook.words.explain import day

_NATIONS = {"uk": "United Kingdom"}


def plain(name: str) -> str:
    """Return an id as words: `benefit_unit` -> `benefit unit`."""
    return name.replace("_", " ")


def title(name: str) -> str:
    """Return an id as a heading: `northern_ireland` -> `Northern Ireland`."""
    return _NATIONS.get(name, plain(name).title())


def whose(level: Level) -> str:
    """Return whom something is about."""
    return plain(level.value)


def amount(pence: int, per: Period | None) -> str:
    """Return whole pence with their period."""
    return pounds(pence) + period(per)


def period(per: Period | None) -> str:
    """Return the words after an amount: ` a week`, ` once`; none for a stock."""
    if per is None:
        return ""
    return " once" if per is Period.ONCE else f" a {per.value}"


def rate_value(value: RateValue, rate: Rate | Table) -> str:
    """Return one value of a rate or table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return when(value)
    if isinstance(value, str):
        return f"{value} ({_percent(Fraction(value))})"
    return amount(value, rate.per) if rate.type == "money" else f"{value:,}"


def key_value(value: RateValue) -> str:
    """Return one key of a table's row."""
    if isinstance(value, date):
        return when(value)
    return value if isinstance(value, str) else str(value)


def kind_of(rate: Rate | Table) -> str:
    """Return what a rate's values are."""
    return _kind(rate.type, rate.per)


def kind_of_fact(fact: Fact) -> str:
    """Return what a fact's values are."""
    return f"one of {together(fact.values)}" if fact.values else _kind(fact.type, fact.per)


def when(on: date) -> str:
    """Return a day as people write it."""
    return "never" if on == NEVER else day(on)


def in_force(span: Span, on: date | None) -> str:
    """Return from when to when something is in force and, with a day, whether it is so then."""
    until = "" if span.to is None else f" to {when(span.to)}"
    said = f"from {when(span.from_)}{until}"
    if on is None:
        return said
    is_so = span.from_ <= on and (span.to is None or on <= span.to)
    return f"{said}; {'in force' if is_so else 'not in force'} on {when(on)}"


def together(items: Iterable[str]) -> str:
    """Return items with commas between."""
    return ", ".join(items)


def _kind(type_: str, per: Period | None) -> str:
    if type_ == "money":
        return f"money{period(per)}" if per else "money (a stock, no period)"
    names = {"int": "whole number", "ratio": "fraction", "bool": "yes or no"}
    return names.get(type_, type_)


def _percent(share: Fraction) -> str:
    hundredths = share * 10_000
    about = "" if hundredths.denominator == 1 else "about "
    whole, rest = divmod(abs(round(hundredths)), 100)
    sign = "-" if share < 0 else ""
    return f"{about}{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
