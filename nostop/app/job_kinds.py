"""Every kind of job: what it is called, which function does it, and where its asker goes back to.

A new kind is a line in `KINDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nostop.app.audit_pages import verify_job
from nostop.app.casework.link_jobs import questions_job, undo_job
from nostop.app.citizen_extract import extract_job
from nostop.app.exports import export_job
from nostop.app.jobs import Handler, JobFile, JobRecord, Task
from nostop.app.outreach.plan_pages import plan_job
from nostop.app.proposal_jobs import check_rules, who_flips


@dataclass(frozen=True, slots=True)
class Places:
    """Where a job finds what is in no database: the folder of rules, the folder of the run that is
    shown, and that of campaign files (None: this server has none)."""

    rules: Path
    run: Path | None
    campaigns: Path | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    says: what it does, for whoever waits; in English, as in `nostop/web/words`.
    does: its function.
    back: the page it belongs to; `{name}` stands for an argument of that name.
    others: a permission that lets somebody besides the asker see it.
    """

    says: str
    does: Callable[[Task, Places], JobFile]
    back: str | None = None
    others: str | None = None

    def page(self, job: JobRecord) -> str | None:
        """Return the address of the page that a job belongs to."""
        return None if self.back is None else self.back.format_map(dict(job.arguments))


KINDS: Mapping[str, Kind] = {
    "citizen_extract": Kind(
        "Making an extract for a citizen", lambda task, _: extract_job(task), "/audit/extract"
    ),
    "verify_audit": Kind(
        "Verifying the audit log", lambda task, _: verify_job(task), "/audit/chain"
    ),
    "export": Kind("Making an export", lambda task, _: export_job(task)),
    "undo_link": Kind("Undoing a change of links", undo_job, "/links/history/{event}"),
    "link_questions": Kind("Making pairs of records to look at", questions_job, "/links"),
    "plan_campaign": Kind("Planning a campaign", plan_job, "/campaigns/{campaign}", "campaigns"),
    "check_rules": Kind(
        "Checking proposed rules",
        lambda task, places: check_rules(task, places.rules),
        "/workbench/proposals/{proposal}",
        "approve_rules",
    ),
    "who_flips": Kind(
        "Who flips under proposed rules",
        lambda task, places: who_flips(task, places.rules, places.run),
        "/workbench/proposals/{proposal}",
        "approve_rules",
    ),
}


def handlers(places: Places) -> Mapping[str, Handler]:
    """Return what does each kind of job, for `Jobs`."""
    return {name: partial(_do, kind, places) for name, kind in KINDS.items()}


def _do(kind: Kind, places: Places, task: Task) -> JobFile:
    return kind.does(task, places)
