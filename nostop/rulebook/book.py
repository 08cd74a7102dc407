"""What a rule book is: every pack and library of a rules folder, typed and checked. `load.py` reads
one; what a date needs (the rates in force) is settled later, by `rates.constants_on`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nostop.model import Problem, RuleError, nearest
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.packs import Gateway, Library, Pack, Rate, Signpost, Table
from nostop.rulebook.tree import Definition, FactRef, Lookup, Node, RateRef

#: The local name of what a pack says under `invite_when`.
INVITE = "asked.invite_when"
#: The local name of the last day on which to claim.
DEADLINE = "asked.deadline"
#: What the local names of conditions under `closes`, `changes_for_others` and `changes` begin with.
CLOSES, CHANGES, OWN_CHANGES = "closes.", "changes.", "own."


@dataclass(frozen=True, slots=True)
class Scheme:
    """One pack, checked: its conditions, parts and notes as definitions (qualified
    `scheme.name`). `effects` are the conditions under `closes`, `changes` and
    `changes_for_others`, and the deadline, by local name."""

    pack: Pack
    folder: Path
    content_hash: str
    conditions: tuple[Definition, ...]
    parts: tuple[Definition, ...]
    notes: tuple[Definition, ...]
    invitation: Definition | None
    effects: dict[str, Definition]

    @property
    def id(self) -> str:
        """The scheme's id."""
        return self.pack.scheme

    @property
    def version(self) -> str:
        """The pack's version with the start of its content hash."""
        return f"{self.pack.version}+{self.content_hash[:8]}"

    @property
    def turning_working(self) -> str | None:
        """The qualified name of the one working with turning points, if the pack has one."""
        names = (name for name, working in self.pack.work_out.items() if working.turning_points)
        return next((f"{self.id}.{name}" for name in names), None)

    def is_in_force(self, on: date) -> bool:
        """Whether the scheme exists on a day."""
        span = self.pack.in_force
        return span.from_ <= on and (span.to is None or on <= span.to)

    def problem(self, message: str) -> Problem:
        """Return a problem with the pack as a whole."""
        return Problem(self.folder / "pack.yaml", 1, 1, message)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything under a rules folder. `definitions` holds workings, conditions, parts and notes by
    qualified name, `rates` and `tables` those of packs and libraries, `folders` the folder of
    each."""

    path: Path
    catalogue: Catalogue
    gateways: tuple[Gateway, ...]
    schemes: dict[str, Scheme]
    libraries: dict[str, Library]
    definitions: dict[str, Definition]
    rates: dict[str, Rate]
    tables: dict[str, Table]
    folders: dict[str, Path]
    signposts: tuple[Signpost, ...] = ()

    @property
    def packs(self) -> dict[str, Pack]:
        """The packs by scheme id."""
        return {name: scheme.pack for name, scheme in self.schemes.items()}

    def scheme(self, name: str) -> Scheme:
        """Return one scheme.

        Raises:
            RuleError: no such scheme; the nearest is named.
        """
        if name not in self.schemes:
            known = list(self.schemes)
            message = f"no scheme '{name}'{nearest(name, known)} (known: {', '.join(known)})"
            raise RuleError([Problem(self.path, 1, 1, message)])
        return self.schemes[name]

    def facts_read(self, names: Iterable[str]) -> set[str]:
        """Return the facts that definitions read, through everything they rest on."""
        return {node.name for node in self._nodes_behind(names) if isinstance(node, FactRef)}

    def rates_read(self, names: Iterable[str]) -> set[str]:
        """Return the rates and tables that definitions read, in the same way."""
        return {
            node.name if isinstance(node, RateRef) else node.table
            for node in self._nodes_behind(names)
            if isinstance(node, RateRef | Lookup)
        }

    def _nodes_behind(self, names: Iterable[str]) -> Iterator[Node]:
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.definitions:
                continue
            seen.add(name)
            definition = self.definitions[name]
            yield from definition.nodes
            waiting += definition.reads


def default_rules_dir() -> Path:
    """Return the rules that ship with nostop: the installed copy, or `rules/` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"
