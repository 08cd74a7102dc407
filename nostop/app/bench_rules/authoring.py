"""What an author waits for: the commands that check the packs and run their cases; and how much the
cases test."""

from pathlib import Path
from time import perf_counter

from nostop.app.figures import Figure, at_least, at_most, spent_by
from nostop.determination import run_cases
from nostop.determination.coverage import coverage
from nostop.determination.mutation import mutate
from nostop.model import SettingsError
from nostop.rulebook import Rulebook


def authoring(rules: Path, book: Rulebook) -> list[Figure]:
    """Measure `rules check` and `rules test` on all packs, each in a process of its own, and the
    cases without the start of a process.

    Raises:
        SettingsError: a case fails, or a command does.
    """
    checked = spent_by(["rules", "check", "--rules", str(rules)])
    tested = spent_by(["rules", "test", "--rules", str(rules)])
    began = perf_counter()
    results = run_cases(book)
    seconds = perf_counter() - began
    failed = sum(not each.passed for each in results)
    if failed:
        raise SettingsError(f"bench: {failed} cases fail: nostop rules test names them")
    thousands = len(results) / 1000
    packs = f"{len(book.packs)} packs"
    return [
        at_most("rules_check", f"nostop rules check, {packs}", checked.seconds, "s", 2),
        Figure("cases", f"cases of {packs}", len(results), "cases"),
        Figure("rules_test", "nostop rules test, all of them", round(tested.seconds, 2), "s"),
        at_most("thousand_cases", "1,000 cases", seconds / thousands, "s", 3),
    ]


def tested(book: Rulebook) -> list[Figure]:
    """Measure what the cases of all packs and libraries see, and which changes to the rules they
    catch."""
    owners = [*book.schemes, *book.libraries]
    conditions = [each for owner in coverage(book, owners) for each in owner.of("condition")]
    seen = sum(not each.lacking for each in conditions) / len(conditions)
    began = perf_counter()
    changes = mutate(book, owners, None)
    seconds = perf_counter() - began
    tried, caught = sum(each.tried for each in changes), sum(each.caught for each in changes)
    told = f"{len(conditions)} conditions seen as yes, no and unknown"
    return [
        at_least("coverage", told, seen, 1),
        at_least(
            "mutants_caught", f"{tried:,} changes to rules, caught by a case", caught / tried, 0.95
        ),
        Figure("mutation_seconds", "time of these changes", round(seconds, 1), "s"),
    ]
