"""One situation at a time, in milliseconds: the same determinations as `determine`, worked out by
the interpreter, which the compiled plan agrees with. Made once, it stays warm."""

from datetime import date
from typing import Any

import polars as pl

from nostop.determination.rows import SituationRows, households
from nostop.determination.situations import read_situation
from nostop.frames import Determinations, empty
from nostop.rulebook import Rulebook
from nostop.rulebook.one.fineness import check_fineness
from nostop.rulebook.one.household import Household
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, Plan, compile_plan

#: One row of `Determinations`.
Row = dict[str, Any]


class Decider:
    """Schemes on a date, ready for one situation after another.

    Args:
        schemes: scheme ids; by default all that are in force on the date.
    Raises:
        RuleError: as `determine`.
    """

    def __init__(
        self, book: Rulebook, effective_on: date, schemes: list[str] | None = None
    ) -> None:
        plan = compile_plan(book, effective_on, schemes)
        check_fineness(plan)
        self.interpreter = Interpreter(plan)

    @property
    def plan(self) -> Plan:
        """What is worked out."""
        return self.interpreter.plan

    def decide(self, rows: SituationRows) -> list[Row]:
        """Return one row of `Determinations` per subject and scheme, sorted by scheme and subject.

        Raises:
            FrameError: as `determine`.
        """
        return self._decided(households(rows, self.plan))

    def decide_plain(self, data: object, where: str = "situation") -> list[Row]:
        """Return the same for plain data, as the README shows it; `where` names it in messages.

        Raises:
            SituationError: something in it is unknown, of the wrong type, or contradicts itself.
            FrameError: as `determine`.
        """
        return self.decide(read_situation(data, self.plan.book.catalogue, where).rows)

    def decide_household(self, household: Household) -> list[Row]:
        """Return the same for one household of `household.household_rows`."""
        return self._decided([household])

    def _decided(self, homes: list[Household]) -> list[Row]:
        results = [result for home in homes for result in self.interpreter.results(home)]
        results.sort(key=lambda each: (each.scheme, each.place.id))
        return [as_row(result, self.plan.effective_on) for result in results]


def as_row(result: Result, on: date) -> Row:
    """Return one result as a row of `Determinations`."""
    scheme = result.plan.scheme
    above = LOW_TO_HIGH[LOW_TO_HIGH.index(scheme.pack.decides_for) :]
    subject = {
        key: result.place.up(level).id if level in above else None for level, key in KEYS.items()
    }
    return {
        "benefit_unit_id": subject["benefit_unit_id"],
        "person_id": subject["person_id"],
        "household_id": subject["household_id"],
        "scheme": scheme.id,
        "effective_date": on,
        "outcome": result.outcome.value,
        "amount": result.amount,
        "amount_low": result.low,
        "amount_high": result.high,
        "per": scheme.pack.award.per.value,
        "claimed": result.claimed,
        "worth_asking": result.worth_asking,
        "confidence": result.confidence,
        "because": result.because,
        "missing": result.missing,
        "pack_version": scheme.version,
    }


def as_frame(rows: list[Row]) -> pl.DataFrame:
    """Return rows as a `Determinations` table."""
    return pl.DataFrame(rows, schema=empty(Determinations).schema, orient="row")
