"""The rules kept warm: compiled once, then any household in milliseconds, by many threads at once.

The same answers as the batch: the same schemes, under the same gateways, worked out by the
interpreter, which the compiled plan agrees with.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine

from nostop.app.casework.case_file import FactValue
from nostop.app.casework.why import Missing, WhyLine, missing_facts, why_lines
from nostop.app.gateways import ANY, IN_FORCE, Statuses, by_closed_facts
from nostop.app.results import withhold_row
from nostop.app.rules import read_rules, rules_at
from nostop.determination.one import Row, as_row
from nostop.determination.rows import Rows, SituationRows, households
from nostop.model import NotHere, Outcome
from nostop.rulebook import Rulebook
from nostop.rulebook.one.fineness import check_fineness
from nostop.rulebook.one.household import Household
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.words.explain import day, explain, trace
from nostop.store import reading
from nostop.store.case_files import read_run_rules, runs_filed

Sources = Mapping[tuple[str, str], FactValue]
#: Lines that tell an amount: of a scheme that may be claimed already, nobody is told one.
_TELLS_AMOUNT = ("Part:", "Worked out:", "Note:")


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Schemes to which the same facts are closed, ready to be worked out."""

    closed: frozenset[str]
    schemes: frozenset[str]
    interpreter: Interpreter

    def homes(self, rows: SituationRows) -> list[Household]:
        """Return the households of `rows` with those facts alone that are open."""
        return households(_without(rows, self.closed), self.interpreter.plan)

    def results(self, homes: Sequence[Household], only: Collection[str]) -> list[Result]:
        """Work out some of the group's schemes for households."""
        return [found for home in homes for found in self.interpreter.results(home, only)]


