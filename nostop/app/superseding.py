"""Changes files of a run that ended, under a manifest that says which and is signed.

A run's files are never changed but here: to erase somebody, or because their time is over. The
manifest keeps the hash of each file before and after, so that an auditor can tell this from
tampering.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from nostop.app.audit import Witness, is_signed, sign
from nostop.app.link_history import write_whole
from nostop.app.on_disk import hash_of_file, put
from nostop.app.results import write_json
from nostop.app.settings import MANIFEST
from nostop.determination.parquet import whole_file
from nostop.model import SettingsError, StoreError

SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Change:
    """One file that was changed: its path from the run's folder, its hash before and after.

    `after` is None where it was removed.
    """

    file: str
    before: str
    after: str | None


def replace(path: Path, content: bytes, folder: Path) -> Change:
    """Put other content into a file of a folder; it is there whole, before or after."""
    before = hash_of_file(path)
    with whole_file(path) as unfinished:
        put(unfinished, content)
    return Change(path.relative_to(folder).as_posix(), before, hashlib.sha256(content).hexdigest())


def replace_table(path: Path, table: pl.DataFrame, folder: Path) -> Change:
    """Put another table into a Parquet file of a folder."""
    before = hash_of_file(path)
    write_whole(table, path)
    return Change(path.relative_to(folder).as_posix(), before, hash_of_file(path))


def remove(path: Path, folder: Path) -> Change:
    """Remove a file of a folder."""
    change = Change(path.relative_to(folder).as_posix(), hash_of_file(path), None)
    path.unlink()
    return change


def supersede(
    folder: Path, changes: Sequence[Change], because: str, kept: Witness, at: datetime
) -> None:
    """Write into a run's manifest which files were changed, signed; nothing where none were.

    Raises:
        SettingsError: the folder has no manifest, or there is no key.
    """
    if not changes:
        return
    manifest = read_manifest(folder)
    earlier = manifest.get(SUPERSEDED, [])
    made: dict[str, Any] = {
        "at": at.astimezone(UTC).isoformat(),
        "because": because,
        "files": [
            {"file": each.file, "before": each.before, "after": each.after}
            for each in sorted(changes, key=lambda each: each.file)
        ],
    }
    made["signature"] = sign(kept, _signed(manifest, len(earlier), made))
    path = folder / MANIFEST
    with whole_file(path) as unfinished:
        write_json(unfinished, {**manifest, SUPERSEDED: [*earlier, made]})


def check_superseded(folder: Path, kept: Witness) -> int:
    """Check every signature in a run's manifest, and that the files are as the last one left them.

    Returns:
        How many times files were superseded.
    Raises:
        SettingsError: there is no manifest, or no public key.
        StoreError: a signature does not hold, or a file was changed since.
    """
    manifest = read_manifest(folder)
    rows = manifest.get(SUPERSEDED, [])
    last: dict[str, str | None] = {}
    for number, row in enumerate(rows):
        if not is_signed(kept, _signed(manifest, number, row), str(row.get("signature"))):
            raise StoreError(
                f"{folder / MANIFEST}: superseding number {number + 1} is not signed with this key"
            )
        last.update({each["file"]: each["after"] for each in row["files"]})
    for name, after in sorted(last.items()):
        path = folder / name
        if (hash_of_file(path) if path.is_file() else None) != after:
            raise StoreError(f"{path}: is not as the manifest says that it was left")
    return len(rows)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run that ended.

    Raises:
        SettingsError: there is none, or it cannot be read.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{folder}: holds no finished run (no {MANIFEST})") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{folder / MANIFEST}: is no manifest of a run")
    return found


def _signed(manifest: Mapping[str, Any], number: int, row: Mapping[str, Any]) -> bytes:
    content = {name: row.get(name) for name in ("at", "because", "files")}
    whole = {"snapshot": manifest.get("snapshot"), "number": number, **content}
    return json.dumps(whole, sort_keys=True).encode()
