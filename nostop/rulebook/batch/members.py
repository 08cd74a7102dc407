"""Members of a benefit unit or household taken together: what each person brings to an aggregate,
what is added up, and the aggregate's columns from that."""

from collections.abc import Callable
from typing import Literal

import narwhals as nw

from nostop.model import Level
from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch.columns import Num
from nostop.rulebook.batch.compile import Compiler
from nostop.rulebook.batch.inputs import Columns
from nostop.rulebook.batch.matters import Paths, reaching
from nostop.rulebook.schedule import Aggregated, Schedule, applies_to
from nostop.rulebook.tree import Aggregate

_SIDES: tuple[Literal["lo", "hi"], ...] = ("lo", "hi")


def member_columns(compiler: Compiler, aggregated: Aggregated, paths: Paths) -> Columns:
    """Return what each subject brings to an aggregate."""
    node, name = aggregated.node, aggregated.name
    included = _included(compiler, node)
    is_definite = compiler.schedule.is_definite(node)
    found: Columns = {}
    if paths:
        counts = included.fill_null(value=True)
        facts = sorted(compiler.schedule.facts_of(node))
        found = {f"{name}?{fact}": reaching(compiler, paths, fact) & counts for fact in facts}
    if node.function in ("any", "all", "count"):
        item = compiler.truth(node.item)
        holds = included & (~item if node.function == "all" else item)
        found[f"{name}:yes"] = _one_if(holds)
        return found if is_definite else found | {f"{name}:open": _one_if(holds.is_null())}
    if is_definite:
        return found | _known_amounts(compiler, node, name, included)
    return found | _amounts(compiler, node, name, included)


def _included(compiler: Compiler, node: Aggregate) -> nw.Expr:
    """Whether a subject is among those the aggregate ranges over; null where that is open."""
    if node.over is Level.BENEFIT_UNIT:
        every = nw.lit(value=True)
        return every if node.where is None else compiler.truth(node.where)
    fitting = applies_to(compiler.catalogue, compiler.schedule.definitions, node.item)
    who = nw.col("role").is_in([role for role in node.who if role in fitting])
    return who if node.where is None else who & compiler.truth(node.where)


def _known_amounts(compiler: Compiler, node: Aggregate, name: str, included: nw.Expr) -> Columns:
    number = compiler.number(node.item)
    compiler.schedule.denominators[name] = number.den
    outside = nw.lit(0, dtype=nw.Int64) if node.function == "total" else c.no_bound()
    return {f"{name}:lo": nw.when(included).then(c.column(number.lo)).otherwise(outside)}


def _amounts(compiler: Compiler, node: Aggregate, name: str, included: nw.Expr) -> Columns:
    number = compiler.number(node.item)
    compiler.schedule.denominators[name] = number.den
    lo, hi = c.column(number.lo), c.column(number.hi)
    if node.function == "total":
        # Someone who may or may not count brings between nothing and their amount.
        lo = _when_included(included, lo, c.column(c.at_most(Num(lo, lo), c.constant(0)).lo))
        hi = _when_included(included, hi, c.column(c.at_least(Num(hi, hi), c.constant(0)).hi))
        return {f"{name}:lo": lo, f"{name}:hi": hi}
    return {
        f"{name}:lo": nw.when(included).then(lo).otherwise(c.no_bound()),
        f"{name}:hi": nw.when(included).then(hi).otherwise(c.no_bound()),
        f"{name}:in": _one_if(included.fill_null(value=False)),
        f"{name}:open": _one_if(included.is_null()),
    }


def _one_if(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))


def _when_included(included: nw.Expr, inside: nw.Expr, open_: nw.Expr) -> nw.Expr:
    outside = nw.when(~included).then(nw.lit(0, dtype=nw.Int64)).otherwise(open_)
    return nw.when(included).then(inside).otherwise(outside)


