"""FHIR R4 bundles: one JSON object with a list of entries, each a resource such as a Patient."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import polars as pl

from connectors._json_path import MisfitError, Step, parse_path, value_at
from connectors._lines import (
    FORBIDDEN,
    composed,
    decode,
    forbidden,
    open_file,
    refuse_foreign,
    refuse_size,
    rejected,
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
    """Reads a FHIR R4 bundle: one row for each resource, one column for each declared path.

    Every value is text as written (a number keeps its digits), Unicode NFC; a path that leads
    nowhere is null. A resource of another type, or one that a path does not fit, is rejected by
    entry number.

    Attributes:
        resources: the resource types that the contract expects, such as `[Patient, Encounter]`.
        columns: name -> path, such as `surname: name[use=official].family`; see `_json_path`.
        max_bytes, max_rows: a larger file is refused.
    """

    resources: Sequence[str]
    columns: Mapping[str, str]
    max_bytes: int = 2 * 1024**3
    max_rows: int = 20_000_000

    def __post_init__(self) -> None:
        if not self.resources or not self.columns or "_line" in self.columns:
            raise FeedError("resources, columns: name at least one each; '_line' is kept")
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
        head: dict[str, object] = {}
        faults: list[Fault] = []
        found = self._rows(entries(name, text, key="entry", head=head), faults, name)
        parts = [pl.DataFrame(schema=self._schema())]
        while batch := list(islice(found, _BATCH)):
            parts.append(self._table(batch, faults))
        if head.get("resourceType") != "Bundle":
            raise FeedError(f"{name}: is no FHIR bundle: resourceType 'Bundle' is not at its top")
        sha256 = hashlib.sha256(raw).hexdigest()
        faults.sort(key=lambda fault: fault[0])
        return RawTable(name, sha256, pl.concat(parts), rejected(faults))

    def _schema(self) -> dict[str, type[pl.DataType]]:
        return {**dict.fromkeys(self.columns, pl.String), "_line": pl.Int64}

    def _rows(self, found: Iterator[object], faults: list[Fault], name: str) -> Iterator[Row]:
        """Yield one tuple of values for each resource that fits; note the others in `faults`."""
        paths = _by_first_key(self.columns)
        for number, entry in enumerate(found, start=1):
            if number > self.max_rows:
                raise FeedError(f"{name}: has more than {self.max_rows:,} entries: split the file")
            resource = _resource(entry)
            if resource.get("resourceType") not in self.resources:
                reason = f"is not a resource of the contract: {', '.join(self.resources)}"
                faults.append((number, None, reason))
                continue
            try:
                yield *_values(resource, paths, len(self.columns)), number
            except _RowError as error:
                faults.append((number, error.column, str(error)))

    def _table(self, batch: list[Row], faults: list[Fault]) -> pl.DataFrame:
        table = pl.DataFrame(batch, schema=self._schema(), orient="row")
        names = list(self.columns)
        first = pl.coalesce(
            pl.when(forbidden(pl.col(name), ascii_only=False)).then(pl.lit(name)) for name in names
        )
        table = table.with_columns(_fault=first)
        bad = table.filter(pl.col("_fault").is_not_null())
        places = bad.select("_line", "_fault").rows()
        faults += [(line, column, FORBIDDEN) for line, column in places]
        good = table.filter(pl.col("_fault").is_null())
        return composed(good.select(names)).with_columns(good["_line"])


def _resource(entry: object) -> dict[str, object]:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return resource if isinstance(resource, dict) else {}


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
