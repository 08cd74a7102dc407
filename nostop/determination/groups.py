"""Which schemes are worked out together, and where: those of the same nations, so that nobody is
worked out for a scheme of another nation, and few enough for frames that are not too wide."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

import polars as pl

from nostop.rulebook.book import Scheme
from nostop.rulebook.packs import Nation
from nostop.rulebook.plan import Plan, SchemePlan, answers_of

#: Definitions of schemes worked out together, beyond which another group is begun: each is up to
#: two columns of a number for everybody, and some on the way.
DEFINITIONS_TOGETHER = 250


@dataclass(frozen=True, slots=True)
class Area:
    """Where a scheme may apply: a nation, or some councils; all of them where both are empty."""

    nations: tuple[str, ...] = ()
    councils: tuple[str, ...] = ()

    def holds(self) -> pl.Expr | None:
        """Whether a household may live there: yes, where it is not known where it lives."""
        if self.councils:
            return pl.col("local_authority").is_in(self.councils).fill_null(value=True)
        if self.nations:
            return pl.col("nation").is_in(self.nations).fill_null(value=True)
        return None


@dataclass(frozen=True, slots=True)
class Group:
    """Schemes that are worked out together for everybody who lives in any of some areas; elsewhere
    none of them applies."""

    plan: Plan
    areas: frozenset[Area]

    def holds(self) -> pl.Expr | None:
        """Whether a household may live where one of the schemes applies; None for everybody."""
        found = [each.holds() for each in self.areas]
        some = [each for each in found if each is not None]
        return pl.any_horizontal(some) if len(some) == len(found) else None

    def can_be_open(self, known: frozenset[str]) -> bool:
        """Whether some outcome can be open where nobody lacks some facts."""
        schedule = self.plan.schedule.where_known(known)
        return not all(
            schedule.is_definite(schedule.definitions[f"{each.scheme.id}.entitled"].tree)
            for each in self.plan.schemes
        )


def grouped(plan: Plan) -> list[Group]:
    """Return a plan's schemes in groups: those of single councils, who are few, in one."""
    schemes = sorted(plan.schemes, key=_together)
    return [
        group
        for _, those in groupby(schemes, key=lambda each: _together(each)[0])
        for group in _cut(plan, list(those))
    ]


def _together(plan: SchemePlan) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """What is to stand together: an area, and in it those that share workings."""
    pack, area = plan.scheme.pack, area_of(plan.scheme)
    return ("councils",) if area.councils else area.nations, tuple(sorted(pack.uses)), pack.scheme


def area_of(scheme: Scheme) -> Area:
    """Return where a scheme may apply."""
    pack = scheme.pack
    if pack.local_authorities:
        return Area(councils=tuple(sorted(pack.local_authorities)))
    everywhere = set(pack.applies_in) == set(get_args(Nation))
    return Area() if everywhere else Area(tuple(sorted(pack.applies_in)))


def _cut(plan: Plan, schemes: list[SchemePlan]) -> Iterator[Group]:
    """Cut schemes into as many even groups as their definitions ask for."""
    size = len(answers_of(plan, schemes).schedule.scheduled())
    count = -(-size // DEFINITIONS_TOGETHER)
    step = -(-len(schemes) // count)
    for start in range(0, len(schemes), step):
        some = schemes[start : start + step]
        yield Group(answers_of(plan, some), _areas(some))


def _areas(schemes: Iterable[SchemePlan]) -> frozenset[Area]:
    return frozenset(area_of(each.scheme) for each in schemes)


__all__ = ["Area", "Group", "grouped"]
