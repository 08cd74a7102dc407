"""Builds the invented district, asks the packs what is due on the full truth, draws claims, and
lets departments look."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.frames import Awards, Determinations, Situation, check
from nostop.model import SettingsError
from nostop.synth import claims
from nostop.synth.awards import standing_awards
from nostop.synth.care import CARER_HOURS, with_paid_carers
from nostop.synth.chance import Chance
from nostop.synth.circumstances import HOUSEHOLD_FACTS, PEOPLE_FACTS, District, build_district
from nostop.synth.identities import MOST_PEOPLE
from nostop.synth.shapes import Shapes, read_names, read_shapes
from nostop.synth.views import (
    council_tax,
    dwp_awards,
    hmrc_child_benefit,
    hmrc_rti,
    housing_benefit,
    nhs_register,
    outreach_register,
    school_census,
)
from nostop.synth.views.feed import Feed, Seen

#: The amounts of shapes.yaml are those of this tax year.
FIRST_DAY, LAST_DAY = date(2026, 4, 6), date(2027, 4, 5)
LEAST_PEOPLE = 50
_VIEWS = (
    dwp_awards,
    hmrc_rti,
    hmrc_child_benefit,
    council_tax,
    housing_benefit,
    nhs_register,
    school_census,
    outreach_register,
)

Determine = Callable[[Situation], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Synthetic:
    """One invented district: what is true (`situation`, with all awards and claims), what the
    packs give, what feeds say."""

    people: int
    seed: int
    effective_on: date
    situation: Situation
    determinations: pl.DataFrame
    feeds: tuple[Feed, ...]


def generate(people: int, seed: int, determine: Determine, effective_on: date) -> Synthetic:
    """Return an invented district of exactly `people` people; the same for the same arguments.

    Args:
        people: how many people live in the district.
        seed: what every draw follows from.
        determine: works the packs on a situation, and returns `Determinations`. It is called
            twice: without claims, to see
            who may claim, and with all claims, since some packs read what else is claimed.
        effective_on: the day everything is true of, within the tax year 2026-27.

    Raises:
        SettingsError: the number of people, the seed or the date cannot be used.
        FrameError: `determine` returned something else than `Determinations`.
    """
    _refuse_impossible(people, seed, effective_on)
    shapes, names, chance = read_shapes(), read_names(), Chance(seed)
    district = build_district(people, shapes, names, chance, effective_on=effective_on)
    standing = standing_awards(district.people, shapes, chance, effective_on)
    district = _with_what_awards_tell(district, standing, shapes, chance)
    before = check(Determinations, determine(_situation(district, standing)))
    claimed = claims.drawn_claims(
        district.people, before, shapes, chance, effective_on=effective_on
    )
    awards = pl.concat([standing, claimed]).sort(
        "person_id", "scheme", "code", "starts_on", nulls_last=True
    )
    district = _with_what_awards_tell(district, awards, shapes, chance)
    after = check(Determinations, determine(_situation(district, awards)))
    awards = claims.settled(awards, after, district.people)
    seen = Seen(district, awards, shapes, names, chance, effective_on)
    return Synthetic(
        people,
        seed,
        effective_on,
        _situation(district, awards),
        claims.with_claimed(after, awards, district.people),
        tuple(each.view(seen) for each in _VIEWS),
    )


def _with_what_awards_tell(
    district: District, awards: pl.DataFrame, shapes: Shapes, chance: Chance
) -> District:
    """Return the district with has_paid_carer: Carer's Allowance in payment, or a carer's
    Universal Credit; and with gets_guarantee_credit."""
    paid = awards.filter(pl.col("status") == "in_payment")
    allowance = paid.filter(pl.col("scheme") == "carers_allowance")["person_id"]
    on_credit = paid.filter(pl.col("scheme") == "universal_credit").join(
        district.people.select("person_id", "benefit_unit_id"),
        on="person_id",
        how="left",
        validate="m:1",
    )
    with_element = district.people.filter(
        pl.col("benefit_unit_id").is_in(on_credit["benefit_unit_id"].to_list())
        & (pl.col("caring_hours") >= CARER_HOURS)
    )["person_id"]
    people = with_paid_carers(district.people, pl.concat([allowance, with_element]), shapes, chance)
    people = claims.with_guarantee_credit(people, awards)
    return District(people, district.units, district.households)


def _refuse_impossible(people: int, seed: int, effective_on: date) -> None:
    if people < LEAST_PEOPLE:
        raise SettingsError(f"--people {people}: a district has at least {LEAST_PEOPLE} people")
    if people > MOST_PEOPLE:
        raise SettingsError(
            f"--people {people:,}: at most {MOST_PEOPLE:,}, the count of NINOs that begin QQ"
        )
    if seed < 0:
        raise SettingsError(f"--seed {seed}: give a whole number from 0")
    if not FIRST_DAY <= effective_on <= LAST_DAY:
        raise SettingsError(
            f"effective date {effective_on}: the sample's amounts are those of {FIRST_DAY} to "
            f"{LAST_DAY}: give a day between them"
        )


def _situation(district: District, awards: pl.DataFrame) -> Situation:
    people = district.people.select("person_id", "benefit_unit_id", "household_id", *PEOPLE_FACTS)
    households = district.households.select("household_id", *HOUSEHOLD_FACTS)
    return Situation(people, district.units, households, check(Awards, awards))
