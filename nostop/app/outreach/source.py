"""What a finished run says of people who could be told, read from its folder."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.app.settings import MANIFEST
from nostop.frames import ClaimPaths, Contacts, check
from nostop.linkage import heirs
from nostop.model import OutreachError

DETERMINATIONS = "determinations.parquet"
CLAIM_PATHS = "claim_paths.parquet"
LINK_EVENTS = "link_events.parquet"
EVIDENCE = "evidence.parquet"
#: Everybody with what outreach asks of them; the register's flags and addresses are in the other.
RECIPIENTS = "recipients.parquet"
CONTACTS = "contacts.parquet"
#: Determinations of what is not claimed, and could be.
FLAGGED = pl.col("claimed").ne_missing(other=True) & (
    (pl.col("outcome") == "entitled") | pl.col("worth_asking")
).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class RunTables:
    """One finished run.

    snapshot: the run's own id of what it rests on.
    recipients: person_id, benefit_unit_id, household_id, role, and where known born_on, died_on,
        has_recourse_to_public_funds, confidence, nation, local_authority.
    contacts: `Contacts` and `post` (an address, a line a line); None where the register of whom not
        to write to did not arrive whole: then nobody is written to.
    heirs: `was`, `person_id`: who holds what was another's id.
    lists_as_of: the oldest day for which those lists are good; None where they do not say.
    """

    folder: Path
    snapshot: str
    effective_on: date
    synthetic: bool
    determinations: pl.DataFrame
    recipients: pl.DataFrame
    contacts: pl.DataFrame | None
    paths: pl.DataFrame
    heirs: pl.DataFrame
    lists_as_of: date | None
    packs: dict[str, str]


def read_run(folder: Path) -> RunTables:
    """Read the tables that outreach needs of a finished run.

    Raises:
        OutreachError: the folder holds no finished run, or one of a version without these tables.
    """
    manifest = _manifest(folder)
    as_of = manifest["lists_as_of"]
    contacts = folder / CONTACTS
    return RunTables(
        folder=folder,
        snapshot=str(manifest["snapshot"]),
        effective_on=date.fromisoformat(manifest["effective_date"]),
        synthetic=bool(manifest["synthetic"]),
        determinations=_table(folder, DETERMINATIONS),
        recipients=_table(folder, RECIPIENTS),
        contacts=_contacts(contacts) if manifest["may_write_to_people"] else None,
        paths=check(ClaimPaths, _table(folder, CLAIM_PATHS)),
        heirs=heirs(_table(folder, LINK_EVENTS)),
        lists_as_of=None if as_of is None else date.fromisoformat(as_of),
        packs=dict(manifest["packs"]),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    if not file.is_file():
        raise OutreachError(
            f"{folder}: holds no finished run (no {MANIFEST}); give the --out of `nostop run`"
        )
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if "may_write_to_people" not in manifest:
        raise OutreachError(f"{file}: is of an earlier version of nostop: run it again")
    return manifest


def _contacts(file: Path) -> pl.DataFrame:
    table = pl.read_parquet(file)
    return check(Contacts, table).with_columns(table["post"])


def _table(folder: Path, name: str) -> pl.DataFrame:
    file = folder / name
    if not file.is_file():
        raise OutreachError(f"{file}: is missing; run `nostop run` into this folder again")
    return pl.read_parquet(file)
