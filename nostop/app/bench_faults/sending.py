"""A sender in a process of its own: the real one, and what it says at its end."""

import os
import resource
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from sqlalchemy import Engine

from nostop.app.bench_faults.processes import CONTEXT
from nostop.app.bench_faults.provider import KEY
from nostop.app.opened import opened
from nostop.app.outreach.asking import ask_in_doubt, sender_name
from nostop.app.outreach.campaigns import known_campaign, send_campaign
from nostop.app.outreach.channels import channels_of
from nostop.app.outreach.sending import Sender, Sent, send
from nostop.hours import read_bank_holidays
from nostop.model import NostopError
from nostop.redaction import where_it_broke
from nostop.rulebook import default_rules_dir

#: A sender that has not ended by then will not.
PATIENCE_SECONDS = 600.0
#: A sender looks at the clock so often before it claims anything.
_LOOKS_BEFORE_THE_FIRST = 4


@dataclass(frozen=True, slots=True)
class Job:
    """What a sender is to do.

    Attributes:
        url: of the store.
        base_url: of the provider.
        campaign: its id.
        clock_ahead: by how much its clock goes wrong.
        leave_seconds: how long its leave to send lasts, where it is not the usual time.
        file_bytes: no file may grow beyond this, as on a full disk.
    """

    url: str
    base_url: str
    campaign: str
    clock_ahead: timedelta = timedelta(0)
    leave_seconds: float | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a sender ended.

    Attributes:
        words: how many messages got which word, where it came to its end.
        stopped: why it stopped before that, if it did.
        error: what it told, if it could not go on. A fault of ours begins with `fault: `.
    """

    words: dict[str, int]
    stopped: str | None = None
    error: str | None = None

    @property
    def is_fault(self) -> bool:
        """Whether it broke in a way that nobody had thought of."""
        return self.error is not None and self.error.startswith("fault: ")


KILLED = Ended({}, None, "killed")


class Child:
    """A sender in a process of its own: to be killed, put to sleep and woken."""

    def __init__(self, job: Job) -> None:
        self._here, there = CONTEXT.Pipe(duplex=False)
        self._process: ForkServerProcess = CONTEXT.Process(target=_run, args=(job, there))
        self._process.start()
        there.close()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def wait_for_start(self) -> None:
        """Wait until it is about to send, or has ended."""
        self._here.poll(PATIENCE_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended does not hear it."""
        pid = self._process.pid
        if pid is not None and self._process.is_alive():
            os.kill(pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, not longer than so many seconds; return whether it has ended."""
        self._process.join(seconds)
        return not self._process.is_alive()

    def ended(self) -> Ended:
        """Wait for its end, and return how it ended."""
        found = KILLED
        try:
            while (said := self._here.recv()) is None:
                pass
            found = said
        except EOFError:
            pass
        self._process.join()
        self._process.close()
        self._here.close()
        return found


def ended(job: Job) -> Ended:
    """Run a sender to its end."""
    return Child(job).ended()


def _run(job: Job, there: Connection) -> None:
    os.environ["NOSTOP_GOVUK_NOTIFY_BASE_URL"] = job.base_url
    os.environ["NOSTOP_GOVUK_NOTIFY_API_KEY"] = KEY
    os.environ.pop("NOSTOP_ENVIRONMENT", None)
    if job.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_bytes, job.file_bytes))
    with there:
        try:
            with opened(job.url) as engine:
                there.send(_sent(engine, job, _Clock(there, job.clock_ahead)))
        except NostopError as error:
            there.send(Ended({}, None, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            there.send(Ended({}, None, f"fault: {where_it_broke(error)}"))


class _Clock:
    """The time, ahead by what it is wrong. Says when the sender has come to its first messages."""

    def __init__(self, there: Connection, ahead: timedelta) -> None:
        self._there = there
        self._ahead = ahead
        self._looks = 0

    def __call__(self) -> datetime:
        """Return the time with its zone."""
        self._looks += 1
        if self._looks == _LOOKS_BEFORE_THE_FIRST:
            self._there.send(None)
        return datetime.now(UTC) + self._ahead


def _sent(engine: Engine, job: Job, clock: _Clock) -> Ended:
    if job.leave_seconds is None:
        sent = send_campaign(engine, job.campaign, default_rules_dir(), clock).sent
    else:
        sent = _sent_with_leave(engine, job, job.leave_seconds, clock)
    return Ended(sent.words, sent.stopped or sent.waits)


def _sent_with_leave(engine: Engine, job: Job, seconds: float, clock: _Clock) -> Sent:
    """As `send_campaign`, for a leave that is over sooner."""
    known = known_campaign(engine, job.campaign)
    sender = Sender(
        engine=engine,
        campaign=known.campaign,
        plan_sha256=str(known.row["plan_sha256"]),
        channels=channels_of(known.campaign),
        wording=known.wording,
        holidays=read_bank_holidays(default_rules_dir()),
        name=sender_name(),
        clock=clock,
        production=False,
        leave_seconds=seconds,
    )
    ask_in_doubt(engine, known.campaign, sender.channels, sender.name, clock)
    return send(sender)
