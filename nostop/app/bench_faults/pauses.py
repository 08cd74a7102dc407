"""Two senders of one campaign, each put to sleep at random moments for longer than its leave."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace

from nostop import store
from nostop.app.bench_faults.arena import Arena
from nostop.app.bench_faults.counting import figures
from nostop.app.bench_faults.provider import latencies
from nostop.app.bench_faults.sending import Child, Job
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure

_LEAVE_SECONDS = 0.2
_LONGEST_SLEEP = 0.6
_LONGEST_WATCH = 0.4


def paused(arena: Arena, messages: int) -> Iterator[Figure]:
    """Send so many messages by two senders that sleep, and count what came of them."""
    arena.provider.befall(latencies(arena.chance.randrange(10**6), up_to=0.03))
    ids = arena.campaign(Wanted("pauses", messages))
    job = replace(arena.job("pauses"), leave_seconds=_LEAVE_SECONDS)
    naps = 0
    while store.count_statuses(arena.engine, "pauses")["planned"]:
        naps += _two(arena, job)
    arena.sent_to_the_end("pauses")
    arena.provider.befall([])
    told = f"two senders, put to sleep {naps:,} times"
    yield from figures("pauses", told, arena.kind, arena.count("pauses", ids))


def _two(arena: Arena, job: Job) -> int:
    """Run two senders to their ends; return how often one was put to sleep."""
    both, naps = (Child(job), Child(job)), 0
    for child in both:
        child.wait_for_start()
    while any(child.is_alive for child in both):
        child = arena.chance.choice(both)
        child.signal(signal.SIGSTOP)
        time.sleep(arena.chance.uniform(_LEAVE_SECONDS / 2, _LONGEST_SLEEP))
        child.signal(signal.SIGCONT)
        naps += 1
        time.sleep(arena.chance.uniform(0, _LONGEST_WATCH))
    for child in both:
        child.ended()
    return naps
