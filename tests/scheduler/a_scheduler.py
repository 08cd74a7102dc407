"""A scheduler in a process of its own: a job is due every second, and writes the moment into a
file. Started as `python -m tests.scheduler.a_scheduler URL FILE HOLDER`."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

from nostop.hours import read_bank_holidays
from nostop.scheduler.declared import Schedule, When
from nostop.scheduler.doing import Doer, Launch
from nostop.scheduler.moments import Clockwork
from nostop.scheduler.serving import Scheduler
from nostop.store import open_store

SCHEDULE = Schedule.model_validate(
    {
        "jobs": {
            "write": {
                "command": ["{due_at}"],
                "when": {"every_minutes": 1},
                "if_missed": "run_once",
                "within_minutes": 10,
            }
        }
    }
)
RULES = Path(__file__).resolve().parents[2] / "rules"


class EverySecond(Clockwork):
    """As if a minute were a second: a test cannot wait for minutes."""

    def latest(self, when: When, at: datetime) -> datetime | None:  # noqa: ARG002 - as declared
        return at.replace(microsecond=0)

    def following(self, when: When, at: datetime) -> datetime | None:  # noqa: ARG002 - as declared
        return at.replace(microsecond=0) + timedelta(seconds=1)


def main(url: str, file: str, holder: str) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    engine = open_store(url)
    launch = Launch(["/bin/sh", "-c", 'echo "$1" >> "$0"', file], dict(os.environ))
    doer = Doer(engine, holder, launch, lambda: datetime.now(UTC))
    clock = EverySecond(ZoneInfo("Europe/London"), read_bank_holidays(RULES))
    scheduler = Scheduler(doer, SCHEDULE, clock, say)
    scheduler.start()
    stop.wait()
    scheduler.stop(grace=20)
    engine.dispose()
    say("ended")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
