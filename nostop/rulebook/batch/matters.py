"""Which unknown facts could still move a value: the columns `name?fact`, and behind them `name@0`,
`name@1` ...

A value rests on leaves: facts, receipts, other definitions, aggregates. To each leaf leads a path:
the condition under which what is not known of the leaf gets through to the value. `married or
total(savings) < limit` is settled for the married, so that the path to the savings is open only
where the whole is unknown. A fact matters where it is unknown itself, the path to a leaf that rests
on it is open, and the value is not known.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from narwhals import Expr

from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import Num
from nostop.rulebook.batch.compile import Compiler
from nostop.rulebook.batch.inputs import Columns
from nostop.rulebook.tree import (
    Aggregate,
    Among,
    Arith,
    Call,
    Choose,
    Compare,
    Definition,
    DefRef,
    FactRef,
    Logic,
    Node,
    Receipt,
    children,
)

#: For each leaf, when its uncertainty gets through (None: always).
Paths = dict[Node, Expr | None]


def path_columns(compiler: Compiler, name: str, parts: Iterable[Node]) -> tuple[Columns, Paths]:
    """Return columns for the paths to each leaf, and the paths as those columns."""
    columns: Columns = {}
    paths: Paths = {}
    for index, (leaf, path) in enumerate(_together(compiler, parts).items()):
        if path is None:
            paths[leaf] = None
        else:
            columns[f"{name}@{index}"] = path
            paths[leaf] = exprs.col(f"{name}@{index}")
    return columns, paths


def matter_columns(compiler: Compiler, definition: Definition, paths: Paths) -> Columns:
    """Return the `name?fact` columns of one definition; its value columns stand already."""
    name, facts = definition.name, compiler.schedule.facts_of(definition.tree)
    if not definition.tree.kind.is_number:
        is_open = exprs.col(name).is_null()
    else:
        is_open = _is_open(compiler.defined_number(name))
    return {f"{name}?{fact}": reaching(compiler, paths, fact) & is_open for fact in sorted(facts)}


def reaching(compiler: Compiler, paths: Paths, fact: str) -> Expr:
    """Return whether an unknown fact reaches through any of the paths whose leaf rests on it."""
    found = []
    for leaf, path in paths.items():
        if fact in compiler.schedule.facts_of(leaf):
            unknown = _unknown_through(compiler, leaf, fact)
            found.append(unknown if path is None else path & unknown)
    return reduce(or_, found)


def _unknown_through(compiler: Compiler, leaf: Node, fact: str) -> Expr:
    if isinstance(leaf, DefRef):
        return exprs.col(f"{leaf.name}?{fact}")
    if isinstance(leaf, Aggregate):
        return exprs.col(f"{compiler.schedule.aggregates[leaf].name}?{fact}")
    return compiler.unknown(leaf)


# --- the paths through each kind of node ----------------------------------------------------------


def _paths(compiler: Compiler, node: Node) -> Paths:
    match node:
        case FactRef() | Receipt() | Aggregate() | DefRef():
            return {node: None} if compiler.schedule.facts_of(node) else {}
        case Logic() | Compare() | Among():
            return _under(compiler.truth(node).is_null(), _together(compiler, children(node)))
        case Choose():
            return _through_choice(compiler, node)
        case Call(function="at_least" | "at_most"):
            return _through_clip(compiler, node)
        case Call(function="recorded_or", args=(recorded, formula)):
            return _under(compiler.unknown(recorded), _paths(compiler, formula))
        case Arith(op="*", left=left, right=right):
            return _merged(
                _under(_may_differ_from_zero(compiler, right), _paths(compiler, left)),
                _under(_may_differ_from_zero(compiler, left), _paths(compiler, right)),
            )
    return _together(compiler, children(node))


def _together(compiler: Compiler, nodes: Iterable[Node]) -> Paths:
    return _merged(*(_paths(compiler, node) for node in nodes))


def _through_choice(compiler: Compiler, node: Choose) -> Paths:
    test = compiler.truth(node.condition)
    return _merged(
        _paths(compiler, node.condition),
        _under(test.fill_null(value=True), _paths(compiler, node.then)),
        _under((~test).fill_null(value=True), _paths(compiler, node.otherwise)),
    )


def _through_clip(compiler: Compiler, node: Call) -> Paths:
    """Of two amounts, one that loses over its whole range moves nothing."""
    left, right = node.args
    a, b = c.level_with(compiler.number(left), compiler.number(right))
    if node.function == "at_most":
        a, b = _negated(a), _negated(b)
    first = ~(c.column(a.hi) <= c.column(b.lo)).fill_null(value=False)
    second = ~(c.column(b.hi) <= c.column(a.lo)).fill_null(value=False)
    return _merged(_under(first, _paths(compiler, left)), _under(second, _paths(compiler, right)))


def _negated(a: Num) -> Num:
    return Num(c.column(a.hi) * -1, c.column(a.lo) * -1, a.den)


def _may_differ_from_zero(compiler: Compiler, node: Node) -> Expr | None:
    factor = compiler.number(node)
    if factor.constant is not None:
        return None
    return ~((c.column(factor.lo) == 0) & (c.column(factor.hi) == 0)).fill_null(value=False)


def is_open(compiler: Compiler, node: Node) -> Expr:
    """Return whether a node's value is not known."""
    if not node.kind.is_number:
        return compiler.truth(node).is_null()
    return _is_open(compiler.number(node))


def _is_open(number: Num) -> Expr:
    if number.is_exact:
        return c.column(number.lo).is_null()
    return (c.column(number.lo) != c.column(number.hi)).fill_null(value=True)


def _under(condition: Expr | None, paths: Paths) -> Paths:
    if condition is None:
        return paths
    return {leaf: condition if path is None else condition & path for leaf, path in paths.items()}


def _merged(*many: Paths) -> Paths:
    """Paths to the same leaf as one: open where either is."""
    found: Paths = {}
    for paths in many:
        for leaf, path in paths.items():
            if leaf not in found:
                found[leaf] = path
                continue
            other = found[leaf]
            found[leaf] = None if path is None or other is None else other | path
    return found
