"""A sender in this process, and a channel that keeps what it is given."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from nostop.app.bench_faults.processes import CHANNEL
from nostop.app.outreach.campaigns import known_campaign
from nostop.app.outreach.channels import Channels
from nostop.app.outreach.sending import Sender
from nostop.hours import read_bank_holidays
from nostop.ports import Message, Receipt
from nostop.rulebook import default_rules_dir

Clock = Callable[[], datetime]


@dataclass
class Kept:
    """Takes every message and says that it is sent."""

    recipients: list[str] = field(default_factory=list)
    kind: str = "email"
    at_once: int = 1
    hold: threading.Event | None = None

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            if self.hold is not None:
                self.hold.wait(20)
            self.recipients.append(message.recipient_id)
            yield Receipt(message.message_id, "sent", None, None)


def sender(
    engine: Engine, campaign: str, channel: Kept, clock: Clock, leave_seconds: float = 30
) -> Sender:
    """Return a sender of a campaign by one channel; its leave is long, for tests do not hurry."""
    known = known_campaign(engine, campaign)
    return Sender(
        engine=engine,
        campaign=known.campaign,
        plan_sha256=str(known.row["plan_sha256"]),
        channels=Channels({CHANNEL: channel}, {CHANNEL: 0}),
        wording=known.wording,
        holidays=read_bank_holidays(default_rules_dir()),
        name="here:1:1",
        clock=clock,
        production=False,
        leave_seconds=leave_seconds,
    )
