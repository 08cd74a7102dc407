"""What the rules say of everybody: determinations, take-up, claim paths. Where the last run stands,
only the households in which something changed are worked out again."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from nostop import takeup
from nostop.app.claim_paths import lawful_paths
from nostop.app.gateways import (
    ANY,
    IN_FORCE,
    Statuses,
    determine_lawfully,
    determine_lawfully_again,
    is_synthetic,
)
from nostop.app.in_review import with_review
from nostop.app.running.checkpoints import Snapshot, key_of
from nostop.app.running.context import WHAT_CHANGED, Made, Work, detailed
from nostop.app.running.people import STAGE as PEOPLE
from nostop.app.running.people import as_assembled
from nostop.claim_paths import PathFinder
from nostop.determination import changed_households
from nostop.linkage import Assembled
from nostop.linkage.facts import REVIEW
from nostop.model import Level, Outcome
from nostop.rulebook.plan import KEYS

_ROWS, _AREAS = "rows", "areas"
_DETERMINATIONS, _TAKE_UP, _PATHS = "determinations", "take_up", "claim_paths"


class Since:
    """What the last run found, as far as this one may go on from it, and what changed since."""

    def __init__(self, work: Work, now: Assembled) -> None:
        """Look at what is kept: of another law, or of people that are not there, it is nothing."""
        self._work, self.now = work, now
        people = work.kept.last(PEOPLE)
        same = people is not None and people.told["law"] == work.read.law
        self.before = as_assembled(people) if people is not None and same else None

    def last(self, stage: str) -> pl.DataFrame | None:
        """Return what a stage of the last run found; None where it cannot be gone on from."""
        kept = self._work.kept.last(stage) if self.before is not None else None
        if kept is None or kept.told["law"] != self._work.read.law:
            return None
        return kept.table(_ROWS)

    @cached_property
    def changed(self) -> pl.DataFrame:
        """`household_id` of every household in which a fact, an award, a member or a dispute is not
        the same."""
        before, now = self.before or self.now, self.now
        homes = [changed_households(before.situation, now.situation)]
        other = pl.concat([_disputed(each) for each in (before, now)]).unique(keep="none")
        for people in (before.situation.people, now.situation.people):
            for level in Level:
                of = other.filter(pl.col("level") == level.value)
                here = people.join(of, left_on=KEYS[level], right_on="subject_id", how="semi")
                homes.append(here.select("household_id"))
        return pl.concat(homes).unique().sort("household_id")

    def with_pointing(self, facts: Collection[str]) -> pl.DataFrame:
        """Return the changed households, and those of people of whom one of these facts points at
        somebody in them."""
        found = [self.changed]
        for each in (self.before or self.now, self.now):
            people = each.situation.people
            there = people.join(self.changed, on="household_id", how="semi").select("person_id")
            found += [
                people.join(there, left_on=fact, right_on="person_id", how="semi").select(
                    "household_id"
                )
                for fact in sorted(facts)
                if fact in people.columns
            ]
        return pl.concat(found).unique()


def _disputed(found: Assembled) -> pl.DataFrame:
    disputes = found.conflicts.filter(pl.col("in_conflict") == REVIEW)
    return disputes.select("level", "subject_id", "fact").unique()


def determined(
    work: Work, found: Assembled, people: Snapshot, since: Since
) -> tuple[pl.DataFrame, Snapshot]:
    """Return the determinations of everybody, and what is kept of them.

    Args:
        people: what is kept of `found`.
    """
    with work.stage("Working out entitlement") as told:

        def make() -> Made:
            last = since.last(_DETERMINATIONS)
            if last is None:
                return {_ROWS: _reviewed(work, _from_scratch(work, found), found)}, _law(work)
            told.detail = WHAT_CHANGED
            return {_ROWS: _again(work, found, last, since.changed)}, _law(work)

        kept = work.snapshot(_DETERMINATIONS, _key(work, people), told, make)
        rows = kept.table(_ROWS)
        detailed(told, f"{rows.height:,} determinations")
    return rows, kept


def _from_scratch(work: Work, found: Assembled) -> pl.DataFrame:
    day, schemes = work.settings.effective_on, work.law.chosen.schemes
    return determine_lawfully(found.situation, work.law.book, day, schemes, _statuses(work))


def _again(work: Work, found: Assembled, last: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Return what working out everybody would give, from what the last run gave."""
    day, schemes = work.settings.effective_on, work.law.chosen.schemes
    rows = determine_lawfully_again(
        found.situation, (work.law.book, day, schemes, _statuses(work)), last.drop("in_review"),
        changed,
    )  # fmt: skip
    # Who is not touched stands in the same order as before.
    touched, was = _lives_in(rows, changed), _lives_in(last, changed)
    anew = _reviewed(work, rows.filter(touched), found)["in_review"]
    review = pl.repeat(value=False, n=rows.height, eager=True)
    review = review.scatter((~touched).arg_true(), last["in_review"].filter(~was))
    review = review.scatter(touched.arg_true(), anew)
    return rows.with_columns(in_review=review)


