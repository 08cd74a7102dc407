"""The one YAML reader: no duplicate keys, anchors, aliases, tags or implicit types, and a place for
every value.

A plain scalar stays text unless it is a whole number (`15000`), a date (`2026-06-01`), `true` or
`false`; those four forms are read the same way everywhere. `on`, `off`, `yes`, `no`, `12:30`,
`010`, `0x1F`, `1_000`, `1.5`, `2026-6-1`, a time of day and empty values are refused rather than
guessed, and so is every character that nobody sees.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NoReturn, Protocol

import yaml

from nostop.model import Problem, YamlError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
#: Keys, entries and values together.
MAX_PARTS = 25_000
MAX_DIGITS = 18
MAX_KEY = 200
MAX_SHOWN = 40

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NUMBER_LIKE = re.compile(
    r"""[-+]?[0-9][0-9_]*([.:][0-9_]*)*(e[-+]?[0-9]+)?\Z    # 1.5, 5., 12:30, 010, 1e9
    |[-+]?\.(inf|nan|[0-9][0-9_]*(e[-+]?[0-9]+)?)\Z         # .5, .nan
    |[-+]?0[xob][0-9a-f_]+\Z                                # 0x1F
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?\Z             # 2026-6-1, 2026-06-01 10:00
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: Control characters, and those that take no room or turn the direction of what follows: a text
#: with one in it is not what it looks like.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_BOOLEAN_LIKE = {"y", "n", "yes", "no", "on", "off", "null", "~", ""}

KeyPath = tuple[str | int, ...]

#: libyaml where PyYAML was built with it: the same trees, ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """One YAML file: its text, plain data, and the line and column where each key path begins.

    `lent` are the files of topmost keys that another file lends it.
    """

    path: Path
    text: str
    data: Any
    places: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    lent: dict[str | int, Path] = field(default_factory=dict)

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Return the line and column of the nearest known ancestor of a key path."""
        path = tuple(keys)
        while path not in self.places:
            if not path:
                return 1, 1
            path = path[:-1]
        return self.places[path]

    def written(self, *keys: str | int) -> tuple[Path, int, int]:
        """Return the file, line and column of the nearest known ancestor of a key path."""
        file = self.lent.get(keys[0], self.path) if keys else self.path
        return file, *self.place(*keys)

    def problem(self, message: str, *keys: str | int) -> Problem:
        """Return a problem placed at a key path of this file."""
        return Problem(*self.written(*keys), message)


