"""Jobs: what takes longer than a page runs in a process of its own, tells how far it is, and leaves
a file.

Pages ask (`Jobs.ask`) and look; `nostop work jobs` works (`Jobs.serve`). Each kind of job has one
function, in `nostop.app.job_kinds`. It is handed opaque ids and words, never anything personal.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nostop.logs import logger
from nostop.model import NostopError, SettingsError, nearest
from nostop.redaction import where_it_broke, without_personal
from nostop.store import jobs as store
from nostop.store.engine import reading
from nostop.store.jobs import JobFile, JobRecord, NewJob

__all__ = ["Handler", "JobFile", "JobRecord", "Jobs", "Task"]

#: How often a worker says that it lives, and looks for another job: seconds.
BEAT = 5.0
PAUSE = 1.0
#: For how long a result can be fetched.
KEPT = timedelta(days=7)
_log = logger("jobs")


class JobLostError(NostopError):
    """A job is not this worker's any more, or the worker was told to stop: nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job as the function that does it sees it.

    at: when it began; it must not read another clock.
    tell: says per cent (0 to 99) and a sentence to whoever waits. It ends the function, with
        `JobLostError`, where the job is not the worker's any more: call it between long steps.
    """

    engine: Engine
    job_id: str
    arguments: Mapping[str, str | int]
    asked_by: str
    at: datetime
    tell: Callable[[int, str], None]

    def word(self, name: str) -> str:
        """Return an argument that is an id or a word.

        Raises:
            SettingsError: there is none of this name.
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            raise SettingsError(f"jobs: the argument '{name}' is missing or is no word")
        return value


Handler = Callable[[Task], JobFile]


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one store.

    clock: the time, with its zone.
    handlers: what does each kind of job; see `nostop.app.job_kinds.handlers`.
    """

    engine: Engine
    clock: Callable[[], datetime]
    handlers: Mapping[str, Handler]
    beat: float = BEAT
    stop: Event = field(default_factory=Event)

    def ask(self, kind: str, arguments: Mapping[str, str | int], by: str) -> str:
        """Ask for a job and return its id; a worker takes it up when it is free.

        Args:
            kind: one of `handlers`.
            arguments: opaque ids, words and whole numbers: nothing personal.
            by: the account that asks.
        Raises:
            SettingsError: there is no such kind.
            StoreError: an argument is not plain, or this account has too many jobs open.
        """
        self._handler(kind)
        job_id = "J" + secrets.token_hex(16)
        store.ask(self.engine, NewJob(job_id, kind, arguments, by), self.clock())
        return job_id

    def look(self, job_id: str) -> JobRecord | None:
        """Return how a job stands; who may see it is the caller's to check."""
        with reading(self.engine) as connection:
            return store.read_job(connection, job_id)

    def of(self, by: str, *, most: int = 20) -> list[JobRecord]:
        """Return the last jobs that an account asked for, the newest first."""
        with reading(self.engine) as connection:
            return store.jobs_of(connection, by, most=most)

    def fetch(self, job_id: str, by: str) -> JobFile | None:
        """Return what a job made, and write down who fetched it; None: nothing is there to
        fetch."""
        return store.fetch(self.engine, job_id, by, self.clock())

    def result(self, job_id: str) -> JobFile | None:
        """Return what a job made, for a page of nostop's own that shows it."""
        with reading(self.engine) as connection:
            return store.result_of(connection, job_id)

    def serve(self, worker: str, pause: float = PAUSE) -> None:
        """Do jobs until `stop` is set."""
        while not self.stop.is_set():
            try:
                busy = self.work_one(worker)
                if not busy:
                    store.clear(self.engine, self.clock() - KEPT)
            except DBAPIError as error:
                # The database is away for a moment: a worker that ended would be away for good.
                _log.error("the store did not answer", exc_info=error)
                busy = False
            if not busy:
                self.stop.wait(pause)

    def work_one(self, worker: str) -> bool:
        """Do the job that has waited longest; False: none waits."""
        job = store.take(self.engine, worker, self.clock())
        if job is None:
            return False
        with self._beating(job.job_id, worker) as lost:
            self._do(job, worker, lost)
        return True

    def _do(self, job: JobRecord, worker: str, lost: Event) -> None:
        def tell(progress: int, said: str) -> None:
            if self.stop.is_set() or lost.is_set():
                raise JobLostError("jobs: this worker stops")
            if not store.hear(self.engine, job.job_id, worker, self.clock(), (progress, said)):
                raise JobLostError("jobs: another worker has this job")

        task = Task(self.engine, job.job_id, job.arguments, job.asked_by, self.clock(), tell)
        try:
            made = self._handler(job.kind)(task)
            store.finish(self.engine, job.job_id, worker, made, self.clock())
        except JobLostError:
            store.let_go(self.engine, job.job_id, worker)
        except NostopError as error:
            self._failed(job, worker, without_personal(str(error)))
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - it is told, and one job must not end the worker
            _log.error("a job failed", kind=job.kind, exc_info=error)
            self._failed(job, worker, f"a fault of nostop: {where_it_broke(error)}")

    def _failed(self, job: JobRecord, worker: str, said: str) -> None:
        store.fail(self.engine, job.job_id, worker, said, self.clock())

    def _handler(self, kind: str) -> Handler:
        handler = self.handlers.get(kind)
        if handler is None:
            known = sorted(self.handlers)
            raise SettingsError(f"jobs: there is no job '{kind}'{nearest(kind, known)}")
        return handler

    @contextmanager
    def _beating(self, job_id: str, worker: str) -> Iterator[Event]:
        """Say every few seconds that the worker lives, while it works; the event is set where it
        has lost its job."""
        over, lost = Event(), Event()

        def go_on() -> None:
            while not over.wait(self.beat):
                try:
                    if not store.hear(self.engine, job_id, worker, self.clock()):
                        lost.set()
                except DBAPIError as error:
                    # The next beat may be heard; silence for long gives the job to another worker.
                    _log.warning("the store did not hear of a job", exc_info=error)

        thread = Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield lost
        finally:
            over.set()
            thread.join()
