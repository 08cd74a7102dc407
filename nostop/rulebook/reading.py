"""Strict YAML into pydantic models, each complaint placed at file, line and column with the nearest right word."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nostop.model import Problem, YamlError, nearest
from nostop.strict_yaml import Document, read_yaml

M = TypeVar("M", bound=BaseModel)


def read_model(path: Path, model: type[M]) -> tuple[M | None, list[Problem], Document | None]:
    """Read one YAML file as a model: the model or None, what is wrong, and the document with its places."""
    try:
        document = read_yaml(path)
    except YamlError as error:
        return None, [_placed(path, str(error))], None
    try:
        return model.model_validate(document.data), [], document
    except ValidationError as error:
        return None, _problems(error, model, document), document


def _placed(path: Path, message: str) -> Problem:
    # YamlError texts begin with path:line:column where the place is known.
    rest = message.removeprefix(f"{path}:")
    parts = rest.split(":", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return Problem(path, int(parts[0]), int(parts[1]), parts[2].strip())
    return Problem(path, 1, 1, rest.strip())


def _problems(error: ValidationError, model: type[BaseModel], document: Document) -> list[Problem]:
    found = []
    for item in error.errors():
        keys = tuple(key for key in item["loc"] if key != "[key]")
        found.append(document.problem(_say(item, keys, model), *keys))
    return found


def _say(item: object, keys: tuple[str | int, ...], model: type[BaseModel]) -> str:
    kind, message, found = item["type"], item["msg"], item.get("input")  # type: ignore[index,attr-defined]
    name = str(keys[-1]) if keys else "the file"
    if kind == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        return f"key '{name}' is not known here{nearest(name, known)} (known: {', '.join(known)})"
    if kind == "missing":
        return f"key '{name}' is missing: write it here"
    if kind == "value_error":
        return f"'{name}': {message.removeprefix('Value error, ')}"
    return f"'{name}': {message[0].lower()}{message[1:]}, found {_short(found)}"


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _known_keys(model: type[BaseModel], keys: tuple[str | int, ...]) -> list[str]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    node = schema
    for key in keys:
        node = _step(_resolve(node, definitions), key)
    return sorted(_resolve(node, definitions).get("properties", {}))


def _step(node: dict, key: str | int) -> dict:  # type: ignore[type-arg]
    if isinstance(key, int):
        return node.get("items", {})  # type: ignore[no-any-return]
    properties = node.get("properties", {})
    return properties.get(key, node.get("additionalProperties") or {})  # type: ignore[no-any-return]


def _resolve(node: dict, definitions: dict) -> dict:  # type: ignore[type-arg]
    while isinstance(node, dict) and ("$ref" in node or "anyOf" in node):
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        else:
            node = next((each for each in node["anyOf"] if each.get("type") != "null"), {})
    return node if isinstance(node, dict) else {}
