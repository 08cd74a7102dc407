"""Determinations for claim paths: in frames where there are many people, one household after
another where there are few. Both say the same."""

from collections.abc import Callable, Collection
from datetime import date
from typing import cast

import polars as pl

from nostop.determination import Decider, Determiner
from nostop.determination.one import as_frame, as_row
from nostop.determination.rows import SituationRows, households
from nostop.frames import Awards, Situation, empty
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import Plan

#: Up to how many people are gone through one household after another: with every scheme there is,
#: to set frames going takes as long as that.
FEW = 2_000
#: What works determinations out: of all schemes, and of those that stand for effects, or of some.
Determine = Callable[[Situation, Collection[str] | None], pl.DataFrame]


class Deciding:
    """The schemes of a rule book (by default all in force) on a day, for any number of people."""

    def __init__(self, book: Rulebook, effective_on: date, schemes: list[str] | None) -> None:
        self._decider = Decider(book, effective_on, schemes)
        self._determiner: Determiner | None = None
        self._book = book
        self._schemes = schemes

    @property
    def plan(self) -> Plan:
        """What is worked out."""
        return self._decider.plan

    def __call__(self, situation: Situation, only: Collection[str] | None = None) -> pl.DataFrame:
        """Return determinations (`only` of some schemes).

        Raises:
            FrameError: as `determine`.
        """
        if situation.people.height <= FEW:
            return self._one_by_one(situation, only)
        if self._determiner is None:
            self._determiner = Determiner(self._book, self.plan.effective_on, self._schemes)
        return self._determiner.determine(situation, only)

    def _one_by_one(self, situation: Situation, only: Collection[str] | None) -> pl.DataFrame:
        interpreter, plan = self._decider.interpreter, self.plan
        known = situation.receipt_known_for
        open_ = plan.schedule.receipts - known if known is not None else set()
        homes = households(_rows(situation), plan)
        for person in (person for home in homes for person in home.people):
            # A feed that did not arrive leaves the awards it reports unknown.
            cast("dict[str, object]", person).update({f"known:{name}": False for name in open_})
        rows = [
            as_row(result, plan.effective_on)
            for home in homes
            for result in interpreter.results(home, only)
        ]
        return as_frame(rows)


def _rows(situation: Situation) -> SituationRows:
    people, awards = situation.people, situation.awards
    if "awards_known" not in people.columns:
        people = people.with_columns(awards_known=pl.lit(value=awards is not None))
    elif awards is None:
        people = people.with_columns(awards_known=pl.lit(value=False))
    return SituationRows(
        people=people.to_dicts(),
        benefit_units=situation.benefit_units.to_dicts(),
        households=situation.households.to_dicts(),
        awards=(empty(Awards) if awards is None else awards).to_dicts(),
    )
