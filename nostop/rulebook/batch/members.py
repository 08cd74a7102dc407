"""Members of a benefit unit or household taken together: what each person brings to an aggregate,
what is added up, and the aggregate's columns from that."""

from collections.abc import Callable
from operator import methodcaller
from typing import Literal

from narwhals import Expr

from nostop.model import Level
from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import Num
from nostop.rulebook.batch.compile import Compiler
from nostop.rulebook.batch.inputs import Columns
from nostop.rulebook.batch.matters import Paths, reaching
from nostop.rulebook.schedule import PERHAPS, ROLE, Aggregated, Schedule, applies_to
from nostop.rulebook.tree import Aggregate

_SIDES: tuple[Literal["lo", "hi"], ...] = ("lo", "hi")


def member_columns(
    compiler: Compiler, aggregated: Aggregated, paths: Paths, *, with_missing: bool
) -> Columns:
    """Return what each subject brings to an aggregate."""
    node, name = aggregated.node, aggregated.name
    included = _included(compiler, node)
    is_definite = compiler.schedule.is_definite(node)
    found: Columns = {}
    if with_missing:
        found = _missing_columns(compiler, aggregated, paths, included)
    if node.function in ("any", "all", "count"):
        item = compiler.truth(node.item)
        holds = included & (~item if node.function == "all" else item)
        found[f"{name}:yes"] = _one_if(holds)
        if is_definite:
            return found
        found[f"{name}:open"] = _one_if(holds.is_null())
        return found | _any_number(compiler, name, holds.is_null())
    if is_definite:
        return found | _known_amounts(compiler, node, name, included)
    return found | _amounts(compiler, node, name, included)


def _missing_columns(
    compiler: Compiler, aggregated: Aggregated, paths: Paths, included: Expr
) -> Columns:
    """Which unknown facts reach an aggregate through each subject: through one who may not be
    there, that they may be."""
    name, counts = aggregated.name, included.fill_null(value=True)
    facts = sorted(compiler.schedule.facts_of(aggregated.node))
    rests = frozenset().union(*(compiler.schedule.facts_of(leaf) for leaf in paths))
    found = {fact: reaching(compiler, paths, fact) & counts for fact in facts if fact in rests}
    if may_lack_members(compiler.schedule):
        perhaps = exprs.col(PERHAPS)
        found = {fact: reached & ~perhaps for fact, reached in found.items()}
        found[ROLE] = found[ROLE] | (perhaps & counts) if ROLE in found else perhaps & counts
    return {f"{name}?{fact}": reached for fact, reached in found.items()}


def may_lack_members(schedule: Schedule) -> bool:
    """Whether somebody may belong to a benefit unit or household whom the frames do not hold."""
    return ROLE not in schedule.known


def _any_number(compiler: Compiler, name: str, is_open: Expr) -> Columns:
    """Of those who may be there, there may be any number."""
    if not may_lack_members(compiler.schedule):
        return {}
    return {f"{name}:any": _one_if(exprs.col(PERHAPS) & is_open)}


def _included(compiler: Compiler, node: Aggregate) -> Expr:
    """Whether a subject is among those the aggregate ranges over; null where that is open."""
    sure = _who(compiler, node)
    if not may_lack_members(compiler.schedule):
        return sure
    return sure & exprs.when(exprs.col(PERHAPS)).then(c.unknown_truth()).otherwise(
        exprs.truth(value=True)
    )


def _who(compiler: Compiler, node: Aggregate) -> Expr:
    if node.over is Level.BENEFIT_UNIT:
        every = exprs.truth(value=True)
        return every if node.where is None else compiler.truth(node.where)
    fitting = applies_to(compiler.catalogue, compiler.schedule.definitions, node.item)
    who = exprs.col("role").is_in([role for role in node.who if role in fitting])
    return who if node.where is None else who & compiler.truth(node.where)


def _known_amounts(compiler: Compiler, node: Aggregate, name: str, included: Expr) -> Columns:
    number = compiler.number(node.item)
    compiler.schedule.denominators[name] = number.den
    outside = exprs.number(0) if node.function == "total" else c.no_bound()
    return {f"{name}:lo": exprs.when(included).then(c.column(number.lo)).otherwise(outside)}


def _amounts(compiler: Compiler, node: Aggregate, name: str, included: Expr) -> Columns:
    number = compiler.number(node.item)
    compiler.schedule.denominators[name] = number.den
    lo, hi = c.column(number.lo), c.column(number.hi)
    if node.function == "total":
        # Someone who may or may not count brings between nothing and their amount.
        lo = _when_included(included, lo, c.column(c.at_most(Num(lo, lo), c.constant(0)).lo))
        hi = _when_included(included, hi, c.column(c.at_least(Num(hi, hi), c.constant(0)).hi))
        if may_lack_members(compiler.schedule):
            perhaps = exprs.col(PERHAPS)
            lo = exprs.when(perhaps & (lo < 0)).then(c.no_bound()).otherwise(lo)
            hi = exprs.when(perhaps & (hi > 0)).then(c.no_bound()).otherwise(hi)
        return {f"{name}:lo": lo, f"{name}:hi": hi}
    return {
        f"{name}:lo": exprs.when(included).then(lo).otherwise(c.no_bound()),
        f"{name}:hi": exprs.when(included).then(hi).otherwise(c.no_bound()),
        f"{name}:in": _one_if(included.fill_null(value=False)),
        f"{name}:open": _one_if(included.is_null()),
    }


