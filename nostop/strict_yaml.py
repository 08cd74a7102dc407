"""The one YAML reader: no duplicate keys, anchors, aliases, tags or implicit types, and a place for
every value.

A plain scalar stays text unless it is a whole number (`15000`), a date (`2026-06-01`), `true` or
`false`; those four forms are read the same way everywhere. `on`, `off`, `yes`, `no`, `12:30`,
`010`, `1_000`, `1.5` and empty values are refused rather than guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from nostop.model import Problem, YamlError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NUMBER_LIKE = re.compile(
    r"[-+]?[0-9][0-9_]*([.:][0-9_]+)*([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|nan|[0-9]+)\Z", re.IGNORECASE
)
_BOOLEAN_LIKE = {"y", "n", "yes", "no", "on", "off", "null", "~", ""}

KeyPath = tuple[str | int, ...]

#: libyaml where PyYAML was built with it: the same trees, ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, and the line and column where each key path begins."""

    path: Path
    data: Any
    places: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Return the line and column of the nearest known ancestor of a key path."""
        path = tuple(keys)
        while path not in self.places:
            if not path:
                return 1, 1
            path = path[:-1]
        return self.places[path]

    def problem(self, message: str, *keys: str | int) -> Problem:
        """Return a problem placed at a key path of this file."""
        line, column = self.place(*keys)
        return Problem(self.path, line, column, message)


def read_yaml(path: Path) -> Document:
    """Read one file strictly.

    Raises:
        YamlError: with file, line, column, what was found and what to write instead.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise YamlError(
            f"{path}: is {len(raw):,} bytes; a rule file may have {MAX_BYTES:,}: split it"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Read YAML text as `read_yaml` does; `path` only names it in messages."""
    _refuse_what_expands(text, path)
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _failure(
            path, error.problem_mark, error.problem or "cannot be read as YAML"
        ) from error
    except yaml.YAMLError as error:
        raise YamlError(f"{path}: cannot be read as YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise YamlError(f"{path}: is empty")
    document = Document(path, None)
    document.data = _build(root, (), document)
    return document


def _refuse_what_expands(text: str, path: Path) -> None:
    # Done on tokens, before any tree exists: an alias bomb or deep nesting must cost nothing.
    depth = 0
    for event in _events(text, path):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _failure(
                path,
                event.start_mark,
                "anchors and aliases (& and *) are not used here: write the value out",
            )
        if getattr(event, "tag", None) is not None:
            raise _failure(
                path,
                event.start_mark,
                f"tag {event.tag!r} is not used here: write plain text, numbers or dates",
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > MAX_DEPTH:
            raise _failure(path, event.start_mark, f"is nested more than {MAX_DEPTH} deep")


def _events(text: str, path: Path) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _failure(
            path, error.problem_mark, error.problem or "cannot be read as YAML"
        ) from error
    except yaml.YAMLError as error:
        raise YamlError(f"{path}: cannot be read as YAML: {str(error).splitlines()[0]}") from error


def _failure(path: Path, mark: Any, message: str) -> YamlError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    plain = next(
        (words for start, words in _IN_PLAIN_WORDS.items() if message.startswith(start)), message
    )
    return YamlError(str(Problem(path, line, column, plain)))


#: What the YAML library says, and what an author can do about it.
_IN_PLAIN_WORDS = {
    "found character that cannot start any token": "a tab or a sign that means something in YAML: indent with spaces, "
    "and put text that begins with a sign in quotes",
    "found character '\\t'": "a tab: indent with spaces",
    "mapping values are not allowed": "a colon and a space where no key can stand: put the whole text in quotes, or mend "
    "the indentation",
    "but found another document": "more than one document in a file: keep one",
    "block sequence entries are not allowed": "a list entry (-) where none can stand: begin it on a line of its own",
    "found unexpected end of stream": "a quote is opened and never closed",
    "did not find expected key": "the indentation, a bracket or a quote is not as YAML needs it here",
    "did not find expected": "a bracket or a comma is missing",
}


def _build(node: yaml.Node, keys: KeyPath, document: Document) -> Any:
    document.places.setdefault(keys, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, keys, document)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*keys, index), document) for index, child in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        raise _failure(document.path, node.start_mark, "is neither text, a list nor keys")
    return _scalar(node, document.path)


def _mapping(node: yaml.MappingNode, keys: KeyPath, document: Document) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key, str):
            raise _failure(document.path, key_node.start_mark, "a key must be a single word")
        if key in built:
            raise _failure(
                document.path,
                key_node.start_mark,
                f"key '{key}' is written twice: keep one of them",
            )
        if not key_node.style and (key.lower() in _BOOLEAN_LIKE or key == "<<"):
            raise _failure(
                document.path,
                key_node.start_mark,
                f"key '{key}' is ambiguous in YAML: use another word",
            )
        path = (*keys, key)
        document.places[path] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        built[key] = _build(value_node, path, document)
    return built


def _scalar(node: yaml.ScalarNode, path: Path) -> Any:
    text: str = node.value
    if node.style:
        return text
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.match(text):
        return _whole(text, node, path)
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise _failure(path, node.start_mark, f"'{text}' is no date: {error}") from error
    if text.lower() in _BOOLEAN_LIKE or text in ("True", "False", "TRUE", "FALSE"):
        if not text:
            raise _failure(
                path, node.start_mark, "the value is empty: write one, or take the key out"
            )
        raise _failure(
            path,
            node.start_mark,
            f"'{text}' is ambiguous: write true, false, or the word in quotes",
        )
    if _NUMBER_LIKE.match(text):
        hint = 'write whole pence or a whole number, a fraction as "55/100", or text in quotes'
        raise _failure(
            path, node.start_mark, f"'{text}' could be read in more than one way: {hint}"
        )
    return text


def _whole(text: str, node: yaml.ScalarNode, path: Path) -> int:
    if len(text) > 18:
        raise _failure(
            path, node.start_mark, "a number of more than 18 digits: no amount is that large"
        )
    return int(text)
