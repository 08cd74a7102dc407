"""Reading a rules folder: its catalogue, gateways, and one `Owner` for each pack and library.

What a formula says is not looked at here, but for the names in it: they tell which libraries a
library rests on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from nostop.model import Problem, RuleError, YamlError, nearest
from nostop.rulebook.catalogue import TOPICS, Catalogue, load_catalogue, topic_files
from nostop.rulebook.packs import (
    Gateway,
    GatewaysFile,
    Library,
    Pack,
    Rate,
    RatesFile,
    Signpost,
    SignpostsFile,
    Table,
)
from nostop.rulebook.reading.checks import Complaint
from nostop.rulebook.reading.jurisdictions import JURISDICTIONS
from nostop.rulebook.reading.models import MOST_TOLD, as_model, placed, read_model
from nostop.rulebook.reading.syntax import names_in
from nostop.rulebook.reading.table_files import read_table_files
from nostop.rulebook.reading.templates import TEMPLATES, with_template
from nostop.rulebook.tree import Definition
from nostop.strict_yaml import Document, read_yaml


@dataclass(slots=True, eq=False)
class Owner:
    """One folder with a pack or a library, and what is known of it while it is being read."""

    model: Pack | Library
    document: Document
    rates_file: RatesFile
    rates_document: Document | None
    rates_refused: bool
    definitions: dict[str, Definition] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The scheme's or library's id."""
        return self.model.scheme if isinstance(self.model, Pack) else self.model.library

    @property
    def path(self) -> Path:
        """The folder."""
        return self.document.path.parent

    @property
    def is_library(self) -> bool:
        """Whether it is a library, and not a pack."""
        return isinstance(self.model, Library)

    @property
    def uses(self) -> tuple[str, ...]:
        """The libraries that a pack says it uses."""
        return self.model.uses if isinstance(self.model, Pack) else ()

    @property
    def rates(self) -> dict[str, tuple[str, Rate]]:
        """Its rates: the qualified name and the rate, by name."""
        return {name: (f"{self.name}.{name}", each) for name, each in self.rates_file.rates.items()}

    @property
    def tables(self) -> dict[str, tuple[str, Table]]:
        """Its tables, in the same way."""
        return {
            name: (f"{self.name}.{name}", each) for name, each in self.rates_file.tables.items()
        }

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of its rates and tables."""
        return (*self.rates_file.rates, *self.rates_file.tables)


@dataclass(slots=True)
class Folder:
    """All that a rules folder holds, and what is wrong with it so far.

    `refused` are the names of packs and libraries that could not be read; `lacking` the names that
    gateways.yaml has for facts and that are none; `causes` what one mistake elsewhere leads to;
    `depths` on how long a chain of workings each definition stands.
    """

    path: Path
    catalogue: Catalogue
    gateways: tuple[Gateway, ...] = ()
    signposts: tuple[Signpost, ...] = ()
    owners: dict[str, Owner] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    causes: dict[tuple[str, str], list[Problem]] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)

    @property
    def packs(self) -> dict[str, Pack]:
        """The packs by scheme id."""
        models = (each.model for each in self.owners.values())
        return {model.scheme: model for model in models if isinstance(model, Pack)}

    @property
    def library_models(self) -> dict[str, Library]:
        """What the libraries say, by their ids."""
        models = (each.model for each in self.owners.values())
        return {model.library: model for model in models if isinstance(model, Library)}

    @property
    def libraries(self) -> list[Owner]:
        """The libraries, in the order of their files."""
        return [each for each in self.owners.values() if each.is_library]

    def tell(self, owner: Owner, message: str, *keys: str | int) -> None:
        """Note a problem in an owner's pack.yaml or library.yaml."""
        self.problems.append(owner.document.problem(message, *keys))

    def tell_once(self, owner: Owner, cause: str, message: str, *keys: str | int) -> None:
        """Note a problem that lies in `cause`: however often that is met, it is told in one."""
        problem = owner.document.problem(message, *keys)
        self.causes.setdefault((owner.name, cause), []).append(problem)

    def told(self) -> list[Problem]:
        """Return one problem for each root cause, in the order of files and lines."""
        together = [_with_other_lines(each) for each in self.causes.values()]
        return sorted([*self.problems, *together], key=_place)

    def tell_all(self, owner: Owner, complaints: Iterable[Complaint]) -> None:
        """Note problems as the checks give them."""
        for message, keys in complaints:
            self.tell(owner, message, *keys)

    def used_by(self, owner: Owner) -> list[Owner]:
        """The libraries a pack says it uses, as far as they could be read."""
        return [self.owners[name] for name in owner.uses if name in self.owners]

    def rests_on(self, owner: Owner) -> list[Owner]:
        """The libraries whose names a library's formulas use."""
        workings = owner.model.work_out
        names = {name for each in workings.values() for name in names_in(each.formula)}
        names -= {*workings, *owner.numbers}
        others = (each for each in self.libraries if each is not owner)
        return [each for each in others if names & {*each.model.work_out, *each.numbers}]

    def behind(self, owner: Owner) -> list[Owner]:
        """The libraries a pack uses and those they rest on, by name."""
        found: dict[str, Owner] = {}
        waiting = self.used_by(owner)
        while waiting:
            each = waiting.pop()
            if each.name not in found:
                found[each.name] = each
                waiting += self.rests_on(each)
        return [found[name] for name in sorted(found)]

    def libraries_first(self) -> list[Owner]:
        """Owners so that each stands after the libraries it rests on; libraries that rest on each
        other are refused."""
        ordered: list[Owner] = []
        waiting = self.libraries
        while waiting:
            ready = [
                each
                for each in waiting
                if not any(other in waiting for other in self.rests_on(each))
            ]
            if not ready:
                names = ", ".join(each.name for each in waiting)
                self.tell(waiting[0], f"libraries read each other in a circle: {names}")
                break
            ordered += ready
            waiting = [each for each in waiting if each not in ready]
        return [*ordered, *(each for each in self.owners.values() if not each.is_library)]