class WarmRules:
    """Schemes of a rules folder on a day, for one household after another. Many threads may ask at
    once: nothing of it changes."""

    def __init__(self, book: Rulebook, effective_on: date, groups: Sequence[_Group]) -> None:
        self.book = book
        self.effective_on = effective_on
        self._groups = tuple(groups)

    @classmethod
    def of(
        cls,
        rules_dir: Path,
        effective_on: date,
        schemes: Sequence[str] | None = None,
        statuses: Statuses = IN_FORCE,
    ) -> "WarmRules":
        """Read and compile schemes (all in force on the day by default).

        Args:
            rules_dir: folder of rules.
            effective_on: the day for which everything is worked out.
            schemes: scheme ids.
            statuses: the gateways that count: `gateways.IN_FORCE`, `ANY` for made-up people.
        Raises:
            NostopError: the rules cannot be read or compiled, or a scheme is not among them.
        """
        return cls.compiled(read_rules(rules_dir), effective_on, schemes, statuses)

    @classmethod
    def compiled(
        cls,
        book: Rulebook,
        effective_on: date,
        schemes: Sequence[str] | None = None,
        statuses: Statuses = IN_FORCE,
    ) -> "WarmRules":
        """Compile schemes of a rule book; as `of`."""
        in_force = [name for name, each in book.schemes.items() if each.is_in_force(effective_on)]
        names = sorted(in_force if schemes is None else schemes)
        together = by_closed_facts(book, effective_on, names, statuses)
        groups = [
            _Group(closed, frozenset(each), _ready(book, effective_on, each))
            for closed, each in together.items()
        ]
        return cls(book, effective_on, groups)

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that are worked out."""
        return frozenset().union(*(group.schemes for group in self._groups))

    def version_of(self, scheme: str) -> str:
        """Return the version of a scheme, as determinations name it."""
        return self.book.schemes[scheme].version

    def home(self, rows: SituationRows) -> "WarmHome":
        """Return a household (or several) of which these rules may be asked."""
        return WarmHome(self._groups, self.effective_on, rows)


class WarmHome:
    """A household under warm rules. Each scheme is worked out once, when it is first asked for; one
    thread asks."""

    def __init__(self, groups: Sequence[_Group], effective_on: date, rows: SituationRows) -> None:
        self._groups = groups
        self._effective_on = effective_on
        self._rows = rows
        self._homes: dict[_Group, list[Household]] = {}
        self._results: dict[str, list[Result]] = {}

    def decide(self, only: Collection[str] | None = None) -> list[Row]:
        """Return one row of `Determinations` per subject and scheme (`only` of some), sorted by
        scheme and subject, as worked out: `shown` of them may be shown.

        Raises:
            FrameError: as `determination.determine`.
        """
        return [as_row(found, self._effective_on) for _, found in self._decided(only)]

    def decide_with_why(
        self, only: Collection[str] | None = None
    ) -> list[tuple[Row, tuple[WhyLine, ...]]]:
        """Return what `decide` does, each row with why it is so: no line where that is withheld.

        Raises:
            FrameError: as `determination.determine`.
        """
        return [
            (
                as_row(found, self._effective_on),
                () if _is_withheld(found) else why_lines(group.interpreter, found, {}),
            )
            for group, found in self._decided(only)
        ]

    def explain(self, scheme: str, subject_id: str, sources: Sources) -> list[str]:
        """Return at most ten lines on a scheme's result for somebody; none where it is claimed, or
        may be and nothing but something adverse could be said.

        Args:
            scheme: of `WarmRules.schemes`.
            subject_id: whom the scheme decides for.
            sources: of facts, as `case_file.sources_of`.
        Raises:
            NotHere: the scheme is not worked out here, or decides nothing for that subject.
        """
        group, result = self._result(scheme, subject_id)
        if _is_withheld(result):
            return []
        lines = explain(group.interpreter, result, _cited(sources))
        if result.claimed is None and result.outcome is Outcome.ENTITLED:
            title = result.plan.scheme.pack.title.en
            on = day(self._effective_on)
            rest = [line for line in lines[1:] if not line.startswith(_TELLS_AMOUNT)]
            return [f"{title}: entitled on {on}; not known whether claimed.", *rest]
        return lines

    def why(self, scheme: str, subject_id: str, sources: Sources) -> tuple[WhyLine, ...]:
        """Return what `explain` rests on, a line for each condition: those that decide first.

        Raises:
            NotHere: as `explain`.
        """
        group, result = self._result(scheme, subject_id)
        return () if _is_withheld(result) else why_lines(group.interpreter, result, sources)

    def missing(self, scheme: str, subject_id: str) -> tuple[Missing, ...]:
        """Return the facts that could still settle an open outcome, the cheapest to ask first, with
        what each answer would come to.

        Raises:
            NotHere: as `explain`.
        """
        group, result = self._result(scheme, subject_id)
        if _is_withheld(result):
            return ()

        def supposing(whose: Collection[str], fact: str, value: object) -> Result:
            other = [_with_fact(home, whose, fact, value) for home in self._homes[group]]
            return _found(group.results(other, [scheme]), subject_id)

        return missing_facts(group.interpreter, result, supposing)

    def trace(self, scheme: str, subject_id: str) -> list[str]:
        """Return every value that a result rests on; none where it is withheld.

        Raises:
            NotHere: as `explain`.
        """
        group, result = self._result(scheme, subject_id)
        is_shown = not _is_withheld(result) and result.claimed is False
        return trace(group.interpreter, result) if is_shown else []

    def _decided(self, only: Collection[str] | None) -> list[tuple[_Group, Result]]:
        found = [
            (group, result)
            for group in self._groups
            for result in self._worked_out(
                group, group.schemes if only is None else group.schemes & frozenset(only)
            )
        ]
        return sorted(found, key=lambda each: (each[1].scheme, each[1].place.id))

    def _result(self, scheme: str, subject_id: str) -> tuple[_Group, Result]:
        for group in self._groups:
            if scheme in group.schemes:
                return group, _found(self._worked_out(group, {scheme}), subject_id)
        raise NotHere(f"rules: {scheme} is not worked out here")

    def _worked_out(self, group: _Group, schemes: Collection[str]) -> list[Result]:
        new = [each for each in schemes if each not in self._results]
        if new:
            if group not in self._homes:
                self._homes[group] = group.homes(self._rows)
            self._results |= {each: [] for each in new}
            for result in group.results(self._homes[group], new):
                self._results[result.scheme].append(result)
        return [result for each in schemes for result in self._results[each]]


def shown(rows: Sequence[Row]) -> list[Row]:
    """Return determinations as they may be shown: nothing adverse of a scheme that is, or may be,
    claimed."""
    return [withhold_row(row) for row in rows]


def _found(results: Sequence[Result], subject_id: str) -> Result:
    for each in results:
        if each.place.id == subject_id:
            return each
    raise NotHere("rules: the scheme decides nothing for that subject")


def _is_withheld(result: Result) -> bool:
    may_be_claimed = result.claimed is not False
    return bool(result.claimed) or (may_be_claimed and result.outcome is Outcome.NOT_ENTITLED)


def _cited(sources: Sources) -> dict[tuple[str, str], str]:
    return {
        key: f"{each.source}, {day(each.as_of)}"
        for key, each in sources.items()
        if each.source is not None and each.as_of is not None
    }


def _ready(book: Rulebook, on: date, schemes: list[str]) -> Interpreter:
    """Return an interpreter of which everything is made, so that threads only read it."""
    plan = compile_plan(book, on, schemes, with_notes=True)
    check_fineness(plan)
    made = Interpreter(plan)
    for definition in plan.schedule.scheduled():
        _ = made.formulas[definition.name], made.questions[definition.name]
    return made


def _without(rows: SituationRows, facts: frozenset[str]) -> SituationRows:
    """A household in which some facts are known of nobody."""
    if not facts:
        return rows

    def left(of: Rows) -> Rows:
        return [{name: row[name] for name in row if name not in facts} for row in of]

    return replace(
        rows,
        people=left(rows.people),
        benefit_units=left(rows.benefit_units),
        households=left(rows.households),
    )


def _with_fact(home: Household, whose: Collection[str], fact: str, value: object) -> Household:
    """A household in which one fact of some of its people, units, or its own, is another."""

    def changed(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        return {**row, fact: value} if row[key] in whose else row

    return Household(
        changed(home.household, "household_id"),
        tuple(changed(row, "benefit_unit_id") for row in home.benefit_units),
        tuple(changed(row, "person_id") for row in home.people),
    )


# --- kept ready -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules, for which day: None for `schemes` means all in force."""

    rules: Path
    effective_on: date
    schemes: tuple[str, ...] | None
    statuses: Statuses


