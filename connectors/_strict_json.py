"""A strict reader for one large JSON object that holds a long list: one entry at a time.

`json` alone takes duplicate keys (the last wins), NaN and numbers of any length, and builds the
whole file at once. Here they are refused, and only one entry is ever held as objects.
"""

import json
import re
from collections.abc import Iterator, Sequence

from nostop.model import FeedError

MAX_DEPTH = 64
MAX_DIGITS = 40
_SPACE = re.compile(r"[ \t\n\r]*")


class _RefusedError(ValueError):
    """A value that JSON's grammar or our caps do not allow."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        double = sorted({key for key in keys if keys.count(key) > 1})
        raise _RefusedError(_twice(double[0]))
    return found


def _twice(key: str) -> str:
    return f"key '{key[:40]}' is written twice in one object: keep one of them"


def _number(text: str) -> str:
    # A number stays the text it was: 1.10 is not 1.1, and 5,000 digits are never made a number.
    if len(text) > MAX_DIGITS:
        raise _RefusedError(f"a number of {len(text):,} digits: no value here is that large")
    return text


def _constant(text: str) -> str:
    raise _RefusedError(f"{text} is not JSON: write a number, or leave the key out")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_number, parse_int=_number, parse_constant=_constant
)


class _Scanner:
    """Where we are in the text of one file."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.at = 0

    def next(self) -> str:
        """Return the next character that is no space, without taking it; empty at the end."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> None:
        """Take one character that has to stand here."""
        if self.next() != expected:
            found = "the end" if self.at >= len(self.text) else "something else"
            raise self.failure(f"expected '{expected}', found {found}")
        self.at += 1

    def value(self) -> object:
        """Take one whole value."""
        self.next()
        try:
            value, end = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = error.pos
            raise self.failure(error.msg) from error
        except _RefusedError as error:
            raise self.failure(str(error)) from error
        except RecursionError as error:
            raise self.failure(f"is nested more than {MAX_DEPTH} deep") from error
        brackets = self.text.count("{", self.at, end) + self.text.count("[", self.at, end)
        if brackets > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            raise self.failure(f"is nested more than {MAX_DEPTH} deep")
        self.at = end
        return value

    def failure(self, message: str) -> FeedError:
        """Return the error for the place where we are."""
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        return FeedError(f"{self.name}: line {line}, column {column}: {message}")


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [child for children in inner for child in children]
    return depth


def entries(name: str, text: str, *, key: str, head: dict[str, object]) -> Iterator[object]:
    """Yield the items of the list under `key` of the top object; fill `head` with its other keys,
    and with `key` as None where there is the list.

    Raises:
        FeedError: with line and column, where the text is not strict JSON or not such an object.
    """
    scanner = _Scanner(name, text)
    yield from _entries(scanner, key, head)
    if scanner.next():
        raise scanner.failure("something follows the end of the object: keep one object in a file")


def entries_of_pages(
    name: str, text: str, *, key: str, heads: list[dict[str, object]]
) -> Iterator[object]:
    """Yield as `entries` does, of one object or of each object of a list; `heads` gets one each."""
    scanner = _Scanner(name, text)
    if scanner.next() != "[":
        heads.append({})
        yield from entries(name, text, key=key, head=heads[0])
        return
    for _ in _places(scanner):
        heads.append({})
        yield from _entries(scanner, key, heads[-1])
    if scanner.next():
        raise scanner.failure("something follows the end of the list: keep one list in a file")


def _entries(scanner: _Scanner, key: str, head: dict[str, object]) -> Iterator[object]:
    for found in _keys(scanner):
        if found == key:
            head[key] = None
            for _ in _places(scanner):
                yield scanner.value()
        else:
            head[found] = scanner.value()


def _keys(scanner: _Scanner) -> Iterator[str]:
    """Yield each key of an object; who asks takes its value before the next."""
    seen = set[str]()
    scanner.take("{")
    while scanner.next() != "}":
        if seen:
            scanner.take(",")
        if scanner.next() != '"':
            raise scanner.failure("expected a key in quotation marks")
        key = str(scanner.value())
        if key in seen:
            raise scanner.failure(_twice(key))
        seen.add(key)
        scanner.take(":")
        yield key
    scanner.take("}")


def _places(scanner: _Scanner) -> Iterator[int]:
    """Yield where each item of a list begins; who asks takes it before the next."""
    scanner.take("[")
    first = True
    while scanner.next() != "]":
        if not first:
            scanner.take(",")
            scanner.next()
        first = False
        yield scanner.at
    scanner.take("]")


def deep_list(
    name: str, text: str, path: Sequence[str]
) -> tuple[list[tuple[object, str]] | None, dict[str, object]]:
    """Return the list at a path of plain keys, and the object around it without that list.

    Each item is its value and the text it was written in; the list is None where there is none.

    Raises:
        FeedError: with line and column, where the text is not strict JSON or not such an object.
    """
    scanner = _Scanner(name, text)
    found: list[tuple[object, str]] = []
    rest = _around(scanner, path, found)
    if scanner.next():
        raise scanner.failure("something follows the end of the object")
    inner: object = rest
    for key in path:
        if not isinstance(inner, dict) or key not in inner:
            return None, rest
        inner = inner[key]
    return found, rest


def _around(
    scanner: _Scanner, path: Sequence[str], found: list[tuple[object, str]]
) -> dict[str, object]:
    rest: dict[str, object] = {}
    for key in _keys(scanner):
        if key != path[0]:
            rest[key] = scanner.value()
        elif len(path) > 1:
            rest[key] = _around(scanner, path[1:], found)
        else:
            found += [(scanner.value(), scanner.text[at : scanner.at]) for at in _places(scanner)]
            rest[key] = None
    return rest