def _reviewed(work: Work, rows: pl.DataFrame, found: Assembled) -> pl.DataFrame:
    return with_review(rows, found.situation, found.conflicts, work.law.plan.schemes)


@dataclass(frozen=True, slots=True)
class Counted:
    """What take-up is counted as: `TakeUpCounts`, and by area `AreaCounts`. Exact: only masked may
    they be shown."""

    schemes: pl.DataFrame
    areas: pl.DataFrame


def measured(
    work: Work, found: Assembled, rows: pl.DataFrame, behind: tuple[Snapshot, Snapshot]
) -> Counted:
    """Return the counts of determinations, by scheme and by the local authority of the household.

    Args:
        behind: what is kept of the people and of the determinations.
    """
    with work.stage("Measuring take-up") as told:

        def make() -> Made:
            counted, day = _counted(rows), work.settings.effective_on
            areas = takeup.measure_by_area(counted, _areas(found), day)
            return {_ROWS: takeup.measure(counted, day), _AREAS: areas}, {}

        kept = work.snapshot(_TAKE_UP, _key(work, *behind), told, make)
        detailed(told, "small numbers are hidden before anybody sees them")
        return Counted(kept.table(_ROWS), kept.table(_AREAS))


def _areas(found: Assembled) -> pl.DataFrame:
    """Return household_id, area: null where nobody knows the local authority of a household."""
    homes = found.situation.households
    if "local_authority" in homes.columns:
        return homes.select("household_id", area="local_authority")
    return homes.select("household_id", area=pl.lit(None, pl.String))


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that take-up counts, and one of each scheme: most are of those who are not
    entitled and do not claim, and are in no figure."""
    entitled = (pl.col("outcome") != Outcome.NOT_ENTITLED).fill_null(value=True)
    claimed = pl.col("claimed").fill_null(value=False)
    return rows.filter(entitled | claimed | pl.col("scheme").is_first_distinct())


def paths_of(
    work: Work, since: Since, rows: pl.DataFrame, behind: tuple[Snapshot, Snapshot]
) -> tuple[pl.DataFrame, Snapshot]:
    """Return the claim paths of everybody, and what is kept of them.

    Args:
        rows: `Determinations`.
        behind: what is kept of the people and of the determinations.
    """
    with work.stage("Working out claim paths") as told:

        def make() -> Made:
            day, schemes = work.settings.effective_on, work.law.chosen.schemes
            finder = lawful_paths(work.law.book, day, schemes, _statuses(work))
            last = since.last(_PATHS)
            if last is None:
                return {_ROWS: finder.paths(since.now.situation, rows)}, _law(work)
            told.detail = WHAT_CHANGED
            return {_ROWS: _paths_again(finder, since, rows, last)}, _law(work)

        kept = work.snapshot(_PATHS, _key(work, *behind), told, make)
        paths = kept.table(_ROWS)
        waiting = paths.filter(pl.col("status") != "claim").height
        detailed(told, f"{paths.height:,} claims, {waiting:,} of them need advice first")
    return paths, kept


def _paths_again(
    finder: PathFinder, since: Since, rows: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    # A path is worked out in the households together whose facts its claims can change.
    whose = {each.whose for each in finder.law.changes if each.whose is not None}
    homes = since.with_pointing(whose)
    touched = rows.filter(_lives_in(rows, homes))
    anew = finder.paths(since.now.situation, touched)
    order = ["benefit_unit_id", "step", "scheme", "subject_id"]
    return pl.concat([last.filter(~_lives_in(last, homes)), anew]).sort(order, nulls_last=True)


def _lives_in(rows: pl.DataFrame, homes: pl.DataFrame) -> pl.Series:
    return rows["household_id"].is_in(homes["household_id"].implode())


def _law(work: Work) -> dict[str, str]:
    return {"law": work.read.law}


def _key(work: Work, *behind: Snapshot) -> str:
    told = [str(sorted(each.told.items())) for each in behind]
    return key_of(work.read.law, *(each.digest() for each in behind), *told)


def _statuses(work: Work) -> Statuses:
    return ANY if is_synthetic(work.settings.feeds) else IN_FORCE
