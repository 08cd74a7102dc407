"""A COBOL copybook, read into the columns of a record and where each stands.

    text -> lines without sequence numbers -> sentences -> items in a tree -> columns with offsets

Read: levels 01 to 49, PIC of X, A, 9, S, V, USAGE DISPLAY, COMP-3 and COMP (with their other
names), SIGN, OCCURS, OCCURS DEPENDING ON for what ends the record, REDEFINES where one is chosen,
FILLER. Level 88, VALUE, INDEXED BY, KEY, JUSTIFIED and BLANK WHEN ZERO say nothing about where a
value stands and are passed over. The rest is refused with its line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors._copybook_items import Item, items
from connectors._copybook_pictures import Picture, picture_of
from nostop.model import FeedError, nearest

#: The longest record that the operating system of a mainframe writes.
MAX_RECORD = 32_760


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a record: its place in bytes from 0, and how it is written.

    `occurrence` counts from 1 within the table whose size depends on another column; 0 elsewhere.
    """

    name: str
    start: int
    picture: Picture
    occurrence: int = 0

    @property
    def end(self) -> int:
        """The place after its last byte."""
        return self.start + self.picture.length


@dataclass(frozen=True, slots=True)
class Varying:
    """The table at the end of a record, and the place among the columns of its count."""

    counter: int
    least: int
    most: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a record in their order, its length in bytes, and what may be shorter."""

    columns: tuple[Column, ...]
    length: int
    varying: Varying | None


def read_copybook(
    text: str, source: str, alternatives: Sequence[str] = (), max_columns: int = 1_000
) -> Layout:
    """Return the layout of the one record that a copybook describes.

    Args:
        text: the copybook, in reference format (columns 1 to 72) or free.
        source: how errors call it.
        alternatives: of each REDEFINES, which of the items in one place is read.
        max_columns: more are refused.

    Raises:
        FeedError: with the line, what was found and what to do.
    """
    top = items(text, source)
    layout = _Places(source, alternatives, max_columns)
    length = layout.place(top, 0, ())
    if not layout.columns:
        raise FeedError(f"{source}: names no item with a value: is it the whole copybook?")
    return Layout(tuple(layout.columns), length, layout.varying(length))


class _Places:
    """Gives each item its place, and what is repeated a column for each time."""

    def __init__(self, source: str, alternatives: Sequence[str], max_columns: int) -> None:
        self._source = source
        self._chosen = {name.upper() for name in alternatives}
        self._unused = set(self._chosen)
        self._max_columns = max_columns
        #: The OCCURS DEPENDING ON that was met, and where its table stands.
        self._depending: tuple[Item, int] | None = None
        self._lines: dict[str, int] = {}
        self.columns: list[Column] = []

    def place(self, siblings: list[Item], start: int, times: tuple[int, ...]) -> int:
        """Place items one after another from `start` on, and return the place after the last."""
        for same in _by_place(siblings):
            one = self._one_of(same)
            size = max(self._size(item) for item in same)
            if start + size > MAX_RECORD:
                raise one.failure(f"the record is longer than {MAX_RECORD:,} bytes")
            self._repeated(one, start, times)
            start += size
        return start

    def _repeated(self, item: Item, start: int, times: tuple[int, ...]) -> None:
        if item.occurs is None:
            self._once(item, start, times)
            return
        if item.occurs.depending_on is not None:
            if times or self._depending:
                raise item.failure("OCCURS DEPENDING ON may stand once, and in no table")
            self._depending = item, start
        if _has_names(item):
            size = self._size_once(item)
            for number in range(1, item.occurs.most + 1):
                self._once(item, start + (number - 1) * size, (*times, number))

    def _once(self, item: Item, start: int, times: tuple[int, ...]) -> None:
        if item.children:
            self.place(item.children, start, times)
        elif item.name is not None:
            self._column(item, item.name, start, times)

    def _column(self, item: Item, own: str, start: int, times: tuple[int, ...]) -> None:
        name = "_".join([own.lower().replace("-", "_"), *map(str, times)])
        if name in self._lines:
            found = f"'{own}' would be column '{name}', as is line {self._lines[name]}"
            raise item.failure(f"{found}: give one of them another name")
        if len(self.columns) >= self._max_columns:
            raise item.failure(f"there are more than {self._max_columns:,} columns")
        self._lines[name] = item.line
        occurrence = times[0] if self._depending and times else 0
        self.columns.append(Column(name, start, picture_of(item), occurrence))

    def _one_of(self, same: list[Item]) -> Item:
        """Return which of the items in one place is read."""
        if len(same) == 1:
            return same[0]
        names = [item.name for item in same if item.name is not None]
        chosen = [item for item in same if item.name in self._chosen]
        self._unused -= {item.name for item in chosen}
        if len(chosen) != 1:
            what = f"{', '.join(names)} share one place"
            hint = "name the one to read in the setting 'alternatives'"
            raise same[1].failure(f"{what}: {hint}")
        return chosen[0]

    def _size(self, item: Item) -> int:
        return self._size_once(item) * (item.occurs.most if item.occurs else 1)

    def _size_once(self, item: Item) -> int:
        if not item.children:
            return picture_of(item).length
        places = _by_place(item.children)
        return sum(max(self._size(item) for item in same) for same in places)

    def varying(self, length: int) -> Varying | None:
        """Return the table whose size depends on a column, once everything has its place.

        Raises:
            FeedError: it does not end the record, its count is no such column, or an alternative
                was named that is none.
        """
        if self._unused:
            name = min(self._unused)
            raise FeedError(f"{self._source}: alternatives: '{name}' is in no REDEFINES")
        if self._depending is None:
            return None
        item, start = self._depending
        assert item.occurs is not None  # noqa: S101 - it is what put the item here
        if start + self._size(item) != length:
            hint = "what follows it has no fixed place, and is not read"
            raise item.failure(f"OCCURS DEPENDING ON does not end the record: {hint}")
        counter = self._counter(item, str(item.occurs.depending_on))
        return Varying(counter, item.occurs.least, item.occurs.most, start, self._size_once(item))

    def _counter(self, item: Item, written: str) -> int:
        names = [column.name for column in self.columns if not column.occurrence]
        wanted = written.lower().replace("-", "_")
        if wanted not in names:
            hint = nearest(wanted, names)
            raise item.failure(f"DEPENDING ON '{written}', which is no item before it{hint}")
        place = names.index(wanted)
        picture = self.columns[place].picture
        if picture.kind == "text" or picture.scale:
            raise item.failure(f"DEPENDING ON '{written}', which is no whole number")
        return place


def _by_place(siblings: list[Item]) -> Iterator[list[Item]]:
    """Yield the items that stand in one place: mostly one, several where one redefines another."""
    same: list[Item] = []
    for item in siblings:
        if item.redefines is None:
            if same:
                yield same
            same = [item]
        elif same and item.redefines == same[0].name:
            same.append(item)
        else:
            found = f"REDEFINES {item.redefines}, which is not the item right before it"
            raise item.failure(found)
    if same:
        yield same


def _has_names(item: Item) -> bool:
    if not item.children:
        return item.name is not None
    return any(_has_names(child) for child in item.children)
