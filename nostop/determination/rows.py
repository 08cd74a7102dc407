"""One situation as plain rows: checked as the frames of a population are, then cut into households
for the interpreter, or made into frames for the plan."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from nostop.determination.perhaps import MEMBERSHIP
from nostop.determination.receipts import wrong_period
from nostop.frames import FACT_DTYPES, Awards, Situation, empty
from nostop.model import CLAIMED_STATUSES, FrameError, Level
from nostop.rulebook.catalogue import LARGEST_AMOUNT, Catalogue, too_large
from nostop.rulebook.one.household import Household
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, Plan
from nostop.rulebook.schedule import PERHAPS

Rows = list[dict[str, Any]]

#: Claims that hold from the day they are made, whenever the award would start.
_OPEN_CLAIMS = ("pending", "opted_out")


@dataclass(frozen=True, slots=True)
class SituationRows:
    """People, benefit units and households with their facts, and awards: as the columns of a
    `Situation`, but that a fact may be left out where it is unknown. `receipt_known_for` is as a
    `Situation` has it: None means all schemes."""

    people: Rows
    benefit_units: Rows
    households: Rows
    awards: Rows
    receipt_known_for: frozenset[str] | None = None

    def of(self, level: Level) -> Rows:
        """Return the rows of a level."""
        return {
            Level.PERSON: self.people,
            Level.BENEFIT_UNIT: self.benefit_units,
            Level.HOUSEHOLD: self.households,
        }[level]

    def framed(self, catalogue: Catalogue) -> Situation:
        """Return the rows as frames, with a column for every fact of the catalogue."""
        return Situation(
            people=_framed(self.people, catalogue, Level.PERSON),
            benefit_units=_framed(self.benefit_units, catalogue, Level.BENEFIT_UNIT),
            households=_framed(self.households, catalogue, Level.HOUSEHOLD),
            awards=pl.DataFrame(self.awards, schema=empty(Awards).schema),
            receipt_known_for=self.receipt_known_for,
        )


def _framed(rows: Rows, catalogue: Catalogue, level: Level) -> pl.DataFrame:
    keys = [KEYS[each] for each in LOW_TO_HIGH[LOW_TO_HIGH.index(level) :]]
    schema: dict[str, pl.DataType] = dict.fromkeys(keys, pl.String())
    schema |= {name: FACT_DTYPES[fact.type] for name, fact in catalogue.at(level).items()}
    if level is Level.PERSON:
        schema["awards_known"] = pl.Boolean()
    return pl.DataFrame(rows, schema=schema, orient="row")


# --- households -----------------------------------------------------------------------------------


def households(rows: SituationRows, plan: Plan) -> list[Household]:
    """Return the households of a situation with what the plan reads of awards, as
    `household.household_rows` gives those of frames. Empty ones are no subjects and left out.

    Raises:
        FrameError: an id repeats, a group is not there, an amount is too large, or an award's
            period is not its scheme's.
    """
    for level in Level:
        _check_rows(rows.of(level), plan, level)
    _check_groups(rows)
    people = _with_receipts(rows, plan)
    by_unit, by_home = _by("benefit_unit_id", people), _by("household_id", people)
    units = [
        _with_confidence(unit, by_unit[unit["benefit_unit_id"]])
        for unit in rows.benefit_units
        if unit["benefit_unit_id"] in by_unit
    ]
    units_by_home = _by("household_id", units)
    return [
        _with_perhaps(_with_confidence(home, here), units_by_home[key], here)
        for home in rows.households
        if (here := by_home.get(key := home["household_id"]))
    ]


def _with_perhaps(home: dict[str, Any], units: Rows, people: Rows) -> Household:
    """Return a household, with a row for those who may be there: `perhaps.with_perhaps` says the
    same of frames."""
    name = home["household_id"]
    more_units: Rows = []
    if home.get("members_known", True) is not True:
        more_units = [{"benefit_unit_id": f"{name}?", "household_id": name, PERHAPS: True}]
    lacking = [(unit, role) for unit in more_units for role in MEMBERSHIP]
    lacking += [
        (unit, role)
        for unit in units
        for role, flag in MEMBERSHIP.items()
        if unit.get(flag, True) is not True
    ]
    more_people: Rows = [
        {
            "person_id": f"{unit['benefit_unit_id']}?{role}",
            "benefit_unit_id": unit["benefit_unit_id"],
            "household_id": name,
            "role": role,
            PERHAPS: True,
        }
        for unit, role in lacking
    ]
    return Household(home, (*units, *more_units), (*people, *more_people))


def _by(key: str, rows: Rows) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def _with_confidence(group: dict[str, Any], people: Rows) -> dict[str, Any]:
    known = [each["confidence"] for each in people if each.get("confidence") is not None]
    return {**group, "confidence": min(known, default=None)}


def _check_rows(rows: Rows, plan: Plan, level: Level) -> None:
    ids = [row[KEYS[level]] for row in rows]
    if len(set(ids)) < len(ids):
        row = f"each row is one {level.value.replace('_', ' ')}"
        raise FrameError(f"{level.value} table: '{KEYS[level]}' repeats: {row}")
    facts = plan.book.catalogue.at(level)
    for name in facts.keys() & plan.schedule.facts:
        largest = facts[name].largest
        values = (row.get(name) for row in rows)
        if largest is not None and any(abs(each) > largest for each in values if each is not None):
            raise FrameError(f"column '{name}': a value is {too_large(facts[name].type)}")


def _check_groups(rows: SituationRows) -> None:
    homes = {row["household_id"] for row in rows.households}
    of_unit = {row["benefit_unit_id"]: row["household_id"] for row in rows.benefit_units}
    together = {(row["benefit_unit_id"], row["household_id"]) for row in rows.people}
    for lost, what in (
        (
            [unit for unit, _ in together if unit not in of_unit],
            "a benefit_unit_id that its own table does not hold",
        ),
        (
            [home for _, home in together if home not in homes],
            "a household_id that its own table does not hold",
        ),
        (
            [unit for unit, home in together if of_unit.get(unit) != home],
            "another household than their benefit unit",
        ),
    ):
        if lost:
            raise FrameError(f"people: {len(lost)} benefit unit(s) have members with {what}")


# --- receipts -------------------------------------------------------------------------------------


def _with_receipts(rows: SituationRows, plan: Plan) -> Rows:
    """People's rows with, for each scheme that the plan reads, `known:`, `held:`, `paid:` and
    `sum:`; `receipts.receipts` says the same of frames."""
    schemes = plan.schedule.receipts
    awards = [each for each in rows.awards if each["scheme"] in schemes]
    _check_awards(awards, plan)
    known_for = schemes if rows.receipt_known_for is None else rows.receipt_known_for
    held = _by("person_id", [each for each in awards if _is_in_force(each, plan.effective_on)])
    return [
        {
            **person,
            **{
                f"known:{scheme}": bool(person.get("awards_known")) and scheme in known_for
                for scheme in schemes
            },
            **_receipts(held.get(person["person_id"], [])),
        }
        for person in rows.people
    ]


def _receipts(awards: Rows) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in awards:
        scheme, amount = each["scheme"], each["amount"]
        found[f"held:{scheme}"] = True
        if each["status"] == "in_payment":
            # One award in payment whose amount is not stated leaves the sum unknown.
            before = found.get(f"sum:{scheme}", 0)
            found[f"paid:{scheme}"] = True
            found[f"sum:{scheme}"] = None if None in (before, amount) else before + amount
    return found


def _is_in_force(award: dict[str, Any], on: date) -> bool:
    starts_on, ends_on, status = award["starts_on"], award["ends_on"], award["status"]
    has_begun = starts_on is None or starts_on <= on or status in _OPEN_CLAIMS
    return status in CLAIMED_STATUSES and has_begun and (ends_on is None or ends_on >= on)


def _check_awards(awards: Rows, plan: Plan) -> None:
    stated = [each for each in awards if each["amount"] is not None]
    for each in stated:
        own = plan.book.catalogue.awards[each["scheme"]].per.value
        if each["per"] != own:
            raise FrameError(wrong_period(each["scheme"], own, each["per"]))
    if any(abs(each["amount"]) > LARGEST_AMOUNT for each in stated):
        raise FrameError(f"awards: an amount is {too_large('money')}")
