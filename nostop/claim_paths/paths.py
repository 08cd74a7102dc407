"""Claim paths: for each benefit unit what to claim and in which order, and what needs advice
first."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.claim_paths.choosing import chosen_ways
from nostop.claim_paths.claiming import Claiming
from nostop.claim_paths.deciding import Deciding, Determine
from nostop.claim_paths.effects import with_effect_ids, with_effects
from nostop.claim_paths.law import Law, law_of
from nostop.claim_paths.results import IS_ENTITLED, NO_LIMIT
from nostop.claim_paths.walking import Walk, walk
from nostop.claim_paths.weighing import REASONS
from nostop.claim_paths.worlds import Worlds, id_of, worlds_of
from nostop.frames import ClaimPaths, Situation, check, empty
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import Plan, compile_plan

#: How many claims of one unit are tried left out, to see what would be had in their place.
MOST_WAYS = 3


@dataclass(frozen=True, slots=True)
class PathFinder:
    """The claims of a rule book on a day, and what works determinations out: of its schemes, and of
    those that stand for effects (`with_effects`)."""

    law: Law
    book: Rulebook
    determine: Determine

    @classmethod
    def of(cls, book: Rulebook, plan: Plan, determine: Determine) -> "PathFinder":
        """Return the finder of a rule book; the plan is of its schemes with their effects."""
        return cls(law_of(book, plan), book, determine)

    @classmethod
    def ready(
        cls, book: Rulebook, effective_on: date, schemes: list[str] | None = None
    ) -> "PathFinder":
        """Return a finder that works determinations out itself.

        Raises:
            RuleError: as `determine`.
        """
        effects = with_effects(book)
        names = None if schemes is None else with_effect_ids(effects, schemes)
        deciding = Deciding(effects, effective_on, names)
        return cls.of(book, deciding.plan, deciding)

    def paths(
        self, situation: Situation, determinations: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Return the claim path of each benefit unit that is entitled to something it does not
        claim.

        Args:
            determinations: those of the situation, where they are there already.
        Returns:
            `ClaimPaths`, by benefit unit, then by step; what needs advice comes last.
        Raises:
            FrameError: as `determine`.
        """
        found = determinations
        if found is None:
            found = self.determine(situation, set(self.law.schemes["scheme"]))
        units = _units(found, situation)
        if units.is_empty():
            return empty(ClaimPaths)
        claiming = self._claiming(units, situation)
        nothing = pl.DataFrame(schema={"world": pl.String(), "scheme": pl.String()})
        first = walk(claiming, nothing)
        rows = _named(first.rows, claiming.worlds, pl.lit(None, dtype=pl.String))
        starts = _named(first.starts, claiming.worlds, pl.lit(None, dtype=pl.String))
        conflicts = _of_units(first.conflicts, claiming.worlds)
        ways = _other_ways(first, claiming.worlds, units)
        other = rows.clear()
        if ways.height:
            again = self._claiming(ways.drop("without"), situation)
            left = again.worlds.units.with_columns(scheme=ways["without"])
            second = walk(again, left.select("world", "scheme"))
            other = _named(second.rows, left, pl.col("without"))
            conflicts = pl.concat([conflicts, _of_units(second.conflicts, left)])
        return self._told(chosen_ways(pl.concat([rows, other]), starts, conflicts, ways))

    def _claiming(self, units: pl.DataFrame, situation: Situation) -> Claiming:
        day = pl.lit(self.law.effective_on)
        worlds = worlds_of(units, situation, self.law.changes, day)
        return Claiming(self.law, self.book.catalogue, worlds, self.determine)

    def _told(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows as `ClaimPaths`."""
        low, high = pl.col("year_low"), pl.col("year_high")
        bounded = {
            name: pl.when(each.abs() < NO_LIMIT // 2).then(each)
            for name, each in (("gain_year_low", low), ("gain_year_high", high))
        }
        is_one = (low == high) & ~pl.col("unsettled")
        is_claim = pl.col("reasons").list.len() == 0
        told = rows.select(
            "benefit_unit_id",
            "household_id",
            "step",
            "scheme",
            "person_id",
            "subject_id",
            "reasons",
            "per",
            "loses",
            "opens",
            "backdate_months",
            "deadline",
            "alternative_to",
            **bounded,
            effective_date=pl.lit(self.law.effective_on),
            status=pl.when(is_claim).then(pl.lit("claim")).otherwise(pl.lit("advice_first")),
            amount=pl.when(pl.col("low") == pl.col("high")).then("low"),
            gain_year=pl.when(is_one).then(low),
            gain_once=pl.when(pl.col("once_low") == pl.col("once_high")).then("once_low"),
            lost_each_week=pl.col("lost_each_week").cast(pl.Int64),
        )
        order = ["benefit_unit_id", "step", "scheme", "subject_id"]
        return check(ClaimPaths, told.sort(order, nulls_last=True))


def lawful_plan(
    book: Rulebook, effective_on: date, schemes: list[str]
) -> tuple[Rulebook, Plan, list[str]]:
    """Return what a finder needs whose determinations somebody else works out: the rule book with
    its effects, its plan, and the names of all that is to be determined."""
    effects = with_effects(book)
    names = with_effect_ids(effects, schemes)
    return effects, compile_plan(effects, effective_on, names), names


def _units(found: pl.DataFrame, situation: Situation) -> pl.DataFrame:
    """The benefit units that are entitled to something they do not claim; what is decided for a
    household is its eldest adult's to claim."""
    open_ = found.filter(IS_ENTITLED & pl.col("claimed").eq(other=False))
    people = situation.people
    born = pl.col("born_on") if "born_on" in people.columns else pl.lit(None, dtype=pl.Date)
    first = (
        people.select("household_id", "person_id", _unit="benefit_unit_id", _born=born,
                      _child=pl.col("role") != "adult")
        .sort("_child", "_born", "person_id", nulls_last=True)
        .unique("household_id", keep="first", maintain_order=True)
    )  # fmt: skip
    return (
        open_.select("benefit_unit_id", "household_id")
        .unique()
        .join(first, on="household_id", how="left", validate="m:1")
        .select(pl.coalesce("benefit_unit_id", "_unit"), "household_id")
        .unique()
        .sort("benefit_unit_id")
    )


def _named(rows: pl.DataFrame, worlds: Worlds | pl.DataFrame, without: pl.Expr) -> pl.DataFrame:
    """Rows with the ids that everybody knows, and `without`: what this way leaves out."""
    units = worlds.units if isinstance(worlds, Worlds) else worlds
    if "scheme" in units.columns:
        units = units.rename({"scheme": "without"})
    own = units.select("world", _unit="benefit_unit_id", _home=id_of("home"), without=without)
    return (
        rows.drop("benefit_unit_id", "household_id", "person_id")
        .join(own, on="world", how="left", validate="m:1")
        .rename({"_unit": "benefit_unit_id", "_home": "household_id"})
        .with_columns(person_id=id_of("claimant"), subject_id=id_of("subject"))
        .drop("world", "subject", "claimant")
    )


def _of_units(conflicts: pl.DataFrame, worlds: Worlds | pl.DataFrame) -> pl.DataFrame:
    units = worlds.units if isinstance(worlds, Worlds) else worlds
    without = (
        pl.col("scheme") if "scheme" in units.columns else pl.lit(None, dtype=pl.String)
    ).alias("without")
    own = units.select("world", "benefit_unit_id", without)
    return conflicts.join(own, on="world", how="left", validate="m:1").drop("world")


def _other_ways(first: Walk, worlds: Worlds, units: pl.DataFrame) -> pl.DataFrame:
    """Units again, each without one claim that ruled out another: benefit_unit_id, household_id,
    without."""
    ruling = (
        first.conflicts.filter("made")
        .select("world", without="scheme")
        .unique(maintain_order=True)
        .group_by("world", maintain_order=True)
        .head(MOST_WAYS)
    )
    return (
        ruling.join(worlds.units.select("world", "benefit_unit_id"), on="world", how="left",
                    validate="m:1")
        .join(units, on="benefit_unit_id", how="left", validate="m:1")
        .select("benefit_unit_id", "household_id", "without")
        .sort("benefit_unit_id", "without")
    )  # fmt: skip


__all__ = ["REASONS", "PathFinder", "lawful_plan"]
