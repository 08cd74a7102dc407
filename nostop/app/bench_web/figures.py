"""The bench's figures: every route beside its bar, and what must be nothing."""

from collections.abc import Iterator, Sequence

from nostop.app.bench_web.counted import Kept
from nostop.app.bench_web.strain import Strain
from nostop.app.figures import Figure, at_least, at_most

#: What a page may take, of 95 in a hundred: milliseconds.
BAR_MILLISECONDS = 200
#: Of fewer answers, nothing can be said of 95 in a hundred.
FEWEST = 5


def figures_of(kind: str, came: Strain, kept: Kept) -> Iterator[Figure]:
    """Yield what a load showed on one kind of database."""
    for route, seconds in sorted(came.seconds.items()):
        yield _route(kind, route, seconds, came.errors.get(route, 0))
    everything = [each for seconds in came.seconds.values() for each in seconds]
    yield at_most(
        f"web_p95_{kind}",
        f"every page and form, {kind}: 95 of 100 answers of {len(everything):,}",
        _milliseconds(everything, 0.95),
        "ms",
        BAR_MILLISECONDS,
    )
    errors = sum(came.errors.values())
    said = f" ({'; '.join(came.wrong)})" if came.wrong else ""
    yield at_most(f"web_errors_{kind}", f"errors, {kind}{said}", errors, "", 0)
    yield from _kept(kind, came, kept)
    before, after = came.machine_load
    yield Figure(
        f"web_server_processor_{kind}",
        f"of one processor, used by the server of pages, {kind}; the machine's load average was "
        f"{before:.1f} before and {after:.1f} after, and others took {came.taken:.2f} processors",
        round(came.processor, 3),
        "share",
    )
    jobs, why = came.jobs, "; ".join(came.jobs.failed)
    yield at_most(
        f"web_jobs_failed_{kind}",
        f"exports and who-flips that failed, of {len(jobs.job_ids)} asked for meanwhile, "
        f"{jobs.done} of them done by then, {kind}{f' ({why})' if why else ''}",
        len(jobs.failed),
        "",
        0,
    )


def _route(kind: str, route: str, seconds: Sequence[float], errors: int) -> Figure:
    p50, p95, p99 = (_milliseconds(seconds, share) for share in (0.5, 0.95, 0.99))
    what = (
        f"{route}, {kind}: 95 of 100 answers of {len(seconds):,} "
        f"(p50 {p50:.0f} ms, p99 {p99:.0f} ms, errors {errors})"
    )
    name = f"web_{kind}: {route}"
    if len(seconds) < FEWEST:
        return Figure(name, what, round(p95, 1), "ms")
    return at_most(name, what, round(p95, 1), "ms", BAR_MILLISECONDS)


def _kept(kind: str, came: Strain, kept: Kept) -> Iterator[Figure]:
    for what, there in kept.rows.items():
        said = came.acknowledged.get(what, 0)
        yield at_most(
            f"web_lost_{what}_{kind}",
            f"{what} acknowledged and not in the store, or in it and not acknowledged, of "
            f"{said:,}, {kind}",
            abs(there - said),
            "",
            0,
        )
    wrong = sum(kept.raced[case] != number for case, number in came.raced.items())
    cases = int(came.races["cases"])
    yield at_most(
        f"web_lost_races_{kind}",
        f"cases that two people decided at once, of {cases:,}, in which the store holds other "
        f"decisions than were acknowledged, {kind}",
        wrong,
        "",
        0,
    )
    yield at_least(
        f"web_one_told_{kind}",
        f"of {cases:,} cases that two people decided at once, in which one was told, {kind}",
        int(came.races["one_told"]) / cases if cases else 0.0,
        1,
    )
    yield at_most(
        f"web_claimed_twice_{kind}",
        f"cases that two people were given as their next, of {int(came.races['claims']):,}, {kind}",
        int(came.races["twice"]),
        "",
        0,
    )


def _milliseconds(seconds: Sequence[float], share: float) -> float:
    """Return which time so large a share of answers did not exceed."""
    ordered = sorted(seconds)
    place = max(0, -int(-share * len(ordered) // 1) - 1)
    return 1000 * ordered[place] if ordered else 0.0
