"""The formulas of a pack or library with one thing changed."""

from collections import defaultdict
from dataclasses import dataclass, replace

from nostop.determination.mutation.advice import what_case
from nostop.determination.mutation.model import ChangedFormula, Mutant
from nostop.determination.trials import Trials
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.one.fineness import is_whole
from nostop.rulebook.plan import Plan
from nostop.rulebook.results import all_definitions
from nostop.rulebook.schedule import applies_to
from nostop.rulebook.soundness.slips import Slip, dropped, slips
from nostop.rulebook.tree import Aggregate, Call, Compare, Definition, FactRef, Node, Word
from nostop.rulebook.words.formula_text import formula_text


def formula_mutants(trials: Trials, owner: str) -> tuple[list[Mutant], int]:
    """Return every change to the formulas of a pack or library, in the order of its file, and how
    many more provably change nothing."""
    work = _Work(trials.book, all_definitions(trials.book), _plans(trials))
    found: list[Mutant] = []
    equal = 0
    for definition in work.definitions.values():
        if definition.name.partition(".")[0] == owner:
            made, same = work.slips_in(definition)
            found += (work.mutant(definition, each) for each in made)
            equal += same
    return sorted(found, key=lambda each: each.written[1:]), equal


def _plans(trials: Trials) -> dict[str, list[Plan]]:
    """The plans of the cases' days that work each definition out."""
    found: dict[str, list[Plan]] = defaultdict(list)
    for interpreter in trials.interpreters.values():
        for definition in interpreter.plan.schedule.scheduled():
            found[definition.name].append(interpreter.plan)
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    book: Rulebook
    definitions: dict[str, Definition]
    plans: dict[str, list[Plan]]

    def slips_in(self, definition: Definition) -> tuple[list[Slip], int]:
        """The changes to one definition; of a scheme's results, what its pack says of them."""
        owner, _, local = definition.name.partition(".")
        tree, scheme = definition.tree, self.book.schemes.get(owner)
        made, equal = slips(tree)
        if definition.name not in self.book.definitions:
            is_rounded = scheme is not None and scheme.pack.award.round is not None
            kept = "rounding" if local == "award" and is_rounded else ""
            made, equal = [each for each in made if each.sort == kept], 0
        felt = [each for each in made if not self.changes_nothing(definition, each)]
        equal += len(made) - len(felt)
        if local.startswith("when.") and tree.level is not None:
            return [dropped("condition", tree), *felt], equal
        if scheme is not None and definition in scheme.parts:
            return [dropped("part", tree), *felt], equal
        return felt, equal

    def changes_nothing(self, definition: Definition, slip: Slip) -> bool:
        """Whether a slip provably changes no result, beyond what the formula's shape shows."""
        match slip.before:
            case Call(function="round_to", args=(item,), option=option) if "penny" in option:
                # What is whole pence for everybody, on every day of a case, is not rounded.
                plans = self.plans.get(definition.name, ())
                return bool(plans) and all(is_whole(plan, item) for plan in plans)
            case Aggregate(
                where=Compare(op="==", left=FactRef(name="role"), right=Word(text=role))
            ):
                # What is a fact of adults only, is worked out for adults only.
                return slip.sort == "where" and self.roles(slip.before.item) == {role}
        return False

    def roles(self, node: Node) -> set[str]:
        return applies_to(self.book.catalogue, self.definitions, node)

    def mutant(self, definition: Definition, slip: Slip) -> Mutant:
        changed = replace(definition, tree=slip.tree)
        return Mutant(
            sort=slip.sort,
            name=definition.name.partition(".")[2],
            written=definition.written,
            before=formula_text(slip.before),
            after=formula_text(slip.after),
            advice=what_case(slip),
            change=ChangedFormula(changed, reshapes=self.reshapes(definition, changed)),
        )

    def reshapes(self, before: Definition, after: Definition) -> bool:
        """Whether a change to a person's formula adds or takes away those it is worked out for."""
        if before.level is not Level.PERSON:
            return False
        return self.roles(before.tree) != self.roles(after.tree)
