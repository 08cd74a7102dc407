"""Fractions too fine for the compiled plan are refused for single cases too."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.determination import Decider, determine
from nostop.model import RuleError
from nostop.rulebook import Rulebook, load_rulebook
from nostop.rulebook.batch.compile import LARGEST_DENOMINATOR
from tests.rulebook.random_packs import random_rules
from tests.rulebook.small import ON, RATES, pack_text, situation, write_rules
from tests.rulebook.worlds import worlds


def _refused(book: Rulebook) -> tuple[str, str]:
    """What the plan says against a book, and what a decider says; nothing where it stands."""
    people = situation(book.catalogue, [{"pay": 1}], awards=[])
    told = []
    for work in (lambda: determine(people, book, ON), lambda: Decider(book, ON)):
        try:
            work()
            told.append("")
        except RuleError as error:
            told.append(str(error))
    return told[0], told[1]


@pytest.mark.parametrize(
    ("part", "share"),
    [
        ("total(pay * share)", LARGEST_DENOMINATOR),
        ("total(pay * share)", LARGEST_DENOMINATOR + 1),
        ("total(pay) * share + week_a", LARGEST_DENOMINATOR + 1),
        ("at_least(total(pay) * share * share, 0)", 1009),
        ('round_to(total(pay) * share, "penny", "down") * share', 1009),
        ("(total(pay) * share // two) * share", 1009),
        ("total(pay) * (share * share)", 1009),
        ("total(pay) * (share - share)", LARGEST_DENOMINATOR + 1),
        ("weekly(total(grant)) * share", 1009),
        ("largest(rate(share_by_care, care) * pay) * share * share", 509),
        ("week_a if any_adult(ill) else total(pay) * share", LARGEST_DENOMINATOR + 1),
        ("week_b * count(pay * share > week_a)", LARGEST_DENOMINATOR + 1),
    ],
)
def test_a_formula_is_refused_by_both_or_by_none(part: str, share: int, tmp_path: Path) -> None:
    text = pack_text({"some": "total(pay) >= 0"}, {"part_a": part})
    rates = RATES.replace("11/20", f"1/{share}")
    book = load_rulebook(write_rules(tmp_path, {"uk/alpha/rates.yaml": rates}, alpha=text))
    by_plan, by_decider = _refused(book)
    assert by_decider == by_plan


@worlds(15)
@given(seed=st.integers(0, 10**9))
def test_random_packs_are_refused_by_both_or_by_none(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(seed)  # noqa: S311 - the same packs for the same seed is the point
    share = random.choice((1009, 10_007, LARGEST_DENOMINATOR))
    rates = RATES.replace("11/20", f"1/{share}").replace("1/4", "1/1013")
    files = {**random_rules(random), "uk/shared/rates.yaml": rates}
    book = load_rulebook(write_rules(tmp_path_factory.mktemp("rules"), files))
    by_plan, by_decider = _refused(book)
    assert bool(by_decider) == bool(by_plan)
