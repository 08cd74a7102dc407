"""One job as a process of its own: its crash, its memory and its stop touch nobody else."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Thread
from time import monotonic
from types import MappingProxyType

from nostop.redaction import without_personal
from nostop.scheduler.lifeline import VARIABLE
from nostop.store.schedule import Ended

MOST_CHARACTERS = 300
_OURS = re.compile(r"nostop: (.+)")
Heard = Callable[[], bool | None]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two signs of life, without one until a job ends itself, and of waiting for
    a job that was told to stop."""

    beat: float = 2
    silence: float = 20
    stop: float = 5


@dataclass
class Child:
    """A job's process.

    command: what is started, its arguments included.
    environment: of the process; secrets reach a job in it and in no other way.
    """

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pace: Pace = Pace()
    _said: str | None = None
    _stopped: Ended | None = None

    def run(self, heard: Heard, at_most: float) -> Ended:
        """Run it to its end; return how it ended.

        Args:
            heard: called every few seconds; says whether the store heard of the job. False: it is
                not ours any more and is ended. None: the store did not answer.
            at_most: seconds after which it is ended.
        """
        reading, writing = os.pipe()
        try:
            process = self._start(reading)
        except OSError as error:
            os.close(writing)
            return Ended("failed", None, f"cannot be started: {error.strerror}")
        finally:
            os.close(reading)
        listener = Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        try:
            self._wait(process, writing, heard, monotonic() + at_most)
        finally:
            os.close(writing)
            listener.join()
        return self._ended(process.returncode)

    def stop(self, reason: str) -> None:
        """Have the job ended; it may be taken up again."""
        self._stopped = self._stopped or Ended("lost", None, reason)

    def _start(self, reading: int) -> subprocess.Popen[str]:
        said = {VARIABLE: f"{reading}:{self.pace.silence}"}
        return subprocess.Popen(  # noqa: S603 - a command line of nostop from a checked schedule
            list(self.command),
            env={**self.environment, **said},
            pass_fds=(reading,),
            stdin=subprocess.DEVNULL,
            # What a command prints may be about people; what it did stands in its results.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def _wait(
        self,
        process: subprocess.Popen[str],
        lifeline: int,
        heard: Heard,
        until: float,
    ) -> None:
        beat_at = monotonic() + self.pace.beat
        while self._stopped is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                return
            if monotonic() > until:
                self._stopped = Ended("failed", None, "took longer than at_most_minutes")
            elif monotonic() >= beat_at:
                beat_at = monotonic() + self.pace.beat
                self._beat(lifeline, heard())
        self._end(process)

    def _beat(self, lifeline: int, heard: bool | None) -> None:  # noqa: FBT001 - one of three words
        if heard:
            with suppress(BrokenPipeError):
                os.write(lifeline, b".")
        elif heard is False:
            self.stop("taken up by another scheduler")

    def _end(self, process: subprocess.Popen[str]) -> None:
        for sign, seconds in ((signal.SIGTERM, self.pace.stop), (signal.SIGKILL, None)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Keep the last message of ours; nothing else that a process says is ours to keep."""
        assert process.stderr is not None  # noqa: S101 - for the type checker: it is a pipe
        with process.stderr as lines:
            for line in lines:
                ours = _OURS.match(line)
                if ours:
                    self._said = _kept(ours[1])

    def _ended(self, code: int) -> Ended:
        if self._stopped is not None:
            return replace(self._stopped, exit_code=code)
        if code == 0:
            return Ended("done", 0)
        return Ended("failed", code, self._said or f"ended with {code} and said nothing of ours")


def _kept(line: str) -> str:
    said = without_personal(line.strip().replace("\x00", ""))
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}..."
