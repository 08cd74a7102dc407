"""The items of a COBOL copybook: its text without sequence numbers, its sentences, their clauses,
and the tree that their level numbers make."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nostop.model import FeedError, nearest

MAX_COPYBOOK = 256 * 1024

#: What stands in columns 1 to 7 of reference format: nothing or six marks, then an indicator.
_REFERENCE = re.compile(r"(?: {6}|\S{6})[ *\-/D]|\s*\Z", re.IGNORECASE)
_WORD = re.compile(r"""'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|[^\s'"]+""")
_NAME = re.compile(r"(?=.*[A-Z])[A-Z0-9](?:[A-Z0-9-]{0,28}[A-Z0-9])?")

Words = deque[str]


@dataclass(frozen=True, slots=True)
class Occurs:
    """How often an item is repeated; with `depending_on`, between `least` and `most` times."""

    least: int
    most: int
    depending_on: str | None = None


@dataclass(slots=True)
class Item:
    """One entry: what its clauses say, and the items under it; no name for FILLER."""

    source: str
    line: int
    level: int
    name: str | None
    picture: str | None = None
    usage: str = ""
    sign: str = ""
    occurs: Occurs | None = None
    redefines: str | None = None
    children: list["Item"] = field(default_factory=list)

    def failure(self, message: str) -> FeedError:
        """Return the error for this entry."""
        return _failure(self.source, self.line, message)


def items(text: str, source: str) -> list[Item]:
    """Return the items directly under the one record of a copybook.

    Raises:
        FeedError: with the line, where the text is not such a copybook.
    """
    if len(text) > MAX_COPYBOOK:
        raise FeedError(
            f"{source}: has {len(text):,} characters, at most {MAX_COPYBOOK:,} are read"
        )
    top: list[Item] = []
    open_items: list[Item] = []
    for line, words in _sentences(text, source):
        item = _item(source, line, words)
        if item is not None:
            _hang(item, top, open_items)
    if not top:
        raise FeedError(f"{source}: holds no item: write level numbers and PIC clauses")
    if top[0].level == 1 and len(top) > 1:
        raise top[1].failure("begins a second record: keep one level 01 in a copybook")
    for item in top:
        _inherit(item, "display", "")
    return top


def _failure(source: str, line: int, message: str) -> FeedError:
    return FeedError(f"{source}: line {line}: {message}")


