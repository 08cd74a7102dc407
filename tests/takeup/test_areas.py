from datetime import date
from random import Random

import polars as pl

from nostop.frames import Determinations, check
from nostop.takeup import (
    NOT_KNOWN,
    AreaCounts,
    TakeUpCounts,
    measure,
    measure_by_area,
    publish_by_area,
)
from nostop.takeup.bounds import COUNTS

ON = date(2026, 6, 1)
REST = {
    "unclaimed_low": 0,
    "unclaimed_high": 0,
    "unknown_adds_at_most": 0,
    "unbounded_units": 0,
    "largest_unclaimed": None,
    "largest_unknown": None,
    "take_up_low": None,
    "take_up_high": None,
}
Table = dict[str, dict[str, int]]


def frames(areas: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The exact counts of each area, and their sums."""
    rows = [
        {
            "scheme": "s",
            "effective_date": ON,
            "area": area,
            **dict.fromkeys(COUNTS, 0),
            **REST,
            **each,
        }
        for area, each in areas.items()
    ]
    sums = {name: sum(row[name] for row in rows) for name in COUNTS}
    total = {"scheme": "s", "effective_date": ON, **REST, **sums}
    kinds = {name: column.dtype for name, column in AreaCounts.columns().items()}
    plain = {name: column.dtype for name, column in TakeUpCounts.columns().items()}
    return pl.DataFrame(rows, schema=kinds), pl.DataFrame([total], schema=plain)


def published(areas: Table) -> dict[str, dict[str, object]]:
    rows = publish_by_area(*frames(areas)).to_dicts()
    return {row["area"]: row for row in rows}


def people(number: int, other: int) -> dict[str, int]:
    """Counts of which none is small, but for `other`."""
    return dict.fromkeys(COUNTS, number) | {"recipients": other}


def test_areas_without_a_small_count_are_all_shown():
    shown = published({"A": people(50, 103), "B": people(60, 201)})
    assert [shown[area]["recipients"] for area in "AB"] == [105, 200]
    assert not any(row["is_hidden"] for row in shown.values())
    assert shown["A"]["take_up_low"] is not None


def test_inv_47_one_hidden_count_cannot_be_had_by_taking_the_others_from_the_total():
    shown = published({"A": people(50, 7), "B": people(60, 200), "C": people(90, 300)})
    # A's 7 would be 507 - 500: so the smallest two go, and of B nothing is known either.
    assert {area: row["is_hidden"] for area, row in shown.items()} == {
        "A": True,
        "B": True,
        "C": False,
    }
    hidden = [name for name in shown["B"] if name not in ("scheme", "effective_date", "area")]
    assert {shown["B"][name] for name in hidden if name != "is_hidden"} == {None}
    assert shown["C"]["recipients"] == 300


def test_as_many_areas_are_hidden_as_it_takes_where_all_are_rounded_up():
    # 13 four times is 15 four times, and the total of 52 is 50: nothing but 0 is left for the rest.
    shown = published(
        {"A": people(50, 0), "B": people(51, 0)}
        | {area: people(60, 13) for area in ("C", "D", "E", "F")}
    )
    assert [area for area, row in shown.items() if row["is_hidden"]] == ["A", "B", "C"]


def test_where_receipt_is_known_for_all_no_area_is_hidden_for_it():
    known = {"entitled_receipt_unknown": 0, "unknown_receipt_unknown": 0}
    shown = published({"A": people(50, 103) | known, "B": people(60, 201) | known})
    assert not any(row["is_hidden"] for row in shown.values())


def test_receipt_known_in_one_area_alone_is_not_told():
    known = {"entitled_receipt_unknown": 0, "unknown_receipt_unknown": 0}
    areas = {name: people(50 + place, 100) for place, name in enumerate("ABC")}
    shown = published(areas | {"D": people(90, 103) | known})
    # With 0 for those of whom receipt is unknown, its take-up would be narrower.
    few = published(areas | {"D": people(90, 103) | dict.fromkeys(known, 9)})
    assert shown["D"]["take_up_low"] == few["D"]["take_up_low"] is not None


def test_inv_47_no_hidden_count_is_narrowed_by_the_areas_and_the_total():
    chance = Random(47)  # noqa: S311 - tables of a test
    schemes = [
        {
            f"E{area}": {name: chance.choice((0, 3, 9, 10, 13, 13, 13, 28)) for name in COUNTS}
            for area in range(chance.randint(2, 9))
        }
        for _ in range(120)
    ]
    both = [frames(areas) for areas in schemes]
    named = [
        tuple(each.with_columns(scheme=pl.lit(f"s{number}")) for each in pair)
        for number, pair in enumerate(both)
    ]
    shown = publish_by_area(*(pl.concat(each) for each in zip(*named, strict=True)))
    looked_at = 0
    for number, areas in enumerate(schemes):
        rows = shown.filter(scheme=f"s{number}")
        for name in set(COUNTS) & set(shown.columns):
            total, rounded = sum(row[name] for row in areas.values()), rows[name]
            if total < 10 or rounded.null_count() == 0 or rows["is_hidden"].all():
                continue
            looked_at += 1
            assert rows["is_hidden"].sum() >= 2
            most_there_are = (total + 2) // 5 * 5 + 2
            least_shown = sum(max(each - 2, 10) for each in rounded.drop_nulls())
            # What the sum leaves to any one of the hidden: no less than each may be anyway.
            assert most_there_are - least_shown >= 9
    assert looked_at > 50


def determinations() -> pl.DataFrame:
    rows = [
        {
            "benefit_unit_id": f"B{number}",
            "household_id": home,
            "scheme": scheme,
            "effective_date": ON,
            "outcome": outcome,
            "amount": pence,
            "amount_low": pence,
            "amount_high": pence,
            "per": "week",
            "pack_version": "1",
            "claimed": claimed,
        }
        for number, (home, scheme, outcome, claimed, pence) in enumerate(
            [
                ("H1", "s", "entitled", True, 100),
                ("H1", "s", "entitled", False, 200),
                ("H2", "s", "entitled", False, 300),
                ("H3", "s", "unknown", False, None),
                ("H4", "s", "entitled", True, 400),
                ("H2", "other", "entitled", True, 500),
            ]
        )
    ]
    schema = {name: column.dtype for name, column in Determinations.columns().items()}
    return check(Determinations, pl.DataFrame(rows, schema=schema))


AREAS = pl.DataFrame({"household_id": ["H1", "H2", "H3", "H5"], "area": ["N", "S", None, "W"]})


def test_counts_by_area_add_up_to_those_of_the_scheme():
    rows = determinations()
    areas, totals = measure_by_area(rows, AREAS, ON), measure(rows, ON)
    summed = areas.group_by("scheme").agg(pl.col(COUNTS).sum()).sort("scheme")
    assert summed.equals(totals.select("scheme", *COUNTS))
    pounds = areas.filter(scheme="s")["unclaimed_low"].sum()
    assert pounds == totals.filter(scheme="s")["unclaimed_low"].item() == 500 * 52


def test_every_area_has_a_row_and_so_have_those_of_whom_it_is_not_known():
    areas = measure_by_area(determinations(), AREAS, ON)
    assert areas.filter(scheme="other").select("area", "recipients").rows() == [
        ("N", 0),
        ("S", 1),
        ("W", 0),
        (NOT_KNOWN, 0),
    ]
    row = areas.filter(scheme="s", area=NOT_KNOWN).row(0, named=True)
    assert (row["recipients"], row["unknown_non_recipients"]) == (1, 1)
    assert row["unknown_adds_at_most"] is None
    assert areas.filter(scheme="s", area="W")["unclaimed_high"].item() == 0


def test_an_area_where_nobody_counts_looks_like_one_with_a_few():
    shown = publish_by_area(
        measure_by_area(determinations(), AREAS, ON), measure(determinations(), ON)
    )
    assert shown.select(pl.col("recipients", "take_up_low").null_count()).row(0) == (8, 8)
    assert shown["is_hidden"].sum() == 4
