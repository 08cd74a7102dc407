"""The rule book: every pack and library of a rules folder, read, typed and checked before anything
runs.

`load_rulebook` refuses a folder with anything wrong in it, one problem for each root cause. What a
date needs (the rates in force) is settled later, by `rates.constants_on`.
"""

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from nostop.model import Level, Problem, RuleError, nearest
from nostop.rulebook.catalogue import Catalogue, load_catalogue
from nostop.rulebook.checks import (
    Complaint,
    circles,
    dead_workings,
    name_clashes,
    rate_clashes,
    schemes_read,
    unlawful_facts,
    wrong_ids,
)
from nostop.rulebook.packs import (
    Gateway,
    GatewaysFile,
    Library,
    Pack,
    Periods,
    Rate,
    RatesFile,
    Table,
    Working,
)
from nostop.rulebook.parse import FormulaError, Scope, parse_formula, syntax
from nostop.rulebook.reading import read_model
from nostop.rulebook.tree import Definition, DefRef, FactRef, Kind, Node, walk
from nostop.strict_yaml import Document


@dataclass(frozen=True, slots=True)
class Scheme:
    """One pack, checked: its conditions, parts and notes as definitions (qualified
    `scheme.name`)."""

    pack: Pack
    folder: Path
    content_hash: str
    conditions: tuple[Definition, ...]
    parts: tuple[Definition, ...]
    notes: tuple[Definition, ...]

    @property
    def id(self) -> str:
        """The scheme's id."""
        return self.pack.scheme

    @property
    def version(self) -> str:
        """The pack's version with the start of its content hash."""
        return f"{self.pack.version}+{self.content_hash[:8]}"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything under a rules folder. `definitions` holds workings, conditions, parts and notes by
    qualified name."""

    path: Path
    catalogue: Catalogue
    gateways: tuple[Gateway, ...]
    schemes: dict[str, Scheme]
    definitions: dict[str, Definition]
    rates: dict[str, Rate]
    tables: dict[str, Table]

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
        facts: set[str] = set()
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.definitions:
                continue
            seen.add(name)
            for node in walk(self.definitions[name].tree):
                if isinstance(node, FactRef):
                    facts.add(node.name)
                elif isinstance(node, DefRef):
                    waiting.append(node.name)
        return facts


def default_rules_dir() -> Path:
    """Return the rules that ship with nostop: the installed copy, or `rules/` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def load_rulebook(path: Path) -> Rulebook:
    """Read and check a rules folder.

    Raises:
        RuleError: one problem for each root cause, in the order of files and lines.
    """
    loader = _Loader(path)
    book = loader.load()
    if loader.problems:
        raise RuleError(
            sorted(loader.problems, key=lambda each: (str(each.path), each.line, each.column))
        )
    return book


def check(path: Path) -> list[Problem]:
    """Return everything wrong in a rules folder; an empty list where it may run."""
    try:
        load_rulebook(path)
    except RuleError as error:
        return error.problems
    return []


@dataclass(slots=True, eq=False)
class _Owner:
    """One folder with a pack or a library, and what is known of it while it is being read."""

    model: Pack | Library
    document: Document
    folder: Path
    rates: RatesFile
    rates_document: Document | None
    rates_refused: bool = False
    definitions: dict[str, Definition] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.model.scheme if isinstance(self.model, Pack) else self.model.library


