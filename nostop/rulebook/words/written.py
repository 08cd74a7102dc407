"""What a pack or library says, formula by formula: as written, read back, and with the law it
cites."""

from dataclasses import dataclass

from nostop.model import SettingsError, nearest
from nostop.rulebook.book import Rulebook
from nostop.rulebook.packs import Pack
from nostop.rulebook.rates import Constants
from nostop.rulebook.reading.formulas import formulas_of
from nostop.rulebook.tree import Definition
from nostop.rulebook.words.read_back import read_back


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: its name within its pack or library, what its author says it is, how it is
    written, how it reads, and where the law stands."""

    name: str
    says: str
    written: str
    reads: str
    cite: str


def formula(definition: Definition, book: Rulebook, constants: Constants | None = None) -> Formula:
    """Return a definition as its author wrote it, and read back; with the values of rates where a
    day's are given."""
    owner, _, name = definition.name.partition(".")
    model = book.packs[owner] if owner in book.packs else book.libraries[owner]
    return Formula(
        name=name.removeprefix("when.").removeprefix("note.").removeprefix("asked."),
        says=definition.says,
        written=" ".join(formulas_of(model)[name].text.split()),
        reads=read_back(definition, book, constants),
        cite=definition.cite,
    )


@dataclass(frozen=True, slots=True)
class Section:
    """Formulas that belong together, under a title."""

    title: str
    formulas: list[Formula]


def sections(book: Rulebook, name: str, constants: Constants | None = None) -> list[Section]:
    """Return what a scheme, a library or a working says, in the order of its file.

    Raises:
        SettingsError: it names nothing; the nearest name is suggested.
    """
    if name in book.schemes:
        found = _of_scheme(book, name)
    elif name in book.libraries:
        found = {f"{name}: {book.libraries[name].says}": _workings(book, name)}
    else:
        found = {}
        for each in _named(book, name):
            found.setdefault(each.name.partition(".")[0], []).append(each)
    return [
        Section(title, [formula(each, book, constants) for each in definitions])
        for title, definitions in found.items()
        if definitions
    ]


def _of_scheme(book: Rulebook, name: str) -> dict[str, list[Definition]]:
    scheme = book.schemes[name]
    pack = scheme.pack
    decided = pack.decides_for.value.replace("_", " ")
    return {
        f"{pack.title.en}, decided for a {decided}. Entitled when all of these hold:": list(
            scheme.conditions
        ),
        _how_paid(pack): list(scheme.parts),
        "Whom to ask, of those whose outcome is open:": [
            each for each in (scheme.invitation,) if each is not None
        ],
        "Shown beside a result, and no part of it:": list(scheme.notes),
        "Worked out on the way:": _workings(book, name),
    }


def _how_paid(pack: Pack) -> str:
    if pack.award.in_kind is not None:
        return f"What is given: {pack.award.in_kind.says.en}"
    per = "once" if pack.award.per == "once" else f"a {pack.award.per}"
    rounding = pack.award.round
    if rounding is None:
        return f"What is paid: these together, {per}."
    rounded = f"rounded {rounding.direction} to the {rounding.to} [{rounding.cite}]"
    return f"What is paid: these together, {per}, {rounded}."


def _workings(book: Rulebook, owner: str) -> list[Definition]:
    model = book.packs[owner] if owner in book.packs else book.libraries[owner]
    return [book.definitions[f"{owner}.{name}"] for name in model.work_out]


def _named(book: Rulebook, name: str) -> list[Definition]:
    """Return what a name stands for: `income`, `pension_credit.income`, or a condition's id.
    Several packs may have a working of one name."""
    found = [each for each in book.definitions.values() if name in _names(each)]
    if not found:
        known = sorted({*book.schemes, *book.libraries, *_all_names(book)})
        raise SettingsError(f"'{name}' is no scheme, library or working{nearest(name, known)}")
    return found


def _all_names(book: Rulebook) -> set[str]:
    return {name for each in book.definitions.values() for name in _names(each)}


def _names(definition: Definition) -> tuple[str, str, str]:
    owner, _, local = definition.name.partition(".")
    bare = local.removeprefix("when.").removeprefix("note.")
    return definition.name, bare, f"{owner}.{bare}"
