"""A plan put over people, benefit units and households: one row per subject for each scheme.

Backend-agnostic: frames come and go as narwhals lazy frames, so the same plan runs on polars and on
DuckDB. Person columns come first, then one aggregation to households and benefit units, then their
columns, joined back onto people where a rule asks (`schedule.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from operator import add
from types import ModuleType
from typing import Any, Protocol

import narwhals as nw
from narwhals import Expr

from nostop.model import Level
from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import Num
from nostop.rulebook.batch.compile import Compiler
from nostop.rulebook.batch.inputs import Columns, fact_columns, receipt_columns
from nostop.rulebook.batch.matters import Paths, is_open, matter_columns, path_columns
from nostop.rulebook.batch.members import (
    group_columns,
    group_results,
    may_lack_members,
    member_columns,
)
from nostop.rulebook.batch.stretches import cut
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, Plan, SchemePlan
from nostop.rulebook.schedule import PERHAPS, Aggregated, receipt_fact
from nostop.rulebook.soundness.resting import resting_on
from nostop.rulebook.tree import Definition, DefRef, Node, children, walk

Frame = nw.LazyFrame[Any]
#: What aggregates range over, and the level they are taken to.
_UPWARDS = (
    (Level.PERSON, Level.HOUSEHOLD),
    (Level.PERSON, Level.BENEFIT_UNIT),
    (Level.BENEFIT_UNIT, Level.HOUSEHOLD),
)


class Backend(Protocol):
    """What a plan needs of the engine that works its frames out: its frames and expressions are
    those of a library (narwhals, or one that names them alike)."""

    @property
    def library(self) -> ModuleType:
        """The library."""
        ...

    def share(self, frame: Frame) -> Frame:
        """Mark a frame that several others are taken from, where the engine can keep it."""
        ...

    def table(self, columns: dict[str, list[int] | list[str]]) -> Frame:
        """Return a small table of our own as a frame of the same engine."""
        ...


def run_plan(
    plan: Plan,
    frames: dict[Level, Frame],
    backend: Backend,
    *,
    known: frozenset[str] = frozenset(),
    with_missing: bool = True,
) -> dict[Level, Frame]:
    """Return, for each level that schemes decide for, one row per subject.

    Args:
        plan: of `plan.answers_of`, or a whole one.
        frames: for each level its key, the keys above it, the facts in `schedule.facts` of that
            level; people also `role` and, for each scheme in `schedule.receipts`, `known:`,
            `paid:`, `held:` and `sum:`; people and benefit units `perhaps`, unless everybody's role
            is known.
        known: facts and receipts (`schedule.receipt_fact`) that nobody in the frames lacks: what
            rests on them alone is worked out once, without bounds. It never changes a result.
        with_missing: whether to work out which unknown facts still matter.
    Returns:
        the key, the household, and for each scheme, named `scheme:outcome` and so on: `outcome`
        (truth value), `lo`, `hi`, `because_bits`, `invited` and, where asked for, `missing_bits`.
    Raises:
        RuleError: a formula keeps finer fractions than can be worked out exactly.
    """
    with exprs.made_in(backend.library):
        run = _Run(plan, frames, backend, known, with_missing=with_missing)
        return run.by_level(run.answers)


def run_claims(
    plan: Plan, frames: dict[Level, Frame], backend: Backend, *, known: frozenset[str] = frozenset()
) -> dict[Level, Frame]:
    """Return the same with `scheme:claimed` alone, for a plan of `plan.claims_of`, or a whole
    one."""
    with exprs.made_in(backend.library):
        run = _Run(plan, frames, backend, known, with_missing=False)
        return run.by_level(run.claims)


class _Run:
    """One execution: the three frames as they grow."""

    def __init__(
        self,
        plan: Plan,
        frames: dict[Level, Frame],
        backend: Backend,
        known: frozenset[str],
        *,
        with_missing: bool,
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.with_missing = with_missing
        self.schedule = plan.schedule.where_known(known)
        self.definitions = plan.schedule.definitions
        self.compilers = {
            level: Compiler(plan.book.catalogue, self.schedule, plan.constants)
            for level in LOW_TO_HIGH
        }
        self.frames = dict(frames)
        self._prepare()
        for turn in range(len(self.schedule.turns)):
            self._turn(turn)

    # --- frames -----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Put the facts' columns onto each level, and each upper level's onto those below."""
        raw = {level: self._facts(level) for level in LOW_TO_HIGH}
        made = {
            level: fact_columns(self.plan.book.catalogue, level, names, self.schedule.known)
            for level, names in raw.items()
        }
        schemes = sorted(self.schedule.receipts)
        known = [name for name in schemes if receipt_fact(name) in self.schedule.known]
        receipts = receipt_columns(schemes, known)
        for level, columns in made.items():
            self._with(level, columns | receipts if level is Level.PERSON else columns)
        for upper in (Level.HOUSEHOLD, Level.BENEFIT_UNIT):
            names = [*raw[upper], *made[upper]]
            for lower in LOW_TO_HIGH[: LOW_TO_HIGH.index(upper)]:
                self._lower(upper, lower, names)

    def _facts(self, level: Level) -> list[str]:
        return sorted(self.plan.book.catalogue.at(level).keys() & self.schedule.facts)

    def _with(self, level: Level, columns: Columns) -> None:
        if columns:
            named = [expression.alias(name) for name, expression in columns.items()]
            self.frames[level] = self.frames[level].with_columns(*named)

    def _lower(self, upper: Level, lower: Level, names: list[str]) -> None:
        """Join columns of an upper level onto a lower one; many rows below, one above."""
        if names:
            key = KEYS[upper]
            source = self.frames[upper].select(key, *names)
            self.frames[lower] = self.frames[lower].join(source, on=key, how="left")

    # --- turns ------------------------------------------------------------------------------------

    def _turn(self, turn: int) -> None:
        layers = self.schedule.turns[turn]
        self._work(Level.PERSON, layers[Level.PERSON])
        self.frames[Level.PERSON] = self.backend.share(self.frames[Level.PERSON])
        here = [each for each in self.schedule.aggregates.values() if each.turn == turn]
        for over, level in _UPWARDS:
            wanted = (over, level)
            self._gather(
                *wanted, [each for each in here if (each.node.over, each.node.level) == wanted]
            )
        self._work(Level.HOUSEHOLD, layers[Level.HOUSEHOLD])
        self._hand_down(turn, Level.HOUSEHOLD, Level.BENEFIT_UNIT)
        self._work(Level.BENEFIT_UNIT, layers[Level.BENEFIT_UNIT])
        for level in (Level.HOUSEHOLD, Level.BENEFIT_UNIT):
            self.frames[level] = self.backend.share(self.frames[level])
        self._hand_down(turn, Level.HOUSEHOLD, Level.PERSON)
        self._hand_down(turn, Level.BENEFIT_UNIT, Level.PERSON)

    def _hand_down(self, turn: int, upper: Level, lower: Level) -> None:
        """Join onto a lower level what it reads, from this turn on, of a turn's definitions."""
        read = {
            name
            for later in self.schedule.turns[turn:]
            for layer in later[lower]
            for reader in layer
            for name in self.definitions[reader].reads
        }
        # What aggregates read stands in columns of those they range over, whoever owns them.
        over = (each for each in self.schedule.aggregates if each.over is lower)
        inner = (node for each in over for node in walk(each))
        read |= {node.name for node in inner if isinstance(node, DefRef)}
        made = [name for layer in self.schedule.turns[turn][upper] for name in layer]
        columns = [each for name in made if name in read for each in self._columns_of(name)]
        self._lower(upper, lower, columns)

    def _columns_of(self, name: str) -> list[str]:
        tree = self.definitions[name].tree
        value = [name]
        if tree.kind.is_number:
            value = [f"{name}|lo"] if name in self.schedule.exact else [f"{name}|lo", f"{name}|hi"]
        facts = sorted(self.schedule.facts_of(tree)) if self.with_missing else ()
        return [*value, *(f"{name}?{fact}" for fact in facts)]

    def _work(self, level: Level, layers: list[list[str]]) -> None:
        for layer in layers:
            definitions = [self.definitions[name] for name in layer]
            self._step(level, self.compilers[level], (each.tree for each in definitions))
            values: Columns = {}
            for each in definitions:
                values |= self._value_columns(each)
            self._with(level, values)
            self._matter(level, definitions)

    def _step(self, level: Level, compiler: Compiler, trees: Iterable[Node]) -> None:
        for step in compiler.steps(trees):
            self._with(level, step.columns)
            for join in step.joins:
                table = self.backend.table(join.table)
                frame = self.frames[level].join(table, on=list(join.keys), how="left")
                self.frames[level] = frame
                self._with(level, join.found)

    def _matter(self, level: Level, definitions: list[Definition]) -> None:
        if not self.with_missing:
            return
        compiler = self.compilers[level]
        on_the_way: Columns = {}
        matters: Columns = {}
        for each in definitions:
            if not self.schedule.facts_of(each.tree):
                continue
            columns, paths = path_columns(compiler, each.name, [each.tree])
            on_the_way |= columns
            matters |= matter_columns(compiler, each, paths)
        self._with(level, on_the_way)
        self._with(level, matters)

    # --- awards over turning points ---------------------------------------------------------------

    def _value_columns(self, definition: Definition) -> Columns:
        owner, _, rest = definition.name.partition(".")
        scheme = self.plan.book.schemes.get(owner)
        if rest == "award" and scheme is not None and scheme.turning_working is not None:
            turning = self.definitions[scheme.turning_working]
            inline = resting_on(self.definitions, definition.name, turning.name)
            # What is known for everybody has no range to cut.
            if inline and not self.schedule.is_definite(turning.tree):
                return self._award_by_stretches(definition, turning, inline - {definition.name})
        return self.compilers[definition.level].define(definition)

    def _award_by_stretches(
        self, award: Definition, turning: Definition, inline: frozenset[str]
    ) -> Columns:
        """Bound the award over each stretch between turning points, then take the range of all
        stretches.

        Sound whatever the points are: the stretches together hold every value that the working can
        take.
        """
        compiler = self.compilers[award.level]
        points = [compiler.number(point) for point in turning.turning_points]
        found: list[Num] = []
        for index, stretch in enumerate(cut(compiler.defined_number(turning.name), points)):
            name = f"{award.name}~{index}"
            columns = {f"{name}|lo": c.column(stretch.lo), f"{name}|hi": c.column(stretch.hi)}
            self._with(award.level, columns)
            over = Num(exprs.col(f"{name}|lo"), exprs.col(f"{name}|hi"), stretch.den)
            overrides = {turning.name: over}
            within = replace(
                compiler, prefix=f"{name}~", overrides=overrides, inline=inline, kept={}
            )
            self._step(award.level, within, [award.tree])
            found.append(within.number(award.tree))
        bounds = reduce(c.hull, found)
        self.schedule.denominators[award.name] = bounds.den
        return {f"{award.name}|lo": c.column(bounds.lo), f"{award.name}|hi": c.column(bounds.hi)}

    # --- members ----------------------------------------------------------------------------------

    def _gather(self, over: Level, level: Level, aggregates: list[Aggregated]) -> None:
        if not aggregates:
            return
        compiler = self.compilers[over]
        parts = (part for each in aggregates for part in children(each.node))
        self._step(over, compiler, parts)
        members: Columns = {}
        grouped: list[Expr] = []
        results: Columns = {}
        for each in aggregates:
            paths: Paths = {}
            if self.with_missing:
                columns, paths = path_columns(compiler, each.name, children(each.node))
                self._with(over, columns)
            members |= member_columns(compiler, each, paths, with_missing=self.with_missing)
            grouped += group_columns(self.schedule, each, with_missing=self.with_missing)
            facts = sorted(self.schedule.facts_of(each.node)) if self.with_missing else ()
            results |= {f"{each.name}?{fact}": exprs.col(f"{each.name}?{fact}") for fact in facts}
            results |= group_results(self.schedule, each)
        key = KEYS[level]
        named = [expression.alias(name) for name, expression in members.items()]
        gathered = self.frames[over].select(key, *named).group_by(key).agg(*grouped)
        gathered = gathered.select(key, **results)
        open_ = self._open_of(level, aggregates) if self.with_missing else {}
        if open_:
            gathered = gathered.with_columns(**open_)
        self.frames[level] = self.frames[level].join(gathered, on=key, how="left")

    def _open_of(self, level: Level, aggregates: list[Aggregated]) -> Columns:
        """A settled aggregate lets nothing through, whatever is unknown of its members."""
        return {
            f"{each.name}?{fact}": exprs.col(f"{each.name}?{fact}")
            & is_open(self.compilers[level], each.node)
            for each in aggregates
            for fact in sorted(self.schedule.facts_of(each.node))
        }

    # --- results ----------------------------------------------------------------------------------

    def by_level(self, found: Callable[[SchemePlan], Columns]) -> dict[Level, Frame]:
        """Return columns of all schemes that are decided at a level side by side."""
        columns: dict[Level, Columns] = {}
        for each in self.plan.schemes:
            named = {f"{each.scheme.id}:{name}": column for name, column in found(each).items()}
            columns.setdefault(each.scheme.pack.decides_for, {}).update(named)
        return {
            level: self._those_there(level).select(*_keys(level), **named)
            for level, named in columns.items()
        }

    def _those_there(self, level: Level) -> Frame:
        """Without those who may not be there: nobody decides for them."""
        if level is Level.HOUSEHOLD or not may_lack_members(self.schedule):
            return self.frames[level]
        return self.frames[level].filter(~exprs.col(PERHAPS))

    def claims(self, plan: SchemePlan) -> Columns:
        """Return whether one scheme is claimed."""
        return {"claimed": exprs.col(f"{plan.scheme.id}.claimed")}

    def answers(self, plan: SchemePlan) -> Columns:
        """Return what one scheme comes to, as `run_plan` says."""
        scheme = plan.scheme.id
        hi = "lo" if f"{scheme}.amount" in self.schedule.exact else "hi"
        return {
            "outcome": exprs.col(f"{scheme}.entitled"),
            "lo": exprs.col(f"{scheme}.amount|lo"),
            "hi": exprs.col(f"{scheme}.amount|{hi}"),
            "because_bits": self._because_bits(plan),
            "invited": self._invited(plan),
            **self._missing_bits(plan),
        }

    def _because_bits(self, plan: SchemePlan) -> Expr:
        """The conditions that decide: all where entitled, those that are open where that is open,
        else those that fail: of the nation alone, where that does."""
        scheme = plan.scheme.id
        names = [f"{scheme}.when.{name}" for name in plan.conditions]
        conditions = {1 << index: exprs.col(name) for index, name in enumerate(names)}
        is_open = {
            1 << index: exprs.col(name).is_null()
            for index, name in enumerate(names)
            if not self.schedule.is_definite(self.definitions[name].tree)
        }
        failed = _sum_of({bit: ~truth for bit, truth in conditions.items()})
        failed = exprs.when(~conditions[1]).then(exprs.number(1)).otherwise(failed)
        outcome = exprs.col(f"{scheme}.entitled")
        if is_open:
            failed = exprs.when(outcome.is_null()).then(_sum_of(is_open)).otherwise(failed)
        return exprs.when(outcome).then(exprs.number(sum(conditions))).otherwise(failed)

    def _invited(self, plan: SchemePlan) -> Expr:
        invitation = plan.scheme.invitation
        if invitation is None:
            return exprs.truth(value=True)
        return exprs.col(invitation.name).fill_null(value=False)

    def _missing_bits(self, plan: SchemePlan) -> Columns:
        if not self.with_missing:
            return {}
        name = f"{plan.scheme.id}.entitled"
        open_ = self.schedule.facts_of(self.definitions[name].tree)
        bits = {
            1 << index: exprs.col(f"{name}?{fact}").fill_null(value=False)
            for index, fact in enumerate(plan.facts)
            if fact in open_
        }
        return {"missing_bits": _sum_of(bits)}


def _keys(level: Level) -> list[str]:
    return list(dict.fromkeys((KEYS[level], KEYS[Level.HOUSEHOLD])))


def _sum_of(bits: dict[int, Expr]) -> Expr:
    """The bits whose truth value holds, as one number."""
    nothing = exprs.number(0)
    held = [
        exprs.when(truth).then(exprs.number(bit)).otherwise(nothing) for bit, truth in bits.items()
    ]
    return reduce(add, held, nothing)