def _place(problem: Problem) -> tuple[str, int, int]:
    return str(problem.path), problem.line, problem.column


def _with_other_lines(problems: list[Problem]) -> Problem:
    first, *others = sorted(problems, key=_place)
    if not others:
        return first
    lines = ", ".join(str(line) for line in dict.fromkeys(each.line for each in others))
    return replace(first, message=f"{first.message} (so too at line {lines})")


def read_folder(path: Path) -> Folder:
    """Read every file of a rules folder; what is wrong stands in its `problems`."""
    try:
        folder = Folder(path, load_catalogue(path))
    except RuleError as error:
        # Without the facts nothing else can be judged: their own problem is the one to mend.
        return Folder(path, Catalogue({}, {}), problems=error.problems)
    folder.gateways = _gateways(folder)
    folder.signposts = _signposts(folder)
    for file in sorted(path.glob("*/**/*.y*ml")):
        if file.name in ("pack.yaml", "library.yaml"):
            _read_owner(folder, file)
        elif not _is_read_elsewhere(file.relative_to(path)):
            hint = nearest(file.name, list(_NAMES))
            message = f"is read by nothing: name it {_LISTED} or take it out{hint}"
            folder.problems.append(Problem(file, 1, 1, message))
    folder.problems += _unused_templates(folder)
    return folder


def _unused_templates(folder: Folder) -> list[Problem]:
    used = {pack.template for pack in folder.packs.values()}
    message = "is the template of no pack: take it out"
    return [
        Problem(file, 1, 1, message)
        for file in sorted(folder.path.glob(f"{TEMPLATES}/*.yaml"))
        if file.stem not in used and not folder.refused
    ]


_NAMES = ("pack.yaml", "library.yaml", "rates.yaml")
_LISTED = f"{', '.join(_NAMES)}, put it into cases/ as a .yaml,"


