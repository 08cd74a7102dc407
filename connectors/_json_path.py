"""The small path form that says where in a JSON object a column's value stands.

    birthDate                               one key
    meta.lastUpdated                        a key within a key
    name[use=official].family               the one item of a list whose `use` is official
    contact[relationship.coding.code=MTH].name.family      ... whose code, in any list, is MTH
    name[use=official].given[0]             the first item, if there is one
    name[use=official].given[1:]            the items from the second on, joined by spaces

A list without brackets must have one item at most: which of several is meant is never guessed.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from nostop.model import FeedError

_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?:\[([^\]]*)\])?(\.|\Z)")
_FILTER = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(.+)")


class MisfitError(Exception):
    """An object does not have the shape that a path expects; the message holds no value of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One key of a path, and which item of its list is meant."""

    key: str
    index: int | None = None
    rest_from: int | None = None
    where: tuple[tuple[str, ...], str] | None = None
    selects: bool = False


@lru_cache
def parse_path(path: str) -> tuple[Step, ...]:
    """Return the steps of a path.

    Raises:
        FeedError: the path is not of the form at the top of this module.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path) or not steps:
        found = _STEP.match(path, position)
        if not found or (found[3] == "." and found.end() == len(path)):
            raise FeedError(f"path '{path}': cannot be read from character {position + 1} on")
        steps.append(_step(path, found[1], found[2]))
        position = found.end()
    if any(step.rest_from is not None for step in steps[:-1]):
        raise FeedError(f"path '{path}': [n:] joins texts and can only stand at the end")
    return tuple(steps)


def _step(path: str, key: str, inside: str | None) -> Step:
    if inside is None:
        return Step(key)
    if re.fullmatch(r"[0-9]{1,4}", inside):
        return Step(key, index=int(inside), selects=True)
    if re.fullmatch(r"[0-9]{1,4}:", inside):
        return Step(key, rest_from=int(inside[:-1]), selects=True)
    if found := _FILTER.fullmatch(inside):
        return Step(key, where=(tuple(found[1].split(".")), found[2]), selects=True)
    raise FeedError(f"path '{path}': [{inside}] is none of [0], [1:], [key=value]")


def value_at(node: object, steps: tuple[Step, ...]) -> str | None:
    """Return the text a path leads to; None where there is nothing.

    Raises:
        MisfitError: several values where one is expected, or an object in place of a value.
    """
    for step in steps:
        if isinstance(node, list):
            node = _only(node)
        if node is None:
            return None
        if not isinstance(node, dict):
            raise MisfitError(f"has a plain value where '{step.key}' is expected inside")
        node = node.get(step.key)
        if step.selects and node is not None:
            node = _chosen(node, step)
    return _text(_only(node) if isinstance(node, list) else node)


def _only(node: list[object]) -> object:
    if len(node) > 1:
        raise MisfitError(f"has {len(node)} values where one is expected")
    return node[0] if node else None


def _chosen(node: object, step: Step) -> object:
    if not isinstance(node, list):
        raise MisfitError(f"'{step.key}' is no list")
    if step.index is not None:
        return node[step.index] if step.index < len(node) else None
    if step.rest_from is not None:
        texts = (_text(item) for item in node[step.rest_from :])
        return " ".join(text for text in texts if text is not None) or None
    assert step.where is not None  # noqa: S101 - the last of the three kinds
    keys, wanted = step.where
    return [item for item in node if _leads_to(item, keys, wanted)]


def _leads_to(node: object, keys: tuple[str, ...], wanted: str) -> bool:
    """Return whether a plain path leads to a value, through any list on the way."""
    if isinstance(node, list):
        return any(_leads_to(item, keys, wanted) for item in node)
    if not keys:
        return not isinstance(node, dict) and _text(node) == wanted
    if not isinstance(node, dict) or keys[0] not in node:
        return False
    return _leads_to(node[keys[0]], keys[1:], wanted)


def _text(node: object) -> str | None:
    if node is None or node == "":
        return None
    if isinstance(node, bool):
        return "true" if node else "false"
    if not isinstance(node, str):
        raise MisfitError("has an object where a value is expected")
    if not node.isascii() and any("\ud800" <= letter <= "\udfff" for letter in node):
        raise MisfitError("holds half a character (a lone surrogate)")
    return node
