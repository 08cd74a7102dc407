"""Reading rules/events: one message for each thing wrong, with file, line and column."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nostop.events.checks import rule_faults, type_faults
from nostop.events.circles import circles
from nostop.events.rules import (
    Compare,
    Condition,
    EventBook,
    EventRule,
    EventType,
    Met,
    RulesFile,
    Then,
    Title,
    TypesFile,
    When,
)
from nostop.model import Problem, RuleError, YamlError, nearest
from nostop.strict_yaml import Document, KeyPath, read_yaml

FOLDER = "events"
_TYPES = "types.yaml"
_MOST_TOLD = 50

M = TypeVar("M", bound=BaseModel)


def load_event_book(rules: Path, schemes: Iterable[str]) -> EventBook:
    """Read a rules folder's `events/`: `types.yaml`, and the rules in every other file.

    Args:
        rules: the rules folder.
        schemes: the ids of the schemes that there are.
    Raises:
        RuleError: with one problem for each thing wrong.
    """
    folder = rules / FOLDER
    known = frozenset(schemes)
    types = _read(folder / _TYPES, TypesFile)
    _refuse(types[0].problem(text, *keys) for text, keys in type_faults(types[1], known))
    book = EventBook(types[1].types, (), known)
    placed: list[tuple[EventRule, Document, int]] = []
    for file in sorted(folder.glob("*.y*ml")):
        if file.name != _TYPES:
            document, model = _read(file, RulesFile)
            placed += [(rule, document, index) for index, rule in enumerate(model.rules)]
    if not placed:
        _refuse([Problem(folder, 1, 1, "has no rules: write some beside types.yaml")])
    _refuse(
        document.problem(text, "rules", index, *keys)
        for rule, document, index in placed
        for text, keys in rule_faults(rule, book)
    )
    rules_read = tuple(rule for rule, _, _ in placed)
    at = {id(rule): (document, index) for rule, document, index in placed}
    _refuse(_repeated(placed))
    _refuse(
        at[id(rule)][0].problem(text, "rules", at[id(rule)][1], "id")
        for rule, text in circles(rules_read, book.types)
    )
    return EventBook(types[1].types, rules_read, known)


def _repeated(placed: list[tuple[EventRule, Document, int]]) -> Iterable[Problem]:
    first: dict[str, Document] = {}
    for rule, document, index in placed:
        if rule.id in first:
            text = f"'{rule.id}' is the id of another rule, in {first[rule.id].path.name}"
            yield document.problem(text, "rules", index, "id")
        first.setdefault(rule.id, document)


def _refuse(problems: Iterable[Problem]) -> None:
    found = sorted(problems, key=lambda p: (str(p.path), p.line, p.column))
    if found:
        raise RuleError(found[:_MOST_TOLD])


def _read(path: Path, model: type[M]) -> tuple[Document, M]:
    try:
        document = read_yaml(path)
    except YamlError as error:
        raise RuleError([_placed(path, str(error))]) from error
    try:
        return document, model.model_validate(document.data)
    except ValidationError as error:
        raise RuleError(_told(document, error.errors(include_url=False))) from error


def _placed(path: Path, message: str) -> Problem:
    # The text begins with path:line:column where the place is known.
    parts = message.removeprefix(f"{path}:").split(":", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return Problem(path, int(parts[0]), int(parts[1]), parts[2].strip())
    return Problem(path, 1, 1, message.removeprefix(f"{path}:").strip())


def _told(document: Document, details: list[ErrorDetails]) -> list[Problem]:
    """Return one problem for each root cause that pydantic found."""
    causes: dict[KeyPath, ErrorDetails] = {}
    for detail in details:
        causes.setdefault(_in_document(document.data, detail), detail)
    misspelt = {
        (*keys[:-1], meant)
        for keys, detail in causes.items()
        if detail["type"] == "extra_forbidden"
        for meant in get_close_matches(str(keys[-1]), _known_at(keys), n=1, cutoff=0.6)
    }
    # Each member of a union complains: what lies deeper says more.
    inner = {keys[:end] for keys in causes for end in range(len(keys))}
    problems = [
        document.problem(_message(keys, detail), *keys)
        for keys, detail in causes.items()
        if keys not in inner and not (detail["type"] == "missing" and keys in misspelt)
    ]
    return sorted(problems, key=lambda p: (p.line, p.column))[:_MOST_TOLD]


def _in_document(data: Any, detail: ErrorDetails) -> KeyPath:  # noqa: ANN401 - YAML data of any shape
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


_PARTS: dict[str, type[BaseModel]] = {
    "rules": EventRule,
    "types": EventType,
    "when_met": Met,
    "title": Title,
    "when": When,
    "then": Then,
    "all": Condition,
    "followed_by": Condition,
    "and_not": Condition,
    "until": Condition,
    "where": Compare,
}


def _known_at(keys: KeyPath) -> list[str]:
    """Return the keys that may stand where the last one of a path does."""
    above = next((step for step in reversed(keys[:-1]) if step in _PARTS), None)
    if above is None:
        return ["rules", "types"]
    fields = _PARTS[str(above)].model_fields.items()
    return [field.alias or name for name, field in fields]


def _message(keys: KeyPath, detail: ErrorDetails) -> str:
    key = next((step for step in reversed(keys) if isinstance(step, str)), "the file")
    if detail["type"] == "extra_forbidden":
        known = _known_at(keys)
        return f"key '{key}' is not known here{nearest(key, known)} (known: {', '.join(known)})"
    if detail["type"] == "missing":
        return f"key '{key}' is missing: write it here"
    if detail["loc"][-1] == "[key]":
        return f"'{key}' cannot be a name: begin with a-z, then a-z, 0-9 and _"
    said = detail["msg"].removeprefix("Value error, ")
    expected = detail.get("ctx", {}).get("expected")
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        hint = nearest(detail["input"], [word.strip("'") for word in str(expected).split(", ")])
        return f"{key}: '{detail['input']}' is not one of {expected}{hint}"
    return f"{key}: {said[:1].lower()}{said[1:]}"
