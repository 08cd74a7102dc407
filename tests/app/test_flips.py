"""Two determinations side by side: literals in, literals out, to the penny."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.app.flips import by_group, matrix, reasons, side_by_side
from nostop.frames import Determinations, check, empty

ROW: dict[str, Any] = {
    "benefit_unit_id": "b1",
    "person_id": None,
    "household_id": "h1",
    "scheme": "alpha",
    "effective_date": date(2026, 6, 1),
    "outcome": "entitled",
    "amount": 1000,
    "amount_low": 1000,
    "amount_high": 1000,
    "per": "week",
    "claimed": False,
    "worth_asking": False,
    "confidence": None,
    "because": ["poor"],
    "missing": [],
    "pack_version": "2026.1",
}
LABELS = pl.DataFrame(
    {
        "level": ["benefit_unit"] * 3,
        "subject": ["b1", "b2", "b3"],
        "tenure": ["mortgage", "other", "other"],
    }
)


def rows(*given: dict[str, Any]) -> pl.DataFrame:
    """Return determinations; an `amount` alone settles both bounds, `between` leaves them open."""
    made = []
    for each in given:
        row = {**ROW, **each}
        low, high = row.pop("between", (row["amount"], row["amount"]))
        amount = low if low == high else None
        made.append({**row, "amount": amount, "amount_low": low, "amount_high": high})
    return check(Determinations, pl.DataFrame(made, schema=empty(Determinations).schema))


NONE = {"outcome": "not_entitled", "amount": 0, "because": ["poor", "ill"]}


def only(frame: pl.DataFrame) -> dict[str, Any]:
    assert frame.height == 1
    return frame.row(0, named=True)


def test_same_results_flip_nobody() -> None:
    same = rows(
        {}, {"benefit_unit_id": "b2", **NONE}, {"benefit_unit_id": "b3", "between": (0, None)}
    )
    pairs = side_by_side(same, same)
    assert pairs["differs"].to_list() == [False, False, False]
    assert pairs["change"].to_list() == ["same", "same", "unsettled"]
    assert reasons(pairs).is_empty()


@pytest.mark.parametrize(
    ("old", "new", "change", "gained", "lost"),
    [
        ({"amount": 1000}, {"amount": 1001}, "gains", 52, 0),
        ({"amount": 1001}, {"amount": 1000}, "loses", 0, 52),
        ({"amount": 1000, "per": "month"}, {"amount": 1500, "per": "month"}, "gains", 6000, 0),
        ({"amount": 1000, "per": "week"}, {"amount": 5000, "per": "month"}, "gains", 8000, 0),
        ({"amount": 10, "per": "year"}, {"amount": 7, "per": "once"}, "loses", 0, 3),
        ({"amount": 1000}, NONE, "loses", 0, 52000),
        (NONE, {"amount": 1000}, "gains", 52000, 0),
    ],
)
def test_settled_amounts_are_compared_by_the_year(
    old: dict[str, Any], new: dict[str, Any], change: str, gained: int, lost: int
) -> None:
    found = only(matrix(side_by_side(rows(old), rows(new))))
    assert [found[name] for name in ("least_gained", "most_gained")] == [gained, gained]
    assert [found[name] for name in ("least_lost", "most_lost")] == [lost, lost]
    assert [kind for kind in ("gains", "loses", "same", "unsettled") if found[kind]] == [change]


def test_unsettled_amounts_are_told_as_least_and_most_apart() -> None:
    old = {"outcome": "unknown", "between": (0, 8800)}
    new = {"outcome": "unknown", "between": (100, 8700)}
    found = only(matrix(side_by_side(rows(old), rows(new))))
    assert (found["unsettled"], found["gains"], found["loses"]) == (1, 0, 0)
    assert (found["least_gained"], found["least_lost"]) == (5200, 0)
    assert (found["most_gained"], found["most_lost"]) == (0, 5200)


def test_amount_without_a_limit_leaves_the_sum_of_the_most_open() -> None:
    endless = {"outcome": "unknown", "between": (0, None)}
    other = {"benefit_unit_id": "b2", "amount": 2000}
    old = rows(endless, {**other, "outcome": "unknown", "amount": 1000})
    new = rows(endless, {**other, "outcome": "unknown"})
    found = only(matrix(side_by_side(old, new)))
    assert (found["least_gained"], found["most_gained"]) == (52000, None)


def test_scheme_that_one_side_lacks_is_absent_and_pays_nothing() -> None:
    nothing = empty(Determinations)
    gone = only(matrix(side_by_side(rows({}), nothing)))
    assert (gone["old_outcome"], gone["new_outcome"]) == ("entitled", "absent")
    assert (gone["loses"], gone["least_lost"], gone["most_lost"]) == (1, 52000, 52000)
    come = only(matrix(side_by_side(nothing, rows({}))))
    assert (come["old_outcome"], come["new_outcome"]) == ("absent", "entitled")
    assert (come["gains"], come["least_gained"]) == (1, 52000)


def test_scheme_decided_for_others_than_before_is_two_subjects() -> None:
    for_person = {"person_id": "p1"}
    pairs = side_by_side(rows({}), rows(for_person))
    assert pairs.select("level", "subject", "old_outcome", "new_outcome").rows() == [
        ("benefit_unit", "b1", "entitled", "absent"),
        ("person", "p1", "absent", "entitled"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ({}, {"outcome": "not_entitled", "because": ["rich", "well"]}, ["rich", "well"]),
        ({"outcome": "not_entitled", "because": ["rich"]}, {}, ["rich"]),
        ({}, {"outcome": "unknown", "because": ["open"]}, ["open"]),
        ({"outcome": "unknown", "because": ["open"]}, {}, ["open"]),
        (
            {"outcome": "unknown", "because": ["open"]},
            {"outcome": "not_entitled", "because": ["rich"]},
            ["rich"],
        ),
        (
            {"outcome": "not_entitled", "because": ["rich"]},
            {"outcome": "unknown", "because": ["open"]},
            ["rich"],
        ),
        ({}, {"amount": 5, "because": ["other"]}, []),
    ],
)
def test_reasons_are_the_conditions_in_the_way(
    old: dict[str, Any], new: dict[str, Any], because: list[str]
) -> None:
    assert reasons(side_by_side(rows(old), rows(new)))["condition"].to_list() == because


def test_groups_tell_who_is_newly_and_no_longer_entitled() -> None:
    old = rows({}, {"benefit_unit_id": "b2", **NONE}, {"benefit_unit_id": "b3"})
    new = rows(NONE, {"benefit_unit_id": "b2"}, {"benefit_unit_id": "b3", "amount": 1100})
    found = by_group(side_by_side(old, new), LABELS)
    names = ("value", "subjects", "newly_entitled", "no_longer_entitled", "gains", "loses")
    assert found.select(names).rows() == [("mortgage", 1, 0, 1, 0, 1), ("other", 2, 1, 0, 2, 0)]
    assert found["least_gained"].to_list() == [0, 57200]


OUTCOME = st.sampled_from(["entitled", "not_entitled", "unknown"])
AMOUNT = st.integers(0, 500)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(OUTCOME, AMOUNT, OUTCOME, AMOUNT, st.booleans()), min_size=1, max_size=8))
def test_groups_add_up_to_the_matrix(
    drawn: list[tuple[str, int, str, int, bool]],
) -> None:
    units = [f"b{number}" for number in range(len(drawn))]
    sides = [
        rows(
            *(
                {"benefit_unit_id": unit, "outcome": each[at], "amount": each[at + 1]}
                for unit, each in zip(units, drawn, strict=True)
            )
        )
        for at in (0, 2)
    ]
    labels = pl.DataFrame(
        {
            "level": "benefit_unit",
            "subject": units,
            "tenure": ["mortgage" if each[4] else "other" for each in drawn],
        }
    )
    pairs = side_by_side(*sides)
    groups, whole = by_group(pairs, labels), matrix(pairs)
    for name in ("subjects", "gains", "loses", "unsettled", "least_gained", "most_lost"):
        assert groups[name].sum() == whole[name].sum()
