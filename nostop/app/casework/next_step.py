"""What to do next with a case: one sentence and one button, by what stands in the way first."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from nostop.app.casework.case_parts import Known, conflicts_of, is_sure, people_of
from nostop.app.casework.case_view import Both, MissingView, NextStep, SchemeView

_TO_LINKS = "/links"


def next_step(
    known: Known,
    item: Mapping[str, Any],
    schemes: Sequence[SchemeView],
    missing: Sequence[MissingView],
) -> NextStep:
    """Return what to do next.

    A death comes before everything. Then sources that differ, then a link that is not sure: nobody
    is written to on either. Then what is entitled and sure, since it waits for a look alone; then
    what is missing.
    """
    todo = [each for each in schemes if each.state == "open"]
    entitled = [each for each in todo if each.outcome == "entitled"]
    open_ = [each for each in todo if each.outcome == "unknown"]
    if not todo:
        return _nothing_to_do(known, schemes)
    return (
        _death(known)
        or _conflict(known, item)
        or _weak_link(known)
        or _confirm(known, entitled)
        or _ask(known, open_, missing)
        or _look(known, todo[0])
    )


def _death(known: Known) -> NextStep | None:
    if not any(each.is_deceased and each.in_unit for each in people_of(known)):
        return None
    return NextStep(
        "A record says that somebody here has died. Nobody writes to them. Speak to your senior "
        "before you ring anybody of this household.",
        {},
    )


def _conflict(known: Known, item: Mapping[str, Any]) -> NextStep | None:
    conflicts = conflicts_of(known) if item["in_conflict"] else ()
    if not conflicts:
        return None
    first = conflicts[0]
    return NextStep(
        "Sources say different things of: {fact}. Nobody is written to before you say which is "
        "right.",
        {"fact": _both(first.means)},
        "Look at both",
        first.href,
    )


def _weak_link(known: Known) -> NextStep | None:
    if all(map(is_sure, known.file.of_unit(known.unit))):
        return None
    return NextStep(
        "It is not sure enough that these records are one person's. Look at the records first.",
        {},
        "Look at the link",
        _TO_LINKS,
    )


def _confirm(known: Known, entitled: Sequence[SchemeView]) -> NextStep | None:
    if not entitled:
        return None
    first = entitled[0]
    if not first.receipt_known:
        return NextStep(
            "They may be able to claim {scheme}, but it is not known whether they get it already. "
            "Ask them first.",
            {"scheme": first.title},
            "Contact by phone",
            decide_href(known.unit, "phone", first.scheme),
        )
    return NextStep(
        "Every condition of {scheme} is met, as far as the records go. If the reasons below look "
        "right, confirm.",
        {"scheme": first.title},
        "Confirm",
        decide_href(known.unit, "confirm", first.scheme),
    )


def _ask(
    known: Known, open_: Sequence[SchemeView], missing: Sequence[MissingView]
) -> NextStep | None:
    wanted = {fact for each in open_ for fact in each.missing}
    first = next((each for each in missing if each.fact in wanted), None)
    if first is None:
        return None
    scheme = next(each for each in open_ if first.fact in each.missing)
    settles = {language: ", ".join(first.settles[language]) for language in ("en", "cy")}
    several = "{number} facts are missing that could settle {schemes}. Ask first for: {fact}."
    return NextStep(
        several if len(wanted) > 1 else "One fact is missing. It could settle {schemes}: {fact}.",
        {"number": _both(str(len(wanted))), "fact": _both(first.means), "schemes": settles},
        "Ask for evidence",
        decide_href(known.unit, "ask_evidence", scheme.scheme),
    )


def _look(known: Known, first: SchemeView) -> NextStep:
    return NextStep(
        "Look at {scheme}: with what was corrected here the rules say something else now. Decide "
        "what is right.",
        {"scheme": first.title},
        "Contact by phone",
        decide_href(known.unit, "phone", first.scheme),
    )


def _nothing_to_do(known: Known, schemes: Sequence[SchemeView]) -> NextStep:
    states = {each.state for each in schemes}
    if "second" in states:
        return NextStep("A second person has to approve what was decided.", {})
    until = _waits_until(known)
    if "waiting" in states and until is not None:
        return NextStep(
            "Wait for an answer until {day}. It comes back into the queue after that.",
            {"day": _both(until.isoformat())},
        )
    if "waiting" in states:
        return NextStep("Wait for an answer.", {})
    return NextStep("Nothing is left to do here.", {}, "Go to my work", "/queue")


def _waits_until(known: Known) -> date | None:
    days = known.rows.decisions["until_on"].drop_nulls()
    found: Any = days.max() if days.len() else None
    return found if isinstance(found, date) else None


def decide_href(unit: str, kind: str, scheme: str) -> str:
    """Return where something is decided of a flag: opaque ids only."""
    return f"/cases/{unit}/decide/{kind}?scheme={scheme}"


def _both(text: str) -> Both:
    return {"en": text, "cy": text}
