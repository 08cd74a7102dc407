"""One run, from the departments' feeds to messages in an outbox: each stage is timed, told, and
does one thing."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import linkage, outreach, plugins, store, takeup
from nostop.app.chosen_schemes import ChosenSchemes, choose_schemes
from nostop.app.claim_paths import lawful_paths
from nostop.app.gateways import (
    ANY,
    IN_FORCE,
    determine_lawfully,
    is_synthetic,
    refuse_without_gateway,
)
from nostop.app.gather import gathered_from, read_declarations, read_feeds, told_of_trouble
from nostop.app.in_review import with_review
from nostop.app.known_on import may_write_to_people, refuse_folder_of_another, told_of_later
from nostop.app.last_run import last_times
from nostop.app.link_history import (
    LINK_EVENTS,
    VERDICTS,
    binding_verdicts,
    remember,
    write_whole,
)
from nostop.app.results import LINKS, Run, snapshot_of, write_results
from nostop.app.rules import read_rules
from nostop.app.sending import (
    PEOPLE_FLAGGED,
    Sent,
    claim_details,
    policy_of,
    send,
    store_of,
    told_once,
)
from nostop.app.settings import RunSettings
from nostop.app.stages import Listener, silent, stage
from nostop.feeds import FeedBatch
from nostop.frames import Links, Situation, check
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import Plan, compile_plan

#: Up to how many schemes a run tells by name.
FEW_SCHEMES = 12

_NOBODY_TOLD = (
    "NOBODY IS WRITTEN TO: the outreach register or the record of deaths did not arrive whole."
)
_LOOK_AT_SENT = (
    "LOOK AT {:,} MESSAGES: they went before a link of their person changed (message_reviews in "
    "the database says which)."
)
_NOBODY_TOLD_THEN = (
    "NOBODY IS WRITTEN TO: this run leaves out what is known by now, or looks ahead: a wish or a "
    "death could be missing."
)


def run(settings: RunSettings, listener: Listener = silent) -> Run:
    """Run the whole line and write its results into `settings.out`.

    Person ids live on from the links of an earlier run in the same folder, and its messages are not
    sent again.

    Raises:
        NostopError: rules, feeds or settings that cannot be used; one feed that cannot be used is
        held instead.
    """
    refuse_folder_of_another(settings)
    rules = _rules(settings, listener)
    batch = _feeds(rules, listener)
    remembered = _links(settings, batch, listener)
    links = remembered.links
    assembled = _assembled(rules, batch, links, listener)
    with stage("Working out entitlement", listener) as told:
        determinations = _determined(rules, assembled)
        told.detail = f"{determinations.height:,} determinations"
    with stage("Measuring take-up", listener) as told:
        counts = takeup.measure(determinations, settings.effective_on)
        told.detail = "small numbers are hidden before anybody sees them"
    paths = _paths(rules, assembled.situation, determinations, listener)
    known = _Known(batch, remembered, assembled)
    sent = _outreach(rules, known, (determinations, paths), listener)
    result = Run(
        settings,
        rules.book,
        rules.chosen,
        batch,
        links,
        assembled,
        determinations,
        counts,
        paths,
        sent,
        remembered.log,
    )
    with stage("Writing the results", listener) as told:
        write_results(result)
        told.detail = str(settings.out)
    return result


@dataclass(frozen=True, slots=True)
class _Rules:
    settings: RunSettings
    book: Rulebook
    chosen: ChosenSchemes
    plan: Plan


def _rules(settings: RunSettings, listener: Listener) -> _Rules:
    with stage("Reading the rules", listener) as told:
        book = read_rules(settings.rules)
        chosen = choose_schemes(book, settings)
        if not is_synthetic(settings.feeds):
            refuse_without_gateway(book, chosen.schemes)
        # A rate without a value for the day is told before anything is read.
        plan = compile_plan(book, settings.effective_on, chosen.schemes)
        few = len(chosen.schemes) <= FEW_SCHEMES
        told.detail = ", ".join(chosen.schemes) if few else f"{len(chosen.schemes)} schemes"
    return _Rules(settings, book, chosen, plan)


def _feeds(rules: _Rules, listener: Listener) -> FeedBatch:
    settings = rules.settings
    with stage("Reading the feeds", listener) as told:
        declarations = read_declarations(settings.declarations, rules.book)
        last = last_times(settings.out, declarations)
        days = (settings.effective_on, settings.known_on)
        batch = read_feeds(declarations, settings.feeds, *days, last)
        told.warnings.extend([*told_of_trouble(batch.status), *told_of_later(batch.status)])
        used = batch.status.filter(pl.col("state") == "ok").height
        told.detail = (
            f"{used} of {batch.status.height} feeds, {batch.records.height:,} records, "
            f"rows set aside: {batch.quarantine.height:,}"
        )
    return batch


def _links(settings: RunSettings, batch: FeedBatch, listener: Listener) -> linkage.Remembered:
    with stage("Linking the records", listener) as told:
        # People of rows set aside are linked too: their source's silence means nothing for them.
        mentions = linkage.to_link(batch.records, batch.set_aside)
        verdicts = binding_verdicts(settings.out / VERDICTS)
        links = linkage.link(mentions, verdicts=verdicts)
        # The day that the run is for, and no clock: the same run leaves the same bytes.
        at = datetime.combine(settings.effective_on, time(), UTC)
        occasion = linkage.Occasion(at, "nostop run", linkage.MODEL_VERSION)
        previous = _previous_links(settings.out / LINKS)
        found = remember(links, settings.out / LINK_EVENTS, occasion, previous)
        told.detail = f"{links.height:,} records are {links['person_id'].n_unique():,} people"
    return found


def _previous_links(path: Path) -> pl.DataFrame | None:
    return check(Links, pl.read_parquet(path)) if path.is_file() else None


def _assembled(
    rules: _Rules, batch: FeedBatch, links: pl.DataFrame, listener: Listener
) -> linkage.Assembled:
    with stage("Putting people together", listener) as told:
        settings = rules.settings
        assembled = linkage.assemble(
            gathered_from(batch, rules.book),
            links,
            effective_on=settings.effective_on,
            known_on=settings.known_on,
        )
        units, homes = assembled.situation.benefit_units, assembled.situation.households
        told.detail = f"{units.height:,} benefit units in {homes.height:,} households"
        if not assembled.contacts_known:
            told.warnings.append(_NOBODY_TOLD)
    return assembled


def _determined(rules: _Rules, assembled: linkage.Assembled) -> pl.DataFrame:
    statuses = ANY if is_synthetic(rules.settings.feeds) else IN_FORCE
    day, schemes = rules.settings.effective_on, rules.chosen.schemes
    situation = assembled.situation
    found = determine_lawfully(situation, rules.book, day, schemes, statuses)
    return with_review(found, situation, assembled.conflicts, rules.plan.schemes)


def _paths(
    rules: _Rules, situation: Situation, determinations: pl.DataFrame, listener: Listener
) -> pl.DataFrame:
    with stage("Working out claim paths", listener) as told:
        statuses = ANY if is_synthetic(rules.settings.feeds) else IN_FORCE
        day = rules.settings.effective_on
        finder = lawful_paths(rules.book, day, rules.chosen.schemes, statuses)
        paths = finder.paths(situation, determinations)
        waiting = paths.filter(pl.col("status") != "claim").height
        told.detail = f"{paths.height:,} claims, {waiting:,} of them need advice first"
    return paths


@dataclass(frozen=True, slots=True)
class _Known:
    batch: FeedBatch
    remembered: linkage.Remembered
    assembled: linkage.Assembled


def _outreach(
    rules: _Rules, known: _Known, found: tuple[pl.DataFrame, pl.DataFrame], listener: Listener
) -> Sent:
    settings, (determinations, paths) = rules.settings, found
    batch, assembled = known.batch, known.assembled
    knows_all = may_write_to_people(settings, batch.status)
    contacts = assembled.contacts if assembled.contacts_known and knows_all else None
    with store_of(settings) as engine:
        run_id = _recorded(rules, known, engine)
        with stage("Planning outreach", listener) as told:
            flagged_before = store.last_count(engine, PEOPLE_FLAGGED, run_id)
            people = assembled.situation.people
            templates = outreach.load_templates(plugins.templates_beside(settings.channel))
            policy = policy_of(settings, flagged_before, templates)
            plan = outreach.plan(determinations, people, contacts, policy, paths)
            plan = told_once(engine, plan, policy, known.remembered)
            rendered = outreach.render(
                plan, assembled.contacts, claim_details(rules.book), templates
            )
            told.detail = f"{plan.height:,} could be told, {rendered.messages.height:,} will be"
            if assembled.contacts_known and not knows_all:
                told.warnings.append(_NOBODY_TOLD_THEN)
            changed = linkage.affected(known.remembered.new, known.remembered.log)
            if reviews := store.record_reviews(engine, run_id, changed):
                told.warnings.append(_LOOK_AT_SENT.format(reviews))
        with stage("Writing the messages", listener) as told:
            sent = send(settings, engine, run_id, plan, rendered)
            told.detail = f"{sent.count:,} in the {settings.channel}; nothing leaves this machine"
        if contacts is not None:
            store.record_counts(engine, run_id, {PEOPLE_FLAGGED: outreach.flagged(contacts)})
    return sent


def _recorded(rules: _Rules, known: _Known, engine: Engine) -> str:
    """Write the run down before anything rests on it, and return its id in the database."""
    settings, batch, assembled = rules.settings, known.batch, known.assembled
    # The history of ids cannot be made again from the feeds: whoever is written to is in it.
    write_whole(known.remembered.log, settings.out / LINK_EVENTS)
    snapshot = snapshot_of(settings, rules.book, batch)
    run_id = f"{snapshot}.{settings.started_at:%Y%m%dT%H%M%S.%f}"
    arrived = batch.status.filter(pl.col("sha256").is_not_null()).select("source", "sha256")
    record = store.RunRecord(
        run_id=run_id,
        effective_on=settings.effective_on,
        known_on=settings.known_on,
        synthetic=is_synthetic(settings.feeds),
        started_at=settings.started_at,
        pack_versions={
            scheme: rules.book.schemes[scheme].version for scheme in rules.chosen.schemes
        },
        inputs=dict(arrived.iter_rows()),
        counts=dict(assembled.counts.iter_rows()),
    )
    store.record_run(engine, record)
    store.record_feeds(engine, run_id, batch.status)
    store.record_persons(engine, run_id, assembled.contacts["person_id"])
    return run_id
