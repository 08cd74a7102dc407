"""The audit log as auditors look at it, a page at a time; and a job that verifies all of it."""

import json
import os
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Engine

from nostop.app import audit
from nostop.app.citizen_extract import FORMS, JOB
from nostop.app.jobs import JobFile, Jobs, Task
from nostop.model import SettingsError, StoreError
from nostop.store import audit_reading as store
from nostop.store.audit_reading import Sieve
from nostop.store.audit_verify import Broken
from nostop.store.checks import check_id
from nostop.store.contacts import is_known

__all__ = [
    "PER_PAGE",
    "Chain",
    "Shown",
    "Sieve",
    "ask_extract",
    "ask_verify",
    "entries_so_far",
    "is_subject",
    "last_verified",
    "look",
    "searches",
    "verify_job",
]

PER_PAGE = 50
VERIFY = "verify_audit"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of entries: seq, at, actor, action, subject, detail; the last first. `next_before` is
    where the next page begins, None where there is none."""

    entries: pl.DataFrame
    next_before: int | None


@dataclass(frozen=True, slots=True)
class Chain:
    """What verifying the log said. whole: it stands as it was written, `entries` of them, held
    against so many `checkpoints`; else `broken` says at which entry it does not, and how."""

    whole: bool
    entries: int
    checkpoints: int
    broken: str


def look(engine: Engine, sieve: Sieve, by: str, at: datetime) -> Shown:
    """Return a page of entries. Reading those of a subject is itself written down, before.

    Raises:
        SettingsError: an action alone would have to read the whole log.
    """
    if sieve.action and not (sieve.subject or sieve.actor or sieve.from_on):
        raise SettingsError("audit: choose a day, an official or a number besides the action")
    if sieve.subject is not None:
        store.record_audit_read(engine, by, check_id(sieve.subject, "the number"), at)
    found = store.sieved(engine, sieve, most=PER_PAGE + 1)
    more = found.height > PER_PAGE
    shown = found.head(PER_PAGE)
    return Shown(shown, int(shown["seq"][-1]) if more else None)


def is_subject(engine: Engine, subject: str) -> bool:
    """Whether anything in the log is of this id: only then may it stand in an address."""
    return store.is_subject(engine, subject)


def entries_so_far(engine: Engine) -> int:
    """Return how many entries there are."""
    return store.entries_so_far(engine)


def searches(engine: Engine, by: str, at: datetime) -> pl.DataFrame:
    """Return the last hundred searches for a case, and why: reading them is written down before."""
    return store.searches(engine, by, at, most=100)


def ask_extract(jobs: Jobs, person_id: str, form: str, by: str) -> str:
    """Ask for a citizen's extract, and return the job's id.

    Raises:
        SettingsError: no such form.
        StoreError: the id is not plain, nothing is kept of anybody under it (it could be a name),
            or too many jobs are open.
    """
    if form not in FORMS:
        raise SettingsError(f"audit: an extract is {' or '.join(FORMS)}")
    if not (is_subject(jobs.engine, person_id) or is_known(jobs.engine, person_id)):
        raise StoreError("audit: nothing is kept of this number")
    return jobs.ask(JOB, {"person": check_id(person_id, "the number"), "form": form}, by)


def ask_verify(jobs: Jobs, by: str) -> str:
    """Ask for the whole log to be verified, and return the job's id."""
    return jobs.ask(VERIFY, {}, by)


def verify_job(task: Task) -> JobFile:
    """Verify the whole log, against the checkpoints that `NOSTOP_AUDIT_CHECKPOINTS` names."""
    task.tell(5, "Reading every entry")
    kept = audit.witness(os.environ)
    checkpoints = len(audit.read_checkpoints(kept)) if kept else 0
    try:
        found = audit.verify_log(task.engine, kept)
    except StoreError as error:
        said: dict[str, object] = {"broken": str(error).partition(": ")[2], "entries": 0}
    else:
        if isinstance(found, Broken):
            until = "" if found.until is None else f" to {found.until}"
            said = {"broken": f"{found.what}: entry {found.seq}{until}", "entries": found.seq}
        else:
            said = {"broken": "", "entries": found.entries}
    content = json.dumps(said | {"checkpoints": checkpoints})
    return JobFile("audit.json", "application/json", content.encode())


def last_verified(jobs: Jobs, by: str) -> tuple[Chain, datetime] | None:
    """Return what the last verification that somebody asked for said, and when it ended."""
    for job in jobs.of(by):
        if job.kind == VERIFY and job.ended_at and (made := jobs.result(job.job_id)):
            said = json.loads(made.content)
            chain = Chain(not said["broken"], said["entries"], said["checkpoints"], said["broken"])
            return chain, job.ended_at
    return None
