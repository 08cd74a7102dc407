"""The jobs that somebody asks for while others work: exports, and who flips under a proposal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from threading import Event, Thread

from sqlalchemy import Engine

from nostop.app import exports
from nostop.app.bench_web.base import Base
from nostop.app.bench_web.staff import asker
from nostop.app.job_kinds import Places, handlers
from nostop.app.jobs import Jobs
from nostop.app.opened import opened
from nostop.app.proposals import Desk
from nostop.model import StoreError
from nostop.store.campaigns import Act
from nostop.store.exports import Rows
from nostop.store.proposals import Deed

#: Somebody asks for one so often.
_EVERY_SECONDS = 20.0
_SCHEME = "child_benefit"
_APPROVER = "bench.administrator"


@dataclass(slots=True)
class Asked:
    """The jobs that were asked for, and what became of them: done, failed (in words), or not ended
    yet."""

    job_ids: list[str] = field(default_factory=list)
    done: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def jobs_asked(url: str, base: Base) -> Iterator[Asked]:
    """Ask for a job now and then, with another's approval; yield what was asked for so far. What
    became of it is known afterwards."""
    asked, over = Asked(), Event()
    thread = Thread(target=_ask_until, args=(url, base, asked, over))
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()
        with opened(url) as engine:
            _settle(Jobs(engine, lambda: datetime.now(UTC), {}), asked)


def _ask_until(url: str, base: Base, asked: Asked, over: Event) -> None:
    with opened(url) as engine:
        at = datetime.now(UTC)
        by = asker(engine, at)
        jobs = Jobs(engine, lambda: datetime.now(UTC), handlers(Places(base.rules, base.run)))
        desk = Desk(engine, base.rules, jobs)
        proposal = desk.read(desk.begin(_SCHEME, "To see who flips", by, at))
        for what in cycle((*exports.WHATS, None)):
            now = datetime.now(UTC)
            try:
                if what is None:
                    deed = Deed(proposal.proposal_id, proposal.revision, by, now)
                    asked.job_ids.append(desk.examine(proposal, deed, flips=True))
                else:
                    asked.job_ids.append(_export(engine, jobs, what, Act(by, now)))
            except StoreError:
                # The last ones are still being made: that is work enough.
                pass
            if over.wait(_EVERY_SECONDS):
                return


def _export(engine: Engine, jobs: Jobs, what: str, act: Act) -> str:
    wanted = exports.Wanted(what, Rows(None, None, None), "To see how the work goes.")
    export_id = exports.ask(engine, wanted, act.by, act.at)
    return exports.approve(engine, jobs, export_id, Act(_APPROVER, act.at))


def _settle(jobs: Jobs, asked: Asked) -> None:
    found = [job for job in map(jobs.look, asked.job_ids) if job is not None]
    asked.done = sum(job.state == "done" for job in found)
    asked.failed = [f"{job.kind}: {job.said}" for job in found if job.state == "failed"]
