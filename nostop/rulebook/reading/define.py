"""The formulas of a pack or library -> definitions, in the order in which they read one another."""

from dataclasses import dataclass, replace
from fractions import Fraction

from nostop.model import Level, Period, nearest
from nostop.rulebook.book import CHANGES, CLOSES, DEADLINE, INVITE, OWN_CHANGES
from nostop.rulebook.packs import Library, Pack, Working
from nostop.rulebook.reading.calls import Scope
from nostop.rulebook.reading.checks import Keys, name_clashes, rate_clashes
from nostop.rulebook.reading.folder import Folder, Owner
from nostop.rulebook.reading.formulas import Formula, formulas_of
from nostop.rulebook.reading.models import MOST_TOLD
from nostop.rulebook.reading.parse import parse_formula
from nostop.rulebook.reading.syntax import FormulaError
from nostop.rulebook.tree import Definition, DefRef, Kind, Node, walk

#: How many workings may stand one upon another.
MOST_DEEP = 50
_MOST_NAMED = 12


def define(folder: Folder, owner: Owner) -> None:
    """Fill an owner's definitions; the libraries it rests on have theirs. What is wrong is told to
    the folder."""
    _check_names(folder, owner)
    formulas = formulas_of(owner.model)
    libraries = folder.rests_on(owner) if owner.is_library else folder.used_by(owner)
    work = _Work(folder, owner, libraries, formulas, _scope(folder, owner))
    before = len(folder.told())
    for name in work.in_order():
        work.define(name)
        if len(folder.told()) > before + MOST_TOLD:
            break


def _check_names(folder: Folder, owner: Owner) -> None:
    shared = dict.fromkeys(owner.numbers, "a rate")
    for each in folder.used_by(owner):
        shared |= dict.fromkeys(each.model.work_out, f"a working of {each.name}")
        shared |= dict.fromkeys(each.numbers, f"a rate of {each.name}")
    folder.tell_all(owner, name_clashes(owner.model, folder.catalogue, shared))
    if owner.rates_document is not None:
        for message, keys in rate_clashes(owner.rates_file, folder.catalogue):
            folder.problems.append(owner.rates_document.problem(message, *keys))


def _scope(folder: Folder, owner: Owner) -> Scope:
    """The names that an owner's formulas may use."""
    rates, tables = owner.rates, owner.tables
    definitions: dict[str, tuple[str, Level, Kind]] = {}
    for library in _libraries(folder, owner):
        rates = {**library.rates, **rates}
        tables = {**library.tables, **tables}
        for name, each in library.definitions.items():
            definitions[name] = (each.name, each.level, each.tree.kind)
    periods = owner.model.periods
    return Scope(
        level=owner.model.decides_for if isinstance(owner.model, Pack) else Level.PERSON,
        facts=folder.catalogue.facts,
        rates=rates,
        tables=tables,
        definitions=definitions,
        outcomes={
            name: (pack.decides_for, pack.award.per)
            for name, pack in folder.packs.items()
            if pack is not owner.model
        },
        award_periods={name: award.per for name, award in folder.catalogue.awards.items()},
        weeks_in_year=Fraction(periods.weeks_in_year) if periods else None,
    )


def _libraries(folder: Folder, owner: Owner) -> list[Owner]:
    """The libraries whose names may be used; one that a pack asks for and that is none is told."""
    if owner.is_library:
        # Libraries may rest on other libraries: all of them, but not on themselves.
        return [each for each in folder.libraries if each is not owner]
    found = []
    for index, name in enumerate(owner.uses):
        library = folder.owners.get(name)
        if library is None and name in folder.refused:
            continue
        if library is None or not library.is_library:
            hint = nearest(name, [each.name for each in folder.libraries])
            folder.tell(owner, f"'{name}' is no library{hint}", "uses", index)
        else:
            found.append(library)
    return found


