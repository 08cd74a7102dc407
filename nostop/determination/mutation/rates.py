"""The rates of a pack or library with one value nudged by the least there is: a penny, a year, a
day, one of a ratio's numerator."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from nostop.determination.mutation.model import ChangedRate, Mutant
from nostop.determination.tested_tables import in_time
from nostop.determination.trials import Trials
from nostop.model import NEVER
from nostop.rulebook.history.changes import shown_value
from nostop.rulebook.packs import Rate, RateValue, Table
from nostop.rulebook.plan import divisor
from nostop.rulebook.rates import constant
from nostop.rulebook.soundness.rate_places import RatePlaces


def rate_mutants(trials: Trials, owner: str) -> Iterator[Mutant]:
    """Yield every change to the rates of a pack or library, in the order of its file."""
    book, places = trials.book, RatePlaces(trials.book)
    divisors = {divisor(node) for each in book.definitions.values() for node in each.nodes}
    for name, number, days in dated_values(trials, owner, book.rates):
        rate = book.rates[name]
        dated = rate.values[number]
        for value in nudges(dated.value) if days else ():
            # A rate that divides must stay above 0.
            if name not in divisors or constant(value) > 0:
                yield Mutant(
                    sort="rate",
                    name=name.partition(".")[2],
                    written=places.value(name, number),
                    before=f"{shown_value(dated.value, rate.type, rate.per)} from {dated.from_}",
                    after=shown_value(value, rate.type, rate.per),
                    advice=case_in_time(days),
                    change=ChangedRate(name, constant(value)),
                    days=days,
                )


def dated_values(
    trials: Trials, owner: str, found: Mapping[str, Rate | Table]
) -> Iterator[tuple[str, int, frozenset[date]]]:
    """Yield each dated value of an owner's rates or tables, by name and number, with the days of
    cases in its time."""
    days = sorted({each.on for each in trials.of(owner)})
    for name, rate in found.items():
        if name.partition(".")[0] == owner:
            for number, here in in_time(rate, days).items():
                yield name, number, here


def nudges(value: RateValue) -> list[RateValue]:
    """Return a value a step up and a step down; what law never has (an amount below 0) is left
    out."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, date):
        return [] if value == NEVER else [value + timedelta(days=step) for step in (1, -1)]
    if isinstance(value, int):
        return [value + step for step in (1, -1) if value + step >= 0 or value < 0]
    top, _, bottom = value.partition("/")
    return [f"{int(top) + step}/{bottom}" for step in (1, -1) if int(top) + step >= 0]


def case_in_time(days: frozenset[date]) -> str:
    """Return which case would notice a change to a value that holds on some days of cases."""
    span = f"on {min(days)}" if len(days) == 1 else f"between {min(days)} and {max(days)}"
    return f"the result hangs on this to the last unit; cases in its time are {span}"
