"""Strict YAML into pydantic models, each complaint placed at file, line and column with the nearest
right word."""

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nostop.model import Problem, YamlError, nearest
from nostop.rulebook.reading.blanks import blanks
from nostop.strict_yaml import Document, read_yaml

M = TypeVar("M", bound=BaseModel)


def read_model(path: Path, model: type[M]) -> tuple[M | None, list[Problem], Document | None]:
    """Read one YAML file as a model: the model or None, what is wrong, and the document with its
    places."""
    try:
        document = read_yaml(path)
    except YamlError as error:
        return None, [placed(path, str(error))], None
    return *as_model(document, model), document


def as_model(document: Document, model: type[M]) -> tuple[M | None, list[Problem]]:
    """Return a document as a model, or None and what is wrong; as long as it has blanks, only
    they are told."""
    unfilled = blanks(document)
    if unfilled:
        return None, unfilled
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, _problems(error, model, document)


def placed(path: Path, message: str) -> Problem:
    # YamlError texts begin with path:line:column where the place is known.
    rest = message.removeprefix(f"{path}:")
    parts = rest.split(":", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return Problem(path, int(parts[0]), int(parts[1]), parts[2].strip())
    return Problem(path, 1, 1, rest.strip())


def _problems(error: ValidationError, model: type[BaseModel], document: Document) -> list[Problem]:
    """One problem for each place: of several ways in which one value fits nothing, the first is
    told."""
    every = error.errors(include_url=False)
    items = [_Complaint(item, document) for item in every[:_MOST_READ]]
    found: dict[tuple[object, ...], Problem] = {}
    for item in items:
        # A list is "too short" only because its one entry was refused: that entry is the cause.
        if item.kind == "too_short" and any(other.is_below(item) for other in items):
            continue
        # A misspelt key is missed under its right name too: it is told once, as misspelt.
        if item.kind == "missing" and any(other.was_meant_for(item, model) for other in items):
            continue
        place = item.keys if item.kind == "missing" else item.shown
        if place not in found:
            found[place] = document.problem(item.say(model), *item.shown)
    if len(found) <= MOST_TOLD:
        return list(found.values())
    told = list(found.values())[:MOST_TOLD]
    more = "more is wrong than what is told here: mend this first"
    return [*told, replace(told[-1], message=more)]


class _Complaint:
    """One thing that pydantic refused. `keys` is where it says it is, `shown` the part of that
    which the file has."""

    def __init__(self, item: ErrorDetails, document: Document) -> None:
        self.kind: str = item["type"]
        self.message: str = item["msg"]
        self.found = item.get("input")
        self.context: dict[str, Any] = item.get("ctx", {})
        self.is_key = bool(item["loc"]) and item["loc"][-1] == "[key]"
        self.keys = tuple(key for key in item["loc"] if key != "[key]")
        shown = self.keys
        while shown and shown not in document.places:
            shown = shown[:-1]
        self.shown = shown

    def is_below(self, other: "_Complaint") -> bool:
        return len(self.shown) > len(other.shown) and self.shown[: len(other.shown)] == other.shown

    def was_meant_for(self, missing: "_Complaint", model: type[BaseModel]) -> bool:
        if self.kind != "extra_forbidden" or self.keys[:-1] != missing.keys[:-1]:
            return False
        return f"'{missing.keys[-1]}'" in nearest(
            str(self.keys[-1]), _known_keys(model, self.keys[:-1])
        )

    def say(self, model: type[BaseModel]) -> str:
        name = str(self.keys[-1]) if self.keys else "the file"
        if self.kind == "extra_forbidden":
            known = _known_keys(model, self.keys[:-1])
            return (
                f"key '{name}' is not known here{nearest(name, known)} (known: {', '.join(known)})"
            )
        if self.kind == "missing":
            return f"key '{name}' is missing: write it here"
        name = self.what()
        if self.kind == "value_error":
            return f"{name}: {self.message.removeprefix('Value error, ')}"
        if self.is_key:
            return f"{name} cannot be a name: {_NAME_RULE}"
        known = _QUOTED.findall(str(self.context.get("expected", "")))
        return (
            f"{name} {self.wanted()}, found {_short(self.found)}{nearest(str(self.found), known)}"
        )

    def what(self) -> str:
        if not self.shown:
            return "the file"
        if isinstance(self.shown[-1], int) and len(self.shown) > 1:
            return f"entry {self.shown[-1] + 1} of '{self.shown[-2]}'"
        return f"'{self.shown[-1]}'"

    def wanted(self) -> str:
        """What pydantic asks for, in an author's words."""
        if self.kind in ("literal_error", "enum"):
            return f"must be one of {self.context['expected']}"
        if self.kind == "string_pattern_mismatch":
            return _PATTERNS.get(self.context["pattern"], f"must fit {self.context['pattern']}")
        if self.kind == "too_long":
            most = self.context["max_length"]
            return f"has more than {most} entries: take some out, or split it"
        if self.kind == "string_too_long":
            most = self.context["max_length"]
            return f"is {len(str(self.found))} characters where {most} is the most"
        kind = next((words for start, words in _WORDS.items() if self.kind.startswith(start)), None)
        return kind or f"{self.message[0].lower()}{self.message[1:]}"


#: A file with a thousand mistakes is mended a few at a time.
MOST_TOLD = 20
_MOST_READ = 200
_MOST_SHOWN = 60
_QUOTED = re.compile(r"'([^']*)'")
_NAME_RULE = "use small letters, digits and _, and begin with a letter"
_PATTERNS = {
    "^[a-z][a-z0-9_]*$": f"cannot be a name: {_NAME_RULE}",
    "^[0-9]{4}\\.[0-9]+$": 'must be a version such as "2026.1"',
    "^https://": "must begin with https://",
}
_WORDS = {
    "string_too_short": "says too little",
    "string": "must be text (in quotes, where it looks like a number)",
    "int": "must be a whole number",
    "bool": "must be true or false",
    "date": "must be a day such as 2026-04-06, without quotes",
    "too_short": "needs at least one entry",
    "model": "must have keys of its own below it",
    "dict": "must have keys of its own below it",
    "tuple": "must be a list: entries in [brackets], or lines that begin with -",
    "list": "must be a list: entries in [brackets], or lines that begin with -",
}


def _short(found: object) -> str:
    # Of something long only the beginning is shown, so no more than that is turned into text.
    if isinstance(found, str | list | tuple):
        found = found[:_MOST_SHOWN]
    if isinstance(found, dict):
        found = dict(islice(found.items(), _MOST_SHOWN))
    text = str(found) if isinstance(found, date) else repr(found)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


#: JSON schema, as pydantic gives it.
_Schema = dict[str, Any]


@lru_cache(maxsize=64)
def _schema_of(model: type[BaseModel]) -> _Schema:
    return model.model_json_schema()


def _known_keys(model: type[BaseModel], keys: tuple[str | int, ...]) -> list[str]:
    schema = _schema_of(model)
    definitions = schema.get("$defs", {})
    node = schema
    for key in keys:
        node = _step(_resolve(node, definitions), key)
    return sorted(_resolve(node, definitions).get("properties", {}))


def _step(node: _Schema, key: str | int) -> _Schema:
    found: _Schema = node.get("items", {})
    if isinstance(key, str):
        # Under a name of the author's own stands what any name may have.
        of_any_name = [
            *node.get("patternProperties", {}).values(),
            node.get("additionalProperties"),
        ]
        found = node.get("properties", {}).get(key) or next(filter(None, of_any_name), {})
    return found


def _resolve(node: _Schema, definitions: _Schema) -> _Schema:
    while isinstance(node, dict) and ("$ref" in node or "anyOf" in node):
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        else:
            node = next((each for each in node["anyOf"] if each.get("type") != "null"), {})
    return node if isinstance(node, dict) else {}
