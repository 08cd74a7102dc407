"""The blanks that `nostop rules new` leaves for an author to fill in: a file that still has one is
refused, each blank by its line."""

from collections.abc import Iterator
from pathlib import Path

from nostop.model import Problem, YamlError
from nostop.strict_yaml import Document, KeyPath, read_yaml

#: What a blank begins with, in the values of a file; a comment may say it.
MARK = "FILL IN"


def blanks(document: Document) -> list[Problem]:
    """Return one problem for each value of a document that is still to be filled in."""
    if MARK not in document.text:
        return []
    return [
        Problem(*document.written(*keys), f"line {line} still says {text}")
        for keys, text in _texts(document.data, ())
        if MARK in text
        for line, _ in [document.place(*keys)]
    ]


def blanks_in_cases(rules: Path) -> list[Problem]:
    """Return the blanks in the worked cases below a rules folder. A file that cannot be read is for
    those who run it to tell."""
    found: list[Problem] = []
    for file in sorted(rules.glob("**/cases/*.yaml")):
        if MARK in file.read_text(encoding="utf-8", errors="replace"):
            try:
                found += blanks(read_yaml(file))
            except YamlError:
                continue
    return found


def _texts(data: object, keys: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, str):
        yield keys, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*keys, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*keys, index))
