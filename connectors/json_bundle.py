"""One JSON object with a long list: a FHIR R4 bundle of resources such as Patient, or another."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

import polars as pl

from connectors._json_path import MisfitError, Step, parse_path, value_at
from connectors._lines import (
    FORBIDDEN,
    composed,
    decode,
    open_file,
    refuse_foreign,
    refuse_size,
    rejected,
    split_off,
    unseen,
)
from connectors._strict_json import entries
from nostop.model import FeedError
from nostop.ports import RawTable

_BATCH = 20_000
_BOM = b"\xef\xbb\xbf"

Row = tuple[str | int | None, ...]
Fault = tuple[int, str | None, str]
Paths = dict[str, list[tuple[int, str, tuple[Step, ...]]]]


@dataclass(frozen=True, slots=True)
class JsonBundle:
    """Reads a FHIR R4 bundle: one row for each resource, one column for each declared path. Or,
    with `list_under`, any other JSON object that holds a list: one row for each item.

    Every value is text as written (a number keeps its digits), Unicode NFC; a path that leads
    nowhere is null. A resource of another type, or one that a path does not fit, is rejected by
    entry number.

    Attributes:
        resources: the resource types that the contract expects, such as `[Patient, Encounter]`.
        columns: name -> path, such as `surname: name[use=official].family`; see `_json_path`.
        max_bytes, max_rows: a larger file is refused.
        list_under: the topmost key of the list, where the object is no bundle.
    """

    resources: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = 2 * 1024**3
    max_rows: int = 20_000_000
    list_under: str = ""

    def __post_init__(self) -> None:
        one_kind = bool(self.resources) != bool(self.list_under)
        if not one_kind or not self.columns or "_line" in self.columns:
            raise FeedError(
                "resources, columns: name at least one each, or list_under in place of resources; "
                "'_line' is kept"
            )
        for path in self.columns.values():
            parse_path(path)

    def read(self, location: Path, since: date | None = None) -> RawTable:  # noqa: ARG002 - no use
        """Return every resource; a file cannot tell what changed, so `since` asks for nothing less.

        Raises:
            FeedError: the file is not strict JSON in UTF-8, not a bundle, or too large.
        """
        name = location.name
        with open_file(location) as file:
            refuse_size(location, self.max_bytes)
            raw = file.read()
        refuse_foreign(location, raw[:4096], "utf-8")
        text = decode(location, raw.removeprefix(_BOM), 1, "utf-8")
        heads: list[dict[str, object]] = []
        faults: list[Fault] = []
        found = self._rows(self._entries(name, text, heads), faults, name)
        parts = [pl.DataFrame(schema=self._schema())]
        while batch := list(islice(found, _BATCH)):
            parts.append(self._table(batch, faults))
        self._refuse_heads(name, heads)
        sha256 = hashlib.sha256(raw).hexdigest()
        faults.sort(key=lambda fault: fault[0])
        return RawTable(name, sha256, pl.concat(parts), rejected(faults))

    def _entries(self, name: str, text: str, heads: list[dict[str, object]]) -> Iterator[object]:
        heads.append({})
        return entries(name, text, key=self.list_under or "entry", head=heads[0])

    def _refuse_heads(self, name: str, heads: list[dict[str, object]]) -> None:
        """Raise FeedError where what stands around the entries says that they cannot be used."""
        if self.list_under:
            if self.list_under not in heads[0]:
                raise FeedError(f"{name}: has no list '{self.list_under}' at its top")
        elif any(head.get("resourceType") != "Bundle" for head in heads):
            raise FeedError(f"{name}: is no FHIR bundle: resourceType 'Bundle' is not at its top")

    def _refusal(self, resource: dict[str, object]) -> str | None:
        """Return why a resource cannot be a row, where it cannot; an empty text passes it over."""
        if self.list_under:
            return None if resource else "is no object, or an empty one"
        if resource.get("resourceType") in self.resources:
            return None
        return f"is not a resource of the contract: {', '.join(self.resources)}"

    def _schema(self) -> dict[str, type[pl.DataType]]:
        return {**dict.fromkeys(self.columns, pl.String), "_line": pl.Int64}

    def _rows(self, found: Iterator[object], faults: list[Fault], name: str) -> Iterator[Row]:
        """Yield one tuple of values for each resource that fits; note the others in `faults`."""
        paths = _by_first_key(self.columns)
        for number, entry in enumerate(found, start=1):
            if number > self.max_rows:
                raise FeedError(f"{name}: has more than {self.max_rows:,} entries: split the file")
            resource = _object(entry if self.list_under else _object(entry).get("resource"))
            reason = self._refusal(resource)
            if reason is not None:
                faults += [(number, None, reason)] if reason else []
                continue
            try:
                yield *_values(resource, paths, len(self.columns)), number
            except _RowError as error:
                faults.append((number, error.column, str(error)))

    def _table(self, batch: list[Row], faults: list[Fault]) -> pl.DataFrame:
        table = pl.DataFrame(batch, schema=self._schema(), orient="row")
        names = list(self.columns)
        good, bad = split_off(table, unseen(names))
        faults += [(line, column, FORBIDDEN) for line, column in bad]
        return composed(good.select(names)).with_columns(good["_line"])


def _object(node: object) -> dict[str, object]:
    return node if isinstance(node, dict) else {}


class _RowError(Exception):
    """A resource that a column's path does not fit."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def _by_first_key(columns: Mapping[str, str]) -> Paths:
    """Return the paths by their first key, so that what a resource lacks is not looked for."""
    paths: Paths = {}
    for place, (column, path) in enumerate(columns.items()):
        steps = parse_path(path)
        paths.setdefault(steps[0].key, []).append((place, column, steps))
    return paths


def _values(resource: dict[str, object], paths: Paths, count: int) -> list[str | None]:
    values: list[str | None] = [None] * count
    for key in resource:
        for place, column, steps in paths.get(key, ()):
            try:
                values[place] = value_at(resource, steps)
            except MisfitError as misfit:
                raise _RowError(column, str(misfit)) from misfit
    return values
