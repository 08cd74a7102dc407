"""A sender that is killed at a random moment, again and again, until everything is sent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count

from nostop import store
from nostop.app.bench_faults.arena import Arena
from nostop.app.bench_faults.counting import NOTHING, figures
from nostop.app.bench_faults.provider import KEY, latencies
from nostop.app.bench_faults.sending import Child
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure

#: Messages of one campaign, at most, and for each kill: what is left in doubt is asked for by every
#: sender that follows.
_A_CAMPAIGN = 60
_A_KILL = 6
_LONGEST_LIFE = 0.5
#: Of the kills, these come before the sender has come to its first message.
_EARLY = 0.1


def killed(arena: Arena, number: int) -> Iterator[Figure]:
    """Kill senders so often, and count what came of their messages."""
    arena.provider.befall(latencies(arena.chance.randrange(10**6)))
    total, kills, begun = NOTHING, 0, time.monotonic()
    for turn in count():
        name = f"kills-{turn}"
        ids = arena.campaign(Wanted(name, min(_A_CAMPAIGN, _A_KILL * (number - kills))))
        kills += _kill_until_sent(arena, name, number - kills)
        total = total.and_(arena.count(name, ids))
        if kills >= number:
            break
    spent = time.monotonic() - begun
    arena.provider.befall([])
    yield from figures("kills", f"{kills:,} kills", arena.kind, total)
    yield Figure(f"kill_seconds_{arena.kind}", f"each kill, {arena.kind}", spent / kills, "s")


def _kill_until_sent(arena: Arena, campaign: str, most: int) -> int:
    kills = 0
    while kills < most and store.count_statuses(arena.engine, campaign)["planned"]:
        child = Child(arena.job(campaign))
        if arena.chance.random() > _EARLY:
            child.wait_for_start()
        if child.wait(arena.chance.uniform(0, _LONGEST_LIFE)):
            child.ended()
            break
        child.signal(signal.SIGKILL)
        child.ended()
        kills += 1
    arena.sent_to_the_end(campaign)
    return kills


def commands_killed(arena: Arena, number: int) -> Iterator[Figure]:
    """As `killed`, with the real command line: each takes seconds to start."""
    arena.provider.befall(latencies(arena.chance.randrange(10**6)))
    ids = arena.campaign(Wanted("commands", 40 * number))
    for _ in range(number):
        accepted = len(arena.provider.has())
        process = _command(arena, "commands")
        while process.poll() is None and len(arena.provider.has()) == accepted:
            time.sleep(0.1)
        time.sleep(arena.chance.uniform(0, _LONGEST_LIFE))
        process.kill()
        process.wait()
    arena.sent_to_the_end("commands")
    arena.provider.befall([])
    total = arena.count("commands", ids)
    yield from figures("command_kills", f"{number:,} kills of the command", arena.kind, total)


def _command(arena: Arena, campaign: str) -> "subprocess.Popen[bytes]":
    ours = {
        "NOSTOP_DATABASE_URL": arena.url,
        "NOSTOP_GOVUK_NOTIFY_BASE_URL": arena.provider.base_url,
        "NOSTOP_GOVUK_NOTIFY_API_KEY": KEY,
    }
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "nostop.cli", "outreach", "send", campaign],
        env={**os.environ, **ours},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
