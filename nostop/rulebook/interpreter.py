"""The slow twin: the same trees worked out for one household at a time, in plain Python, to be read
and believed.

Nobody's result comes from here. It checks the compiled plan (the two must agree on everything) and
it explains: every value on the way is kept, with the facts that were unknown. What a node means
stands in `tree.py`.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

from nostop.model import Level, Outcome
from nostop.rulebook import arithmetic as a
from nostop.rulebook.arithmetic import ANYTHING, Range, Truth
from nostop.rulebook.dates import as_number
from nostop.rulebook.household import Household, Place
from nostop.rulebook.plan import Plan, SchemePlan
from nostop.rulebook.schedule import applies_to, receipt_fact
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Convert,
    Definition,
    DefRef,
    FactRef,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    Today,
    Word,
)

Value = bool | str | Range | None
#: A fact that is unknown, and whose: (subject id, fact id).
Unknown = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What one scheme comes to for one subject. Amounts are exact pence; `high` None means no upper
    bound.

    `values` holds every definition's value by (name, subject id); `unknown` the unknown facts that
    each of them met; `stand_ins` what was worked out in place of a fact that no record holds.
    """

    scheme: str
    place: Place
    outcome: Outcome
    low: Fraction | None
    high: Fraction | None
    claimed: Truth
    conditions: dict[str, Truth]
    values: dict[tuple[str, str], Value]
    unknown: dict[tuple[str, str], frozenset[Unknown]]
    stand_ins: dict[Unknown, Range]


def interpret(plan: Plan, household: Household) -> list[Result]:
    """Work out every scheme of a plan for one household, in the plan's order and then the
    subjects'."""
    case = _Case(plan, household)
    return [
        _result(case, each, place)
        for each in plan.schemes
        for place in household.places(each.scheme.pack.decides_for)
    ]


def _result(case: "_Case", plan: SchemePlan, place: Place) -> Result:
    scheme = plan.scheme.id
    entitled = case.truth_named(f"{scheme}.entitled", place)
    low, high = case.number_named(f"{scheme}.amount", place)
    conditions = {
        name: case.truth_named(f"{scheme}.when.{name}", place) for name in plan.conditions
    }
    for note in plan.scheme.notes:
        if note.name in case.plan.noted:
            case.named(note.name, place)
    return Result(
        scheme=scheme,
        place=place,
        outcome=Outcome.UNKNOWN if entitled is None else _OUTCOMES[entitled],
        low=low,
        high=high,
        claimed=case.truth_named(f"{scheme}.claimed", place),
        conditions=conditions,
        values=case.values,
        unknown=case.unknown,
        stand_ins=case.stand_ins,
    )


_OUTCOMES = {True: Outcome.ENTITLED, False: Outcome.NOT_ENTITLED}


