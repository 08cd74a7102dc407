"""After a declaration was mended: which of the rows that a run set aside it would now read.

A run is worked out from its files and declarations alone, so nothing has to be released into it:
the next run with the mended declaration reads every row again. This tells beforehand what that
will bring, and writes down who decided on it and why.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from nostop.app.feed_quarantine import quarantine_of, read_again, reasons_of
from nostop.app.feed_status import RunOfFeeds
from nostop.app.last_run import last_times
from nostop.app.results import sha256_of
from nostop.feeds import LastTime, load_or_hold
from nostop.feeds.declaration import FeedDeclaration
from nostop.model import SettingsError

RELEASES = "feed_releases.jsonl"
LONGEST_WORD = 500


@dataclass(frozen=True, slots=True)
class Release:
    """What a declaration makes of the rows that a run set aside.

    were: how many rows the run set aside; loads: how many of them are now read; still, newly:
    reasons, as `reasons_of` gives them, of those that are not, and of rows that the run did read.
    held: why the whole feed would be held, None where it would not.
    """

    feed: str
    were: int
    loads: int
    still: pl.DataFrame
    newly: pl.DataFrame
    held: str | None

    @property
    def all_load(self) -> bool:
        """Whether every row is read now, and none was lost for it."""
        return self.still.is_empty() and self.newly.is_empty() and self.held is None


def try_release(run: RunOfFeeds, declaration: FeedDeclaration, feeds: Path) -> Release:
    """Return what a mended declaration makes of the rows that a run set aside.

    All rows are read: one that is mended may be what another speaks of.

    Args:
        run: the run.
        declaration: the mended one.
        feeds: the folder with the files as the run read them.

    Raises:
        SettingsError: the run knows no such feed, or its files are other ones by now.
        FeedError: a file cannot be read.
    """
    before = quarantine_of(run, declaration.id)
    last = last_times(run.out, [declaration]).get(declaration.id, LastTime())
    batch = load_or_hold(
        declaration,
        read_again(run, declaration, feeds),
        effective_on=run.effective_on,
        known_on=run.known_on,
        last=last,
    )
    place = ["file", "line"]
    still = batch.quarantine.join(before, on=place, how="semi", nulls_equal=True)
    newly = batch.quarantine.join(before, on=place, how="anti", nulls_equal=True)
    held = batch.status["reason"].item() if batch.status["state"].item() == "held" else None
    loads = 0 if held else before.height - still.height
    return Release(declaration.id, before.height, loads, reasons_of(still), reasons_of(newly), held)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided to use a mended declaration, why and when (with its zone)."""

    who: str
    why: str
    at: datetime


def record_release(
    run: RunOfFeeds, release: Release, declaration: Path, decision: Decision
) -> Path:
    """Add a decision to the releases of a run's folder and return the file; none is ever removed.

    Raises:
        SettingsError: the feed would be held, or the words are empty, too long or not plain.
    """
    if release.held is not None:
        raise SettingsError(
            f"{release.feed}: would be held, so there is nothing to release: {release.held}"
        )
    for option, word in (("--who", decision.who), ("--why", decision.why)):
        if not word.strip() or len(word) > LONGEST_WORD or not word.isprintable():
            raise SettingsError(f"{option}: write 1 to {LONGEST_WORD} plain characters on one line")
    entry = {
        "feed": release.feed,
        "who": decision.who,
        "why": decision.why,
        "at": decision.at.isoformat(),
        "file_sha256": run.of(release.feed)["sha256"],
        "declaration_sha256": sha256_of(declaration),
        "rows_set_aside": release.were,
        "rows_that_load": release.loads,
        "rows_still_set_aside": int(release.still["rows"].sum()),
        "rows_newly_set_aside": int(release.newly["rows"].sum()),
    }
    path = run.out / RELEASES
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return path
