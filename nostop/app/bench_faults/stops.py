"""A stop while messages go, and caps that two senders at once could pass."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from nostop import store
from nostop.app.bench_faults.arena import Arena, now
from nostop.app.bench_faults.provider import latencies
from nostop.app.bench_faults.sending import Child
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure, at_most

_BAR_SECONDS = 2.0


def stopped(arena: Arena, times: int) -> Iterator[Figure]:
    """Stop two senders so often while they send; measure the last message after it."""
    arena.provider.befall(latencies(arena.chance.randrange(10**6)))
    latest, went = 0.0, 0
    for turn in range(times):
        name = f"stop-{turn}"
        ids = arena.campaign(Wanted(name, 400))
        both = (Child(arena.job(name)), Child(arena.job(name)))
        for child in both:
            child.wait_for_start()
        time.sleep(arena.chance.uniform(0.2, 1.0))
        store.stop(arena.engine, name, store.Act("somebody", now()))
        at = now()
        for child in both:
            child.ended()
        accepted = _of(arena, ids)
        went += len(accepted)
        latest = max([latest, *((each - at).total_seconds() for each in accepted)])
    arena.provider.befall([])
    told = f"from a stop to the last message, {times} stops of two senders, {arena.kind}"
    yield at_most(f"stop_seconds_{arena.kind}", told, latest, "s", _BAR_SECONDS)
    yield Figure(
        f"stop_messages_{arena.kind}", f"messages before the stops, {arena.kind}", went, "messages"
    )


def capped(arena: Arena, people: int, first: int) -> Iterator[Figure]:
    """Send two campaigns to the same people at once: one message each is what they may get."""
    names = ("cap-one", "cap-two")
    for name in names:
        arena.campaign(Wanted(name, people, first=first, per_person=1, in_flight=16))
    both = [Child(arena.job(name)) for name in names]
    for child in both:
        child.ended()
    who = {
        message: person
        for name in names
        for message, person in store.messages_of(arena.engine, name)
        .select("message_id", "recipient_id")
        .iter_rows()
    }
    got = Counter(who[message] for message in arena.provider.has() if message in who)
    told = (
        f"messages to one person, cap 1, two campaigns at once to {people:,} people, {arena.kind}"
    )
    yield at_most(f"cap_person_{arena.kind}", told, max(got.values(), default=0), "messages", 1)
    yield Figure(f"cap_reached_{arena.kind}", f"of them reached, {arena.kind}", len(got), "people")


def paced(arena: Arena, a_minute: int, first: int) -> Iterator[Figure]:
    """Send one campaign by two senders for a little while: together they keep its rate."""
    ids = arena.campaign(Wanted("pace", a_minute * 2, first=first, per_minute=a_minute))
    both = [Child(arena.job("pace")) for _ in range(2)]
    for child in both:
        child.wait_for_start()
    time.sleep(5)
    store.stop(arena.engine, "pace", store.Act("somebody", now()))
    for child in both:
        child.ended()
    most = _most_in_a_minute(sorted(_of(arena, ids)))
    told = f"messages in a minute, rate {a_minute}, two senders, {arena.kind}"
    yield at_most(f"cap_minute_{arena.kind}", told, most, "messages", a_minute)


def _of(arena: Arena, ids: list[str]) -> list[datetime]:
    accepted = arena.provider.accepted_at()
    return [accepted[message] for message in ids if message in accepted]


def _most_in_a_minute(moments: list[datetime]) -> int:
    return max(
        (sum(0 <= (each - first).total_seconds() < 60 for each in moments) for first in moments),
        default=0,
    )