def _code(text: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield each line of code with its number, without sequence numbers and comments."""
    lines = [line.expandtabs(8).rstrip() for line in text.splitlines()]
    reference = all(_REFERENCE.match(line) for line in lines)
    kept: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        mark, code = (line[6:7], line[7:72].rstrip()) if reference else (line.lstrip()[:1], line)
        if mark in ("*", "/") or not code.strip():
            continue
        if reference and mark == "-":
            if not kept:
                raise _failure(source, number, "continues a line, and there is none before it")
            # A text that goes on repeats its quotation mark; a word goes on where it stopped.
            kept[-1] = (kept[-1][0], kept[-1][1] + re.sub(r"\A\s*['\"]?", "", code))
            continue
        kept.append((number, code.partition("*>")[0]))
    yield from kept


def _sentences(text: str, source: str) -> Iterator[tuple[int, Words]]:
    """Yield what stands between two full stops: the line of its first word, and its words."""
    words, began = Words(), 0
    for line, code in _code(text, source):
        for found in _WORD.finditer(code):
            word = found.group()
            began = began if words else line
            quoted = word[0] in "'\""
            ends = not quoted and word.endswith(".")
            word = word if quoted else word.rstrip(".,;").upper()
            if word:
                words.append(word)
            if ends and words:
                yield began, words
                words = Words()
    if words:
        raise _failure(source, began, "the entry that begins here does not end with a full stop")


def _item(source: str, line: int, words: Words) -> Item | None:
    """Return one entry, or nothing for a level 88."""
    level = words.popleft()
    if level in ("COPY", "REPLACE"):
        raise _failure(source, line, f"{level} is not followed: write the text out")
    if level == "88":
        return None
    if not re.fullmatch(r"[0-9]{1,2}", level) or not 1 <= int(level) <= 49:
        known = "01 to 49, and 88, are read"
        raise _failure(source, line, f"'{level[:20]}' is no level number: {known}")
    item = Item(source, line, int(level), _name(source, line, words))
    while words:
        word = words.popleft()
        clause = _CLAUSES.get(word)
        if clause is None:
            hint = nearest(word, list(_CLAUSES))
            raise item.failure(f"'{word[:40]}' is no clause that is read{hint}")
        clause(item, words)
    return item


def _name(source: str, line: int, words: Words) -> str | None:
    if not words or words[0] in _CLAUSES:
        return None
    name = words.popleft()
    if name == "FILLER":
        return None
    if not _NAME.fullmatch(name):
        hint = "use letters, digits and hyphens, and write out what COPY REPLACING fills in"
        raise _failure(source, line, f"'{name[:40]}' is no name: {hint}")
    return name


def _hang(item: Item, top: list[Item], open_items: list[Item]) -> None:
    """Put an item under the nearest one before it with a lower level."""
    while open_items and open_items[-1].level >= item.level:
        open_items.pop()
    siblings = open_items[-1].children if open_items else top
    if siblings and siblings[0].level != item.level:
        found = f"level {item.level:02d} stands beside level {siblings[0].level:02d}"
        raise item.failure(f"{found} (line {siblings[0].line}): give both the same")
    if open_items and open_items[-1].picture is not None:
        raise item.failure(f"stands under line {open_items[-1].line}, which has a PIC")
    siblings.append(item)
    open_items.append(item)


def _inherit(item: Item, usage: str, sign: str) -> None:
    """Hand USAGE and SIGN of a group down to the items that say nothing of their own."""
    item.usage = item.usage or usage
    for child in item.children:
        _inherit(child, item.usage, item.sign or sign)
    if not item.children and (item.picture or "").startswith("S") and item.usage == "display":
        item.sign = item.sign or sign


def _skip(words: Words, *optional: str) -> None:
    while words and words[0] in optional:
        words.popleft()


def _next(item: Item, words: Words, clause: str) -> str:
    if not words:
        raise item.failure(f"{clause} is not finished")
    return words.popleft()


def _picture(item: Item, words: Words) -> None:
    _skip(words, "IS")
    item.picture = _next(item, words, "PIC")


def _usage(item: Item, words: Words) -> None:
    _skip(words, "IS")
    word = _next(item, words, "USAGE")
    if word not in _USAGES:
        known = "DISPLAY, COMP, COMP-3, COMP-4, COMP-5, BINARY and PACKED-DECIMAL are"
        raise item.failure(f"USAGE {word[:40]} is not read: {known}")
    item.usage = _USAGES[word]


def _redefines(item: Item, words: Words) -> None:
    item.redefines = _next(item, words, "REDEFINES")


def _sign(item: Item, words: Words) -> None:
    _skip(words, "IS")
    where = _next(item, words, "SIGN")
    if where not in ("LEADING", "TRAILING"):
        raise item.failure(f"SIGN {where[:40]}: write LEADING or TRAILING")
    item.sign = where
    if words and words[0] == "SEPARATE":
        words.popleft()
        _skip(words, "CHARACTER")
        item.sign = f"{where} SEPARATE"


def _occurs(item: Item, words: Words) -> None:
    least = most = _times(item, words)
    if words and words[0] == "TO":
        words.popleft()
        most = _times(item, words)
    _skip(words, "TIMES")
    depending = None
    if words and words[0] == "DEPENDING":
        words.popleft()
        _skip(words, "ON")
        depending = _next(item, words, "DEPENDING ON")
    if not least <= most or most < 1:
        raise item.failure(f"OCCURS {least} TO {most}: the second must be the larger")
    if least != most and depending is None:
        raise item.failure(f"OCCURS {least} TO {most} needs DEPENDING ON")
    item.occurs = Occurs(least if depending else most, most, depending)


def _times(item: Item, words: Words) -> int:
    word = _next(item, words, "OCCURS")
    if not re.fullmatch(r"[0-9]{1,5}", word):
        raise item.failure(f"OCCURS {word[:40]}: write how often, as a number")
    return int(word)


def _pass_over_value(item: Item, words: Words) -> None:
    _skip(words, "IS", "ARE", "ALL")
    _next(item, words, "VALUE")


def _pass_over_names(item: Item, words: Words) -> None:  # noqa: ARG001 - as every clause
    _skip(words, "KEY", "IS", "BY")
    while words and words[0] not in _CLAUSES:
        words.popleft()


def _pass_over(*optional: str) -> Callable[[Item, Words], None]:
    def clause(item: Item, words: Words) -> None:  # noqa: ARG001 - as every clause
        _skip(words, *optional)

    return clause


def _refuse(why: str) -> Callable[[Item, Words], None]:
    def clause(item: Item, words: Words) -> None:  # noqa: ARG001 - as every clause
        raise item.failure(why)

    return clause


_USAGES = {
    "DISPLAY": "display",
    **dict.fromkeys(("COMP-3", "COMPUTATIONAL-3", "PACKED-DECIMAL"), "packed"),
    **dict.fromkeys(("COMP", "COMPUTATIONAL", "COMP-4", "COMPUTATIONAL-4", "BINARY"), "binary"),
    **dict.fromkeys(("COMP-5", "COMPUTATIONAL-5"), "native binary"),
}


def _alone(word: str, clause: Callable[[Item, Words], None]) -> Callable[[Item, Words], None]:
    """Return the clause for a word that stands without the one it belongs to."""

    def alone(item: Item, words: Words) -> None:
        words.appendleft(word)
        clause(item, words)

    return alone


_SLACK = "SYNCHRONIZED may add bytes between items: take it out, and add FILLER where it did"
_FLOATING = "a floating-point number is not read: ask for a decimal one"
_CLAUSES: dict[str, Callable[[Item, Words], None]] = {
    "PIC": _picture,
    "PICTURE": _picture,
    "USAGE": _usage,
    **{word: _alone(word, _usage) for word in _USAGES},
    **dict.fromkeys(("COMP-1", "COMP-2", "COMPUTATIONAL-1", "COMPUTATIONAL-2"), _refuse(_FLOATING)),
    "REDEFINES": _redefines,
    "OCCURS": _occurs,
    "SIGN": _sign,
    **{where: _alone(where, _sign) for where in ("LEADING", "TRAILING")},
    **dict.fromkeys(("VALUE", "VALUES"), _pass_over_value),
    **dict.fromkeys(("ASCENDING", "DESCENDING", "INDEXED"), _pass_over_names),
    **dict.fromkeys(("JUSTIFIED", "JUST"), _pass_over("RIGHT")),
    "BLANK": _pass_over("WHEN", "ZERO", "ZEROS", "ZEROES"),
    **dict.fromkeys(("EXTERNAL", "GLOBAL"), _pass_over()),
    **dict.fromkeys(("SYNC", "SYNCHRONIZED"), _refuse(_SLACK)),
}
