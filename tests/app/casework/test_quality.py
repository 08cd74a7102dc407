"""Quality: agreement between people, and what is missing or set aside, added up."""

from pathlib import Path

import polars as pl
import pytest

from nostop.app.casework.agreement import agreement
from nostop.app.casework.quality import Words, _advice
from nostop.app.casework.quality_loading import set_aside_of, unknowns_of


def test_agreement_is_as_the_books_have_it() -> None:
    # Cohen's own example: 0.7 observed, 0.5 by chance.
    found = agreement([("yes", "yes", 20), ("yes", "no", 5), ("no", "yes", 10), ("no", "no", 15)])
    assert (found.pairs, found.agreed, found.share) == (50, 35, 0.7)
    assert (round(found.low, 3), round(found.high, 3)) == (0.562, 0.809)
    assert found.kappa == pytest.approx(0.4)
    # 4,000 bootstrap samples have a standard deviation of 0.129.
    assert (found.kappa_low, found.kappa_high) == pytest.approx((0.151, 0.649), abs=0.001)


def test_of_three_answers_agreement_counts_each() -> None:
    said = [("c", "c", 60), ("n", "n", 20), ("c", "n", 6), ("n", "c", 4), ("c", "t", 8),
            ("n", "t", 2)]  # fmt: skip
    found = agreement(said)
    assert found.kappa == pytest.approx(0.564, abs=0.001)
    assert (found.kappa_low, found.kappa_high) == pytest.approx((0.410, 0.718), abs=0.001)


def test_of_few_nothing_is_said_and_of_one_answer_no_kappa() -> None:
    few = agreement([("same", "same", 19)])
    assert (few.is_enough, few.share, few.kappa) == (False, None, None)
    alike = agreement([("same", "same", 40)])
    assert (alike.share, alike.kappa) == (1.0, None)
    assert agreement([]).pairs == 0


def frame(rows: list[dict[str, object]], **kinds: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(kinds), **row} for row in rows], schema=kinds)


def lacks(*rows: dict[str, object]) -> pl.DataFrame:
    return frame(
        [{"scheme": "pension_credit", "outcome": "unknown", "worth_asking": True, **row}
         for row in rows],
        benefit_unit_id=pl.String(), household_id=pl.String(), scheme=pl.String(),
        outcome=pl.String(), claimed=pl.Boolean(), worth_asking=pl.Boolean(),
        missing=pl.List(pl.String()),
    )  # fmt: skip


def flags(*rows: dict[str, object]) -> pl.DataFrame:
    return frame(
        [{"scheme": "pension_credit", "outcome": "unknown", "per": "week", **row} for row in rows],
        benefit_unit_id=pl.String(), subject_id=pl.String(), scheme=pl.String(),
        outcome=pl.String(), amount_high=pl.Int64(), per=pl.String(), gain_year=pl.Int64(),
    )  # fmt: skip


def of(unit: str, *missing: str, **other: object) -> dict[str, object]:
    return {"benefit_unit_id": unit, "household_id": "H1", "missing": list(missing), **other}


def test_each_missing_fact_holds_its_flags_open_and_nothing_known_is_no_nought() -> None:
    found = unknowns_of(
        lacks(
            of("B1", "savings", "rent"),
            of("B2", "savings"),
            of("B3", "rent"),
            of("B4", "savings", claimed=True),
            of("B5", "savings"),
            of("B6", "savings", worth_asking=False),
        ),
        flags(
            {"benefit_unit_id": "B1", "amount_high": 1000},
            {"benefit_unit_id": "B2", "gain_year": 70_000, "amount_high": 99_999},
            {"benefit_unit_id": "B3"},
            {"benefit_unit_id": "B4"},
            {"benefit_unit_id": "B5", "outcome": "entitled"},
            {"benefit_unit_id": "B6"},
        ),
    )
    assert found.rows() == [
        ("pension_credit", "rent", 2, 1, 52_000),
        ("pension_credit", "savings", 2, 2, 122_000),
    ]


def test_where_no_flag_has_a_figure_there_is_none() -> None:
    found = unknowns_of(lacks(of("B1", "savings")), flags({"benefit_unit_id": "B1"}))
    assert found.rows() == [("pension_credit", "savings", 1, 0, None)]


def test_two_people_of_a_unit_are_one_flag_and_a_household_has_its_own() -> None:
    home = {"benefit_unit_id": None, "scheme": "warm_home", "missing": ["rent"]}
    found = unknowns_of(
        lacks(
            of("B1", "savings"),
            of("B1", "savings"),
            {**home, "household_id": "H1"},
            {**home, "household_id": "H2"},
        ),
        flags(
            {"benefit_unit_id": "B1", "subject_id": "P1"},
            {"benefit_unit_id": "B1", "subject_id": "H1", "scheme": "warm_home"},
            {"benefit_unit_id": "B2", "subject_id": "H2", "scheme": "warm_home"},
        ),
    )
    counts = found.select("scheme", "flags").rows()
    assert counts == [("pension_credit", 1), ("warm_home", 2)]


def test_rows_set_aside_are_counted_by_column_and_reason(tmp_path: Path) -> None:
    lines = [
        "source,file,line,column,reason",
        "dwp,a.csv,2,born_on,is no date",
        "dwp,a.csv,3,born_on,is no date",
        "dwp,a.csv,4,,too few cells",
        "hmrc,b.csv,9,pay,is no amount",
    ]
    (tmp_path / "quarantine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert set_aside_of(tmp_path).rows() == [
        ("dwp", "born_on", "is no date", 2),
        ("dwp", "-", "too few cells", 1),
        ("hmrc", "pay", "is no amount", 1),
    ]


def test_nothing_set_aside_is_no_row(tmp_path: Path) -> None:
    (tmp_path / "quarantine.csv").write_text("source,file,line,column,reason\n", encoding="utf-8")
    assert set_aside_of(tmp_path).is_empty()


def test_without_a_run_ids_stand_for_words() -> None:
    words = Words(None)
    assert words.scheme("pension_credit") == "pension_credit"
    assert words.condition("pension_credit", "age") == ("age", "")
    assert words.fact("savings") == "savings"


def test_the_sentence_on_top_says_what_to_do_or_that_there_is_nothing() -> None:
    rows = pl.DataFrame({"fact": ["Savings"], "scheme": ["Pension Credit"], "flags": [3]})
    says, names = _advice("unknowns", rows)
    told = "Ask first for “Savings” (Pension Credit): it holds 3 flags open."
    assert says.format(**names) == told
    assert _advice("unknowns", rows.clear()) == ("No flag waits for a missing fact.", {})
