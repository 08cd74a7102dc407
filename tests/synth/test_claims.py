"""What is claimed, and that it agrees with the facts."""

import polars as pl
import pytest

from nostop.frames import Determinations, empty
from nostop.model import AWARD_STATUSES, CLAIMED_STATUSES
from nostop.synth import Synthetic
from nostop.synth.claims import settled, with_claimed, with_guarantee_credit
from tests.synth.law import ADULT, determine

WEEKLY = {
    "attendance_allowance": {"lower": 7670, "higher": 11460},
    "dla_care": {"lowest": 3030, "middle": 7670, "highest": 11460},
    "dla_mobility": {"lower": 3030, "higher": 8000},
    "pip_daily_living": {"standard": 7670, "enhanced": 11460},
    "pip_mobility": {"standard": 3030, "enhanced": 8000},
}


def share_claimed(district: Synthetic, scheme: str) -> float:
    entitled = district.determinations.filter(
        (pl.col("scheme") == scheme) & (pl.col("outcome") == "entitled")
    )
    return entitled["claimed"].sum() / len(entitled)


@pytest.mark.parametrize(
    ("scheme", "low", "high"),
    [
        ("pension_credit", 0.55, 0.78),
        ("universal_credit", 0.70, 0.90),
        ("child_benefit", 0.84, 0.95),
    ],
)
def test_claims_follow_take_up(district: Synthetic, scheme: str, low: float, high: float) -> None:
    assert low < share_claimed(district, scheme) < high


def test_claims_of_pension_credit_are_likelier_for_larger_amounts(district: Synthetic) -> None:
    entitled = district.determinations.filter(
        (pl.col("scheme") == "pension_credit") & (pl.col("outcome") == "entitled")
    )
    by_amount = entitled.filter("claimed")["amount"].sum() / entitled["amount"].sum()
    assert by_amount > share_claimed(district, "pension_credit") + 0.03


@pytest.mark.parametrize("scheme", ["pension_credit", "universal_credit", "child_benefit"])
def test_awards_in_payment_are_what_is_due(
    district: Synthetic, people: pl.DataFrame, awards: pl.DataFrame, scheme: str
) -> None:
    paid = awards.filter((pl.col("scheme") == scheme) & (pl.col("status") == "in_payment"))
    due = determine(district.situation).filter(pl.col("outcome") == "entitled")
    units = people.select("person_id", "benefit_unit_id")
    both = paid.join(units, on="person_id").join(due, on=["benefit_unit_id", "scheme"], how="left")
    assert len(both) > 50
    assert both["amount"].equals(both["amount_right"], check_names=False)
    assert both["benefit_unit_id"].is_unique().all()


@pytest.mark.parametrize("scheme", ["attendance_allowance", "dla", "pip"])
def test_awards_of_disability_benefits_are_those_of_the_rates(
    people: pl.DataFrame, awards: pl.DataFrame, scheme: str
) -> None:
    parts = {name: amounts for name, amounts in WEEKLY.items() if name.startswith(scheme)}
    expected = [
        people.filter(pl.col(f"{name}_rate") != "none").select(
            "person_id", amount=pl.col(f"{name}_rate").replace_strict(amounts)
        )
        for name, amounts in parts.items()
    ]
    held = awards.filter(pl.col("scheme") == scheme).select("person_id", "amount")
    assert held.sort(pl.all()).equals(pl.concat(expected).sort(pl.all()))


def test_awards_of_state_pension_are_the_fact(people: pl.DataFrame, awards: pl.DataFrame) -> None:
    drawn = people.filter(pl.col("state_pension") > 0).select("person_id", amount="state_pension")
    held = awards.filter(pl.col("scheme") == "state_pension").select("person_id", "amount")
    assert held.sort("person_id").equals(drawn.sort("person_id"))


def test_awards_of_carers_allowance_go_to_full_time_carers(
    people: pl.DataFrame, awards: pl.DataFrame
) -> None:
    held = awards.filter(pl.col("scheme") == "carers_allowance").join(people, on="person_id")
    assert len(held) > 10
    assert (held["caring_hours"] >= 35).all()
    assert held["cares_for_person_with_qualifying_benefit"].all()
    paid = held.filter(pl.col("status") == "in_payment")
    assert (paid["amount"] + paid["state_pension"] == 8645).all()


def test_awards_of_housing_benefit_go_to_pensioners_who_rent(
    district: Synthetic, people: pl.DataFrame, awards: pl.DataFrame
) -> None:
    homes = district.situation.households
    held = awards.filter(pl.col("scheme") == "housing_benefit")
    held = held.join(people, on="person_id").join(homes, on="household_id")
    assert len(held) > 20
    assert held["tenure"].str.ends_with("_rent").all()
    paid = held.filter(pl.col("status") == "in_payment")
    assert (paid["amount"] <= paid["rent"] + paid["service_charge"]).all()


def test_awards_have_every_status_and_no_other(awards: pl.DataFrame) -> None:
    assert set(awards["status"]) == set(AWARD_STATUSES)