@dataclass(slots=True)
class _Work:
    """One owner's formulas on their way to definitions; the scope grows with each. `libraries` are
    those that the formulas rest on."""

    folder: Folder
    owner: Owner
    libraries: list[Owner]
    formulas: dict[str, Formula]
    scope: Scope

    def in_order(self) -> list[str]:
        """Names so that each stands after those it reads; a circle is refused with its path."""
        ordered: list[str] = []
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in done:
                return
            if name in path:
                circle = " -> ".join(_not_too_many((*path[path.index(name) :], name)))
                self.tell(f"goes round in a circle: {circle}", self.formulas[name].keys)
                return
            for other in self.formulas[name].names:
                if other in self.formulas:
                    visit(other, (*path, name))
            done.add(name)
            ordered.append(name)

        for name in self.formulas:
            visit(name, ())
        return ordered

    def define(self, name: str) -> None:
        """Type one formula, unless a name it reads was itself refused: that one message is
        enough."""
        formula = self.formulas[name]
        level = (formula.working and formula.working.level) or self.scope.level
        if not self.broken().isdisjoint(formula.names):
            return
        tree = self.parsed(formula.text, level, formula.keys)
        if tree is None:
            return
        if self.is_too_deep(name, tree):
            deep = f"rests on more than {MOST_DEEP} workings, one upon another: shorten the chain"
            self.tell(deep, formula.keys)
            return
        qualified = f"{self.owner.name}.{name}"
        document = self.owner.document
        self.owner.definitions[name] = Definition(
            name=qualified,
            level=level,
            tree=tree,
            says=formula.says,
            cite=formula.cite,
            written=document.written(*formula.keys),
            turning_points=self.turning_points(formula, level, tree),
        )
        self.scope.definitions[name] = (qualified, level, tree.kind)
        self.check_shape(name, formula, tree)

    def is_too_deep(self, name: str, tree: Node) -> bool:
        """Whether a formula stands on a chain of workings that is longer than law has any."""
        read = (each.name for each in walk(tree) if isinstance(each, DefRef))
        depths = self.folder.depths
        depth = 1 + max((depths.get(each, 0) for each in read), default=0)
        depths[f"{self.owner.name}.{name}"] = depth
        return depth > MOST_DEEP

    def broken(self) -> set[str]:
        """Names that should have a definition by now and were refused one."""
        model = self.owner.model
        own = {*model.work_out, *(model.award.parts if isinstance(model, Pack) else ())}
        broken = own - set(self.owner.definitions)
        for each in self.libraries:
            broken |= set(each.model.work_out) - set(each.definitions) - own
        return broken

    def parsed(self, text: str, level: Level, keys: Keys) -> Node | None:
        try:
            return parse_formula(text, replace(self.scope, level=level))
        except FormulaError as error:
            self.refuse(error, keys)
            return None

    def refuse(self, error: FormulaError, keys: Keys) -> None:
        """Tell what is wrong in a formula, unless it follows from what is told already."""
        told_already = self.folder.lacking | self.folder.refused
        if self.is_half_read() or error.cause in told_already:
            return
        missing = self.library_not_used(error.cause)
        if missing is not None:
            message = f"'{error.cause}' is of the library '{missing}': add it to uses"
            self.folder.tell_once(self.owner, f"uses {missing}", message, *keys)
        elif error.cause:
            self.folder.tell_once(self.owner, error.cause, str(error), *keys)
        else:
            self.tell(str(error), keys)

    def library_not_used(self, name: str) -> str | None:
        """The library that has a name which a pack reads, and that its `uses` leaves out."""
        others = [] if self.owner.is_library else self.folder.libraries
        having = (each for each in others if name in (*each.model.work_out, *each.numbers))
        return next((each.name for each in having if each.name not in self.owner.uses), None)

    def is_half_read(self) -> bool:
        """Whether names may be lacking because a file that defines them was refused: that is told
        already."""
        read = (self.owner, *self.folder.used_by(self.owner))
        lacks_library = not self.folder.refused.isdisjoint(self.owner.uses)
        return lacks_library or any(each.rates_refused for each in read)

    def turning_points(self, formula: Formula, level: Level, tree: Node) -> tuple[Node, ...]:
        working = formula.working
        if working is None or not working.turning_points:
            return ()
        keys = (*formula.keys[:-1], "turning_points")
        refusal = _turning_refused(self.owner.model, working, level)
        if refusal:
            self.tell(refusal, keys)
            return ()
        points = []
        for index, name in enumerate(working.turning_points):
            point = self.parsed(name, level, (*keys, index))
            if point is not None and point.kind != tree.kind:
                self.tell(f"'{name}' is {point.kind}, not {tree.kind}", (*keys, index))
            elif point is not None:
                points.append(point)
        return tuple(points)

    def check_shape(self, name: str, formula: Formula, tree: Node) -> None:
        """Refuse a condition that is no yes or no, and a part that is no money."""
        model = self.owner.model
        if not isinstance(model, Pack):
            return
        if name == INVITE or name.startswith(("when.", CLOSES, CHANGES, OWN_CHANGES)):
            self.must_be_condition(tree, formula.keys)
        elif name == DEADLINE:
            if tree.kind.base != "date":
                self.tell(f"is {tree.kind} where a date is needed", formula.keys)
        elif name in model.award.parts:
            self.must_be_money(tree, model.award.per, formula.keys)
        elif name.startswith("note."):
            period = next(each.per for each in model.notes if f"note.{each.id}" == name)
            if period is not None:
                self.must_be_money(tree, period, formula.keys)

    def must_be_condition(self, tree: Node, keys: Keys) -> None:
        if tree.kind.base != "bool":
            self.tell(f"is {tree.kind} where yes or no is needed", keys)
        elif tree.level is None:
            self.tell("is the same for everybody: it reads no fact", keys)

    def must_be_money(self, tree: Node, per: Period, keys: Keys) -> None:
        wanted = Kind("money", per)
        if tree.kind.base != "zero" and tree.kind != wanted:
            self.tell(f"is {tree.kind} where {wanted} is needed", keys)

    def tell(self, message: str, keys: Keys) -> None:
        self.folder.tell(self.owner, message, *keys)


def _not_too_many(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if len(names) <= _MOST_NAMED else (*names[:_MOST_NAMED], "...", names[-1])


def _turning_refused(model: Pack | Library, working: Working, level: Level) -> str:
    """Why a working may not have turning points; an empty text where it may."""
    if isinstance(model, Library):
        return "turning points serve one award: write them in the pack, not in a library"
    if level is not model.decides_for:
        own = model.decides_for.value
        return f"turning points stand at a working of the award's own level: {own}"
    first = next(each for each in model.work_out.values() if each.turning_points)
    return "" if working is first else "only one working of a pack may have turning points"
