"""What every stage of a run works with, and how a stage is taken up or worked out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl

from nostop.app.chosen_schemes import ChosenSchemes
from nostop.app.running.checkpoints import Checkpoints, Snapshot
from nostop.app.running.claim import Claim
from nostop.app.running.reading import Read
from nostop.app.settings import RunSettings
from nostop.app.stages import Listener, Stage, stage
from nostop.feeds import FeedDeclaration
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import Plan

#: What is told of a stage that was not worked out again, or only as far as something changed.
AS_BEFORE, WHAT_CHANGED = "as before", "what changed"
#: What a stage gives: tables, and few plain values.
Made = tuple[Mapping[str, pl.DataFrame], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Law:
    """The rules of a run: the rule book, the schemes that are worked out, their plan, the feeds
    that are declared."""

    book: Rulebook
    chosen: ChosenSchemes
    plan: Plan
    declarations: list[FeedDeclaration]


@dataclass(frozen=True, slots=True)
class Work:
    """What stages work with: what is asked, the rules, hashes of what is read, what is kept, what
    the run goes on from, and who is told."""

    settings: RunSettings
    law: Law
    read: Read
    kept: Checkpoints
    claim: Claim
    listener: Listener

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a stage, and tell of checkpoints that could not be used in it."""
        with stage(name, self.listener) as told:
            yield told
            told.warnings.extend(self.kept.troubles)
            self.kept.troubles.clear()

    def snapshot(self, name: str, key: str, told: Stage, make: Callable[[], Made]) -> Snapshot:
        """Return what a stage gave: as it is kept, or worked out and kept."""
        found = self.kept.taken(name, key)
        if found is not None:
            told.detail = AS_BEFORE
            return found
        tables, said = make()
        return self.kept.keep(name, key, tables, said)


def detailed(told: Stage, detail: str) -> None:
    """Say what a stage found, after what it had said of how (`AS_BEFORE`, `WHAT_CHANGED`)."""
    told.detail = f"{detail} ({told.detail})" if told.detail else detail