class WarmShelf:
    """The few rules that pages ask for, each compiled once and shared by every thread."""

    #: How many are kept: today's, yesterday's, and one somebody looks back at.
    MOST = 3
    #: How often it is looked whether the files of the rules are others.
    LOOK = timedelta(seconds=30)

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Wanted, tuple[WarmRules, datetime]] = {}

    def of(self, wanted: Wanted, at: datetime) -> WarmRules:
        """Return rules compiled, at once where they have been asked for before.

        Args:
            wanted: which.
            at: now: rules whose files changed are read anew within `LOOK`.
        Raises:
            NostopError: as `WarmRules.of`.
        """
        found = self._kept.get(wanted)
        if found is not None and abs(at - found[1]) < self.LOOK:
            return found[0]
        with self._lock:
            found = self._kept.get(wanted)
            if found is None or abs(at - found[1]) >= self.LOOK:
                found = self._looked_at(wanted, found), at
                self._kept.pop(wanted, None)
                self._kept[wanted] = found
                for oldest in list(self._kept)[: -self.MOST]:
                    del self._kept[oldest]
        return found[0]

    @staticmethod
    def _looked_at(wanted: Wanted, kept: tuple[WarmRules, datetime] | None) -> WarmRules:
        book = read_rules(wanted.rules)
        if kept is not None and kept[0].book is book:
            return kept[0]
        return WarmRules.compiled(book, wanted.effective_on, wanted.schemes, wanted.statuses)


def warm_up(engine: Engine, shelf: WarmShelf, rules: Path, at: datetime) -> None:
    """Compile the rules of the cases that are kept, before the first page asks for one.

    Raises:
        NostopError: as `WarmRules.of`.
    """
    with reading(engine) as connection:
        kept = [rules_of_run(connection, rules, run_id) for run_id in runs_filed(connection)]
    for wanted in kept[-WarmShelf.MOST :]:
        shelf.of(wanted, at)
    rules_at(rules, at)


def rules_of_run(connection: Connection, rules: Path, run_id: str) -> Wanted:
    """Return which rules a run was worked out with, to go on with for a case of it.

    Raises:
        NotHere: there is no such run.
    """
    run = read_run_rules(connection, run_id)
    return Wanted(rules, run.effective_on, run.schemes, ANY if run.synthetic else IN_FORCE)
