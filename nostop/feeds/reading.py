"""Reading a feed's declaration, with one message for each thing wrong: where, what, remedy."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nostop.feeds.checks import against_catalogue, problems
from nostop.feeds.declaration import (
    Award,
    Changes,
    Complete,
    Contact,
    Contract,
    Current,
    Fact,
    FeedDeclaration,
    Person,
    Refusal,
    Relation,
)
from nostop.frames import FactCatalogue, check
from nostop.model import FeedError, Problem, YamlError, nearest
from nostop.strict_yaml import Document, KeyPath, read_yaml

_PARTS: dict[object, type[BaseModel]] = {
    "contract": Contract,
    "changes": Changes,
    "people": Person,
    "relations": Relation,
    "facts": Fact,
    "awards": Award,
    "contacts": Contact,
    "refuse": Refusal,
    "current": Current,
    "complete_for": Complete,
}
#: Marks a guess of `nostop feeds new`.
UNCONFIRMED = "# CONFIRM:"
_KEYS_OF_CODES = ["column", "codes", "empty", "after", "newest", "count", "within"]
_SINGLE = ("contract", "current", "changes")


def read_declaration(path: Path, catalogue: pl.DataFrame | None = None) -> FeedDeclaration:
    """Read one declaration and check that its parts fit each other.

    Args:
        path: the YAML file; its name without `.yaml` is the feed's id.
        catalogue: `FactCatalogue`; where given, facts must be in it, with their type and period.

    Raises:
        FeedError: with file, line, column, what was found and what to write, one line for each.
    """
    try:
        document = read_yaml(path)
    except YamlError as error:
        raise FeedError(str(error)) from error
    _refuse_unconfirmed(document)
    try:
        declaration = FeedDeclaration.model_validate(document.data)
    except ValidationError as error:
        raise _failure(document, _told(document, error.errors())) from error
    found = problems(declaration)
    if declaration.id != path.stem:
        found.append((f"id '{declaration.id}' is not the file's name '{path.stem}'", ("id",)))
    if catalogue is not None and not found:
        rows = check(FactCatalogue, catalogue).select("fact", "type", "per").rows()
        found += against_catalogue(declaration, {fact: (kind, per) for fact, kind, per in rows})
    found += _misplaced(declaration)
    if found:
        raise _failure(document, found)
    return _with_its_files(path, declaration)


def _refuse_unconfirmed(document: Document) -> None:
    """Raise FeedError for each guess of `nostop feeds new` that nobody has confirmed yet."""
    lines = enumerate(document.text.splitlines(), start=1)
    said = "a guess that nobody has confirmed: check it with the source, then take the mark out"
    found = [
        str(Problem(document.path, number, line.index(UNCONFIRMED) + 1, said))
        for number, line in lines
        if UNCONFIRMED in line
    ]
    if found:
        raise FeedError("\n".join(found))


def _files(declaration: FeedDeclaration) -> dict[str, str]:
    """Return the settings that name a file beside the declaration, such as `copybook_file`."""
    settings = declaration.settings.items()
    return {key: str(value) for key, value in settings if key.endswith("_file")}


def _misplaced(declaration: FeedDeclaration) -> list[tuple[str, KeyPath]]:
    hint = "write the name of a file that stands beside the declaration"
    return [
        (f"'{name}' is a path: {hint}", ("settings", key))
        for key, name in _files(declaration).items()
        if Path(name).name != name
    ]


def _with_its_files(path: Path, declaration: FeedDeclaration) -> FeedDeclaration:
    """Return a declaration that says where its files are: a connector knows no declaration."""
    places = {key: str(path.parent / name) for key, name in _files(declaration).items()}
    return declaration.model_copy(update={"settings": {**declaration.settings, **places}})


def _failure(document: Document, found: Iterable[tuple[str, KeyPath]]) -> FeedError:
    return FeedError("\n".join(str(document.problem(text, *keys)) for text, keys in found))


def _told(document: Document, details: list[ErrorDetails]) -> list[tuple[str, KeyPath]]:
    """Return one message for each root cause that pydantic found."""
    causes: dict[KeyPath, ErrorDetails] = {}
    for detail in details:
        causes.setdefault(_in_document(document.data, detail), detail)
    misspelt = {
        (*keys[:-1], meant)
        for keys, detail in causes.items()
        if detail["type"] == "extra_forbidden"
        for meant in get_close_matches(str(keys[-1]), _known_beside(keys), n=1, cutoff=0.6)
    }
    # Each member of a union complains: what lies deeper says more than 'not a text'.
    inner = {keys[:end] for keys in causes for end in range(len(keys))}
    return [
        (_message(keys, detail), keys)
        for keys, detail in causes.items()
        if keys not in inner and not (detail["type"] == "missing" and keys in misspelt)
    ]


def _in_document(data: object, detail: ErrorDetails) -> KeyPath:
    """Return where an error is in the file: without the names of union members, which it lacks."""
    keys: list[str | int] = []
    absent = detail["loc"][-1:] if detail["type"] in ("missing", "extra_forbidden") else ()
    for step in detail["loc"]:
        if isinstance(data, dict) and (step in data or step in absent):
            keys.append(step)
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            keys.append(step)
            data = data[step]
    return tuple(keys)


def _message(keys: KeyPath, detail: ErrorDetails) -> str:
    key = next((step for step in reversed(keys) if isinstance(step, str)), "")
    if detail["type"] == "extra_forbidden":
        return f"key '{key}' is not known here{nearest(key, _known_beside(keys))}"
    if detail["type"] == "missing":
        return f"key '{key}' is missing"
    said = detail["msg"].removeprefix("Value error, ")
    if detail["type"] in ("string_type", "literal_error") and isinstance(detail["input"], int):
        said = f"{detail['input']!r} is a number or true/false: write it in quotes"
    return f"{key}: {said[:1].lower()}{said[1:]}" if key else said


def _known_beside(keys: KeyPath) -> list[str]:
    if len(keys) == 1:
        return list(FeedDeclaration.model_fields)
    part = _PARTS.get(keys[0])
    own_level = 2 if keys[0] in _SINGLE else 3
    if part is None or len(keys) > own_level:
        return _KEYS_OF_CODES
    return [field.alias or name for name, field in part.model_fields.items()]
