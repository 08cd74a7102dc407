"""What a run is asked to do. Nothing here has a default that a clock or a machine decides."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from nostop.outreach import Holdout

#: Written last: a folder without one is of a run that did not end.
MANIFEST = "manifest.json"
#: Bar A: nobody known through a weaker link than this is written to. It lets through what linkage
#: joins by score, and couples who are liable together; couples that are only likely get no message.
MIN_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class RunSettings:
    """One run.

    feeds: folder with the departments' files; it says in manifest.json whether its people are made
        up.
    out: folder that gets the results, made where there is none.
    effective_on: the day for which everything is worked out.
    known_on: the day of knowledge: what feeds say of later days is left out; None means nothing is.
    started_at: when the run started, with its zone; kept in the database only.
    rules, declarations: folders of rule packs and of feed declarations.
    schemes: None means every scheme that is released.
    unreleased: every scheme is run as its folder stands, whether a release names it or not.
    channel: the channel that takes the messages; its templates lie beside it.
    campaign, holdout, min_confidence: see `nostop.outreach.Policy`.
    wait: wait for another run in the same folder to end, instead of refusing.
    from_scratch: go on from nothing that an earlier run worked out, but for ids and messages.
    """

    feeds: Path
    out: Path
    effective_on: date
    started_at: datetime
    rules: Path
    declarations: Path
    known_on: date | None = None
    schemes: list[str] | None = None
    unreleased: bool = False
    channel: str = "outbox"
    campaign: str = "take-up"
    holdout: Holdout | None = None
    min_confidence: float = MIN_CONFIDENCE
    wait: bool = False
    from_scratch: bool = False
