"""The compiled plan gives the packs' own cases the rows that the interpreter gives them."""

import os
from collections import Counter
from datetime import date
from typing import Any

import pytest

from nostop.determination import Decider, determine, joined
from nostop.determination.cases import OwnCase, own_cases
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS

EACH = 4 if os.environ.get("NOSTOP_NIGHTLY") else 2


@pytest.fixture(scope="module")
def cases(book: Rulebook) -> list[OwnCase]:
    return own_cases(book)


def _of_plan(row: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The case's number that the ids of a row carry, and the row with its own ids."""
    number = row["household_id"].split("/", 1)[0]
    own = {
        key: None if row[key] is None else row[key].removeprefix(f"{number}/")
        for key in KEYS.values()
    }
    return int(number), {**row, **own}


def some_of_each_scheme(cases: list[OwnCase]) -> list[OwnCase]:
    """An even spread of `EACH` cases of each scheme: every one is worked out for all schemes."""
    by_scheme: dict[str, list[OwnCase]] = {}
    for case in cases:
        by_scheme.setdefault(case.scheme, []).append(case)
    return [each for own in by_scheme.values() for each in own[:: max(1, len(own) // EACH)][:EACH]]


@pytest.mark.parametrize("rank", [0, 1])
def test_the_plan_gives_every_case_of_a_date_what_the_interpreter_gives(
    rank: int, book: Rulebook, cases: list[OwnCase]
) -> None:
    on: date = Counter(case.effective_on for case in cases).most_common(2)[rank][0]
    here = some_of_each_scheme([case for case in cases if case.effective_on == on])
    assert len(here) > 10
    decider = Decider(book, on)
    alone = [(number, row) for number, case in enumerate(here) for row in decider.decide(case.rows)]
    everybody = joined([(str(number), case.situation) for number, case in enumerate(here)])
    together = [_of_plan(row) for row in determine(everybody, book, on).iter_rows(named=True)]

    def by_subject(each: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        number, row = each
        return number, row["scheme"], *(row[key] or "" for key in KEYS.values())

    assert sorted(alone, key=by_subject) == sorted(together, key=by_subject)
