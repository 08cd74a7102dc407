"""What a campaign may do: whom it may write to, in which languages, whom it leaves out."""

import re
from dataclasses import dataclass, field
from datetime import date

from nostop.model import OutreachError
from nostop.outreach.tables import LANGUAGES

CAMPAIGN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
SHORTEST_SECRET = 16
HOLDOUT_SECRET = "NOSTOP_HOLDOUT_SECRET"  # noqa: S105 - the name of the variable, not a secret


@dataclass(frozen=True, slots=True)
class Holdout:
    """A share of households that get no message, to measure what messages do."""

    trial: str
    share: float
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not CAMPAIGN_NAME.fullmatch(self.trial):
            raise OutreachError(
                f"holdout: trial '{self.trial}' is not a short name like 'spring-26'"
            )
        if not 0 < self.share < 1:
            raise OutreachError(f"holdout: share is {self.share}, expected between 0 and 1")


@dataclass(frozen=True, slots=True)
class Policy:
    """What one run of a campaign may do.

    campaign, step: with the recipient and the scheme, what makes a message unique.
    on: the day the plan is for; ages are reckoned on it.
    min_confidence: bar A; nobody known through a weaker link is written to.
    letters: the (scheme, kind) that letters have been written for; None does not look.
    previous_flagged: how many people the contacts register flagged in the last run (`flagged`),
        None on the first run. A list that has all but vanished is a broken feed.
    reach: the columns of the contacts by which the campaign can reach somebody.
    """

    campaign: str
    on: date
    min_confidence: float
    step: int = 1
    minimum_age: int = 18
    languages: tuple[str, ...] = LANGUAGES
    letters: frozenset[tuple[str, str]] | None = None
    previous_flagged: int | None = None
    reach: tuple[str, ...] = ("email", "phone")
    holdout: Holdout | None = None

    def __post_init__(self) -> None:
        if not CAMPAIGN_NAME.fullmatch(self.campaign):
            raise OutreachError(
                f"policy: campaign '{self.campaign}' must be lower-case letters, digits, - and _"
            )
        if not 0 < self.min_confidence <= 1:
            raise OutreachError(
                f"policy: min_confidence is {self.min_confidence}, expected above 0 and up to 1"
            )
        if self.step < 1 or self.minimum_age < 0 or not self.languages:
            raise OutreachError("policy: step starts at 1, and at least one language is needed")


def holdout_from(environment: dict[str, str], trial: str, share: float) -> Holdout:
    """Return the holdout that was asked for, with its secret from the environment.

    Raises:
        OutreachError: `NOSTOP_HOLDOUT_SECRET` is missing or shorter than 16 bytes. Without it the
            arms could be guessed, or would change from run to run.
    """
    secret = environment.get(HOLDOUT_SECRET, "").encode()
    if len(secret) < SHORTEST_SECRET:
        raise OutreachError(
            f"holdout: set {HOLDOUT_SECRET} to at least {SHORTEST_SECRET} bytes, or leave the "
            "holdout off"
        )
    return Holdout(trial=trial, share=share, secret=secret)
