"""Situations explained: the interpreter's own account of a result, one household at a time, a few
lines a subject."""

from datetime import date

import polars as pl

from nostop.determination.prepare import prepared
from nostop.frames import Evidence, Situation, check
from nostop.rulebook import Rulebook
from nostop.rulebook.one.household import household_rows
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.words.explain import day, explain, trace


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
    sources = {} if evidence is None else _sources(check(Evidence, evidence))
    interpreter = _interpreter(book, effective_on, scheme)
    return {
        each.place.id: explain(interpreter, each, sources)
        for each in _results(situation, interpreter)
    }


def trace_situation(
    situation: Situation, book: Rulebook, effective_on: date, scheme: str
) -> dict[str, list[str]]:
    """Return every value on the way for each subject of a scheme, as `explain_situation` does."""
    interpreter = _interpreter(book, effective_on, scheme)
    return {each.place.id: trace(interpreter, each) for each in _results(situation, interpreter)}


def _interpreter(book: Rulebook, on: date, scheme: str) -> Interpreter:
    return Interpreter(compile_plan(book, on, [scheme], with_notes=True))


def _results(situation: Situation, interpreter: Interpreter) -> list[Result]:
    """The results of everybody, in the order of the determinations: by subject."""
    plan = interpreter.plan
    homes = household_rows(prepared(situation, plan.book, plan))
    results = [result for home in homes for result in interpreter.results(home)]
    return sorted(results, key=lambda each: each.place.id)


def _sources(evidence: pl.DataFrame) -> dict[tuple[str, str], str]:
    rows = (
        evidence.sort("subject_id", "fact", "source")
        .select("subject_id", "fact", "source", "as_of")
        .iter_rows()
    )
    return {(subject, fact): f"{source}, {day(as_of)}" for subject, fact, source, as_of in rows}


__all__ = ["explain_situation", "trace_situation"]
