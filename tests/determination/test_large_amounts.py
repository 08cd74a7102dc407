"""Amounts and fractions beyond what 64 bits hold exactly are refused: none comes out as another."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from nostop.determination import read_frames, read_json
from nostop.determination.determine import determine
from nostop.frames import Situation
from nostop.model import FrameError, NostopError, RuleError, SituationError
from nostop.rulebook import Rulebook, check, load_rulebook
from nostop.rulebook.batch.compile import LARGEST_DENOMINATOR
from nostop.rulebook.catalogue import LARGEST_AMOUNT
from tests.rulebook.small import ON, RATES, pack_text, situation, write_rules

TOO_MUCH = "larger than any amount can be: £10,000,000,000.00 is the most"
TOO_MANY = "larger than any number can be: 1,000,000 is the most"


def _book(folder: Path, part: str = "week_a", share: str = "11/20") -> Rulebook:
    text = pack_text(
        {"some": "total(pay) > 0 and total(award(carers_allowance)) >= 0"}, {"part_a": part}
    )
    rates = RATES.replace("11/20", share)
    return load_rulebook(write_rules(folder, {"uk/alpha/rates.yaml": rates}, alpha=text))


def _told(kind: type[NostopError], work: Callable[[], object]) -> str:
    with pytest.raises(kind) as raised:
        work()
    return str(raised.value)


def _award(amount: int) -> dict[str, object]:
    given = {"scheme": "carers_allowance", "status": "in_payment", "amount": amount, "per": "week"}
    return {**given, "starts_on": None, "ends_on": None}


# --- amounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "message"),
    [
        ({"savings": LARGEST_AMOUNT + 1}, f"savings: 1000000000001 is {TOO_MUCH}"),
        ({"profit": -LARGEST_AMOUNT - 1}, f"profit: -1000000000001 is {TOO_MUCH}"),
        ({"hours": 1_000_001}, f"hours: 1000001 is {TOO_MANY}"),
        ({"awards": [_award(2**53)]}, f"awards: amount 9007199254740992 is {TOO_MUCH}"),
    ],
)
def test_too_large_an_amount_of_a_case_is_refused(
    person: dict[str, object], message: str, tmp_path: Path
) -> None:
    book = _book(tmp_path / "rules")
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"people": {"ann": person}}))
    assert _told(SituationError, lambda: read_json(file, book.catalogue)) == (
        f"{file}: ann: {message}"
    )


def test_too_large_an_amount_of_a_table_is_refused_without_saying_whose(tmp_path: Path) -> None:
    book = _book(tmp_path / "rules")
    made = situation(book.catalogue, [{"pay": 1}, {"pay": LARGEST_AMOUNT + 1}])
    for name in ("people", "benefit_units", "households"):
        getattr(made, name).write_parquet(tmp_path / f"{name}.parquet")
    told = _told(SituationError, lambda: read_frames(tmp_path, book.catalogue))
    assert told == f"{tmp_path / 'people.parquet'}: pay: a value is {TOO_MUCH}"


def test_too_large_an_amount_is_refused_wherever_it_came_from(tmp_path: Path) -> None:
    book = _book(tmp_path)
    people = situation(book.catalogue, [{"pay": LARGEST_AMOUNT + 1}])
    told = _told(FrameError, lambda: determine(people, book, ON))
    assert told == f"column 'pay': a value is {TOO_MUCH}"
    awards = [{"person_id": "p0", **_award(LARGEST_AMOUNT + 1)}]
    paid = situation(book.catalogue, [{"pay": 1}], awards=awards)
    told = _told(FrameError, lambda: determine(paid, book, ON))
    assert told == f"awards: an amount is {TOO_MUCH}"


def test_too_large_a_rate_is_refused(tmp_path: Path) -> None:
    rates = RATES.replace("value: 10000,", "value: 1000000000001,", 1).replace(
        "value: 18,", "value: 1000001,", 1
    )
    text = pack_text({"some": "total(pay) > 0"}, {"part_a": "week_a"})
    folder = write_rules(tmp_path, {"uk/alpha/rates.yaml": rates}, alpha=text)
    told = [problem.message for problem in check(folder)]
    assert told == [
        f"'week_a': value 1000000000001 is {TOO_MUCH}",
        f"'many': value 1000001 is {TOO_MANY}",
    ]


# --- fractions ------------------------------------------------------------------------------------


def _rich(book: Rulebook) -> Situation:
    return situation(book.catalogue, [{"pay": LARGEST_AMOUNT} for _ in range(9)], awards=[])


def test_nine_of_the_largest_amounts_in_the_finest_fraction_are_exact(tmp_path: Path) -> None:
    book = _book(tmp_path, "total(pay * share)", share=f"999999/{LARGEST_DENOMINATOR}")
    (row,) = determine(_rich(book), book, ON).iter_rows(named=True)
    assert row["amount"] == 9 * 999_999 * LARGEST_AMOUNT // LARGEST_DENOMINATOR


@pytest.mark.parametrize(
    "part",
    [
        "total(pay * share)",
        "total(pay) * share",
        'round_to(total(pay) * share, "penny", "down")',
        'total(round_to(pay * share, "penny", "up"))',
    ],
)
def test_formula_that_keeps_finer_fractions_is_refused_with_its_place(
    part: str, tmp_path: Path
) -> None:
    book = _book(tmp_path, part, share=f"1/{LARGEST_DENOMINATOR + 1}")
    told = _told(RuleError, lambda: determine(_rich(book), book, ON))
    finest = "alpha.part_a keeps fractions as fine as 1/1000001: round on the way, by round_to(...)"
    assert told == f"{tmp_path / 'uk/alpha/pack.yaml'}:19:14: {finest}"


def test_fractions_rounded_on_the_way_never_grow_too_fine(tmp_path: Path) -> None:
    step = 'round_to({} * share, "penny", "down")'
    part = step.format(step.format(step.format("total(pay)")))
    book = _book(tmp_path, part, share="1/1000")
    people = situation(book.catalogue, [{"pay": 7_000_000_001}], awards=[])
    rows = determine(people, book, ON)
    assert rows.select("outcome", "amount").rows() == [("entitled", 7)]
    assert rows.schema["amount"] == pl.Int64()
