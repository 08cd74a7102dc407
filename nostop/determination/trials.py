"""Authors' cases run once, with a note of all that was worked out on the way: what they test, and
what a changed rule could make of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from nostop.determination.case_files import OwnCase, library_cases, own_cases
from nostop.determination.cases import ReadyCase, interpreters_for, ready
from nostop.model import Outcome, Problem, RuleError
from nostop.rulebook import Rulebook
from nostop.rulebook.one.arithmetic import Truth, is_known
from nostop.rulebook.one.household import Place
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.look_ups import Key
from nostop.rulebook.one.meanings import Observer, Value
from nostop.rulebook.tree import Choose, Compare, Lookup

#: What a case may expect of an unknown result, and that its values do not tell.
_ABOUT_ASKING = frozenset({"missing", "worth_asking"})
#: The keys of one look-up, each known.
Keys = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What one case worked out: for each definition the subjects and values; by definition, the
    sides of each comparison and the tests of each `if`; by table, the keys of each look-up."""

    worked: dict[str, list[tuple[Place, Value]]] = field(default_factory=dict)
    sides: set[tuple[str, Compare, tuple[Value, Value]]] = field(default_factory=set)
    tests: set[tuple[str, Choose, Truth]] = field(default_factory=set)
    keys: set[tuple[str, Keys]] = field(default_factory=set)


class _Recorder(Observer):
    """Writes into the record of the case at hand."""

    def __init__(self) -> None:
        self.record = Record()

    def worked_out(self, definition: str, place: Place, value: Value) -> None:
        self.record.worked.setdefault(definition, []).append((place, value))

    def compared(
        self, definition: str, node: Compare, sides: tuple[Value, Value], truth: Truth
    ) -> None:
        del truth  # the sides tell it
        self.record.sides.add((definition, node, sides))

    def chosen(self, definition: str, node: Choose, test: Truth) -> None:
        self.record.tests.add((definition, node, test))

    def looked_up(self, definition: str, node: Lookup, keys: Sequence[Key]) -> None:
        del definition  # rows belong to the table
        if None not in keys:
            self.record.keys.add((node.table, tuple(keys)))


@dataclass(frozen=True, slots=True)
class Trial:
    """One case as it came out: the result that it judges (None for a library's working), and what
    was worked out on the way."""

    ready: ReadyCase
    result: Result | None
    record: Record

    @property
    def case(self) -> OwnCase:
        """The case."""
        return self.ready.case

    @property
    def on(self) -> date:
        """The day it is about."""
        return self.case.effective_on

    @property
    def is_about_asking(self) -> bool:
        """Whether it goes by which facts are asked for, and not by values alone."""
        is_unknown = self.result is not None and self.result.outcome is Outcome.UNKNOWN
        return is_unknown and not _ABOUT_ASKING.isdisjoint(self.case.expected)


@dataclass(frozen=True, slots=True)
class Trials:
    """Cases run, in the order of files, and the interpreters of their days."""

    book: Rulebook
    trials: tuple[Trial, ...]
    interpreters: dict[date, Interpreter]

    def of(self, owner: str) -> list[Trial]:
        """Return the cases that an owner's rules are judged by: a pack by its own, a library by all
        that there are."""
        if owner in self.book.libraries:
            return list(self.trials)
        folder = self.book.folders[owner]
        return [each for each in self.trials if each.case.file.parent.parent == folder]


def run_trials(book: Rulebook, owners: Iterable[str]) -> Trials:
    """Run the cases that some packs and libraries are judged by.

    Raises:
        RuleError: a case cannot be read, or does not come out as it says.
    """
    packs = [name for name in owners if name in book.schemes]
    is_all = set(owners) > set(packs)
    cases = own_cases(book) + library_cases(book) if is_all else own_cases(book, packs)
    interpreters = interpreters_for(book, cases)
    recorder = _Recorder()
    watched = {on: Interpreter(each.plan, recorder) for on, each in interpreters.items()}
    trials, problems = [], []
    for each in ready(cases, interpreters):
        case, on = each.case, each.case.effective_on
        recorder.record = Record()
        wrong = each.wrong(watched[on])
        if wrong:
            message = f"case '{case.name}' does not come out as it says: {wrong}"
            problems.append(Problem(case.file, case.line, 1, message))
        else:
            trials.append(Trial(each, _judged(each, interpreters[on]), recorder.record))
    # Whoever looks at these subjects again must not add to the last case's record.
    recorder.record = Record()
    if problems:
        raise RuleError(problems)
    return Trials(book, tuple(trials), interpreters)


def _judged(each: ReadyCase, interpreter: Interpreter) -> Result | None:
    if each.case.working is not None:
        return None
    subject, found = each.case.subject, each.results(interpreter)
    return next(result for result in found if subject in (None, result.place.id))


def is_open(value: Value) -> bool:
    """Whether a value is not known."""
    return not is_known(value) if isinstance(value, tuple) else value is None