#: How the one column that each member brings to a definite aggregate is taken together.
_ADDED_UP: dict[str, Callable[[nw.Expr], nw.Expr]] = {
    "any": nw.Expr.max,
    "all": nw.Expr.max,
    "count": nw.Expr.sum,
    "total": nw.Expr.sum,
    "largest": nw.Expr.max,
    "smallest": nw.Expr.min,
}


def _held(node: Aggregate) -> str:
    return "yes" if node.function in ("any", "all", "count") else "lo"


def group_columns(
    schedule: Schedule, aggregated: Aggregated, *, with_missing: bool
) -> list[nw.Expr]:
    """Return the aggregations over members."""
    node, name = aggregated.node, aggregated.name
    facts = sorted(schedule.facts_of(node)) if with_missing else ()
    found = [nw.col(f"{name}?{fact}").any() for fact in facts]
    if schedule.is_definite(node):
        return [_ADDED_UP[node.function](nw.col(f"{name}:{_held(node)}"))]
    if node.function in ("any", "all", "count"):
        return [*found, nw.col(f"{name}:yes").sum(), nw.col(f"{name}:open").sum()]
    sides = [nw.col(f"{name}:{side}") for side in _SIDES]
    if node.function == "total":
        lacking = [
            nw.col(f"{name}:{side}").null_count().alias(f"{name}:{side}_null") for side in _SIDES
        ]
        return [*found, *(each.sum() for each in sides), *lacking]
    picked = [each.max() if node.function == "largest" else each.min() for each in sides]
    counted = [nw.col(f"{name}:{side}").count().alias(f"{name}:{side}#") for side in _SIDES]
    return [*found, *picked, *counted, nw.col(f"{name}:in").sum(), nw.col(f"{name}:open").sum()]


def group_results(schedule: Schedule, aggregated: Aggregated) -> Columns:
    """Return an aggregate's value columns from what `group_columns` gave."""
    node, name = aggregated.node, aggregated.name
    if schedule.is_definite(node):
        return _known_result(schedule, node, name)
    yes, open_ = nw.col(f"{name}:yes"), nw.col(f"{name}:open")
    match node.function:
        case "count":
            schedule.denominators[name] = 1
            return {f"{name}|lo": yes, f"{name}|hi": yes + open_}
        case "any" | "all":
            none = nw.when(open_ > 0).then(c.unknown_truth()).otherwise(nw.lit(value=False))
            some = nw.when(yes > 0).then(nw.lit(value=True)).otherwise(none)
            return {name: ~some if node.function == "all" else some}
        case "total":
            return {f"{name}|{side}": _whole_sum(f"{name}:{side}") for side in _SIDES}
        case "largest" | "smallest":
            return _extreme(name, largest=node.function == "largest")


def _known_result(schedule: Schedule, node: Aggregate, name: str) -> Columns:
    value = nw.col(f"{name}:{_held(node)}")
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


def _whole_sum(name: str) -> nw.Expr:
    """A sum skips members without a bound; with one of them it has none itself."""
    return nw.when(nw.col(f"{name}_null") == 0).then(nw.col(name)).otherwise(c.no_bound())


def _extreme(name: str, *, largest: bool) -> Columns:
    """The largest or smallest amount: 0 over nobody, and no bounds while it is open who counts."""
    members, open_ = nw.col(f"{name}:in"), nw.col(f"{name}:open")
    found = {}
    for side in _SIDES:
        value, counted = nw.col(f"{name}:{side}"), nw.col(f"{name}:{side}#")
        # For the largest, one missing upper bound leaves none; a missing lower bound is only
        # skipped. Smallest: mirrored.
        strict = (side == "hi") == largest
        sound = (counted == members) if strict else (counted > 0)
        bounded = nw.when(sound).then(value).otherwise(c.no_bound())
        settled = nw.when(members == 0).then(nw.lit(0, dtype=nw.Int64)).otherwise(bounded)
        found[f"{name}|{side}"] = nw.when(open_ == 0).then(settled).otherwise(c.no_bound())
    return found
