"""The best of several times: what the work takes where nothing else gets in its way."""

from collections.abc import Callable
from time import perf_counter

TIMES = 3


def best(work: Callable[[], object], times: int = TIMES) -> float:
    """Return the fewest seconds of several runs."""
    return min(_seconds(work) for _ in range(times))


def best_by_turns(
    first: Callable[[], object], second: Callable[[], object], times: int = TIMES
) -> tuple[float, float]:
    """Return the fewest seconds of each of two, run by turns so that both meet the same machine."""
    both = [(_seconds(first), _seconds(second)) for _ in range(times)]
    return min(one for one, _ in both), min(other for _, other in both)


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
