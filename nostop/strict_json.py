"""JSON, read strictly: no NaN or Infinity, no repeated keys, no deep nesting.

A feed's file is read by its connector instead: entry by entry, with numbers kept as text.
"""

import json
from typing import Any, NoReturn

from nostop.model import JsonError

MAX_DEPTH = 64


def strict_json(raw: bytes, where: str) -> object:
    """Return JSON data.

    Raises:
        JsonError: not UTF-8, not JSON, or more than JSON should say.
    """
    text = _text(raw, where)
    data: object
    try:
        data = json.loads(
            text,
            parse_constant=lambda word: _refuse(f"{where}: {word} is no number of JSON"),
            object_pairs_hook=lambda items: _object(items, where),
        )
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise JsonError(f"{place}: is not JSON: {error.msg}") from error
    except ValueError as error:
        raise JsonError(f"{where}: a number has too many digits") from error
    _refuse_half_characters(data, text, where)
    return data


def _text(raw: bytes, where: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"is not UTF-8 (byte {error.start})"
        raise JsonError(f"{where}: {found}: save it as UTF-8") from error
    if "\x00" in text:
        raise JsonError(f"{where}: holds a NUL character")
    if _depth(text) > MAX_DEPTH:
        raise JsonError(f"{where}: is nested more than {MAX_DEPTH} deep")
    return text


def _refuse_half_characters(data: object, text: str, where: str) -> None:
    """Refuse `\\ud800` without its other half: no text that can be written anywhere."""
    if "\\ud" not in text.lower():
        return
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise JsonError(f"{where}: holds half of a character, such as \\ud800") from error


def _refuse(message: str) -> NoReturn:
    raise JsonError(message)


def _object(items: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in items:
        if key in found:
            raise JsonError(f"{where}: key '{key}' is written twice: keep one of them")
        found[key] = value
    return found


def _depth(text: str) -> int:
    deepest = depth = 0
    in_text = escaped = False
    for character in text:
        if in_text:
            in_text = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
