"""The compiled plan: run it on people, benefit units and households; get one row per subject for
each scheme.

Backend-agnostic: frames come and go as narwhals lazy frames, so the same plan runs on polars and on
DuckDB.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import get_args

import narwhals as nw

from nostop.model import Level, Problem, RuleError
from nostop.rulebook import columns as c
from nostop.rulebook.book import Rulebook, Scheme
from nostop.rulebook.columns import Num
from nostop.rulebook.compile import Columns, Trees, fact_columns, receipt_columns
from nostop.rulebook.packs import Nation
from nostop.rulebook.rates import Constants, constants_on
from nostop.rulebook.schedule import Aggregated, Schedule, plan_schedule
from nostop.rulebook.tree import (
    BOOL,
    ZERO,
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Definition,
    DefRef,
    FactRef,
    Kind,
    Lit,
    Logic,
    Lookup,
    Node,
    RateRef,
    Receipt,
    children,
    walk,
)

MAX_FACTS = 62
MAX_CONDITIONS = 31
KEYS = {
    Level.PERSON: "person_id",
    Level.BENEFIT_UNIT: "benefit_unit_id",
    Level.HOUSEHOLD: "household_id",
}
LOW_TO_HIGH = (Level.PERSON, Level.BENEFIT_UNIT, Level.HOUSEHOLD)


@dataclass(frozen=True, slots=True)
class SchemePlan:
    """What one scheme's columns mean: bit i of the condition bits is `conditions[i]`, of the fact
    bits `facts[i]`."""

    scheme: Scheme
    conditions: tuple[str, ...]
    facts: tuple[str, ...]
    askable: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """All schemes asked for, compiled for one date."""

    book: Rulebook
    constants: Constants
    schedule: Schedule
    schemes: tuple[SchemePlan, ...]
    noted: frozenset[str] = frozenset()

    @property
    def effective_on(self) -> date:
        """The date the plan works things out for."""
        return self.constants.effective_on

    def run(
        self,
        frames: dict[Level, nw.LazyFrame],
        share: Callable[[nw.LazyFrame], nw.LazyFrame] = lambda frame: frame,
    ) -> dict[str, nw.LazyFrame]:
        """Return, for each scheme, one row per subject.

        Args:
            frames: for each level its key, the keys above it, the facts in `schedule.facts` of that
                level; people also `role`, `confidence` and, for each scheme in `schedule.receipts`,
                `known:`, `paid:`, `held:` and `sum:`.
            share: marks a frame that several others are taken from, where the backend can keep it.
        Returns: subject keys, `outcome` (truth value), `lo`, `hi`, `true_bits`, `unknown_bits`,
            `missing_bits`, `claimed`, `confidence`.
        """
        run = _Run(self, frames, share)
        return {each.scheme.id: run.result(each) for each in self.schemes}


def compile_plan(
    book: Rulebook,
    effective_on: date,
    schemes: list[str] | None = None,
    *,
    with_notes: bool = False,
) -> Plan:
    """Compile schemes (all of the rule book's by default) for a date; with the packs' notes too
    where results are explained.

    Raises:
        RuleError: an unknown scheme, a scheme asked for by name that is not in force, a rate
    without a value for the date.
    """
    chosen = [book.scheme(name) for name in dict.fromkeys(schemes or book.schemes)]
    if schemes is None:
        chosen = [scheme for scheme in chosen if _in_force(scheme, effective_on)]
    for scheme in chosen:
        if not _in_force(scheme, effective_on):
            raise RuleError(
                [
                    Problem(
                        scheme.folder / "pack.yaml",
                        1,
                        1,
                        f"{scheme.id} is not in force on {effective_on}",
                    )
                ]
            )
    definitions = dict(book.definitions)
    for scheme in book.schemes.values():
        definitions.update(scheme_definitions(scheme))
    wanted = [f"{scheme.id}.{name}" for scheme in chosen for name in ("amount", "claimed")]
    notes = [each.name for scheme in chosen for each in scheme.notes if with_notes]
    schedule = plan_schedule(definitions, [*wanted, *notes])
    plans = tuple(_scheme_plan(book, schedule, scheme) for scheme in chosen)
    plan = Plan(book, constants_on(book, effective_on), schedule, plans, frozenset(notes))
    _check_rates(plan)
    return plan


def scheme_definitions(scheme: Scheme) -> dict[str, Definition]:
    """Return what every scheme has beside its own definitions: applies_in, entitled, award, amount,
    claimed."""
    pack, level, name = scheme.pack, scheme.pack.decides_for, scheme.id
    nation = FactRef(Kind("text"), Level.HOUSEHOLD, "nation")
    applies: Node = Among(BOOL, Level.HOUSEHOLD, nation, tuple(pack.applies_in), negated=False)
    if set(pack.applies_in) == set(get_args(Nation)):
        applies = Lit(BOOL, None, value=True)  # in every nation: where they live need not be known
    conditions = [f"{name}.when.applies_in", *(each.name for each in scheme.conditions)]
    entitled = Logic(BOOL, level, "and", tuple(DefRef(BOOL, level, each) for each in conditions))
    money = Kind("money", pack.award.per)
    parts: list[Node] = [DefRef(each.tree.kind, level, each.name) for each in scheme.parts]
    award = reduce(lambda a, b: Arith(money, level, "+", a, b), parts)
    nothing = Lit(ZERO, None, 0)
    award = Call(money, level, "at_least", (award, nothing))
    rounding = pack.award.round
    option = f"{rounding.to} {rounding.direction}" if rounding else "penny down"
    award = Call(money, level, "round_to", (award,), option)
    amount = Choose(
        money,
        level,
        DefRef(BOOL, level, f"{name}.entitled"),
        DefRef(money, level, f"{name}.award"),
        nothing,
    )
    trees: dict[str, Node] = {
        "when.applies_in": applies, "entitled": entitled, "award": award, "amount": amount, "claimed": _claimed(scheme),
    }  # fmt: skip
    return {
        f"{name}.{key}": Definition(f"{name}.{key}", level, tree, pack.title.en, "")
        for key, tree in trees.items()
    }


def _claimed(scheme: Scheme) -> Node:

    receipt = Receipt(BOOL, Level.PERSON, "claimed", scheme.pack.receipt)
    if scheme.pack.decides_for is Level.PERSON:
        return receipt
    return Aggregate(BOOL, scheme.pack.decides_for, "any", ("adult",), receipt, None)


def _in_force(scheme: Scheme, on: date) -> bool:
    span = scheme.pack.in_force
    return span.from_ <= on and (span.to is None or on <= span.to)


def _scheme_plan(book: Rulebook, schedule: Schedule, scheme: Scheme) -> SchemePlan:
    conditions = ("applies_in", *(each.id for each in scheme.pack.entitled_when))
    rests_on = schedule.facts_of(schedule.definitions[f"{scheme.id}.entitled"].tree)
    order = book.catalogue.asking_order()
    facts = (*(name for name in order if name in rests_on), *sorted(rests_on - set(order)))
    for names, what, most in (
        (conditions, "conditions", MAX_CONDITIONS),
        (facts, "facts", MAX_FACTS),
    ):
        if len(names) > most:
            message = f"has {len(names)} {what}; {most} is the most"
            raise RuleError([Problem(scheme.folder / "pack.yaml", 1, 1, message)])
    return SchemePlan(scheme, conditions, facts, frozenset(scheme.pack.ask_person))


def _check_rates(plan: Plan) -> None:
    """Every rate that a used definition reads must have a value for the date, and one that divides
    must be above 0."""
    wrong: dict[str, str] = {}
    for node in plan.schedule.nodes():
        wanted = (
            node.name
            if isinstance(node, RateRef)
            else node.table
            if isinstance(node, Lookup)
            else None
        )
        if wanted in plan.constants.missing:
            wrong[wanted] = plan.constants.missing[wanted]
    for node in plan.schedule.nodes():
        divisor = _divisor(node)
        if divisor is not None and divisor not in wrong and plan.constants.rates[divisor] <= 0:
            wrong[divisor] = (
                f"rate '{divisor}' is not above 0 on {plan.effective_on}, and something is divided by it"
            )
    if wrong:
        raise RuleError(
            [_rate_problem(plan.book, name, message) for name, message in sorted(wrong.items())]
        )


def _divisor(node: Node) -> str | None:
    match node:
        case Arith(op="//", right=RateRef(name=name)):
            return name
        case Call(function="steps_over", args=(_, _, RateRef(name=name))):
            return name
    return None


def _rate_problem(book: Rulebook, name: str, message: str) -> Problem:
    owner = name.split(".")[0]
    folder = (
        book.schemes[owner].folder
        if owner in book.schemes
        else next(book.path.rglob(f"{owner}/library.yaml")).parent
    )
    return Problem(folder / "rates.yaml", 1, 1, message)


class _Run:
    """One execution: the three frames as they grow."""

    def __init__(
        self,
        plan: Plan,
        frames: dict[Level, nw.LazyFrame],
        share: Callable[[nw.LazyFrame], nw.LazyFrame],
    ) -> None:
        self.plan = plan
        self.share = share
        self.schedule = plan.schedule
        self.definitions = plan.schedule.definitions
        self.trees = {
            level: Trees(plan.book, plan.schedule, plan.constants, plan.schedule.definitions)
            for level in LOW_TO_HIGH
        }
        self.frames = dict(frames)
        self._prepare()
        for turn in range(len(self.schedule.turns)):
            self._turn(turn)

    def _prepare(self) -> None:
        book, facts = self.plan.book, self.schedule.facts
        for level in LOW_TO_HIGH:
            columns = fact_columns(book, level, facts)
            if level is Level.PERSON:
                columns |= receipt_columns(sorted(self.schedule.receipts))
            self._with(level, columns)
        self._lower(
            Level.HOUSEHOLD, (Level.BENEFIT_UNIT, Level.PERSON), self._fact_names(Level.HOUSEHOLD)
        )
        self._lower(Level.BENEFIT_UNIT, (Level.PERSON,), self._fact_names(Level.BENEFIT_UNIT))

    def _fact_names(self, level: Level) -> list[str]:
        found = []
        for name in sorted(self.schedule.facts):
            fact = self.plan.book.catalogue.facts[name]
            if fact.level is level:
                found += [name, f"{name}?"]
                if fact.type in ("int", "money", "date"):
                    found.append(f"{name}|lo")
                if fact.type in ("int", "money"):
                    found.append(f"{name}|hi")
        return found

    def _with(self, level: Level, columns: Columns) -> None:
        if columns:
            named = [expression.alias(name) for name, expression in columns.items()]
            self.frames[level] = self.frames[level].with_columns(*named)

    def _lower(self, upper: Level, lower: tuple[Level, ...], names: list[str]) -> None:
        """Join columns of an upper level onto lower ones; many rows below, one above."""
        if not names:
            return
        key = KEYS[upper]
        source = self.frames[upper].select(key, *names)
        for level in lower:
            self.frames[level] = self.frames[level].join(source, on=key, how="left")

    def _turn(self, turn: int) -> None:
        layers = self.schedule.turns[turn]
        self._work(Level.PERSON, layers[Level.PERSON])
        self.frames[Level.PERSON] = self.share(self.frames[Level.PERSON])
        for level in (Level.HOUSEHOLD, Level.BENEFIT_UNIT):
            self._gather(
                level, [each for each in self.schedule.aggregates.values() if each.turn == turn]
            )
        self._work(Level.HOUSEHOLD, layers[Level.HOUSEHOLD])
        household = [name for layer in layers[Level.HOUSEHOLD] for name in layer]
        self._lower(
            Level.HOUSEHOLD,
            (Level.BENEFIT_UNIT,),
            self._columns_read(household, turn, Level.BENEFIT_UNIT),
        )
        self._work(Level.BENEFIT_UNIT, layers[Level.BENEFIT_UNIT])
        self._lower(
            Level.HOUSEHOLD, (Level.PERSON,), self._columns_read(household, turn, Level.PERSON)
        )
        unit = [name for layer in layers[Level.BENEFIT_UNIT] for name in layer]
        self._lower(
            Level.BENEFIT_UNIT, (Level.PERSON,), self._columns_read(unit, turn, Level.PERSON)
        )

    def _work(self, level: Level, layers: list[list[str]]) -> None:
        trees = self.trees[level]
        for layer in layers:
            definitions = [self.definitions[name] for name in layer]
            for step in trees.steps(each.tree for each in definitions):
                self._with(level, step)
            values: Columns = {}
            for each in definitions:
                values |= self._define(trees, each)
            self._with(level, values)
            self._matter(level, definitions)

    def _matter(self, level: Level, definitions: list[Definition]) -> None:
        trees = self.trees[level]
        on_the_way: Columns = {}
        matters: Columns = {}
        for each in definitions:
            columns, paths = trees.path_columns(each.name, [each.tree])
            on_the_way |= columns
            matters |= trees.define_matters(each, paths)
        self._with(level, on_the_way)
        self._with(level, matters)

    def _define(self, trees: Trees, definition: Definition) -> Columns:
        owner, _, rest = definition.name.partition(".")
        scheme = self.plan.book.schemes.get(owner)
        if rest == "award" and scheme is not None:
            turning = _turning_working(self.definitions, scheme)
            if turning is not None and _resting_on(self.definitions, definition, turning.name):
                return self._award_by_stretches(trees, definition, turning)
        return trees.define(definition)

    def _award_by_stretches(self, trees: Trees, award: Definition, turning: Definition) -> Columns:
        """Bound the award over each stretch between turning points, then take the range of all
        stretches.

        Sound whatever the points are: the stretches together hold every value that the working can
        take.
        """
        whole = trees.defined_number(turning.name)
        inline = _resting_on(self.definitions, award, turning.name) - {award.name}
        points = [trees.number(point) for point in turning.turning_points]
        found: Num | None = None
        for index, stretch in enumerate(_stretches(whole, points)):
            name = f"{award.name}~{index}"
            self._with(
                award.level,
                {f"{name}|lo": c.column(stretch.lo), f"{name}|hi": c.column(stretch.hi)},
            )
            over = Num(nw.col(f"{name}|lo"), nw.col(f"{name}|hi"), stretch.den)
            within = replace(
                trees, prefix=f"{name}~", overrides={turning.name: over}, inline=inline, kept={}
            )
            for step in within.steps([award.tree]):
                self._with(award.level, step)
            bounds = within.number(award.tree)
            found = bounds if found is None else c.hull(found, bounds)
        if found is None:
            raise AssertionError("a working with turning points has at least one stretch")
        self.schedule.denominators[award.name] = found.den
        return {f"{award.name}|lo": c.column(found.lo), f"{award.name}|hi": c.column(found.hi)}

    def _columns_read(self, names: list[str], turn: int, level: Level) -> list[str]:
        """Columns of definitions that something at a lower level reads from this turn on."""
        read: set[str] = set()
        for later in self.schedule.turns[turn:]:
            for layer in later[level]:
                for name in layer:
                    read |= _references(self.definitions[name])
        if level is Level.PERSON:
            # What aggregates read stands in person columns too, whoever owns the aggregate.
            for aggregate in self.schedule.aggregates:
                read |= {node.name for node in walk(aggregate) if isinstance(node, DefRef)}
        return [column for name in names if name in read for column in self._columns_of(name)]

    def _columns_of(self, name: str) -> list[str]:
        tree = self.definitions[name].tree
        value = [name]
        if tree.kind.is_number:
            value = [f"{name}|lo"] if name in self.schedule.exact else [f"{name}|lo", f"{name}|hi"]
        return [*value, *(f"{name}?{fact}" for fact in sorted(self.schedule.facts_of(tree)))]

    def _gather(self, level: Level, aggregates: list[Aggregated]) -> None:
        here = [each for each in aggregates if each.node.level is level]
        if not here:
            return
        key = KEYS[level]
        trees = self.trees[Level.PERSON]
        for step in trees.steps(part for each in here for part in children(each.node)):
            self._with(Level.PERSON, step)
        members: Columns = {}
        grouped: list[nw.Expr] = []
        results: Columns = {}
        for each in here:
            columns, paths = trees.path_columns(each.name, children(each.node))
            self._with(Level.PERSON, columns)
            members |= trees.member_columns(each, paths)
            grouped += trees.group_columns(each)
            results |= trees.group_results(each)
        names = [expression.alias(name) for name, expression in members.items()]
        gathered = self.frames[Level.PERSON].select(key, *names).group_by(key).agg(*grouped)
        kept = [
            nw.col(f"{each.name}?{fact}")
            for each in here
            for fact in sorted(self.schedule.facts_of(each.node))
        ]
        gathered = gathered.select(
            key, *kept, *(expression.alias(name) for name, expression in results.items())
        )
        self.frames[level] = self.frames[level].join(gathered, on=key, how="left")

    # --- results ----------------------------------------------------------------------------------

    def result(self, plan: SchemePlan) -> nw.LazyFrame:
        """Return one scheme's rows, as `Plan.run` says."""
        scheme, level = plan.scheme.id, plan.scheme.pack.decides_for
        conditions = [nw.col(f"{scheme}.when.{name}") for name in plan.conditions]
        entitled = nw.col(f"{scheme}.entitled")
        missing = [
            nw.col(f"{scheme}.entitled?{fact}").fill_null(value=False) for fact in plan.facts
        ]
        keys = [KEYS[each] for each in LOW_TO_HIGH[LOW_TO_HIGH.index(level) :]]
        return self.frames[level].select(
            *keys,
            "confidence",
            outcome=entitled,
            lo=nw.col(f"{scheme}.amount|lo"),
            hi=nw.col(f"{scheme}.amount|hi"),
            claimed=nw.col(f"{scheme}.claimed"),
            true_bits=_bits([each.fill_null(value=False) for each in conditions]),
            unknown_bits=_bits([each.is_null() for each in conditions]),
            missing_bits=_bits(missing),
        )


def _bits(truths: list[nw.Expr]) -> nw.Expr:
    bits = [
        nw.when(truth).then(nw.lit(1 << index, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))
        for index, truth in enumerate(truths)
    ]
    return reduce(lambda a, b: a + b, bits, nw.lit(0, dtype=nw.Int64))


def _turning_working(definitions: dict[str, Definition], scheme: Scheme) -> Definition | None:
    found = [
        definitions[f"{scheme.id}.{name}"]
        for name, working in scheme.pack.work_out.items()
        if working.turning_points
    ]
    return found[0] if found else None


def _references(definition: Definition) -> set[str]:
    trees = (definition.tree, *definition.turning_points)
    return {node.name for tree in trees for node in walk(tree) if isinstance(node, DefRef)}


def _resting_on(definitions: dict[str, Definition], top: Definition, name: str) -> frozenset[str]:
    """Definitions from `top` down, at its level, that read `name` directly or through one
    another."""
    found: set[str] = set()

    def reads(each: str) -> bool:
        if each == name:
            return True
        if definitions[each].level is not top.level:
            return False
        rests = any([reads(other) for other in sorted(_references(definitions[each]))])
        if rests:
            found.add(each)
        return rests

    reads(top.name)
    return frozenset(found)


def _stretches(whole: Num, points: list[Num]) -> list[Num]:
    """Cut a range at the points. A stretch that holds none of the range shrinks to the range's
    lowest value, if it has one."""
    edges: list[Num | None] = [None, *points, None]
    found = []
    for below, above in zip(edges, edges[1:], strict=False):
        stretch = whole
        if below is not None:
            stretch, under = c.level_with(stretch, below)
            stretch = Num(
                c.at_least(Num(stretch.lo, stretch.lo), Num(under.lo, under.lo)).lo,
                stretch.hi,
                stretch.den,
            )
        if above is not None:
            stretch, over = c.level_with(stretch, above)
            stretch = Num(
                stretch.lo,
                c.at_most(Num(stretch.hi, stretch.hi), Num(over.hi, over.hi)).hi,
                stretch.den,
            )
        found.append(_or_lowest(stretch, whole))
    return found


def _or_lowest(stretch: Num, whole: Num) -> Num:
    stretch, whole = c.level_with(stretch, whole)
    is_empty = (c.column(stretch.lo) > c.column(stretch.hi)).fill_null(value=False)
    lowest = c.column(whole.lo)
    lo = nw.when(is_empty).then(lowest).otherwise(c.column(stretch.lo))
    highest = nw.coalesce(lowest, c.column(whole.hi))
    return Num(lo, nw.when(is_empty).then(highest).otherwise(c.column(stretch.hi)), stretch.den)