def read_yaml(path: Path) -> Document:
    """Read one file strictly.

    Raises:
        YamlError: with file, line, column, what was found and what to write instead.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        size = path.stat().st_size
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise YamlError(f"{path}: is {size:,} bytes; a rule file may have {MAX_BYTES:,}: split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Read YAML text as `read_yaml` does; `path` only names it in messages."""
    try:
        _refuse_what_is_unseen(text, path)
        _refuse_what_expands(text, path)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        message = error.problem or "cannot be read as YAML"
        raise _failure(path, error.problem_mark, _in_plain_words(message)) from error
    except yaml.YAMLError as error:
        raise YamlError(f"{path}: cannot be read as YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise YamlError(f"{path}: is empty")
    document = Document(path, text, None)
    document.data = _build(root, (), document)
    return document


def _refuse_what_is_unseen(text: str, path: Path) -> None:
    # In comments too: what turns the direction of writing shows a reader another file.
    found = UNSEEN.search(text)
    if found:
        before = text[: found.start()].rsplit("\n", 1)
        line = text.count("\n", 0, found.start()) + 1
        place = Problem(path, line, len(before[-1]) + 1, told_unseen(found.group()))
        raise YamlError(str(place))


def told_unseen(character: str) -> str:
    """Return what is said of an invisible character."""
    return f"an invisible character (U+{ord(character):04X}): take it out"


def _refuse_what_expands(text: str, path: Path) -> None:
    # Done on tokens, before any tree exists: an alias bomb or deep nesting must cost nothing.
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if number > MAX_PARTS:
            _refuse(path, event, f"has more than {MAX_PARTS:,} keys and values: split the file")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            instead = "write the value out"
            _refuse(path, event, f"anchors and aliases (& and *) are not used here: {instead}")
        tag = getattr(event, "tag", None)
        if tag is not None:
            instead = "write plain text, numbers or dates"
            _refuse(path, event, f"tag {tag!r} is not used here: {instead}")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            _refuse(path, event, f"is nested more than {MAX_DEPTH} deep")


def _refuse(path: Path, at: yaml.Event | yaml.Node, message: str) -> NoReturn:
    raise _failure(path, at.start_mark, message)


class _Mark(Protocol):
    line: int
    column: int


def _failure(path: Path, mark: _Mark | None, message: str) -> YamlError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return YamlError(str(Problem(path, line, column, message)))


#: What the YAML library says, and what an author can do about it.
_IN_PLAIN_WORDS = {
    "found character that cannot start any token": (
        "a tab or a sign that means something in YAML: indent with spaces, and put text that "
        "begins with a sign in quotes"
    ),
    "found character '\\t'": "a tab: indent with spaces",
    "mapping values are not allowed": (
        "a colon and a space where no key can stand: put the whole text in quotes, or mend the "
        "indentation"
    ),
    "but found another document": "more than one document in a file: keep one",
    "block sequence entries are not allowed": (
        "a list entry (-) where none can stand: begin it on a line of its own"
    ),
    "found unexpected end of stream": "a quote is opened and never closed",
    "did not find expected key": (
        "the indentation, a bracket or a quote is not as YAML needs it here"
    ),
    "did not find expected": "a bracket or a comma is missing",
}


def _in_plain_words(message: str) -> str:
    found = (words for start, words in _IN_PLAIN_WORDS.items() if message.startswith(start))
    return next(found, message)


def _build(node: yaml.Node, keys: KeyPath, document: Document) -> object:
    document.places.setdefault(keys, _place(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, keys, document)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*keys, index), document) for index, child in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        _refuse(document.path, node, "is neither text, a list nor keys")
    return _scalar(node, document.path)


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _mapping(node: yaml.MappingNode, keys: KeyPath, document: Document) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key, str):
            _refuse(document.path, key_node, "a key must be a single word")
        if len(key) > MAX_KEY:
            found = f"a key of {len(key):,} characters: {MAX_KEY} is the most"
            _refuse(document.path, key_node, found)
        _refuse_what_was_escaped(key, key_node, document.path)
        if key in built:
            _refuse(document.path, key_node, f"key '{key}' is written twice: keep one of them")
        if not key_node.style and (key.lower() in _BOOLEAN_LIKE or key == "<<"):
            _refuse(document.path, key_node, f"key '{key}' is ambiguous in YAML: use another word")
        path = (*keys, key)
        document.places[path] = _place(key_node)
        built[key] = _build(value_node, path, document)
    return built


def _scalar(node: yaml.ScalarNode, path: Path) -> str | int | bool | date:
    text: str = node.value
    _refuse_what_was_escaped(text, node, path)
    if node.style:
        return text
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.match(text):
        if len(text) > MAX_DIGITS:
            limit = "no amount is that large"
            _refuse(path, node, f"a number of more than {MAX_DIGITS} digits: {limit}")
        return int(text)
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            message = f"'{text}' is no date: {error}"
            raise _failure(path, node.start_mark, message) from error
    _refuse_what_is_guessed(text, node, path)
    return text


def _refuse_what_was_escaped(text: str, node: yaml.Node, path: Path) -> None:
    found = UNSEEN.search(text)
    if found:
        _refuse(path, node, told_unseen(found.group()))


def _refuse_what_is_guessed(text: str, node: yaml.ScalarNode, path: Path) -> None:
    if not text:
        _refuse(path, node, "the value is empty: write one, or take the key out")
    if text.lower() in _BOOLEAN_LIKE or text in ("True", "False", "TRUE", "FALSE"):
        _refuse(path, node, f"'{text}' is ambiguous: write true, false, or the word in quotes")
    if _NUMBER_LIKE.match(text):
        hint = 'write whole pence or a whole number, a fraction as "55/100", or text in quotes'
        shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
        _refuse(path, node, f"'{shown}' could be read in more than one way: {hint}")
