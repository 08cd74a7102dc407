"""From flags to messages: the plan is written down before anything is sent, and nothing is sent
twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine

from nostop import linkage, outreach, plugins, store
from nostop.app.settings import RunSettings
from nostop.rulebook import Rulebook

#: What a run counts for the next one: a register that has lost its flags is a broken feed.
PEOPLE_FLAGGED = "people_flagged"
DATABASE = "nostop.db"
OUTBOX = "outbox"


@dataclass(frozen=True, slots=True)
class Sent:
    """What outreach did: `plan` (`Plan`), and how many messages of the campaign are in each state
    by now."""

    plan: pl.DataFrame
    states: dict[str, int]

    @property
    def count(self) -> int:
        """How many messages of the campaign have been sent, by this run and those before it."""
        return self.states.get("sent", 0)


@contextmanager
def store_of(settings: RunSettings) -> Iterator[Engine]:
    """Open the run's database, brought up to date; what an earlier run left half sent becomes
    unknown.

    Raises:
        StoreError: it cannot be opened or brought up to date.
    """
    settings.out.mkdir(parents=True, exist_ok=True)
    engine = store.open_store(f"sqlite:///{settings.out / DATABASE}")
    try:
        store.upgrade(engine)
        store.recover(engine)
        yield engine
    finally:
        engine.dispose()


def policy_of(
    settings: RunSettings, previous_flagged: int | None, templates: outreach.Templates
) -> outreach.Policy:
    """Return what the run's campaign may do: it writes only where a letter has been written, in
    every language."""
    return outreach.Policy(
        campaign=settings.campaign,
        on=settings.effective_on,
        min_confidence=settings.min_confidence,
        letters=outreach.letters_in(templates),
        previous_flagged=previous_flagged,
        holdout=settings.holdout,
    )


def told_once(
    engine: Engine, plan: pl.DataFrame, policy: outreach.Policy, remembered: linkage.Remembered
) -> pl.DataFrame:
    """Return the plan without what somebody was told already under an id that is theirs no more."""
    told = store.told(engine, policy.campaign, policy.step)
    return outreach.hold_told_before(plan, told, linkage.heirs(remembered.log))


def send(
    settings: RunSettings,
    engine: Engine,
    run_id: str,
    plan: pl.DataFrame,
    rendered: outreach.Rendered,
) -> Sent:
    """Write the plan down, then send what is planned and was never sent.

    Raises:
        StoreError: the plan cannot be stored; then nothing is sent.
        PluginError: the channel cannot be used.
    """
    channel = plugins.channel(settings.channel, {"folder": settings.out / OUTBOX})
    store.record_plan(engine, run_id, plan)
    store.record_failures(engine, rendered.failed, settings.started_at)
    store.claim_and_record(engine, channel, rendered.messages, at=settings.started_at)
    return Sent(plan, store.count_states(engine, settings.campaign))


def claim_details(rulebook: Rulebook) -> pl.DataFrame:
    """Return `ClaimDetails`: what each scheme is called, and where to claim it.

    A letter prints a telephone number: a scheme without one has no details for it.
    """
    rows = [
        {
            "scheme": scheme,
            "title_en": pack.title.en,
            "title_cy": pack.title.cy,
            "claim_url": pack.claim.url,
            "claim_phone": pack.claim.phone,
        }
        for scheme, pack in sorted(rulebook.packs.items())
        if pack.claim.phone is not None
    ]
    return pl.DataFrame(rows, schema=outreach.ClaimDetails.create_empty().schema)
