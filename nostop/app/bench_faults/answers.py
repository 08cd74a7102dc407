"""A provider whose answers are lost, late, broken or refusals."""

from collections.abc import Iterator

from nostop.app.bench_faults.arena import Arena
from nostop.app.bench_faults.counting import figures
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure

#: How long an answer may take here: a provider that hangs is given up sooner than in earnest.
_ANSWER_SECONDS = 1
#: How often each kind of fault befalls a send; a latency is longer than an answer may take.
_SHARES = {
    "reset_after": 0.06,
    "error_500_after": 0.06,
    "bad_json": 0.06,
    "hang_after": 0.01,
    "latency_after": 0.01,
    "latency_before": 0.01,
    "reset_before": 0.02,
    "error_500_before": 0.02,
    "hang_before": 0.01,
    "error_429": 0.005,
}


def answers_lost(arena: Arena, messages: int) -> Iterator[Figure]:
    """Send so many messages to a provider that fails in every way at once."""
    seed = arena.chance.randrange(10**6)
    arena.provider.befall(
        [
            {"kind": kind, "probability": share, "seed": seed + turn, "seconds": 1.5}
            for turn, (kind, share) in enumerate(_SHARES.items())
        ]
    )
    ids = arena.campaign(Wanted("answers", messages, answer_seconds=_ANSWER_SECONDS))
    arena.sent_to_the_end("answers")
    arena.provider.befall([])
    # Once more, now that the provider answers: what it has is found by its reference.
    arena.sent_to_the_end("answers")
    total = arena.count("answers", ids)
    yield from figures("answers_lost", "answers lost, late or broken", arena.kind, total)