def _is_read_elsewhere(file: Path) -> bool:
    """Whether a file below a rules folder, and its name, have a use besides packs and libraries."""
    if file.parts[0] == TOPICS:
        return len(file.parts) == 3 and file.name in ("facts.yaml", "awards.yaml", "gateways.yaml")
    is_case = file.parent.name == "cases" and file.suffix == ".yaml"
    return is_case or file.name == "rates.yaml" or file.parts[0] not in JURISDICTIONS


def _gateways(folder: Folder) -> tuple[Gateway, ...]:
    found: list[Gateway] = []
    for file in topic_files(folder.path, "gateways.yaml"):
        model, problems, document = read_model(file, GatewaysFile)
        folder.problems += problems
        if model is not None and document is not None:
            _check_gateways(folder, model, document)
            taken = {each.id for each in found}
            folder.problems += [
                document.problem(
                    f"'{each.id}' is the id of another gateway", "gateways", index, "id"
                )
                for index, each in enumerate(model.gateways)
                if each.id in taken
            ]
            found += model.gateways
    return tuple(found)


def _signposts(folder: Folder) -> tuple[Signpost, ...]:
    file = folder.path / "signposts.yaml"
    if not file.exists():
        return ()
    model, problems, _ = read_model(file, SignpostsFile)
    folder.problems += problems
    return () if model is None else model.signposts


def _check_gateways(folder: Folder, model: GatewaysFile, document: Document) -> None:
    known = list(folder.catalogue.facts)
    for index, gateway in enumerate(model.gateways):
        if len(folder.problems) > MOST_TOLD:
            break
        for position, name in enumerate(gateway.fields):
            if name not in known:
                message = f"'{name}' is no fact{nearest(name, known)}"
                place = ("gateways", index, "fields", position)
                folder.problems.append(document.problem(message, *place))
                folder.lacking.add(name)


def _read_owner(folder: Folder, file: Path) -> None:
    wanted: type[Pack] | type[Library] = Pack if file.name == "pack.yaml" else Library
    model, problems, document = _owner_model(folder, file, wanted)
    folder.problems += problems
    rates, wrong, rates_document = _rates(file.parent / "rates.yaml")
    folder.problems += wrong
    if model is None or document is None:
        folder.refused |= {file.parent.name, _id_in(document)}
        return
    is_refused = bool(wrong) or _is_misnamed(file.parent)
    owner = Owner(model, document, rates, rates_document, rates_refused=is_refused)
    if owner.name in folder.owners:
        other = folder.owners[owner.name].document.path
        folder.tell(owner, f"'{owner.name}' is already the name of {other}")
        return
    folder.owners[owner.name] = owner


def _owner_model(
    folder: Folder, file: Path, wanted: type[Pack] | type[Library]
) -> tuple[Pack | Library | None, list[Problem], Document | None]:
    try:
        document = read_yaml(file)
    except YamlError as error:
        return None, [placed(file, str(error))], None
    problems = with_template(document, folder.path) if wanted is Pack else []
    return (None, problems, document) if problems else (*as_model(document, wanted), document)


def _is_misnamed(folder: Path) -> bool:
    """Whether a folder's rates may stand in a file with another name: that is told already."""
    names = {each.name for each in folder.glob("*.y*ml")}
    return "rates.yaml" not in names and not names <= set(_NAMES)


def _id_in(document: Document | None) -> str:
    """The id that a refused pack or library gives itself, as far as it can be read."""
    data = document.data if document and isinstance(document.data, dict) else {}
    return str(data.get("scheme") or data.get("library") or "")


def _rates(file: Path) -> tuple[RatesFile, list[Problem], Document | None]:
    if not file.exists():
        return RatesFile(), [], None
    try:
        document = read_yaml(file)
    except YamlError as error:
        return RatesFile(), [placed(file, str(error))], None
    problems = read_table_files(document)
    model, wrong = (None, []) if problems else as_model(document, RatesFile)
    return model or RatesFile(), [*problems, *wrong], document
