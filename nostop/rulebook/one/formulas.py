"""The functions that a plan's names stand for, made when first asked for: a definition's formula, a
fact, a receipt."""

from functools import reduce
from itertools import pairwise

from nostop.rulebook.catalogue import Fact
from nostop.rulebook.dates import as_number
from nostop.rulebook.one import arithmetic as a
from nostop.rulebook.one.arithmetic import ANYTHING, NOTHING, Range, Truth
from nostop.rulebook.one.household import Function, Place
from nostop.rulebook.one.meanings import Meanings, Observer, Value
from nostop.rulebook.plan import Plan
from nostop.rulebook.soundness.resting import resting_on
from nostop.rulebook.tree import Definition


class Formulas(dict[str, Function]):
    """The function of each definition, fact (`capital`) and receipt (`award:pension_credit`) by
    its name."""

    def __init__(self, plan: Plan, observer: Observer | None = None) -> None:
        super().__init__()
        self.plan = plan
        self.definitions = plan.schedule.definitions
        self.observer = observer
        #: The working with turning points behind an award, by the award's name.
        self.turning = {
            f"{name}.award": scheme.turning_working
            for name, scheme in plan.book.schemes.items()
            if scheme.turning_working is not None
        }

    def __missing__(self, name: str) -> Function:
        found = self[name] = self._made(name)
        return found

    def meanings(self, within: str, *, observed: bool = True) -> Meanings:
        """Return what the nodes of a definition mean."""
        plan, observer = self.plan, self.observer if observed else None
        catalogue = plan.book.catalogue
        return Meanings(catalogue, self.definitions, plan.constants, within, observer)

    def _made(self, name: str) -> Function:
        if name in self.definitions:
            return self._told(name, self._defined(self.definitions[name]))
        facts = self.plan.book.catalogue.facts
        if name in facts:
            return _fact(name, facts[name])
        function, scheme = name.split(":")
        return _award(scheme) if function == "award" else _receipt(_SHOWN_BY[function], scheme)

    def _told(self, name: str, function: Function) -> Function:
        observer = self.observer
        if observer is None:
            return function

        def observed(place: Place) -> Value:
            value: Value = function(place)
            observer.worked_out(name, place, value)
            return value

        return observed

    def _defined(self, definition: Definition) -> Function:
        turning = self.turning.get(definition.name)
        if turning is not None:
            resting = resting_on(self.definitions, definition.name, turning)
            if resting:
                return self._by_stretches(definition, self.definitions[turning], resting)
        return self.meanings(definition.name).of(definition.tree)

    def _by_stretches(
        self, award: Definition, turning: Definition, resting: frozenset[str]
    ) -> Function:
        """The award for each stretch of an uncertain working between its turning points, and the
        range of them all. Members feel nothing of a stretch: what they read is worked out over the
        whole."""
        meanings = self.meanings(award.name)
        together = meanings.of(award.tree)
        points = [meanings.of(point) for point in turning.turning_points]

        def bounded(place: Place) -> Range:
            over_all: Range = together(place)
            whole = place.value(turning.name)
            if a.is_known(whole):
                return over_all
            edges = [ANYTHING, *(point(place) for point in points), ANYTHING]
            stretches = [a.stretch(whole, below, above) for below, above in pairwise(edges)]
            found: list[Range] = [
                together(place.supposing(turning.name, each, resting)) for each in stretches
            ]
            return reduce(a.hull, found)

        return bounded


# --- facts and receipts ---------------------------------------------------------------------------


def _fact(name: str, fact: Fact) -> Function:
    """A fact as its row has it: words and truth values as they are, numbers and dates as ranges.
    What is not known lies between what the catalogue says it can be."""
    if fact.type not in ("int", "money", "date"):
        return lambda place: place.row.get(name)
    unknown: Range = (0 if fact.non_negative else None, fact.at_most)
    is_date = fact.type == "date"

    def number(place: Place) -> Range:
        value = place.row.get(name)
        if value is None:
            return unknown
        found = as_number(value) if is_date else value
        return found, found

    return number


#: What shows that an award is claimed, and that it is in payment.
_SHOWN_BY = {"claimed": "held", "in_payment": "paid"}


def _receipt(mark: str, scheme: str) -> Function:
    def has(place: Place) -> Truth:
        if place.row.get(f"{mark}:{scheme}"):
            return True
        return False if place.row.get(f"known:{scheme}") else None

    return has


def _award(scheme: str) -> Function:
    def amount(place: Place) -> Range:
        paid, stated = place.row.get(f"paid:{scheme}"), place.row.get(f"sum:{scheme}")
        if paid and stated is not None:
            return stated, stated
        return NOTHING if not paid and place.row.get(f"known:{scheme}") else (0, None)

    return amount