@dataclass(slots=True)
class _Case:
    """One household being worked out. A `stretch` puts a narrower range in the place of one named
    working."""

    plan: Plan
    home: Household
    stretch: tuple[str, Range] | None = None
    whole: "_Case | None" = None
    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    unknown: dict[tuple[str, str], frozenset[Unknown]] = field(default_factory=dict)
    met: set[Unknown] = field(default_factory=set)
    stand_ins: dict[Unknown, Range] = field(default_factory=dict)

    # --- definitions ------------------------------------------------------------------------------

    def named(self, name: str, place: Place) -> Value:
        """The value of a definition for the subject it belongs to, worked out once."""
        definition = self.plan.schedule.definitions[name]
        place = self.home.up(place, definition.level)
        if self.stretch is not None and self.whole is not None:
            if name == self.stretch[0]:
                return self.stretch[1]
            if not self.feels(definition, self.stretch[0]):
                return self.whole.named(name, place)
        key = (name, place.id)
        if key not in self.values:
            outer, self.met = self.met, set()
            self.values[key] = self.defined(definition, place)
            self.unknown[key] = frozenset(self.met)
            self.met = outer
        self.met |= self.unknown[key]
        return self.values[key]

    def feels(self, definition: Definition, working: str) -> bool:
        """Whether a definition reads the working, directly or through others of its own level."""
        read = [self.plan.schedule.definitions[name] for name in definition.reads]
        return any(
            each.name == working or (each.level is definition.level and self.feels(each, working))
            for each in read
        )

    def defined(self, definition: Definition, place: Place) -> Value:
        owner, _, rest = definition.name.partition(".")
        scheme = self.plan.book.schemes.get(owner)
        turning = scheme.turning_working if scheme is not None and rest == "award" else None
        if turning is not None and self.feels(definition, turning):
            return self.by_stretches(definition, turning, place)
        return self.value(definition.tree, place)

    def by_stretches(self, award: Definition, working: str, place: Place) -> Range:
        """The award for each stretch of the working between its turning points, and the range of
        them all."""
        whole = self.number_named(working, place)
        points = [
            self.number(point, place)
            for point in self.plan.schedule.definitions[working].turning_points
        ]
        # Worked out over the whole range too, so that what the award rests on is there to be
        # explained.
        self.value(award.tree, place)
        found: list[Range] = []
        for below, above in zip([ANYTHING, *points], [*points, ANYTHING], strict=True):
            stretch = a.stretch(whole, below, above)
            narrowed = _Case(self.plan, self.home, (working, stretch), self)
            found.append(narrowed.number(award.tree, place))
            self.met |= narrowed.met
        return reduce(a.hull, found)

    def number_named(self, name: str, place: Place) -> Range:
        return self.named(name, place)  # type: ignore[return-value] # its kind is parsed

    def truth_named(self, name: str, place: Place) -> Truth:
        return self.named(name, place)  # type: ignore[return-value] # its kind is parsed

    # --- values -----------------------------------------------------------------------------------

    def value(self, node: Node, place: Place) -> Value:
        """A truth value (None: unknown), a word (None: unknown) or a range."""
        match node:
            case Word(text=text):
                return text
            case Lit() | Today() | RateRef():
                found = self.plan.constants.value(node)
                return found if isinstance(found, bool) else a.exactly(found)
            case FactRef(name=name):
                return self.fact(name, self.home.up(place, node.level or place.level))
            case DefRef(name=name):
                return self.named(name, place)
            case Receipt():
                return self.receipt(node, place)
            case Aggregate():
                # Members feel nothing of a stretch: what they read is worked out over the whole.
                case = self.whole or self
                is_truth = node.kind.base == "bool"
                return (case.any_or_all if is_truth else case.over_members)(node, place)
            case Choose():
                return self.choose(node, place)
        return (self.truth if node.kind.base == "bool" else self.number)(node, place)

    def truth(self, node: Node, place: Place) -> Truth:
        match node:
            case Logic(op=op, items=items):
                return a.logic(op, [self.truth(item, place) for item in items])
            case Compare():
                return self.compare(node, place)
            case Among(item=item, words=words, negated=negated):
                word = self.value(item, place)
                return None if word is None else (word in words) != negated
        return self.value(node, place)  # type: ignore[return-value] # its kind is parsed

    def number(self, node: Node, place: Place) -> Range:
        match node:
            case Arith():
                return self.arithmetic(node, place)
            case Convert(item=item, numerator=top, denominator=bottom):
                return a.scale(self.number(item, place), Fraction(top, bottom))
            case Lookup():
                return self.look_up(node, place)
            case Call():
                return self.call(node, place)
        return self.value(node, place)  # type: ignore[return-value] # its kind is parsed

    def fact(self, name: str, place: Place) -> Value:
        fact, value = self.plan.book.catalogue.facts[name], place.row[name]
        if value is None:
            self.met.add((place.id, name))
        if fact.type not in ("int", "money", "date"):
            return value  # type: ignore[no-any-return] # its kind is parsed
        if value is not None:
            return a.exactly(as_number(value) if fact.type == "date" else value)
        low = Fraction(0) if fact.non_negative else None
        return low, None if fact.at_most is None else Fraction(fact.at_most)

    def receipt(self, node: Receipt, place: Place) -> Value:
        scheme, row = node.scheme, place.row
        held, paid, amount = (row[f"{each}:{scheme}"] for each in ("held", "paid", "sum"))
        found: Value
        if node.function != "award":
            has = held if node.function == "claimed" else paid
            found = True if has else False if row[f"known:{scheme}"] else None
            open_ = found is None
        else:
            if paid:
                found = (Fraction(0), None) if amount is None else a.exactly(amount)
            else:
                found = a.NOTHING if row[f"known:{scheme}"] else (Fraction(0), None)
            open_ = not a.is_known(found)
        if open_:
            self.met.add((place.id, receipt_fact(scheme)))
        return found

    def compare(self, node: Compare, place: Place) -> Truth:
        left, right = self.value(node.left, place), self.value(node.right, place)
        if not node.left.kind.is_number:
            if left is None or right is None:
                return None
            return (left == right) == (node.op == "==")
        return a.compare(node.op, left, right)  # type: ignore[arg-type] # its kind is parsed

    def arithmetic(self, node: Arith, place: Place) -> Range:
        left, right = self.number(node.left, place), self.number(node.right, place)
        match node.op:
            case "+":
                return a.add(left, right)
            case "-":
                return a.add(left, a.negate(right))
            case "*":
                return a.multiply(left, right)
        return a.rounded_down(left, a.only(right))

    def choose(self, node: Choose, place: Place) -> Value:
        test = self.truth(node.condition, place)
        then, otherwise = self.value(node.then, place), self.value(node.otherwise, place)
        if test is not None:
            return then if test else otherwise
        if node.kind.is_number:
            return a.hull(then, otherwise)  # type: ignore[arg-type] # its kind is parsed
        return then if then == otherwise else None

    def look_up(self, node: Lookup, place: Place) -> Range:
        table = self.plan.constants.tables[node.table]
        keys = [self.value(key, place) for key in node.keys]
        fitting = [value for row, value in table.rows if all(map(_fits, table.kinds, keys, row))]
        return a.exactly(fitting[-1]) if fitting else ANYTHING

    def call(self, node: Call, place: Place) -> Range:
        args = [self.number(arg, place) for arg in node.args]
        match node.function:
            case "at_least":
                return a.larger(*args)
            case "at_most":
                return a.smaller(*args)
            case "age_on":
                return a.years_between(*args)
            case "steps_over":
                over = a.larger(a.add(args[0], a.negate(args[1])), a.NOTHING)
                return a.rounded_up(over, a.only(args[2]))
            case "round_to":
                unit, direction = node.option.split()
                return a.rounded(args[0], Fraction(100 if unit == "pound" else 1), direction)
            case "recorded_or":
                return self.recorded_or(node.args[0], args, place)
        return a.moved(node.function, args[0], args[1])

    def recorded_or(self, fact: Node, args: list[Range], place: Place) -> Range:
        recorded, formula = args
        if a.is_known(recorded) or not isinstance(fact, FactRef):
            return recorded
        # Somebody the fact does not apply to is not asked for it, and has nothing standing in for
        # it.
        if place.row.get("role") in (None, *self.plan.book.catalogue.facts[fact.name].applies_to):
            self.stand_ins[place.id, fact.name] = formula
        return formula

    # --- members ----------------------------------------------------------------------------------

    def counted(self, node: Aggregate, place: Place) -> list[tuple[Place, Truth]]:
        """Those that the aggregate ranges over, and whether each is among them; None: that is
        open."""
        if node.over is Level.BENEFIT_UNIT:
            units = self.home.places(Level.BENEFIT_UNIT)
            asked = [(each, self.truth(node.where, each) if node.where else True) for each in units]
            return [(each, included) for each, included in asked if included is not False]
        definitions = self.plan.schedule.definitions
        roles = applies_to(self.plan.book.catalogue, definitions, node.item) & set(node.who)
        found: list[tuple[Place, Truth]] = []
        for member in self.home.members(place):
            if member.row["role"] in roles:
                included = True if node.where is None else self.truth(node.where, member)
                if included is not False:
                    found.append((member, included))
        return found

    def any_or_all(self, node: Aggregate, place: Place) -> Truth:
        """Whether any, or all, of those who count satisfy the condition; one who may not count
        cannot settle it."""
        members = self.counted(node, place)
        truths = [(self.truth(node.item, member), included) for member, included in members]
        if node.function == "any":
            return a.logic("or", [a.logic("and", list(each)) for each in truths])
        return a.logic("and", [a.logic("or", [truth, a.negated(who)]) for truth, who in truths])

    def over_members(self, node: Aggregate, place: Place) -> Range:
        members = self.counted(node, place)
        if node.function == "count":
            truths = [
                a.logic("and", [included, self.truth(node.item, member)])
                for member, included in members
            ]
            surely, maybe = truths.count(True), truths.count(None)
            return Fraction(surely), Fraction(surely + maybe)
        amounts = [(self.number(node.item, member), included) for member, included in members]
        if node.function == "total":
            return a.total(amounts)
        return a.extreme(amounts, a.larger if node.function == "largest" else a.smaller)


def _fits(kind: str, key: Value, wanted: Fraction | str) -> bool:
    if not isinstance(key, tuple):
        return key is not None and wanted in ("otherwise", key)
    if key[0] is None or key[0] != key[1] or not isinstance(wanted, Fraction):
        return False
    return key[0] >= wanted if kind == "band" else key[0] == wanted