class _Loader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.owners: dict[str, _Owner] = {}
        self.catalogue = Catalogue({}, {})
        self.refused: set[str] = set()

    def load(self) -> Rulebook:
        self.catalogue = self._catalogue()
        if self.problems:
            # Without the facts nothing else can be judged: their own problem is the one to mend.
            return self._assemble(())
        gateways = self._gateways()
        for file in sorted([*self.path.rglob("pack.yaml"), *self.path.rglob("library.yaml")]):
            self._read_owner(file)
        for owner in self._libraries_first():
            self._define(owner)
        book = self._assemble(gateways)
        if not self.problems:
            self._check_use(book)
        return book

    def _catalogue(self) -> Catalogue:
        try:
            return load_catalogue(self.path)
        except RuleError as error:
            self.problems.extend(error.problems)
            return Catalogue({}, {})

    def _gateways(self) -> tuple[Gateway, ...]:
        model, problems, document = read_model(self.path / "gateways.yaml", GatewaysFile)
        self.problems.extend(problems)
        if model is None or document is None:
            return ()
        for index, gateway in enumerate(model.gateways):
            for name in gateway.fields:
                if name not in self.catalogue.facts:
                    hint = nearest(name, list(self.catalogue.facts))
                    self.problems.append(
                        document.problem(f"'{name}' is no fact{hint}", "gateways", index, "fields")
                    )
        return model.gateways

    def _read_owner(self, file: Path) -> None:
        wanted: type[Pack] | type[Library] = Pack if file.name == "pack.yaml" else Library
        model, problems, document = read_model(file, wanted)
        self.problems.extend(problems)
        before = len(self.problems)
        rates, rates_document = self._rates(file.parent / "rates.yaml")
        if model is None or document is None:
            self.refused.add(file.parent.name)
            return
        owner = _Owner(
            model, document, file.parent, rates, rates_document, len(self.problems) > before
        )
        if owner.name in self.owners:
            other = self.owners[owner.name].document.path
            self.problems.append(document.problem(f"'{owner.name}' is already the name of {other}"))
            return
        self.owners[owner.name] = owner

    def _rates(self, file: Path) -> tuple[RatesFile, Document | None]:
        if not file.exists():
            return RatesFile(), None
        model, problems, document = read_model(file, RatesFile)
        self.problems.extend(problems)
        return model or RatesFile(), document

    def _libraries_first(self) -> list[_Owner]:
        """Owners so that each stands after the libraries it rests on; libraries that rest on each
        other are refused."""
        ordered: list[_Owner] = []
        waiting = [each for each in self.owners.values() if isinstance(each.model, Library)]
        while waiting:
            ready = [
                each
                for each in waiting
                if not any(other in waiting for other in self._rests_on(each))
            ]
            if not ready:
                names = ", ".join(each.name for each in waiting)
                self.problems.append(
                    waiting[0].document.problem(f"libraries read each other in a circle: {names}")
                )
                break
            ordered += ready
            waiting = [each for each in waiting if each not in ready]
        return [*ordered, *(each for each in self.owners.values() if isinstance(each.model, Pack))]

    def _rests_on(self, owner: _Owner) -> list[_Owner]:
        """The libraries whose names a library's formulas use."""
        names = {
            name for working in owner.model.work_out.values() for name in _names_in(working.formula)
        }
        others = (
            each
            for each in self.owners.values()
            if isinstance(each.model, Library) and each is not owner
        )
        own = {*owner.model.work_out, *owner.rates.rates, *owner.rates.tables}
        return [
            each
            for each in others
            if (names - own) & {*each.model.work_out, *each.rates.rates, *each.rates.tables}
        ]

    # --- names and trees --------------------------------------------------------------------------

    def _define(self, owner: _Owner) -> None:
        formulas = self._formulas(owner)
        self._check_names(owner)
        scope = self._scope(owner)
        for name in self._in_order(owner, formulas):
            self._define_one(owner, name, formulas[name], scope)

    def _formulas(self, owner: _Owner) -> dict[str, "_Formula"]:
        """Every formula of an owner by its local name, with where it stands."""
        model = owner.model
        found = {
            name: _Formula(w.formula, w.says, w.cite, ("work_out", name, "formula"), w.level, w)
            for name, w in model.work_out.items()
        }
        if isinstance(model, Pack):
            for name, part in model.award.parts.items():
                says = part.says or name.replace("_", " ")
                found[name] = _Formula(
                    part.formula, says, part.cite, ("award", "parts", name, "formula")
                )
            for index, condition in enumerate(model.entitled_when):
                keys = ("entitled_when", index, "when")
                found[f"when.{condition.id}"] = _Formula(
                    condition.when, condition.says, condition.cite, keys
                )
            for index, note in enumerate(model.notes):
                if note.formula is not None:
                    found[f"note.{note.id}"] = _Formula(
                        note.formula, note.says, note.cite, ("notes", index, "formula")
                    )
        return found

    def _check_names(self, owner: _Owner) -> None:
        shared = dict.fromkeys((*owner.rates.rates, *owner.rates.tables), "a rate")
        for each in self._libraries_used(owner):
            shared |= dict.fromkeys(each.model.work_out, f"a working of {each.name}")
            shared |= dict.fromkeys(
                (*each.rates.rates, *each.rates.tables), f"a rate of {each.name}"
            )
        self._told(owner, name_clashes(owner.model, self.catalogue, shared))
        if owner.rates_document is not None:
            for message, keys in rate_clashes(owner.rates, self.catalogue):
                self.problems.append(owner.rates_document.problem(message, *keys))

    def _libraries_used(self, owner: _Owner) -> list[_Owner]:
        uses = owner.model.uses if isinstance(owner.model, Pack) else ()
        return [self.owners[name] for name in uses if name in self.owners]

    def _libraries(self, owner: _Owner) -> list[_Owner]:
        if isinstance(owner.model, Library):
            # Libraries may rest on other libraries: all of them, but not on themselves.
            return [
                each
                for each in self.owners.values()
                if isinstance(each.model, Library) and each is not owner
            ]
        found = []
        for index, name in enumerate(owner.model.uses):
            library = self.owners.get(name)
            if library is None and name in self.refused:
                continue
            if library is None or isinstance(library.model, Pack):
                known = [
                    each.name for each in self.owners.values() if isinstance(each.model, Library)
                ]
                self.problems.append(
                    owner.document.problem(
                        f"'{name}' is no library{nearest(name, known)}", "uses", index
                    )
                )
            else:
                found.append(library)
        return found

    def _rates_of(self, owner: _Owner) -> dict[str, tuple[str, Rate]]:
        return {name: (f"{owner.name}.{name}", rate) for name, rate in owner.rates.rates.items()}

    def _tables_of(self, owner: _Owner) -> dict[str, tuple[str, Table]]:
        return {name: (f"{owner.name}.{name}", table) for name, table in owner.rates.tables.items()}

    def _scope(self, owner: _Owner) -> Scope:
        rates, tables = self._rates_of(owner), self._tables_of(owner)
        definitions: dict[str, tuple[str, Level, Kind]] = {}
        for library in self._libraries(owner):
            rates = {**self._rates_of(library), **rates}
            tables = {**self._tables_of(library), **tables}
            for name, definition in library.definitions.items():
                definitions[name] = (definition.name, definition.level, definition.tree.kind)
        packs = [each.model for each in self.owners.values() if isinstance(each.model, Pack)]
        return Scope(
            level=owner.model.decides_for if isinstance(owner.model, Pack) else Level.PERSON,
            facts=self.catalogue.facts,
            rates=rates,
            tables=tables,
            definitions=definitions,
            outcomes={
                pack.scheme: (pack.decides_for, pack.award.per)
                for pack in packs
                if pack is not owner.model
            },
            award_periods={name: award.per for name, award in self.catalogue.awards.items()},
            weeks_in_year=_weeks(owner.model.periods),
        )

    def _in_order(self, owner: _Owner, formulas: dict[str, "_Formula"]) -> list[str]:
        """Names so that each stands after those it reads; a circle is refused with its path."""
        ordered: list[str] = []
        state: dict[str, int] = {}

        def visit(name: str, path: tuple[str, ...]) -> None:
            if state.get(name) == 2:
                return
            if state.get(name) == 1:
                circle = " -> ".join((*path[path.index(name) :], name))
                self.problems.append(
                    owner.document.problem(
                        f"goes round in a circle: {circle}", *formulas[name].keys
                    )
                )
                return
            state[name] = 1
            for other in _names_read(formulas[name]):
                if other in formulas:
                    visit(other, (*path, name))
            state[name] = 2
            ordered.append(name)

        for name in formulas:
            visit(name, ())
        return ordered

    def _define_one(self, owner: _Owner, name: str, formula: "_Formula", scope: Scope) -> None:
        level = formula.level or scope.level
        tree = (
            None
            if self._rests_on_broken(owner, formula)
            else self._parse(owner, formula, scope, level)
        )
        if tree is None:
            return
        qualified = f"{owner.name}.{name}"
        turning = self._turning_points(owner, formula, scope, level, tree)
        owner.definitions[name] = Definition(
            qualified, level, tree, formula.says, formula.cite, turning
        )
        scope.definitions[name] = (qualified, level, tree.kind)
        self._check_shape(owner, name, formula, tree)

    def _parse(self, owner: _Owner, formula: "_Formula", scope: Scope, level: Level) -> Node | None:
        try:
            return parse_formula(formula.text, _at(scope, level))
        except FormulaError as error:
            if not self._is_half_read(owner):
                self.problems.append(owner.document.problem(str(error), *formula.keys))
            return None

    def _is_half_read(self, owner: _Owner) -> bool:
        """Whether names may be lacking because a file that defines them was refused: that is told
        already."""
        uses = owner.model.uses if isinstance(owner.model, Pack) else ()
        read = (owner, *self._libraries_used(owner))
        return any(each.rates_refused for each in read) or any(
            name in self.refused for name in uses
        )

    def _rests_on_broken(self, owner: _Owner, formula: "_Formula") -> bool:
        """Whether a formula reads a name that was itself refused: that one message is enough."""
        own = {
            *owner.model.work_out,
            *(owner.model.award.parts if isinstance(owner.model, Pack) else ()),
        }
        broken = own - set(owner.definitions)
        libraries = (
            self._libraries_used(owner) if isinstance(owner.model, Pack) else self._rests_on(owner)
        )
        for each in libraries:
            broken |= set(each.model.work_out) - set(each.definitions) - own
        return not broken.isdisjoint(_names_read(formula))

    def _turning_points(
        self, owner: _Owner, formula: "_Formula", scope: Scope, level: Level, tree: Node
    ) -> tuple[Node, ...]:
        if formula.working is None or not formula.working.turning_points:
            return ()
        refusal = self._turning_refused(owner, formula, level)
        if refusal:
            at = ("work_out", formula.keys[1], "turning_points")
            self.problems.append(owner.document.problem(refusal, *at))
            return ()
        points = []
        for index, name in enumerate(formula.working.turning_points):
            keys = ("work_out", formula.keys[1], "turning_points", index)
            point = self._parse(owner, _Formula(name, "", "", keys), scope, level)
            if point is not None and point.kind != tree.kind:
                self.problems.append(
                    owner.document.problem(f"'{name}' is {point.kind}, not {tree.kind}", *keys)
                )
            elif point is not None:
                points.append(point)
        return tuple(points)

    def _turning_refused(self, owner: _Owner, formula: "_Formula", level: Level) -> str:
        if isinstance(owner.model, Library):
            return "turning points serve one award: write them in the pack, not in a library"
        if level is not owner.model.decides_for:
            return f"turning points stand at a working of the award's own level: {owner.model.decides_for.value}"
        first = next(each for each in owner.model.work_out.values() if each.turning_points)
        return (
            "" if formula.working is first else "only one working of a pack may have turning points"
        )

    def _check_shape(self, owner: _Owner, name: str, formula: "_Formula", tree: Node) -> None:
        if not isinstance(owner.model, Pack):
            return
        if name.startswith("when."):
            if tree.kind.base != "bool":
                self.problems.append(
                    owner.document.problem(
                        f"is {tree.kind} where yes or no is needed", *formula.keys
                    )
                )
            elif tree.level is None:
                self.problems.append(
                    owner.document.problem(
                        "is the same for everybody: it reads no fact", *formula.keys
                    )
                )
        elif name in owner.model.award.parts:
            wanted = Kind("money", owner.model.award.per)
            if tree.kind.base != "zero" and tree.kind != wanted:
                self.problems.append(
                    owner.document.problem(
                        f"is {tree.kind} where {wanted} is needed", *formula.keys
                    )
                )

    # --- the whole --------------------------------------------------------------------------------

    def _assemble(self, gateways: tuple[Gateway, ...]) -> Rulebook:
        definitions: dict[str, Definition] = {}
        rates: dict[str, Rate] = {}
        tables: dict[str, Table] = {}
        schemes: dict[str, Scheme] = {}
        for owner in self.owners.values():
            definitions.update({each.name: each for each in owner.definitions.values()})
            rates.update({qualified: rate for qualified, rate in self._rates_of(owner).values()})
            tables.update(
                {qualified: table for qualified, table in self._tables_of(owner).values()}
            )
            if isinstance(owner.model, Pack):
                schemes[owner.name] = self._scheme(owner, owner.model)
        return Rulebook(self.path, self.catalogue, gateways, schemes, definitions, rates, tables)

    def _scheme(self, owner: _Owner, pack: Pack) -> Scheme:
        def found(names: Iterable[str]) -> tuple[Definition, ...]:
            return tuple(owner.definitions[name] for name in names if name in owner.definitions)

        libraries = self._all_libraries(
            [self.owners[name] for name in pack.uses if name in self.owners]
        )
        folders = [owner.folder, *(each.folder for each in libraries)]
        return Scheme(
            pack=pack,
            folder=owner.folder,
            content_hash=_content_hash(folders),
            conditions=found(f"when.{condition.id}" for condition in pack.entitled_when),
            parts=found(pack.award.parts),
            notes=found(f"note.{note.id}" for note in pack.notes),
        )

    def _all_libraries(self, direct: list[_Owner]) -> list[_Owner]:
        """Libraries and those they rest on, by name."""
        found: dict[str, _Owner] = {}
        waiting = list(direct)
        while waiting:
            each = waiting.pop()
            if each.name not in found:
                found[each.name] = each
                waiting += self._rests_on(each)
        return [found[name] for name in sorted(found)]

    def _check_use(self, book: Rulebook) -> None:
        for circle in circles(schemes_read(book.schemes, book.definitions.values())):
            message = f"schemes go round in a circle: {' -> '.join(circle)}"
            self._told(self.owners[circle[0]], [(message, ("scheme",))])
        for owner in self.owners.values():
            if isinstance(owner.model, Pack):
                self._told(owner, dead_workings(owner.model, book.definitions.values()))
                self._told(owner, wrong_ids(owner.model, self.catalogue))
                self._told(owner, self._unlawful(book, owner.model))

    def _unlawful(self, book: Rulebook, pack: Pack) -> list[Complaint]:
        scheme = book.schemes[pack.scheme]
        read = book.facts_read(
            each.name for each in (*scheme.conditions, *scheme.parts, *scheme.notes)
        )
        libraries = self._all_libraries([self.owners[name] for name in pack.uses])
        models = [pack, *(each.model for each in libraries)]
        cited = {fact for model in models for fact in model.protected_facts}
        uncited = [
            fact for fact in read if self.catalogue.facts[fact].protected and fact not in cited
        ]
        return unlawful_facts(pack.scheme, read, uncited, book.gateways)

    def _told(self, owner: _Owner, complaints: Iterable[Complaint]) -> None:
        self.problems.extend(owner.document.problem(message, *keys) for message, keys in complaints)


@dataclass(frozen=True, slots=True)
class _Formula:
    text: str
    says: str
    cite: str
    keys: tuple[str | int, ...]
    level: Level | None = None
    working: Working | None = None


def _names_read(formula: _Formula) -> list[str]:
    points = formula.working.turning_points if formula.working else ()
    return [*_names_in(formula.text), *points]


def _at(scope: Scope, level: Level) -> Scope:
    return replace(scope, level=level)


def _weeks(periods: Periods | None) -> Fraction | None:
    return Fraction(periods.weeks_in_year) if periods else None


def _names_in(text: str) -> list[str]:
    try:
        parsed = syntax(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)]


def _content_hash(folders: list[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for name in ("pack.yaml", "library.yaml", "rates.yaml"):
            file = folder / name
            if file.exists():
                digest.update(name.encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
