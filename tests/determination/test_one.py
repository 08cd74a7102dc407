"""One situation decided by the interpreter: the same rows as the compiled plan gives."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination import Decider, determine, read_situation
from nostop.determination.one import as_frame
from nostop.determination.rows import SituationRows
from nostop.frames import Situation
from nostop.model import FrameError, RuleError, SituationError
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.catalogue import LARGEST_AMOUNT
from tests.rulebook.small import ON, pack_text, write_rules
from tests.rulebook.worlds import world, worlds


def _rows(situation: Situation) -> SituationRows:
    return SituationRows(
        people=situation.people.to_dicts(),
        benefit_units=situation.benefit_units.to_dicts(),
        households=situation.households.to_dicts(),
        awards=[] if situation.awards is None else situation.awards.to_dicts(),
    )


@worlds(12)
@given(seed=st.integers(0, 10**9))
def test_one_situation_is_decided_as_determine_does(seed: int) -> None:
    made = world(seed, households=40)
    rows = Decider(made.book, ON).decide(_rows(made.situation))
    assert as_frame(rows).equals(determine(made.situation, made.book, ON))


# --- real packs and plain data --------------------------------------------------------------------

COUPLE: dict[str, Any] = {
    "people": {
        "bob": {"born_on": "1950-03-01", "state_pension": 15_000, "awards": []},
        "ann": {
            "born_on": "1951-03-01",
            "capital": 1_200_000,
            "awards": [
                {"scheme": "carers_allowance", "status": "in_payment", "amount": 8645,
                 "per": "week", "starts_on": "2026-04-06"},
                {"scheme": "carers_allowance", "status": "in_payment", "per": "week"},
                {"scheme": "pension_credit", "status": "pending", "starts_on": "2030-01-01"},
            ],
        },
        "kim": {"born_on": "2012-03-01"},
    },
    "benefit_units": {"b1": {"adults": ["bob", "ann"], "children": ["kim"]}},
    "households": {"h1": {"nation": "wales", "tenure": "council_rent"}, "empty": {"members": []}},
}  # fmt: skip


def test_plain_data_is_decided_as_its_frames_are(book: Rulebook) -> None:
    data = {**COUPLE, "households": {"h1": {"nation": "wales", "members": ["bob", "ann", "kim"]},
                                     "empty": {"members": []}}}  # fmt: skip
    rows = Decider(book, ON).decide_plain(data)
    framed = read_situation(data, book.catalogue, "here").situation
    assert as_frame(rows).equals(determine(framed, book, ON))
    claimed = {row["scheme"]: row["claimed"] for row in rows}
    assert claimed["pension_credit"] is True


def test_a_decider_keeps_nothing_of_the_situation_before(book: Rulebook) -> None:
    decider = Decider(book, ON, ["pension_credit"])
    rich = {"people": {"ann": {"born_on": "1950-03-01", "capital": 90_000_000}}}
    poor = {"people": {"ann": {"born_on": "1990-03-01"}}}
    first = [decider.decide_plain(data) for data in (rich, poor)]
    again = [decider.decide_plain(data) for data in (rich, poor)]
    assert first == again
    assert first[0] != first[1]


def test_schemes_asked_for_are_the_ones_decided(book: Rulebook) -> None:
    rows = Decider(book, ON, ["child_benefit"]).decide_plain({"people": {"ann": {}}})
    assert [row["scheme"] for row in rows] == ["child_benefit"]
    with pytest.raises(RuleError, match="no scheme 'child_benefits'; did you mean"):
        Decider(book, ON, ["child_benefits"])
    with pytest.raises(RuleError, match="is uprated each year and has no value for 2030-01-01"):
        Decider(book, date(2030, 1, 1))


def test_a_mistake_in_plain_data_is_named(book: Rulebook) -> None:
    with pytest.raises(SituationError, match=r"^here: ann: 'capitol' is not known here; did you"):
        Decider(book, ON).decide_plain({"people": {"ann": {"capitol": 1}}}, "here")


# --- what is refused ------------------------------------------------------------------------------

TOO_MUCH = "larger than any amount can be: £10,000,000,000.00 is the most"
_AWARD = {"scheme": "carers_allowance", "status": "in_payment", "amount": 1, "per": "week",
          "starts_on": None, "ends_on": None}  # fmt: skip
Change = Callable[[SituationRows], SituationRows]


def _changed(rows: SituationRows, person: dict[str, Any]) -> SituationRows:
    return replace(rows, people=[{**rows.people[0], **person}, *rows.people[1:]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: _changed(rows, {"pay": LARGEST_AMOUNT + 1}),
            f"column 'pay': a value is {TOO_MUCH}",
        ),
        (
            lambda rows: replace(rows, awards=[{**_AWARD, "person_id": "p", "per": "month"}]),
            "awards: carers_allowance is stated per week, found per month",
        ),
        (
            lambda rows: replace(rows, awards=[{**_AWARD, "person_id": "p", "per": None}]),
            "awards: carers_allowance is stated per week, found per None",
        ),
        (
            lambda rows: replace(
                rows, awards=[{**_AWARD, "person_id": "p", "amount": LARGEST_AMOUNT + 1}]
            ),
            f"awards: an amount is {TOO_MUCH}",
        ),
        (
            lambda rows: replace(rows, people=[*rows.people, *rows.people]),
            "person table: 'person_id' repeats: each row is one person",
        ),
        (
            lambda rows: replace(rows, households=[*rows.households, *rows.households]),
            "household table: 'household_id' repeats: each row is one household",
        ),
        (
            lambda rows: _changed(rows, {"benefit_unit_id": "x"}),
            "people: 1 benefit unit(s) have members with a benefit_unit_id that its own table does "
            "not hold",
        ),
        (
            lambda rows: _changed(rows, {"household_id": "x"}),
            "people: 1 benefit unit(s) have members with a household_id that its own table does "
            "not hold",
        ),
        (
            lambda rows: _changed(rows, {"household_id": "g"}),
            "people: 1 benefit unit(s) have members with another household than their benefit unit",
        ),
    ],
)  # fmt: skip
def test_rows_are_refused_as_frames_are(change: Change, message: str, tmp_path: Path) -> None:
    text = pack_text({"some": "total(pay) > 0"}, {"part_a": "total(award(carers_allowance))"})
    small = load_rulebook(write_rules(tmp_path, alpha=text))
    rows = SituationRows(
        people=[
            {"person_id": "p", "benefit_unit_id": "b", "household_id": "h", "role": "adult",
             "awards_known": True}
        ],
        benefit_units=[{"benefit_unit_id": "b", "household_id": "h"}],
        households=[{"household_id": "h"}, {"household_id": "g"}],
        awards=[],
    )  # fmt: skip
    refused = change(rows)
    with pytest.raises(FrameError) as alone:
        Decider(small, ON).decide(refused)
    with pytest.raises(FrameError) as together:
        determine(refused.framed(small.catalogue), small, ON)
    assert str(alone.value) == str(together.value) == message
