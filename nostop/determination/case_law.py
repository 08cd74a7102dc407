"""The law that makes an author's case true."""

from nostop.determination.case_files import OwnCase
from nostop.model import Outcome
from nostop.rulebook import Rulebook


def law_behind(book: Rulebook, case: OwnCase) -> tuple[str, ...]:
    """Return what a case cites, itself or for its whole file; else the law of what decides it.

    That is the working beside a library, the parts of the award where somebody is entitled, and
    the conditions that the case expects to fail or to be open where not.
    """
    if case.cite is not None:
        return (case.cite,)
    if case.working is not None:
        return (book.definitions[case.working].cite,)
    pack = book.packs[case.scheme]
    if case.expected.get("outcome") == Outcome.ENTITLED:
        given = [pack.award.in_kind] if pack.award.in_kind else [*pack.award.parts.values()]
        return tuple(dict.fromkeys(each.cite for each in given))
    decides = set(case.expected.get("because") or ())
    return tuple(each.cite for each in pack.entitled_when if each.id in decides)
