"""`nostop person`: everything that is kept of a person, shown or erased.

An erasure that was stopped half-way is done again from the start, and ends the same.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop.app.audit import Witness
from nostop.app.erased_files import Who, forget_in_run, forget_messages, who_is
from nostop.app.forgotten import SECRET
from nostop.app.opened import opened
from nostop.app.running.claim import alone, unfinished
from nostop.app.sending import DATABASE
from nostop.app.superseding import read_manifest, supersede
from nostop.model import SettingsError
from nostop.store.audit import entries_of, record_read
from nostop.store.checks import check_id
from nostop.store.erasure import (
    Erasure,
    Secret,
    begin_erasure,
    erase_rows,
    rows_of,
    scrub,
)

#: Kept with the signed checkpoints: a restored backup does not know of later erasures.
ERASURES = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for an erasure, why (one word), when, and where else than in the store to look.

    runs: folders of runs. outboxes: folders to which channels hand over files.
    """

    by: str
    reason: str
    at: datetime
    runs: Sequence[Path] = ()
    outboxes: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: rows by table in all stores, files changed or removed, records left out
    of later runs."""

    rows: Mapping[str, int]
    files: int
    records: int


def erase(
    engine: Engine, person_id: str, request: Request, secret: str | None, kept: Witness | None
) -> Erased:
    """Take a person out of the store, of runs and of what was handed over as files.

    Args:
        engine: of the store.
        person_id: whom; ids that went into this one go too.
        request: by whom, why, when, where.
        secret: what `NOSTOP_ERASURE_KEY` says.
        kept: where checkpoints are signed; needed to change files of runs.
    Raises:
        SettingsError: nobody has this id, a run has not ended, or a key is missing.
        StoreError: somebody holds the database open, or a file still names the person.
    """
    check_id(person_id, "PERSON_ID")
    if not secret:
        raise SettingsError(
            f"erasure: set {SECRET}: the key under which erased people are remembered, so that a "
            "feed that still holds them does not bring them back"
        )
    if request.runs and (kept is None or kept.key is None):
        raise SettingsError(
            "erasure: files of a run are changed under a signature: set NOSTOP_AUDIT_CHECKPOINTS "
            "and NOSTOP_AUDIT_KEY_FILE"
        )
    with ExitStack() as held:
        for folder in request.runs:
            _refuse_unfinished(folder)
            held.enter_context(alone(folder, wait=False))
        known = {folder: who_is(folder, person_id) for folder in request.runs}
        erasure = _erasure(person_id, list(known.values()), request)
        stores = [engine, *_stores_of(request.runs, engine, held)]
        if not _known(stores, erasure):
            raise SettingsError(f"erasure: neither the store nor a run given knows {person_id}")
        return _erase(stores, erasure, known, request, (Secret(secret), kept))


def _refuse_unfinished(folder: Path) -> None:
    read_manifest(folder)
    if unfinished(folder) is not None:
        raise SettingsError(
            f"{folder}: a run was stopped here; let it end first (`nostop run`), or it would go on "
            "with what it has read"
        )


def _erasure(person_id: str, known: Sequence[Who], request: Request) -> Erasure:
    ids = frozenset({person_id}).union(*(who.person_ids for who in known))
    none = pl.DataFrame(schema={"source": pl.String, "record_id": pl.String})
    records = pl.concat([none, *(who.records for who in known)]).unique()
    return Erasure(
        sorted(ids),
        records.sort("source", "record_id"),
        request.by,
        request.reason,
        request.at,
    )


def _stores_of(runs: Sequence[Path], engine: Engine, held: ExitStack) -> list[Engine]:
    """Open the databases of runs, but for one that is the store itself."""
    here = engine.url.database
    paths = [folder / DATABASE for folder in runs if (folder / DATABASE).is_file()]
    others = [path for path in paths if not (here and path.resolve() == Path(here).resolve())]
    return [held.enter_context(opened(f"sqlite:///{path}")) for path in others]


def _known(stores: Sequence[Engine], erasure: Erasure) -> bool:
    if erasure.records.height:
        return True
    return any(rows_of(store, who) for store in stores for who in erasure.person_ids)


def _erase(
    stores: Sequence[Engine],
    erasure: Erasure,
    known: Mapping[Path, Who],
    request: Request,
    keys: tuple[Secret, Witness | None],
) -> Erased:
    """Remember first, then the files, then the rows: stopped anywhere, it can be done again."""
    secret, kept = keys
    messages = {
        message_id for store in stores for message_id in begin_erasure(store, erasure, secret)
    }
    if kept is not None:
        _note(kept.folder / ERASURES, erasure)
    files = 0
    for folder, who in known.items():
        # Also by the ids and records under which other runs know them.
        whole = replace(who, person_ids=frozenset(erasure.person_ids), records=erasure.records)
        changes = forget_in_run(folder, whole, messages)
        if kept is not None:
            supersede(folder, changes, "erasure", kept, erasure.at)
        files += len(changes)
    files += sum(len(forget_messages(folder, messages)) for folder in request.outboxes)
    rows: dict[str, int] = {}
    for store in stores:
        for name, count in erase_rows(store, erasure, secret).items():
            rows[name] = rows.get(name, 0) + count
        scrub(store)
    return Erased(rows, files, erasure.records.height)


def _note(path: Path, erasure: Erasure) -> None:
    """Write down, outside the store, who was erased: opaque ids and a moment."""
    with path.open("a", encoding="utf-8") as file:
        for person_id in erasure.person_ids:
            line = {"person_id": person_id, "at": erasure.at.isoformat(), "reason": erasure.reason}
            file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def erased_so_far(kept: Witness) -> list[str]:
    """Return everybody who was ever erased: a restored backup may hold some of them again."""
    path = kept.folder / ERASURES
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return sorted({str(json.loads(line)["person_id"]) for line in lines})


def show(
    engine: Engine, person_id: str, by: str, purpose: str, at: datetime
) -> Mapping[str, pl.DataFrame]:
    """Return everything that the store keeps of a person, by table, and who read it.

    The reading is in the audit log before anything is shown.

    Raises:
        StoreError: the id, the name or the purpose is not plain; nothing is shown.
    """
    check_id(person_id, "PERSON_ID")
    record_read(engine, by, [person_id], purpose, at)
    found = dict(rows_of(engine, person_id))
    readings = entries_of(engine, person_id, most=1000)
    found["audit_entries"] = readings.select("seq", "at", "actor", "action", "detail")
    return found
