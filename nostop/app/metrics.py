"""Figures for Prometheus: counts and moments from the store, and nothing of any person."""

from datetime import UTC, date, datetime, time

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Engine

from nostop.model import StoreError
from nostop.store import open_store
from nostop.store.measures import measure
from nostop.store.migrate import is_current
from nostop.store.schedule import last_successes, newest_runs


def metrics(engine: Engine, at: datetime) -> bytes:
    """Return all figures in Prometheus' text format, with one line for each label in a fixed order.

    Moments are seconds since 1970. What never happened has no line.

    Args:
        engine: an engine of `open_store`, with this version's tables.
        at: the moment, with its zone.
    Raises:
        DBAPIError: the store does not answer.
    """
    registry = CollectorRegistry()
    _of_outreach(registry, engine, at)
    _of_schedule(registry, engine)
    return generate_latest(registry)


def metrics_at(url: str, at: datetime) -> bytes:
    """Return the figures of the store at an address; see `metrics`.

    Raises:
        StoreError: the store cannot be opened, or has not this version's tables.
    """
    engine = open_store(url)
    try:
        with engine.begin() as connection:
            current = is_current(connection)
        if not current:
            raise StoreError("metrics: the store has not the tables of this version")
        return metrics(engine, at)
    finally:
        engine.dispose()


def _of_outreach(registry: CollectorRegistry, engine: Engine, at: datetime) -> None:
    found = measure(engine, at)
    messages = _gauge(
        registry, "messages", "Messages by campaign and status.", "campaign", "status"
    )
    for (campaign, status), count in sorted(found.messages.items()):
        messages.labels(campaign, status).set(count)
    words = "Messages that may have gone, and of which it is not known for more than a day."
    _gauge(registry, "messages_unknown_for_a_day", words).set(found.unknown_for_long)
    loaded = _gauge(
        registry, "suppression_list_loaded_seconds", "When a list was last loaded.", "source"
    )
    for source, moment in sorted(found.lists.items()):
        loaded.labels(source).set(moment.timestamp())
    if found.lists:
        words = "When the suppression list that is oldest was loaded."
        oldest = _gauge(registry, "suppression_lists_oldest_seconds", words)
        oldest.set(min(found.lists.values()).timestamp())
    _gauge(registry, "audit_entries", "Entries of the audit log.").set(found.audit_entries)
    _gauge(registry, "runs", "Runs there were.").set(found.runs)
    if found.last_run_at is not None:
        last = _gauge(registry, "run_last_started_seconds", "When the last run began.")
        last.set(found.last_run_at.timestamp())
    used = _gauge(registry, "feed_used", "Whether the last run used a feed.", "feed")
    words = "Until when the file of a feed that the last run used is fresh."
    fresh = _gauge(registry, "feed_fresh_until_seconds", words, "feed")
    for feed, (state, until) in sorted(found.feeds.items()):
        used.labels(feed).set(state == "ok")
        if until is not None:
            fresh.labels(feed).set(_seconds(until))


def _of_schedule(registry: CollectorRegistry, engine: Engine) -> None:
    words = "When a job last ended well."
    success = _gauge(registry, "job_last_success_seconds", words, "job")
    for job, moment in sorted(last_successes(engine).items()):
        success.labels(job).set(moment.timestamp())
    state = _gauge(registry, "job_state", "The state of a job's last moment.", "job", "state")
    for job, run in sorted(newest_runs(engine).items()):
        state.labels(job, run.state).set(1)


def _gauge(registry: CollectorRegistry, name: str, words: str, *labels: str) -> Gauge:
    return Gauge(f"nostop_{name}", words, labels, registry=registry)


def _seconds(day: date) -> float:
    return datetime.combine(day, time.min, UTC).timestamp()
