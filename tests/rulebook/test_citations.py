"""The law behind the rules that ship with nostop: nothing stands without it."""

import re

import pytest

from nostop.determination.case_files import library_cases, own_cases
from nostop.determination.case_law import law_behind
from nostop.rulebook import Rulebook
from nostop.rulebook.citations import Citation, citations

#: A provision, an instrument, the address of a published page, or the published scheme or guidance
#: of a body whose scheme no Act sets out.
_LAW = re.compile(
    r"https?://|\b[Ss]cheme\b|\bguidance\b|\bGovernment\b"
    r"|\b(s|ss|reg|regs|art|arts|Schs?|para|paras|Part|Pt|Act|Order|Direction|Code)\b"
    r"|\bS?S?I \d{4}/\d+|\bSR \d{4}/\d+|\bWSI \d{4}/\d+|\bc\. ?\d+"
)


@pytest.fixture(scope="module")
def every(book: Rulebook) -> list[Citation]:
    return citations(book)


def test_every_condition_rate_working_and_part_is_in_the_list(
    book: Rulebook, every: list[Citation]
) -> None:
    listed = {(each.owner, each.name) for each in every}
    wanted = {tuple(name.split(".", 1)) for name in {**book.rates, **book.tables}}
    wanted |= {(s, each.id) for s, pack in book.packs.items() for each in pack.entitled_when}
    wanted |= {(s, part) for s, pack in book.packs.items() for part in pack.award.parts}
    models = {**book.libraries, **book.packs}
    wanted |= {(owner, name) for owner, model in models.items() for name in model.work_out}
    assert wanted - listed == set()


def test_everything_cites_law(every: list[Citation]) -> None:
    without = [
        (each.owner, each.kind, each.name)
        for each in every
        if not (each.cites and all(_LAW.search(cite) for cite in each.cites))
        # What is read only to choose whom to invite is policy, and says so.
        and not all("who gets an invitation" in cite for cite in each.cites)
    ]
    assert without == []


def test_what_is_not_verified_says_why_and_where_it_was_looked_for(every: list[Citation]) -> None:
    marks = [each for each in every if each.unverified is not None]
    assert [each for each in marks if len(each.unverified or "") < 30] == []


def test_every_case_has_the_law_that_makes_it_true(book: Rulebook) -> None:
    cases = [*own_cases(book), *library_cases(book)]
    without = [(case.scheme, case.name) for case in cases if not law_behind(book, case)]
    assert without == []
    assert len(cases) >= 900