def _one_if(condition: Expr) -> Expr:
    return exprs.when(condition).then(exprs.number(1)).otherwise(exprs.number(0))


def _when_included(included: Expr, inside: Expr, open_: Expr) -> Expr:
    outside = exprs.when(~included).then(exprs.number(0)).otherwise(open_)
    return exprs.when(included).then(inside).otherwise(outside)


#: How the one column that each member brings to a definite aggregate is taken together.
_ADDED_UP: dict[str, Callable[[Expr], Expr]] = {
    "any": methodcaller("max"),
    "all": methodcaller("max"),
    "count": methodcaller("sum"),
    "total": methodcaller("sum"),
    "largest": methodcaller("max"),
    "smallest": methodcaller("min"),
}


def _held(node: Aggregate) -> str:
    return "yes" if node.function in ("any", "all", "count") else "lo"


def group_columns(schedule: Schedule, aggregated: Aggregated, *, with_missing: bool) -> list[Expr]:
    """Return the aggregations over members."""
    node, name = aggregated.node, aggregated.name
    facts = sorted(schedule.facts_of(node)) if with_missing else ()
    found = [exprs.col(f"{name}?{fact}").any() for fact in facts]
    if schedule.is_definite(node):
        return [_ADDED_UP[node.function](exprs.col(f"{name}:{_held(node)}"))]
    if node.function in ("any", "all", "count"):
        sums = ["yes", "open", *(["any"] if may_lack_members(schedule) else [])]
        return [*found, *(exprs.col(f"{name}:{each}").sum() for each in sums)]
    sides = [exprs.col(f"{name}:{side}") for side in _SIDES]
    if node.function == "total":
        lacking = [
            exprs.col(f"{name}:{side}").null_count().alias(f"{name}:{side}_null") for side in _SIDES
        ]
        return [*found, *(each.sum() for each in sides), *lacking]
    picked = [each.max() if node.function == "largest" else each.min() for each in sides]
    counted = [exprs.col(f"{name}:{side}").count().alias(f"{name}:{side}#") for side in _SIDES]
    return [
        *found,
        *picked,
        *counted,
        exprs.col(f"{name}:in").sum(),
        exprs.col(f"{name}:open").sum(),
    ]


def group_results(schedule: Schedule, aggregated: Aggregated) -> Columns:
    """Return an aggregate's value columns from what `group_columns` gave."""
    node, name = aggregated.node, aggregated.name
    if schedule.is_definite(node):
        return _known_result(schedule, node, name)
    yes, open_ = exprs.col(f"{name}:yes"), exprs.col(f"{name}:open")
    match node.function:
        case "count":
            schedule.denominators[name] = 1
            most = yes + open_
            if may_lack_members(schedule):
                most = exprs.when(exprs.col(f"{name}:any") > 0).then(c.no_bound()).otherwise(most)
            return {f"{name}|lo": yes, f"{name}|hi": most}
        case "any" | "all":
            none = exprs.when(open_ > 0).then(c.unknown_truth()).otherwise(exprs.truth(value=False))
            some = exprs.when(yes > 0).then(exprs.truth(value=True)).otherwise(none)
            return {name: ~some if node.function == "all" else some}
        case "total":
            return {f"{name}|{side}": _whole_sum(f"{name}:{side}") for side in _SIDES}
        case "largest" | "smallest":
            return _extreme(name, largest=node.function == "largest")


def _known_result(schedule: Schedule, node: Aggregate, name: str) -> Columns:
    value = exprs.col(f"{name}:{_held(node)}")
    match node.function:
        case "any":
            return {name: value > 0}
        case "all":
            return {name: value == 0}
        case "count":
            schedule.denominators[name] = 1
        case "largest" | "smallest":
            value = value.fill_null(0)
    return {f"{name}|lo": value}


def _whole_sum(name: str) -> Expr:
    """A sum skips members without a bound; with one of them it has none itself."""
    return exprs.when(exprs.col(f"{name}_null") == 0).then(exprs.col(name)).otherwise(c.no_bound())


def _extreme(name: str, *, largest: bool) -> Columns:
    """The largest or smallest amount: 0 over nobody, and no bounds while it is open who counts."""
    members, open_ = exprs.col(f"{name}:in"), exprs.col(f"{name}:open")
    found = {}
    for side in _SIDES:
        value, counted = exprs.col(f"{name}:{side}"), exprs.col(f"{name}:{side}#")
        # For the largest, one missing upper bound leaves none; a missing lower bound is only
        # skipped. Smallest: mirrored.
        strict = (side == "hi") == largest
        sound = (counted == members) if strict else (counted > 0)
        bounded = exprs.when(sound).then(value).otherwise(c.no_bound())
        settled = exprs.when(members == 0).then(exprs.number(0)).otherwise(bounded)
        found[f"{name}|{side}"] = exprs.when(open_ == 0).then(settled).otherwise(c.no_bound())
    return found
