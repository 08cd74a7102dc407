"""Exports: who asks says why, another person approves, a job makes it, and it is fetched once.

No export has a name, an address or free text in it.
"""

import io
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Engine

from nostop.app.api_keys import ACTOR, who_of
from nostop.app.jobs import JobFile, Jobs, Task
from nostop.app.results import formula_safe
from nostop.model import NotHere, SettingsError
from nostop.store import Act
from nostop.store import exports as store
from nostop.store.access import Who
from nostop.store.exports import WHATS, Asked, Rows

__all__ = [
    "WHATS",
    "Asked",
    "Rows",
    "Wanted",
    "approve",
    "ask",
    "export",
    "export_job",
    "fetch",
    "of_asker",
    "refuse",
    "rows_of",
    "waiting",
]

JOB = "export"
#: Whose jobs these are: no account's, so that a file is fetched through its export only.
SERVICE = "exports"
MOST_SHOWN = 100
#: Counts below this are not told: they could be of somebody who is known.
FEWEST = 10
MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: one of `WHATS`, which rows of it, and why in their own words."""

    what: str
    rows: Rows
    reason: str


def ask(engine: Engine, wanted: Wanted, by: str, at: datetime) -> str:
    """Ask for an export, and return its id: somebody else has to approve it.

    Raises:
        SettingsError: there is no such export, or nobody says why.
    """
    if wanted.what not in WHATS:
        raise SettingsError(f"exports: there are {', '.join(WHATS)}")
    if not wanted.reason.strip() or len(wanted.reason) > MOST_REASON:
        raise SettingsError(f"exports: say why, in {MOST_REASON} characters or fewer")
    query = {name: value for name, value in asdict(wanted.rows).items() if value is not None}
    export_id = f"X{secrets.token_hex(12)}"
    text = json.dumps(query, default=str, sort_keys=True)
    asked = Asked(export_id, wanted.what, text, wanted.reason, by, at, None, None, "asked", None)
    store.ask(engine, asked)
    return export_id


def export(engine: Engine, export_id: str) -> Asked:
    """Return one export; who may see it is the caller's to check.

    Raises:
        NotHere: there is none.
    """
    return store.read_export(engine, export_id)


def of_asker(engine: Engine, account_id: str) -> list[Asked]:
    """Return the last exports that somebody asked for."""
    return store.exports_of(engine, account_id, most=MOST_SHOWN)


def waiting(engine: Engine) -> list[Asked]:
    """Return the last exports of everybody, those that wait for a decision first."""
    return store.exports_of(engine, None, most=MOST_SHOWN)


def approve(engine: Engine, jobs: Jobs, export_id: str, act: Act) -> str:
    """Approve an export of somebody else's, let it be made, and return the job's id.

    One that was approved before and of which the making could not be asked for is asked for now.

    Raises:
        NotHere: there is none.
        MovedOn: it is the approver's own, or somebody has decided already.
        StoreError: too many are being made: approve it again later.
    """
    found = store.read_export(engine, export_id)
    again = found.state == "approved" and found.job_id is None and found.asked_by != act.by
    if not again:
        store.decide(engine, export_id, act, approved=True)
    job_id = jobs.ask(JOB, {"export_id": export_id}, SERVICE)
    store.set_job(engine, export_id, job_id)
    return job_id


def refuse(engine: Engine, export_id: str, act: Act) -> None:
    """Refuse an export of somebody else's.

    Raises:
        MovedOn: it is the approver's own, or somebody has decided already.
    """
    store.decide(engine, export_id, act, approved=False)


def fetch(engine: Engine, jobs: Jobs, export_id: str, act: Act) -> JobFile:
    """Return an export's file to whoever asked for it: once, and within seven days.

    Raises:
        NotHere: it is not theirs, not made, over, or was fetched before.
    """
    found = store.read_export(engine, export_id)
    made = jobs.result(found.job_id) if found.job_id and found.asked_by == act.by else None
    if made is None:
        raise NotHere("exports: there is nothing to fetch")
    store.take(engine, export_id, act)
    return made


def export_job(task: Task) -> JobFile:
    """Make an export, of what its asker may open by now.

    Raises:
        NotHere: nobody approved it, or its asker may not come in any more.
    """
    found = store.read_export(task.engine, task.word("export_id"))
    if found.state != "approved":
        raise NotHere("exports: it is not approved")
    who = _asker(task, found.asked_by)
    task.tell(10, "Reading")
    table = store.export_rows(task.engine, found.what, who, rows_of(found))
    if found.what == "quality":
        table = without_few(table)
    task.tell(80, "Writing")
    content = io.BytesIO()
    formula_safe(table).write_csv(content)
    return JobFile(f"nostop-{found.what}.csv", "text/csv; charset=utf-8", content.getvalue())


def _asker(task: Task, asked_by: str) -> Who:
    """Return whoever asked, an official or a key of the API, with the areas that they have now."""
    if asked_by.startswith(ACTOR):
        return who_of(task.engine, asked_by, task.at)
    return store.who_asks(task.engine, asked_by)


def rows_of(asked: Asked) -> Rows:
    """Return which rows somebody asked for."""
    query = json.loads(asked.query)
    since = query.get("since")
    return Rows(
        query.get("scheme"), query.get("area"), date.fromisoformat(since) if since else None
    )


def without_few(counts: pl.DataFrame) -> pl.DataFrame:
    """Return counts of decisions and overrides, null where there are fewer than ten of either or of
    what is left between them; they are then in nobody's total."""
    rest = pl.col("decisions") - pl.col("overrides")
    few = (pl.col("decisions") < FEWEST) | _few("overrides") | ((rest > 0) & (rest < FEWEST))
    return counts.sort("scheme", "condition", "kind", nulls_last=True).with_columns(
        overrides=pl.when(~few).then("overrides"),
        decisions=pl.when(pl.col("decisions") >= FEWEST).then("decisions"),
    )


def _few(name: str) -> pl.Expr:
    return (pl.col(name) > 0) & (pl.col(name) < FEWEST)
