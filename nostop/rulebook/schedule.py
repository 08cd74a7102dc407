"""What to work out, and in which order: definitions in turns and layers, so that each level is
aggregated once a turn.

A turn is: person columns, one aggregation to households and one to benefit units, household
columns, benefit-unit columns. A person's column that reads a benefit unit's or household's column
waits for the next turn. Most rules need one turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from nostop.model import Level, Problem
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.tree import (
    Aggregate,
    Call,
    Definition,
    DefRef,
    FactRef,
    Lookup,
    Node,
    Receipt,
    children,
    outside_aggregates,
    walk,
)

_WIDTH = (Level.PERSON, Level.BENEFIT_UNIT, Level.HOUSEHOLD)
#: The fact that is missing where it is not known who else belongs to a benefit unit or household.
ROLE = "role"
#: Marks the people and benefit units of frames and rows that may not be there: any number of them.
PERHAPS = "perhaps"


@dataclass(frozen=True, slots=True)
class Aggregated:
    """One aggregate, the level it is taken to, and the name of its columns."""

    name: str
    node: Aggregate
    turn: int


@dataclass(slots=True)
class Schedule:
    """The order of work. `turns[t][level]` holds layers of definition names. `known` are the facts
    and receipts that nobody lacks in the frames at hand (by default none can be counted on).

    `denominators`, `exact` (numbers whose two sides are one column) and `sure` (exact, and known
    for everybody) fill while compiling.
    """

    definitions: dict[str, Definition]
    turns: list[dict[Level, list[list[str]]]] = field(default_factory=list)
    aggregates: dict[Aggregate, Aggregated] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)
    known: frozenset[str] = frozenset()
    denominators: dict[str, int] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    _facts_of: dict[Node, frozenset[str]] = field(default_factory=dict)
    _is_definite: dict[Node, bool] = field(default_factory=dict)

    def where_known(self, known: frozenset[str]) -> "Schedule":
        """Return the same order of work, to be compiled for frames in which nobody lacks some
        facts."""
        return Schedule(
            self.definitions, self.turns, self.aggregates, self.facts, self.receipts, known
        )

    def facts_of(self, node: Node) -> frozenset[str]:
        """Return the facts and receipts a node rests on, in any depth, that somebody may lack; a
        recorded fact with a formula behind it is not one. An aggregate rests on who its members
        are: their role."""
        if node not in self._facts_of:
            self._facts_of[node] = self._find_facts(node)
        return self._facts_of[node]

    def leaves_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return every fact and receipt that definitions read, in any depth, whether it can be
        missing or not."""
        nodes = self._nodes_behind(names)
        facts = {node.name for node in nodes if isinstance(node, FactRef)}
        return frozenset(
            facts | {receipt_fact(node.scheme) for node in nodes if isinstance(node, Receipt)}
        )

    def widest_of(self, names: Iterable[str], least: Level) -> Level:
        """Return the level, `least` or above, whose members' facts definitions read in any depth.

        Facts of a dwelling are no facts of those who live there.
        """
        found = {least}
        for node in self._nodes_behind(names):
            unit_fact = isinstance(node, FactRef) and node.level is Level.BENEFIT_UNIT
            if isinstance(node, Aggregate) or unit_fact:
                found.add(node.level or least)
        return max(found, key=_WIDTH.index)

    def _nodes_behind(self, names: Iterable[str]) -> list[Node]:
        """Return every node of definitions, and of those they read in any depth."""
        found: list[Node] = []
        waiting = list(names)
        seen = set(waiting)
        while waiting:
            nodes = self.definitions[waiting.pop()].nodes
            found += nodes
            more = {node.name for node in nodes if isinstance(node, DefRef)} - seen
            seen |= more
            waiting += more
        return found

    def is_definite(self, node: Node) -> bool:
        """Whether a node is known for everybody: all it rests on is, and it looks nothing up."""
        if node not in self._is_definite:
            self._is_definite[node] = self._find_definite(node)
        return self._is_definite[node]

    def _find_definite(self, node: Node) -> bool:
        match node:
            case FactRef(name=name):
                return name in self.known
            case Receipt(scheme=scheme):
                return receipt_fact(scheme) in self.known
            case Lookup():
                return False
            case DefRef(name=name):
                return self.is_definite(self.definitions[name].tree)
            case Call(function="recorded_or", args=args):
                return any(self.is_definite(each) for each in args)
            case Aggregate() if ROLE not in self.known:
                return False
        return all(self.is_definite(child) for child in children(node))

    def scheduled(self) -> list[Definition]:
        """Return everything that is to be worked out, in order."""
        return [
            self.definitions[name]
            for turn in self.turns
            for layers in turn.values()
            for layer in layers
            for name in layer
        ]

    def nodes(self) -> list[Node]:
        """Return every node of everything scheduled, turning points among them."""
        return [node for definition in self.scheduled() for node in definition.nodes]

    def problem(self, node: Node, message: str) -> Problem:
        """Return a problem placed where a node is written."""
        holding = (each for each in self.scheduled() if node in each.nodes)
        definition = next(holding)
        return Problem(*definition.written, f"{definition.name} {message}")

    def _find_facts(self, node: Node) -> frozenset[str]:
        match node:
            case FactRef(name=name):
                return frozenset({name}) - self.known
            case Receipt(scheme=scheme):
                return frozenset({receipt_fact(scheme)}) - self.known
            case DefRef(name=name):
                return self.facts_of(self.definitions[name].tree)
            case Call(function="recorded_or", args=(fact, formula)):
                return frozenset() if self.is_definite(fact) else self.facts_of(formula)
        below = frozenset().union(*(self.facts_of(child) for child in children(node)))
        return below | ({ROLE} - self.known) if isinstance(node, Aggregate) else below


