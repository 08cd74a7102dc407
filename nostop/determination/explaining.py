"""Situations explained: the interpreter's own account of a result, one household at a time, a few
lines a subject."""

from datetime import date

import polars as pl

from nostop.determination.determine import determine
from nostop.determination.prepare import prepared
from nostop.frames import Evidence, Situation, check
from nostop.rulebook import Rulebook
from nostop.rulebook.explain import day, explain, trace
from nostop.rulebook.household import household_rows
from nostop.rulebook.interpreter import Result, interpret
from nostop.rulebook.plan import KEYS, Plan, compile_plan


def explain_situation(
    situation: Situation,
    book: Rulebook,
    effective_on: date,
    scheme: str,
    evidence: pl.DataFrame | None = None,
) -> dict[str, list[str]]:
    """Return at most ten lines for each subject of a scheme, by subject id, in the order of the
    determinations.

    Args:
        evidence: `Evidence`, where each fact came from; without it no sources are named.
    Raises:
        FrameError, RuleError: as `determine`.
    """
    plan = compile_plan(book, effective_on, [scheme], with_notes=True)
    key = KEYS[book.scheme(scheme).pack.decides_for]
    rows = determine(situation, book, effective_on, [scheme]).select(key, "missing")
    missing = dict(rows.iter_rows())
    sources = {} if evidence is None else _sources(check(Evidence, evidence))
    found = {each.place.id: each for each in _results(situation, book, plan)}
    return {
        subject: explain(plan, found[subject], missing[subject] or (), sources)
        for subject in missing
    }


def trace_situation(
    situation: Situation, book: Rulebook, effective_on: date, scheme: str
) -> dict[str, list[str]]:
    """Return every value on the way for each subject of a scheme, as `explain_situation` does."""
    plan = compile_plan(book, effective_on, [scheme], with_notes=True)
    return {each.place.id: trace(plan, each) for each in _results(situation, book, plan)}


def _results(situation: Situation, book: Rulebook, plan: Plan) -> list[Result]:
    frames = prepared(situation, book, plan)
    return [result for household in household_rows(frames) for result in interpret(plan, household)]


def _sources(evidence: pl.DataFrame) -> dict[tuple[str, str], str]:
    rows = (
        evidence.sort("subject_id", "fact", "source")
        .select("subject_id", "fact", "source", "as_of")
        .iter_rows()
    )
    return {(subject, fact): f"{source}, {day(as_of)}" for subject, fact, source, as_of in rows}


__all__ = ["explain_situation", "trace_situation"]
