"""What an award opens asks for that award, in the rules that ship
with nostop."""

import pytest

from nostop.rulebook import Rulebook
from nostop.rulebook.results import all_definitions
from nostop.rulebook.tree import Definition, Receipt

#: Facts by which a scheme knows of an award without reading its receipt.
TOLD_BY = {
    "attendance_allowance": {"attendance_allowance_rate"},
    "personal_independence_payment": {
        "pip_daily_living_rate",
        "pip_mobility_rate",
        "pip_points_for_moving_around",
        "pip_points_for_walking_or_speaking",
    },
    "disability_living_allowance_for_children": {"dla_care_rate", "dla_mobility_rate"},
    "adult_disability_payment": {"adult_disability_payment_daily_living_rate"},
    "child_disability_payment": {"child_disability_payment_care_rate"},
    "council_tax_carer_disregard": {"cares_at_home_for_other_than_partner_or_child"},
    "council_tax_severe_mental_impairment_disregard": {"severe_mental_impairment_certified"},
}
#: A carer's benefits ask whether the person cared for has one of these.
FOR_THE_CARER = "cares_for_person_with_qualifying_benefit"
OF_THE_CARED_FOR = {
    "attendance_allowance",
    "personal_independence_payment",
    "disability_living_allowance_for_children",
    "adult_disability_payment",
    "child_disability_payment",
    "pension_age_disability_payment",
}


@pytest.fixture(scope="module")
def definitions(book: Rulebook) -> dict[str, Definition]:
    return all_definitions(book)


def behind(definitions: dict[str, Definition], scheme: str) -> set[str]:
    """The names of all definitions that a scheme rests on, other schemes' too."""
    waiting = [name for name in definitions if name.startswith(f"{scheme}.")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += definitions[name].reads
    return seen


def knows_of(book: Rulebook, definitions: dict[str, Definition], opened: str, opener: str) -> bool:
    """Whether a scheme reads that another is paid, is due, or a fact that tells of it."""
    names = behind(definitions, opened)
    nodes = (node for name in names for node in definitions[name].nodes)
    receipts = {node.scheme for node in nodes if isinstance(node, Receipt)}
    if book.packs[opener].receipt in receipts or f"{opener}.entitled" in names:
        return True
    told_by = TOLD_BY.get(opener, set())
    if opener in OF_THE_CARED_FOR:
        told_by = told_by | {FOR_THE_CARER}
    return not told_by.isdisjoint(book.facts_read(names))


def test_what_an_award_opens_asks_for_it(
    book: Rulebook, definitions: dict[str, Definition]
) -> None:
    by_receipt: dict[str, list[str]] = {}
    for scheme, pack in book.packs.items():
        by_receipt.setdefault(pack.receipt, []).append(scheme)
    lacking = [
        (opener, opened)
        for opener, pack in book.packs.items()
        for opened in pack.opens
        if not any(
            knows_of(book, definitions, scheme, opener)
            for scheme in ([opened] if opened in book.packs else by_receipt.get(opened, []))
        )
    ]
    assert lacking == []


def test_what_opens_nothing_is_seen(book: Rulebook, definitions: dict[str, Definition]) -> None:
    assert not knows_of(book, definitions, "marriage_allowance", "pension_credit")
