"""How a run tells where it is: each stage is timed and reported, and knows nothing of who
listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class StageReport:
    """A stage has begun (`seconds` is None) or is done; `warnings` must not be missed."""

    stage: str
    detail: str = ""
    seconds: float | None = None
    warnings: tuple[str, ...] = ()


Listener = Callable[[StageReport], None]


def silent(report: StageReport) -> None:
    """Listen to nothing."""


class Stage:
    """What a stage says of itself while it runs."""

    def __init__(self) -> None:
        self.detail = ""
        self.warnings: list[str] = []


@contextmanager
def stage(name: str, listener: Listener) -> Iterator[Stage]:
    """Time one stage and report its beginning and its end."""
    listener(StageReport(name))
    began = perf_counter()
    told = Stage()
    yield told
    listener(StageReport(name, told.detail, perf_counter() - began, tuple(told.warnings)))