def test_awards_of_limited_capability_have_a_universal_credit_claim(
    people: pl.DataFrame, awards: pl.DataFrame
) -> None:
    limited = people.filter(pl.col("limited_capability") != "none")["person_id"]
    claimants = awards.filter(pl.col("scheme") == "universal_credit")["person_id"]
    assert set(limited) <= set(claimants)


def test_awards_of_child_benefit_begin_after_the_eldest_child(
    people: pl.DataFrame, awards: pl.DataFrame
) -> None:
    units = people.select("person_id", "benefit_unit_id")
    eldest = people.filter(~ADULT).group_by("benefit_unit_id").agg(pl.col("born_on").min())
    held = awards.filter(pl.col("scheme") == "child_benefit").join(units, on="person_id")
    assert (
        (held.join(eldest, on="benefit_unit_id").select("starts_on", "born_on"))
        .select((pl.col("starts_on") > pl.col("born_on")).all())
        .item()
    )


def test_determinations_are_claimed_as_the_awards_say(
    district: Synthetic, people: pl.DataFrame, awards: pl.DataFrame
) -> None:
    held = awards.filter(pl.col("status").is_in(CLAIMED_STATUSES)).join(people, on="person_id")
    claimed = set(held.select("benefit_unit_id", "scheme").iter_rows())
    rows = district.determinations
    assert rows["claimed"].null_count() == 0
    said = set(rows.filter("claimed").select("benefit_unit_id", "scheme").iter_rows())
    assert said == {pair for pair in claimed if pair[1] in set(rows["scheme"])}


def test_with_claimed_looks_at_the_subject_of_each_row() -> None:
    people = pl.DataFrame(
        {
            "person_id": ["a", "b"],
            "benefit_unit_id": ["u", "u"],
            "household_id": ["h", "h"],
        }
    )
    awards = pl.DataFrame(
        {"person_id": ["a", "b"], "scheme": ["x", "y"], "status": ["pending", "ended"]}
    )
    template = one_determination()
    rows = pl.concat(
        [
            template.with_columns(scheme=pl.lit("x"), person_id=pl.lit("a")),
            template.with_columns(scheme=pl.lit("x"), person_id=pl.lit("b")),
            template.with_columns(scheme=pl.lit("x"), person_id=pl.lit(None, pl.String)),
            template.with_columns(scheme=pl.lit("y"), person_id=pl.lit(None, pl.String)),
        ]
    )
    assert with_claimed(rows, awards, people)["claimed"].to_list() == [True, False, True, False]


def one_determination() -> pl.DataFrame:
    """Return one determination of benefit unit `u`."""
    row = {"benefit_unit_id": "u", "scheme": "x", "per": "week", "pack_version": "1"}
    return pl.concat([empty(Determinations), pl.DataFrame(row)], how="diagonal")


def test_settled_pays_what_is_due_and_leaves_nil_where_nothing_is() -> None:
    people = pl.DataFrame({"person_id": ["a", "b"], "benefit_unit_id": ["u", "v"]})
    awards = pl.DataFrame(
        {
            "person_id": ["a", "b", "b"],
            "scheme": ["x", "x", "other"],
            "status": ["in_payment", "in_payment", "in_payment"],
            "amount": [900, 800, 700],
            "per": ["week"] * 3,
            "starts_on": [None] * 3,
            "ends_on": [None] * 3,
            "code": [None] * 3,
            "rate": [None] * 3,
        }
    )
    due = pl.DataFrame(
        {
            "benefit_unit_id": ["u", "v"],
            "person_id": [None, None],
            "scheme": ["x", "x"],
            "outcome": ["entitled", "not_entitled"],
            "amount": [850, 0],
        }
    )
    done = settled(awards, due, people)
    assert done["amount"].to_list() == [850, 0, 700]
    assert done["status"].to_list() == ["in_payment", "nil_award", "in_payment"]


def test_settled_leaves_what_is_drawn_for_a_person() -> None:
    people = pl.DataFrame({"person_id": ["a", "b"], "benefit_unit_id": ["u", "u"]})
    awards = pl.DataFrame(
        {
            "person_id": ["a"],
            "scheme": ["x"],
            "status": ["in_payment"],
            "amount": [900],
            "per": ["week"],
            "starts_on": [None],
            "ends_on": [None],
            "code": [None],
            "rate": [None],
        }
    )
    due = pl.DataFrame(
        {
            "benefit_unit_id": ["u", "u"],
            "person_id": ["a", "b"],
            "scheme": ["x", "x"],
            "outcome": ["entitled", "entitled"],
            "amount": [850, 800],
        }
    )
    assert settled(awards, due, people).equals(awards)


def test_guarantee_credit_is_what_no_savings_credit_can_be() -> None:
    people = pl.DataFrame({"person_id": ["a", "b", "c", "d"]})
    awards = pl.DataFrame(
        {
            "person_id": ["a", "b", "c", "d"],
            "scheme": ["pension_credit", "pension_credit", "pension_credit", "universal_credit"],
            "status": ["in_payment", "in_payment", "ended", "in_payment"],
            "amount": [2011, 2010, 5000, 90000],
        }
    )
    found = with_guarantee_credit(people, awards)["gets_guarantee_credit"]
    assert found.to_list() == [True, False, False, False]
