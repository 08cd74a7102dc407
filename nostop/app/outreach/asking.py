"""What became of messages whose answer was lost: the provider is asked by our reference.

Being found settles a message. Not being found settles nothing, and is no leave to send again: a
sender that sleeps could wake and send it. After a while a person decides.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.outreach.channels import Channels
from nostop.outreach.campaign import Campaign
from nostop.ports import Asks, Receipt
from nostop.store.ledger import News

#: A claim that is so old has no open call behind it: whoever made it has died, or sleeps.
ORPHANED_AFTER = timedelta(seconds=120)
#: How many messages are asked for between two writings.
ASKED_AT_ONCE = 50
#: The reason of a message that the provider did not know when it was asked.
NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Answered:
    """What asking brought: how many were asked for, how many of them the provider knew, how many
    are in doubt still, and how many of those for so long that only a person can say."""

    asked: int
    found: int
    in_doubt: int = 0
    for_a_person: int = 0


def sender_name() -> str:
    """Return the name of a sender in this process: no other process ever has it."""
    host = "".join(c for c in socket.gethostname() if c.isalnum() or c in "-_")[:40] or "host"
    return f"{host}:{os.getpid()}:{_born(os.getpid()) or 0}"


def is_gone(name: str) -> bool:
    """Return whether the process of a sender is known to have ended: it was on this machine."""
    parts = name.split(":")
    if len(parts) != 3 or parts[0] != sender_name().split(":")[0]:
        return False
    pid, born = parts[1:]
    return pid.isdigit() and str(_born(int(pid)) or "") != born


def _born(pid: int) -> int | None:
    """When a process began, in the kernel's ticks; None where there is none, or no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # After the command's name, which may hold anything: proc(5), fields 3 and 22.
    fields = text.rpartition(")")[2].split()
    # One that has ended stays listed until its parent asks how.
    return None if fields[0] in ("Z", "X") else int(fields[19])


def ask_in_doubt(
    engine: Engine, campaign: Campaign, channels: Channels, by: str, clock: Callable[[], datetime]
) -> Answered:
    """Make claims unknown whose sender has ended, and ask for everything that may have gone."""
    rows = store.in_doubt(engine, campaign.id)
    now = clock()
    orphans = [
        Receipt(message_id, "unknown", None, "sender_ended")
        for message_id, state, who, at in rows.select(
            "message_id", "state", "claimed_by", "claimed_at"
        ).iter_rows()
        if state == "claimed" and (is_gone(who or "") or at < now - ORPHANED_AFTER)
    ]
    if orphans:
        store.learn(engine, News(orphans, "sender", by, now))
    unknown = store.in_doubt(engine, campaign.id).filter(pl.col("state") == "unknown")
    found = _ask(engine, unknown, channels, by, clock)
    left = store.in_doubt(engine, campaign.id).filter(pl.col("state") == "unknown")
    # A provider may take its time with what it has: until then nobody has to decide.
    since = clock() - timedelta(minutes=campaign.ask_provider_after_minutes)
    return Answered(
        unknown.height, found, left.height, left.filter(pl.col("claimed_at") < since).height
    )


def poll(
    engine: Engine, campaign: str, channels: Channels, by: str, clock: Callable[[], datetime]
) -> Answered:
    """Ask for every message that went and is not known to have arrived: letters tell only so."""
    rows = store.on_the_way(engine, campaign)
    return Answered(rows.height, _ask(engine, rows, channels, by, clock))


def _ask(
    engine: Engine,
    rows: pl.DataFrame,
    channels: Channels,
    by: str,
    clock: Callable[[], datetime],
) -> int:
    found = 0
    for name, channel in channels.by_name.items():
        if not isinstance(channel, Asks):
            continue
        mine = rows.filter(pl.col("channel") == name)
        known = dict(mine.select("message_id", "reason").iter_rows())
        for part in mine.iter_slices(ASKED_AT_ONCE):
            answers = list(channel.ask(part["message_id"].to_list()))
            news = [
                answer
                for answer in answers
                if answer.status != "unknown"
                and not (answer.status == "not_found" and known.get(answer.message_id) == NOT_FOUND)
            ]
            if news:
                store.learn(engine, News(news, "asked", by, clock()))
            found += sum(answer.status not in ("unknown", "not_found") for answer in answers)
    return found
