"""Every kind of job: what it is called, which function does it, and where its asker goes back to.

A new kind is a line in `KINDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nostop.app.jobs import Handler, JobFile, JobRecord, Task


@dataclass(frozen=True, slots=True)
class Places:
    """Where a job finds what is in no database: the folder of rules, and the folder of the run
    that is shown (None: this server has none)."""

    rules: Path
    run: Path | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    says: what it does, for whoever waits; in English, as in `nostop/web/words`.
    does: its function.
    back: the page it belongs to; `{name}` stands for an argument of that name.
    others: a permission that lets somebody besides the asker see it.
    """

    says: str
    does: Callable[[Task, Places], JobFile]
    back: str | None = None
    others: str | None = None

    def page(self, job: JobRecord) -> str | None:
        """Return the address of the page that a job belongs to."""
        return None if self.back is None else self.back.format_map(dict(job.arguments))


KINDS: Mapping[str, Kind] = {}


def handlers(places: Places) -> Mapping[str, Handler]:
    """Return what does each kind of job, for `Jobs`."""
    return {name: partial(_do, kind, places) for name, kind in KINDS.items()}


def _do(kind: Kind, places: Places, task: Task) -> JobFile:
    return kind.does(task, places)
