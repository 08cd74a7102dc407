"""Which facts nobody lacks in the frames at hand: what rests on them alone needs no bounds."""

import polars as pl

from nostop.model import Level
from nostop.rulebook.plan import Plan
from nostop.rulebook.schedule import PERHAPS, ROLE, receipt_fact


def known_to_all(plan: Plan, frames: dict[Level, pl.DataFrame]) -> frozenset[str]:
    """Return the facts and receipts that a plan reads and that everybody has in `prepared` frames.

    A fact that does not apply to somebody (a child's capital) need not be there for them, unless a
    scheme that decides for persons reads it: then it is theirs too.
    """
    facts = (
        name
        for level, frame in frames.items()
        for name in plan.book.catalogue.at(level)
        if name in frame.columns and name != ROLE and _is_known(plan, frame, name)
    )
    receipts = (
        receipt_fact(scheme)
        for scheme in plan.schedule.receipts
        if _is_receipt_known(frames[Level.PERSON], scheme)
    )
    return frozenset([*facts, *receipts, *_membership(frames)])


def _membership(frames: dict[Level, pl.DataFrame]) -> list[str]:
    """The role, where everybody who belongs to the benefit units and households is there."""
    levels = (Level.PERSON, Level.BENEFIT_UNIT)
    return [] if any(frames[level][PERHAPS].any() for level in levels) else [ROLE]


def _is_known(plan: Plan, frame: pl.DataFrame, name: str) -> bool:
    if not frame[name].null_count():
        return True
    fact = plan.book.catalogue.facts[name]
    if fact.level is not Level.PERSON or len(fact.applies_to) > 1 or name in _of_persons(plan):
        return False
    return not frame.filter(pl.col("role").is_in(fact.applies_to))[name].null_count()


def _of_persons(plan: Plan) -> set[str]:
    """The facts that schemes which decide for persons rest on."""
    schemes = (each.scheme for each in plan.schemes)
    return plan.book.facts_read(
        definition.name
        for scheme in schemes
        if scheme.pack.decides_for is Level.PERSON
        for definition in (*scheme.conditions, *scheme.parts)
    )


def _is_receipt_known(people: pl.DataFrame, scheme: str) -> bool:
    unstated = pl.col(f"paid:{scheme}") & pl.col(f"sum:{scheme}").is_null()
    is_open = ~pl.col(f"known:{scheme}") | unstated.fill_null(value=False)
    return not people.select(is_open.any()).item()
