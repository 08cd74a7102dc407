"""The built-in campaign of a run: written down, planned, and written into the outbox, once."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine

from nostop import linkage, outreach, plugins, store
from nostop.app.gateways import is_synthetic
from nostop.app.known_on import may_write_to_people
from nostop.app.link_history import LINK_EVENTS, write_whole
from nostop.app.results import snapshot_of
from nostop.app.running.checkpoints import Snapshot, key_of
from nostop.app.running.claim import with_plan
from nostop.app.running.context import AS_BEFORE, Work, detailed
from nostop.app.sending import (
    OUTBOX,
    PEOPLE_FLAGGED,
    Sent,
    claim_details,
    policy_of,
    send,
    store_of,
    told_once,
)
from nostop.app.stages import Stage
from nostop.feeds import FeedBatch
from nostop.model import Outcome
from nostop.outreach.render import as_messages
from nostop.store.messages import record_receipts
from nostop.store.tables import FeedFile, OutreachMessage, RunCount
from nostop.store.tables import Run as StoredRun

_STAGE, _PLAN = "plan", "plan"
_LOOK_AT_SENT = (
    "LOOK AT {:,} MESSAGES: they went before a link of their person changed (message_reviews in "
    "the database says which)."
)
_NOBODY_TOLD_THEN = (
    "NOBODY IS WRITTEN TO: this run leaves out what is known by now, or looks ahead: a wish or a "
    "death could be missing."
)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a run found before anybody is written to; `behind`: what is kept of it."""

    batch: FeedBatch
    remembered: linkage.Remembered
    assembled: linkage.Assembled
    determinations: pl.DataFrame
    paths: pl.DataFrame
    behind: tuple[Snapshot, ...]


def written_to(work: Work, found: Found, *, again: bool) -> Sent:
    """Write the run down, plan its campaign, and send what was never sent.

    Args:
        again: this run was stopped once, and may have begun to send.
    """
    settings, assembled = work.settings, found.assembled
    knows_all = may_write_to_people(settings, found.batch.status)
    contacts = assembled.contacts if assembled.contacts_known and knows_all else None
    with store_of(settings) as engine:
        run_id = _recorded(work, found, engine)
        with work.stage("Planning outreach") as told:
            templates = outreach.load_templates(plugins.templates_beside(settings.channel))
            flagged_before = store.last_count(engine, PEOPLE_FLAGGED, run_id)
            policy = policy_of(settings, flagged_before, templates)
            plan = _planned(work, found, engine, (policy, contacts), told)
            rendered = outreach.render(
                plan, assembled.contacts, claim_details(work.law.book), templates
            )
            detailed(told, f"{plan.height:,} could be told, {rendered.messages.height:,} will be")
            if assembled.contacts_known and not knows_all:
                told.warnings.append(_NOBODY_TOLD_THEN)
            changed = linkage.affected(found.remembered.new, found.remembered.log)
            if reviews := store.record_reviews(engine, run_id, changed):
                told.warnings.append(_LOOK_AT_SENT.format(reviews))
        with work.stage("Writing the messages") as told:
            if again:
                _settle(work, engine, run_id, rendered.messages)
            sent = send(settings, engine, run_id, plan, rendered)
            told.detail = f"{sent.count:,} in the {settings.channel}; nothing leaves this machine"
        if contacts is not None and not _is_counted(engine, run_id):
            store.record_counts(engine, run_id, {PEOPLE_FLAGGED: outreach.flagged(contacts)})
    return sent


def _planned(
    work: Work,
    found: Found,
    engine: Engine,
    given: tuple[outreach.Policy, pl.DataFrame | None],
    told: Stage,
) -> pl.DataFrame:
    """Return the plan. Once there is one, the run sends by that and no other: what it has sent
    itself does not count as told before."""
    policy, contacts = given
    key = key_of(work.claim.arguments, *(each.digest() for each in found.behind))
    kept = work.kept.taken(_STAGE, key) if work.claim.plan == key else None
    if kept is not None:
        told.detail = AS_BEFORE
        return kept.table(_PLAN)
    people = found.assembled.situation.people
    plan = outreach.plan(_could_be_told(found), people, contacts, policy, found.paths)
    plan = told_once(engine, plan, policy, found.remembered)
    work.kept.keep(_STAGE, key, {_PLAN: plan})
    with_plan(work.settings.out, work.claim, key)
    return plan


def _could_be_told(found: Found) -> pl.DataFrame:
    """Return the few determinations of which a plan can have a row: with all others it only takes
    longer."""
    entitled = (pl.col("outcome") == Outcome.ENTITLED).fill_null(value=False)
    asking = pl.col("worth_asking").fill_null(value=False)
    unclaimed = pl.col("claimed").ne_missing(other=True)
    return found.determinations.filter(unclaimed & (entitled | asking))


def _recorded(work: Work, found: Found, engine: Engine) -> str:
    """Write the run down before anything rests on it, and return its id in the database; what is
    there of it already stays."""
    settings, book = work.settings, work.law.book
    # The history of ids cannot be made again from the feeds: whoever is written to is in it.
    write_whole(found.remembered.log, settings.out / LINK_EVENTS)
    snapshot = snapshot_of(settings, book, found.batch)
    run_id = f"{snapshot}.{settings.started_at:%Y%m%dT%H%M%S.%f}"
    status = found.batch.status
    arrived = status.filter(pl.col("sha256").is_not_null()).select("source", "sha256")
    record = store.RunRecord(
        run_id=run_id,
        effective_on=settings.effective_on,
        known_on=settings.known_on,
        synthetic=is_synthetic(settings.feeds),
        started_at=settings.started_at,
        pack_versions={name: book.schemes[name].version for name in work.law.chosen.schemes},
        inputs=dict(arrived.iter_rows()),
        counts=dict(found.assembled.counts.iter_rows()),
    )
    if run_id not in store.read_table(engine, StoredRun)["run_id"]:
        store.record_run(engine, record)
    if run_id not in store.read_table(engine, FeedFile)["run_id"]:
        store.record_feeds(engine, run_id, status)
    store.record_persons(engine, run_id, found.assembled.contacts["person_id"])
    return run_id


def _is_counted(engine: Engine, run_id: str) -> bool:
    counted = store.read_table(engine, RunCount)
    return counted.filter(run_id=run_id, name=PEOPLE_FLAGGED).height > 0


def _settle(work: Work, engine: Engine, run_id: str, messages: pl.DataFrame) -> None:
    """Settle the messages that this run had claimed when it was stopped, where they go into the
    outbox.

    The outbox is a folder of this run's own, held by its lock: nobody else is about to write there,
    and a message that lies there is not written again. Here alone, giving it a message a second
    time cannot make two. With any other channel such messages stay unknown.
    """
    settings = work.settings
    if settings.channel != OUTBOX:
        return
    folder = settings.out / OUTBOX
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)
    stored = store.read_table(engine, OutreachMessage)
    open_ = stored.filter(pl.col("state") == "unknown", pl.col("run_id") == run_id)
    waiting = messages.join(open_, on="message_id", how="semi").sort("message_id")
    if waiting.height:
        channel = plugins.channel(settings.channel, {"folder": folder})
        receipts = [each for each in channel.send(as_messages(waiting)) if each.status == "sent"]
        with engine.begin() as connection:
            record_receipts(connection, receipts, settings.started_at)