def receipt_fact(scheme: str) -> str:
    """Return the fact id under which an unknown receipt is named as missing."""
    return f"award_of_{scheme}"


def applies_to(catalogue: Catalogue, definitions: dict[str, Definition], node: Node) -> set[str]:
    """Return the roles (adult, child) that every person fact in a tree applies to."""
    roles = {"adult", "child"}
    seen: set[str] = set()
    waiting = walk(node)
    while waiting:
        each = waiting.pop()
        if isinstance(each, FactRef):
            roles &= set(catalogue.facts[each.name].applies_to)
        elif isinstance(each, DefRef) and each.name not in seen:
            seen.add(each.name)
            if definitions[each.name].level is Level.PERSON:
                waiting += walk(definitions[each.name].tree)
    return roles


def plan_schedule(definitions: dict[str, Definition], wanted: list[str]) -> Schedule:
    """Return the schedule for the wanted definitions and all they rest on."""
    schedule = Schedule(definitions)
    order = _depth_first(definitions, wanted)
    turn_of: dict[str, int] = {}
    layer_of: dict[str, int] = {}
    for name in order:
        definition = definitions[name]
        turn_of[name] = _turn(definition, turn_of, definitions)
        layer_of[name] = _layer(definition, turn_of, layer_of, definitions)
        _note_leaves(schedule, definition, turn_of)
        _place(schedule, definition, turn_of[name], layer_of[name])
    return schedule


def _depth_first(definitions: dict[str, Definition], wanted: list[str]) -> list[str]:
    ordered: list[str] = []
    done: set[str] = set()

    def visit(name: str) -> None:
        if name in done:
            return
        done.add(name)
        for other in definitions[name].reads:
            visit(other)
        ordered.append(name)

    for name in wanted:
        visit(name)
    return ordered


def _turn(
    definition: Definition, turn_of: dict[str, int], definitions: dict[str, Definition]
) -> int:
    turn = 0
    for name in _read(definition):
        waits = definition.level is Level.PERSON and definitions[name].level is not Level.PERSON
        turn = max(turn, turn_of[name] + waits)
    for aggregate in _aggregates(definition):
        turn = max(turn, _inner_turn(aggregate, turn_of, definitions))
    return turn


def _inner_turn(
    aggregate: Aggregate, turn_of: dict[str, int], definitions: dict[str, Definition]
) -> int:
    # Only people's columns stand before a turn's aggregates; others are there from the next turn.
    inner = [node.name for node in walk(aggregate) if isinstance(node, DefRef)]
    turns = (turn_of[name] + (definitions[name].level is not Level.PERSON) for name in inner)
    return max(turns, default=0)


def _layer(
    definition: Definition,
    turn_of: dict[str, int],
    layer_of: dict[str, int],
    definitions: dict[str, Definition],
) -> int:
    beside = [
        layer_of[name] + 1
        for name in _read(definition)
        if definitions[name].level is definition.level and turn_of[name] == turn_of[definition.name]
    ]
    return max(beside, default=0)


def _read(definition: Definition) -> list[str]:
    """Definitions read outside aggregates: those inside are the aggregate's own matter."""
    nodes = [node for tree in definition.trees for node in outside_aggregates(tree)]
    return [node.name for node in nodes if isinstance(node, DefRef)]


def _aggregates(definition: Definition) -> list[Aggregate]:
    return [node for node in definition.nodes if isinstance(node, Aggregate)]


def _note_leaves(schedule: Schedule, definition: Definition, turn_of: dict[str, int]) -> None:
    for node in definition.nodes:
        if isinstance(node, FactRef):
            schedule.facts.add(node.name)
        elif isinstance(node, Receipt):
            schedule.receipts.add(node.scheme)
        elif isinstance(node, Aggregate) and node not in schedule.aggregates:
            turn = _inner_turn(node, turn_of, schedule.definitions)
            name = f"over{len(schedule.aggregates)}"
            schedule.aggregates[node] = Aggregated(name, node, turn)


def _place(schedule: Schedule, definition: Definition, turn: int, layer: int) -> None:
    while len(schedule.turns) <= turn:
        schedule.turns.append({level: [] for level in Level})
    layers = schedule.turns[turn][definition.level]
    while len(layers) <= layer:
        layers.append([])
    layers[layer].append(definition.name)
