"""What stages of a run gave, each under a hash of all that it read, to be taken up again.

A snapshot is a folder `<stage>/<key>` of Parquet files and a manifest with the hash of each. It is
written under another name, brought to the disk and then renamed, so that it is there whole or not
at all; and it is never changed. It holds personal data: only the owner may read it.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from nostop.app.on_disk import hash_of_file, put, sync
from nostop.determination.parquet import whole_file

FOLDER = ".checkpoints"
#: Which snapshots the last run that ended left, by stage.
LAST = "last.json"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a stage gave: tables by name, and few plain values (`told`).

    hashes: of each table's file: equal tables have equal ones.
    made: the tables, where they have just been made.
    """

    key: str
    told: Mapping[str, Any]
    hashes: Mapping[str, str]
    folder: Path
    made: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """Return one of the tables."""
        if name in self.made:
            return self.made[name]
        return pl.read_parquet(self.folder / f"{name}.parquet", hive_partitioning=False)

    def digest(self) -> str:
        """Return a hash of all that is in it."""
        return key_of(*(f"{name}={found}" for name, found in sorted(self.hashes.items())))


class Checkpoints:
    """The snapshots in the folder of a run's results.

    `troubles` are snapshots that were there and cannot be used, for the run to tell of by name.
    """

    def __init__(self, out: Path, *, from_scratch: bool = False) -> None:
        """Look at a folder; `from_scratch` goes on from nothing of an earlier run."""
        self._folder = out / FOLDER
        self._used: dict[str, str] = {}
        self._looked_at: dict[tuple[str, str], Snapshot | None] = {}
        self._last = {} if from_scratch else _plain(self._folder / LAST)
        self.troubles: list[str] = []

    def taken(self, stage: str, key: str) -> Snapshot | None:
        """Return the snapshot of a stage if it is there and whole."""
        if (stage, key) not in self._looked_at:
            self._looked_at[stage, key] = self._whole(stage, key)
        found = self._looked_at[stage, key]
        if found is not None:
            self._used[stage] = key
        return found

    def _whole(self, stage: str, key: str) -> Snapshot | None:
        folder = self._folder / stage / key
        if not folder.is_dir():
            return None
        found = _whole(folder, stage, key)
        if found is None:
            self.troubles.append(f"CHECKPOINT {stage}: is torn or was changed: made again.")
        return found

    def last(self, stage: str) -> Snapshot | None:
        """Return what the last run that ended left of a stage, whatever it had read."""
        key = self._last.get(stage)
        return self.of_before(stage, key) if isinstance(key, str) else None

    def of_before(self, stage: str, key: str) -> Snapshot | None:
        """Return a snapshot to go on from, if it is there and whole; this run need not leave it."""
        used = dict(self._used)
        found = self.taken(stage, key)
        self._used = used
        return found

    def was_last(self, stage: str, key: str) -> bool:
        """Return whether the last run that ended used this very snapshot."""
        return self._last.get(stage) == key

    def keep(
        self,
        stage: str,
        key: str,
        tables: Mapping[str, pl.DataFrame],
        told: Mapping[str, Any] | None = None,
    ) -> Snapshot:
        """Write a snapshot; when this returns, it is on disk."""
        folder = self._folder / stage / key
        unfinished = folder.with_name(f".{key}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        hashes = {}
        for name, table in tables.items():
            content = written(table)
            hashes[name] = hashlib.sha256(content).hexdigest()
            put(unfinished / f"{name}.parquet", content)
        said = {"stage": stage, "key": key, "told": dict(told or {}), "files": hashes}
        put(unfinished / _MANIFEST, _as_json(said))
        sync(unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.replace(folder)
        sync(folder.parent)
        self._used[stage] = key
        made = Snapshot(key, dict(told or {}), hashes, folder, dict(tables))
        self._looked_at[stage, key] = made
        return made

    def finish(self) -> None:
        """Say that the run ended, and remove every snapshot that it did not use."""
        with whole_file(self._folder / LAST) as unfinished:
            put(unfinished, _as_json(self._used))
        sync(self._folder)
        for stage in (each for each in self._folder.iterdir() if each.is_dir()):
            for snapshot in list(stage.iterdir()):
                if self._used.get(stage.name) != snapshot.name:
                    shutil.rmtree(snapshot, ignore_errors=True)
            if stage.name not in self._used:
                stage.rmdir()


def key_of(*parts: str) -> str:
    """Return a hash of texts: another for each other text, and for each other order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()[:32]


def content_of(table: pl.DataFrame) -> str:
    """Return a hash of a table: the same for the same rows in the same order."""
    return hashlib.sha256(written(table)).hexdigest()


def written(table: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file: the same bytes for the same rows."""
    content = BytesIO()
    table.rechunk().write_parquet(content, compression="lz4", statistics=False)
    return content.getvalue()


def _whole(folder: Path, stage: str, key: str) -> Snapshot | None:
    said = _plain(folder / _MANIFEST)
    hashes, told = said.get("files"), said.get("told")
    is_it = (said.get("stage"), said.get("key")) == (stage, key)
    if not (is_it and isinstance(hashes, dict) and isinstance(told, dict)):
        return None
    for name, expected in hashes.items():
        try:
            found = hash_of_file(folder / f"{name}.parquet")
        except OSError:
            return None
        if found != expected:
            return None
    return Snapshot(key, told, hashes, folder)


def _plain(path: Path) -> dict[str, Any]:
    """Return a JSON object; an empty one where there is none to be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _as_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode()
