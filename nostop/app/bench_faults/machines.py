"""A machine that fails its sender: a full disk, a store that cannot be written, a wrong clock, an
audit log that takes nothing, a provider that hangs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, insert, select

from nostop.app.bench_faults.arena import Arena
from nostop.app.bench_faults.sending import Ended, Job, ended
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure, at_most
from nostop.store.rows import table_of
from nostop.store.tables_audit import AuditHead

_MESSAGES = 24
_DAY = timedelta(days=1)
_HANGS = {"kind": "hang_after", "probability": 0.5, "seed": 7}


def machine_failed(arena: Arena) -> Iterator[Figure]:
    """Send a campaign on each machine that fails, and count sends that the store knows nothing
    of."""
    faults: dict[str, Callable[[Arena, Job], Ended]] = {
        "store_read_only": _on_read_only,
        "audit_unwritable": _without_audit,
        "clock_day_ahead": lambda _, job: ended(replace(job, clock_ahead=_DAY)),
        "clock_day_behind": lambda _, job: ended(replace(job, clock_ahead=-_DAY)),
        "provider_hangs": _on_hanging_provider,
    }
    if arena.kind == "sqlite":
        faults["disk_full"] = _on_full_disk
    for name, run in faults.items():
        yield from _figures(arena, name, run)


def _figures(arena: Arena, name: str, run: Callable[[Arena, Job], Ended]) -> Iterator[Figure]:
    campaign = name.replace("_", "-")
    ids = arena.campaign(Wanted(campaign, _MESSAGES, answer_seconds=1))
    found = run(arena, arena.job(campaign))
    wrong = arena.lies(campaign)
    went = sum(message in arena.provider.has() for message in ids)
    arena.provider.befall([])
    arena.sent_to_the_end(campaign)
    total = arena.count(campaign, ids)
    wrong += total.duplicates + total.unaccounted + found.is_fault
    words = name.replace("_", " ")
    told = f"wrong sends, {words} ({went} of {total.messages} went; {arena.kind})"
    yield at_most(f"{name}_{arena.kind}", told, wrong, "messages", 0)


def _on_read_only(arena: Arena, job: Job) -> Ended:
    if arena.kind == "sqlite":
        path = arena.url.removeprefix("sqlite:///")
        return ended(replace(job, url=f"sqlite:///file:{path}?mode=ro&uri=true"))
    between = "&" if "?" in arena.url else "?"
    setting = "options=-c%20default_transaction_read_only%3Don"
    return ended(replace(job, url=f"{arena.url}{between}{setting}"))


def _without_audit(arena: Arena, job: Job) -> Ended:
    """Take the head of the audit log away, so that nothing can be chained to it."""
    head = table_of(AuditHead)
    with arena.engine.begin() as connection:
        row = dict(connection.execute(select(head)).mappings().one())
        connection.execute(delete(head))
    found = ended(job)
    with arena.engine.begin() as connection:
        connection.execute(insert(head), row)
    return found


def _on_hanging_provider(arena: Arena, job: Job) -> Ended:
    arena.provider.befall([_HANGS])
    return ended(job)


def _on_full_disk(arena: Arena, job: Job) -> Ended:
    """Let no file grow beyond a size that the store's log reaches after some messages."""
    # The last to leave puts the log away, so that it begins at nothing.
    arena.engine.dispose()
    return ended(replace(job, file_bytes=arena.chance.randrange(100_000, 1_000_000)))
