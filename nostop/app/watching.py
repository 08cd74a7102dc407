"""A rules folder looked at again and again: after each save, what is wrong now and was not before,
and whether the cases of the schemes concerned still come out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nostop import determination
from nostop.app.rules import known_schemes, require_rules
from nostop.determination import CaseResult
from nostop.model import RuleError
from nostop.rulebook import Rulebook
from nostop.rulebook.reading.load import examine

#: Each file, with when it was saved and how large it is.
Saved = dict[Path, tuple[int, int]]
#: How many failed cases one save can bring to the screen: one mistake may fail them all.
_MOST_SHOWN = 10
_SUFFIXES = (".yaml", ".yml", ".csv")


def saved_files(rules: Path) -> Saved:
    """Return the state of every file of rules."""
    found = {}
    for file in sorted(rules.rglob("*")):
        if file.suffix not in _SUFFIXES:
            continue
        try:
            state = file.stat()
        except FileNotFoundError:
            # An editor may put a new file in the place of the old one at this very moment.
            continue
        found[file] = (state.st_mtime_ns, state.st_size)
    return found


def watch(rules: Path, schemes: list[str] | None, wait: Callable[[], None]) -> Iterator[str]:
    """Yield lines to tell: at first how things stand, then what is new after each save. Ends only
    with what `wait` raises.

    Args:
        schemes: whose cases are run; None means all of them.
        wait: called between two looks at the folder.
    Raises:
        SettingsError: no such folder, or no such scheme.
    """
    require_rules(rules)
    watched = _Watched(rules, schemes)
    saved = saved_files(rules)
    yield from watched.tell()
    while True:
        wait()
        now = saved_files(rules)
        if now != saved:
            saved = now
            yield from watched.tell()


@dataclass(slots=True)
class _Watched:
    """A rules folder and what was told of it last. `ran` is what each scheme, and its cases, were
    when the cases ran."""

    rules: Path
    schemes: list[str] | None
    problems: set[str] = field(default_factory=set)
    failed: dict[tuple[Path, str], str] = field(default_factory=dict)
    ran: dict[str, tuple[str, Saved]] = field(default_factory=dict)

    def tell(self) -> list[str]:
        """Check everything, run the cases of the schemes that changed, and return what is new."""
        book, found = examine(self.rules)
        if book is None:
            return self.of_problems([str(problem) for problem in found])
        lines = ["no problem left"] if self.problems else []
        self.problems = set()
        try:
            return lines + self.of_cases(book)
        except RuleError as error:
            return self.of_problems([str(problem) for problem in error.problems])

    def of_problems(self, found: list[str]) -> list[str]:
        new = [problem for problem in found if problem not in self.problems]
        is_mended = not self.problems <= set(found)
        self.problems = set(found)
        return [*new, _count(len(found), "problem")] if new or is_mended else []

    def of_cases(self, book: Rulebook) -> list[str]:
        chosen = known_schemes(book, self.schemes)
        libraries = () if chosen else book.libraries
        states = {name: self.state(book, name) for name in (*(chosen or book.schemes), *libraries)}
        due = sorted(name for name, state in states.items() if self.ran.get(name) != state)
        if not due:
            return []
        # Cases of libraries run together with those of all schemes, or not at all.
        is_all = any(name in book.libraries for name in due)
        results = determination.run_cases(book, None if is_all else due)
        self.ran |= {name: states[name] for name in due}
        new = [_failure(each) for each in results if self.is_new(each)]
        if len(new) > _MOST_SHOWN:
            new = [*new[:_MOST_SHOWN], f"... and {len(new) - _MOST_SHOWN} more"]
        failed = sum(not each.passed for each in results)
        named = "all schemes and libraries" if is_all else ", ".join(due)
        return [*new, _summary(named, len(results), failed)]

    def state(self, book: Rulebook, name: str) -> tuple[str, Saved]:
        """What a scheme, or a library, and its cases are."""
        folder = book.folders[name]
        if name in book.libraries:
            return "", saved_files(folder)
        return book.schemes[name].content_hash, saved_files(folder / "cases")

    def is_new(self, result: CaseResult) -> bool:
        """Whether a case fails, and did not fail so when it ran last."""
        key = (result.file, result.name)
        before = self.failed.pop(key, None)
        if result.passed:
            return False
        self.failed[key] = result.message
        return before != result.message


def _failure(result: CaseResult) -> str:
    where = f"{result.file}:{result.line}"
    return f"FAIL {result.scheme}: {result.name} ({where}): {result.message}"


def _summary(named: str, cases: int, failed: int) -> str:
    if not cases:
        return f"no cases ({named})"
    if failed:
        return f"{failed} of {_count(cases, 'case')} failed ({named})"
    return (
        f"all {_count(cases, 'case')} pass ({named})" if cases > 1 else f"1 case passes ({named})"
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
