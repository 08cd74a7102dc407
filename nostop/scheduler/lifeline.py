"""A job lives no longer than the scheduler that started it.

The scheduler writes a byte down a pipe after each time that the store has heard of the job. Where
none comes for a while, or the pipe closes because the scheduler was killed, the job and all that it
started are ended: a job that is thought lost, and may be done again, does not still run somewhere.
"""

import os
import select
import signal
from threading import Thread

#: The variable that hands the pipe to the job: its number, and the seconds of silence it bears.
VARIABLE = "NOSTOP_LIFELINE"


def hold(said: str) -> None:
    """End this process and its group when the lifeline falls silent.

    Args:
        said: the value of `NOSTOP_LIFELINE`, such as `5:20`.
    """
    number, _, seconds = said.partition(":")
    Thread(target=_watch, args=(int(number), float(seconds)), daemon=True).start()


def _watch(pipe: int, silence: float) -> None:
    while True:
        readable, _, _ = select.select([pipe], [], [], silence)
        if not readable or not os.read(pipe, 4096):
            os.killpg(os.getpgrp(), signal.SIGKILL)
