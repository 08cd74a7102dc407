"""Each change to a rule held against the cases that work it out, until one of them fails."""

from collections.abc import Iterable, Iterator
from datetime import date

from nostop.determination.mutation.formulas import formula_mutants
from nostop.determination.mutation.idle import idle_values
from nostop.determination.mutation.model import Mutant, Mutation, Survivor
from nostop.determination.mutation.rates import rate_mutants
from nostop.determination.mutation.tables import spread, table_mutants
from nostop.determination.trials import Trial, Trials, is_open, run_trials
from nostop.rulebook import Rulebook
from nostop.rulebook.one.interpreter import Interpreter

_Interpreters = dict[date, Interpreter]


def mutate(book: Rulebook, owners: Iterable[str], limit: int | None = None) -> list[Mutation]:
    """Change packs and libraries (by their ids) one slip at a time, and see which changes their
    cases catch. A pack is judged by its own cases, a library by all that there are.

    Args:
        limit: the most changes to try for each, evenly spread over all; None tries every one.
    Raises:
        RuleError: a case cannot be read, or does not come out as it says.
    """
    names = list(owners)
    trials = run_trials(book, names)
    return [_of(trials, name, limit) for name in names]


def _of(trials: Trials, owner: str, limit: int | None) -> Mutation:
    formulas, same_formulas = formula_mutants(trials, owner)
    tables, same_tables = table_mutants(trials, owner)
    mutants = [*formulas, *rate_mutants(trials, owner), *tables]
    tried = mutants if limit is None else spread(mutants, limit)
    cases = trials.of(owner)
    survivors = [
        Survivor(mutant, is_read=any(_concerned(mutant, cases, trials.interpreters)))
        for mutant in tried
        if not is_caught(mutant, cases, trials.interpreters)
    ]
    equal, idle = same_formulas + same_tables, tuple(idle_values(trials, owner))
    return Mutation(owner, len(tried), tuple(survivors), equal, idle)


def is_caught(mutant: Mutant, cases: list[Trial], interpreters: _Interpreters) -> bool:
    """Return whether a case fails once a rule is changed."""
    variants: _Interpreters = {}
    for case, names in _concerned(mutant, cases, interpreters):
        if case.on not in variants:
            variants[case.on] = mutant.change.variant(interpreters[case.on])
        variant = variants[case.on]
        is_felt = mutant.change.reshapes or _is_felt(case, names, variant)
        if is_felt and not case.ready.holds(variant):
            return True
    return False


def _concerned(
    mutant: Mutant, cases: list[Trial], interpreters: _Interpreters
) -> Iterator[tuple[Trial, list[str]]]:
    """Yield the cases that work out what is changed, and which definitions that is."""
    for case in cases:
        if mutant.days is None or case.on in mutant.days:
            touched = mutant.change.touched(interpreters[case.on])
            names = [name for name in touched if name in case.record.worked]
            if names:
                yield case, names


def _is_felt(case: Trial, names: list[str], variant: Interpreter) -> bool:
    """Whether a changed definition comes to something else for anybody of a case: else the case
    comes out as before, but perhaps for what is asked where a value is not known."""
    is_asked = case.is_about_asking
    for name in names:
        work = variant.formulas[name]
        for place, value in case.record.worked[name]:
            if (is_asked and is_open(value)) or work(place) != value:
                return True
    return False
