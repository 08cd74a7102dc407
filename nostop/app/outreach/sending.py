"""Sending a campaign: claim, send once, write down what came of it; never twice, never in silence.

One loop claims and settles, in one transaction a turn; a few threads do nothing but call the
channel. So no more messages are ever in doubt than there are calls open. A call begins within two
seconds of asking whether it may, or not at all: a process that slept since then has lost its leave,
and a stop is a stop two seconds later.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic, sleep

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.outreach.channels import Channels
from nostop.hours import BankHolidays, closed_because
from nostop.model import OutreachError
from nostop.outreach.allow_list import is_allowed
from nostop.outreach.campaign import Campaign
from nostop.outreach.words import Wording, messages_with_addresses, written
from nostop.ports import Channel, Message, Prepares, Receipt
from nostop.store.claiming import PACE, Asked, Claimed, Limits, Ready
from nostop.store.ledger import News

#: A call that has not begun so many seconds after leave for it was asked is not made.
LEAVE_SECONDS = 2.0
#: How many planned messages are rendered at a time.
RENDERED_AT_ONCE = 500
#: How long answers are gathered before they are written down together.
GATHER_SECONDS = 0.005
#: How long the loop waits for an answer before it looks at the stop switch again.
LOOK_AGAIN_SECONDS = 0.25
#: So often in a row a channel may take nothing, and so long the last of the waits is.
MOST_HOLDS = 6
LONGEST_HOLD_SECONDS = 30.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Sender:
    """What one sender works with. `plan_sha256` is of the plan that `campaign` and `wording` are
    of: it sends no other. `name` is unique to the process; `clock` says the time with its
    zone; `production` is whether real people may be reached; `leave`, once set, ends the sending as
    soon as open calls are answered. A call that has not begun `leave_seconds` after it was asked
    for is not made. `link` gives a message's unsubscribe link."""

    engine: Engine
    campaign: Campaign
    plan_sha256: str
    channels: Channels
    wording: Wording
    holidays: BankHolidays
    name: str
    clock: Clock
    production: bool
    leave: threading.Event = field(default_factory=threading.Event)
    leave_seconds: float = LEAVE_SECONDS
    link: Callable[[str], str] | None = None


@dataclass(slots=True)
class Sent:
    """What a sender did: messages by the word that came back, those it left and why."""

    words: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    left: dict[str, tuple[int, int]] = field(default_factory=dict)
    other_words: int = 0
    stopped: str | None = None
    waits: str | None = None

    @property
    def not_allowed(self) -> int:
        """How many messages are to people whom no allow-list names, by whatever channel."""
        return sum(not_allowed for not_allowed, _ in self.left.values())

    @property
    def closed(self) -> int:
        """How many messages wait for the campaign's hours, by whatever channel."""
        return sum(closed for _, closed in self.left.values())

    def add(self, receipt: Receipt) -> None:
        """Count one answer."""
        self.words[receipt.status] = self.words.get(receipt.status, 0) + 1

    def after(self, earlier: "Sent") -> "Sent":
        """Return this and what was done before it, as one."""
        words = {
            word: self.words.get(word, 0) + earlier.words.get(word, 0)
            for word in (*earlier.words, *self.words)
        }
        return replace(
            self,
            words=words,
            suppressed=self.suppressed + earlier.suppressed,
            other_words=self.other_words + earlier.other_words,
        )


def send(sender: Sender) -> Sent:
    """Send what is planned and may go now, and return when there is nothing more of it.

    Raises:
        NostopError: the store or a channel cannot be used; what had been claimed is written down.
    """
    if sender.clock().tzinfo is None:
        raise OutreachError("send: the clock needs a time zone")
    done = Sent()
    for name, channel in sender.channels.by_name.items():
        if done.stopped is None:
            _Loop(sender, name, channel, done).run()
    return done


class _Loop:
    """Sends what goes by one channel."""

    def __init__(self, sender: Sender, name: str, channel: Channel, done: Sent) -> None:
        self._sender = sender
        self._name = name
        self._channel = channel
        self._done = done
        self._alone = channel.at_once > 1
        self._width = 1 if self._alone else sender.campaign.limits.in_flight
        self._answers: queue.Queue[list[Receipt]] = queue.Queue()
        self._open = 0
        self._hold_until = 0.0
        self._holds = 0
        self._released = 0
        self._approved: dict[str, str] = {}

    def run(self) -> None:
        """Claim, call, settle, until nothing is left that may go."""
        with ThreadPoolExecutor(self._width, thread_name_prefix="send") as pool:
            try:
                while self._pass(pool) and not self._ended():
                    pass
            finally:
                # Also when something breaks: what the channel did must be kept.
                self._drain()

    def _pass(self, pool: ThreadPoolExecutor) -> bool:
        """Go once through what is planned; return whether some of it was not taken for the
        moment."""
        self._released = 0
        ready = _Ready(self._sender, self._name, self._channel, self._done)
        while self._turn(pool, ready):
            pass
        self._done.left[self._name] = (ready.not_allowed, ready.closed)
        return self._released > 0

    def _ended(self) -> bool:
        ends = self._sender.campaign.ends
        if self._sender.leave.is_set():
            self._done.stopped = self._done.stopped or "asked to end"
        elif ends is not None and self._sender.clock().date() > ends:
            self._done.stopped = self._done.stopped or f"the campaign ended on {ends}"
        return bool(self._done.stopped or self._done.waits)

    def _turn(self, pool: ThreadPoolExecutor, ready: "_Ready") -> bool:
        """Settle what has been answered and claim what there is room for; return whether to go
        on."""
        news = self._answered(wait=self._open >= self._width or ready.is_empty())
        room = self._room()
        wanted = ready.take(room) if room else []
        # From before the question: whoever sleeps on the answer has none.
        until = _awake() + self._sender.leave_seconds
        self._approved.update((each.message_id, each.body_sha256) for each, _ in wanted)
        claimed = store.claim(
            self._sender.engine, self._asked(), [each for each, _ in wanted], news
        )
        self._done.suppressed += claimed.settled
        self._start(pool, claimed, {each.message_id: message for each, message in wanted}, until)
        return self._goes_on(claimed, ready, bool(wanted))

    def _room(self) -> int:
        if self._ended() or monotonic() < self._hold_until:
            return 0
        if self._alone:
            return self._channel.at_once if not self._open else 0
        return self._width - self._open

    def _goes_on(self, claimed: Claimed, ready: "_Ready", asked: bool) -> bool:  # noqa: FBT001 - whether anything was asked for
        ids = set(claimed.message_ids)
        if claimed.stops is not None:
            self._done.stopped = self._done.stopped or claimed.stops
        if claimed.waits and claimed.waits != PACE:
            self._done.waits = claimed.waits
            ready.close()
        if claimed.waits == PACE:
            ready.back(ids)
            self._hold_until = max(self._hold_until, monotonic() + 1.0)
        if self._open:
            return True
        if self._ended():
            return False
        if monotonic() < self._hold_until:
            threading.Event().wait(min(LOOK_AGAIN_SECONDS, self._hold_until - monotonic()))
            return True
        return asked or not ready.is_empty()

    def _start(
        self,
        pool: ThreadPoolExecutor,
        claimed: Claimed,
        messages: Mapping[str, Message],
        until: float,
    ) -> None:
        wanted = [messages[message_id] for message_id in claimed.message_ids]
        parts = [wanted] if self._alone and wanted else [[message] for message in wanted]
        for part in parts:
            self._open += len(part)
            future = pool.submit(_call, self._channel, part, until)
            future.add_done_callback(self._on_answer(part))

    def _on_answer(self, part: list[Message]) -> Callable[[Future[list[Receipt]]], None]:
        def put(future: Future[list[Receipt]]) -> None:
            error = future.exception()
            if error is None:
                self._answers.put(future.result())
            else:
                # Whatever broke, it may have broken after the message went.
                reason = f"channel_broke: {type(error).__name__}"
                self._answers.put([_unknown(message, reason) for message in part])

        return put

    def _answered(self, *, wait: bool) -> list[News]:
        """Return what has come back by now; wait a moment for something if there is no room."""
        receipts: list[Receipt] = []
        try:
            timeout = LOOK_AGAIN_SECONDS if wait or self._hold_until > monotonic() else 0.002
            if self._open:
                receipts += self._answers.get(timeout=timeout)
                # Others will be in by then: one transaction for them all.
                sleep(GATHER_SECONDS)
            while True:
                receipts += self._answers.get_nowait()
        except queue.Empty:
            pass
        return self._news(receipts)

    def _news(self, receipts: list[Receipt]) -> list[News]:
        self._open -= len(receipts)
        for receipt in receipts:
            self._done.add(receipt)
            approved = self._approved.pop(receipt.message_id, None)
            if receipt.body_sha256 not in (None, approved):
                self._other_words()
            if receipt.stop:
                self._done.stopped = f"{self._name}: {receipt.reason or 'will take nothing more'}"
        refused = [each for each in receipts if each.status == "not_taken"]
        self._released += len(refused)
        if refused:
            self._hold(max(each.retry_after or 0.0 for each in refused), refused[0].reason)
        elif receipts:
            self._holds = 0
        if not receipts:
            return []
        return [News(receipts, "channel", self._sender.name, self._sender.clock())]

    def _hold(self, seconds: float, reason: str | None) -> None:
        """Claim nothing for a while, longer each time; in the end leave it for another day."""
        self._holds += 1
        if self._holds > MOST_HOLDS:
            why = f" ({reason})" if reason else ""
            self._done.stopped = f"{self._name}: takes nothing for the moment{why}"
        longer = min(0.5 * 2 ** (self._holds - 1), LONGEST_HOLD_SECONDS)
        self._hold_until = max(self._hold_until, monotonic() + max(seconds, longer))

    def _other_words(self) -> None:
        """The provider says that it sends other words than were approved: no real person gets any
        more of them before somebody has looked at its templates."""
        self._done.other_words += 1
        if self._sender.production:
            self._done.stopped = f"{self._name}: sends other words than were approved"
            act = store.Act(self._sender.name, self._sender.clock())
            store.stop(self._sender.engine, self._sender.campaign.id, act)

    def _drain(self) -> None:
        while self._open:
            news = self._answered(wait=True)
            for some in news:
                store.learn(self._sender.engine, some)

    def _asked(self) -> Asked:
        campaign = self._sender.campaign
        limits = Limits(
            per_person=campaign.limits.per_person.messages,
            per_person_days=campaign.limits.per_person.days,
            per_minute=campaign.limits.per_minute,
            messages=campaign.limits.messages,
            budget_pence=_pence(campaign.limits.budget_pounds),
            list_hours=campaign.register_.no_older_than_hours,
        )
        plan = self._sender.plan_sha256
        return Asked(campaign.id, plan, limits, self._sender.name, self._sender.clock())


def _pence(pounds: int | None) -> int | None:
    return None if pounds is None else pounds * 100


def _call(channel: Channel, part: list[Message], until: float) -> list[Receipt]:
    """Call the channel, unless leave has run out, and return one receipt for each message."""
    if _awake() > until:
        return [
            Receipt(message.message_id, "not_taken", None, "slept_since_claim") for message in part
        ]
    answers = {receipt.message_id: receipt for receipt in channel.send(part)}
    return [answers.get(message.message_id) or _unknown(message, "no_answer") for message in part]


def _awake() -> float:
    """Return seconds that go on while the machine is suspended, where its kernel counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return monotonic() if boot is None else time.clock_gettime(boot)


def _unknown(message: Message, reason: str) -> Receipt:
    return Receipt(message.message_id, "unknown", None, reason)


class _Ready:
    """Planned messages of one channel, rendered some hundred at a time, in order of their ids."""

    def __init__(self, sender: Sender, name: str, channel: Channel, done: Sent) -> None:
        self._sender = sender
        self._name = name
        self._channel = channel
        self._done = done
        self._after = ""
        self._last = False
        self._pile: list[tuple[Ready, Message]] = []
        self._taken: list[tuple[Ready, Message]] = []
        self._nations: dict[str, str | None] = {}
        self.not_allowed = 0
        self.closed = 0

    def take(self, most: int) -> list[tuple[Ready, Message]]:
        """Return up to `most` messages; fewer than that only when no more are planned."""
        while len(self._pile) < most and not self._last:
            self._pile += self._more()
        taken, self._pile = self._pile[:most], self._pile[most:]
        # They may have waited in the pile for long.
        shut = self._shut({self._nations[each.message_id] for each, _ in taken})
        self._taken = [pair for pair in taken if not shut[self._nations[pair[0].message_id]]]
        self.closed += len(taken) - len(self._taken)
        if self._taken and isinstance(self._channel, Prepares):
            self._channel.prepare([message for _, message in self._taken])
        return self._taken

    def back(self, claimed: set[str]) -> None:
        """Put back what was taken last and could not be claimed for the moment."""
        again = [each for each in self._taken if each[0].message_id not in claimed]
        self._pile = again + self._pile

    def close(self) -> None:
        """Offer nothing more."""
        self._pile, self._last = [], True

    def is_empty(self) -> bool:
        """Whether nothing more is to be had."""
        return self._last and not self._pile

    def _more(self) -> list[tuple[Ready, Message]]:
        sender = self._sender
        rows = store.waiting(sender.engine, sender.campaign.id, self._after, RENDERED_AT_ONCE)
        if rows.is_empty():
            self._last = True
            return []
        self._after = str(rows["message_id"][-1])
        mine = rows.filter(pl.col("channel") == self._name)
        reachable = mine.filter(pl.col("contact").is_not_null())
        self._gone(mine.filter(pl.col("contact").is_null()))
        open_ = reachable.filter(self._may_go(reachable))
        found = written(open_.with_columns(channel_kind=pl.lit(self._channel.kind)), sender.wording)
        approved = dict(open_.select("message_id", "body_sha256").iter_rows())
        same = found.messages.filter(
            pl.col("body_sha256")
            == pl.col("message_id").replace_strict(approved, return_dtype=pl.String)
        )
        self._changed(open_, same)
        self._nations = dict(open_.select("message_id", "nation").iter_rows()) | {
            each.message_id: self._nations[each.message_id] for each, _ in self._pile
        }
        return list(self._paired(same, open_))

    def _paired(
        self, messages: pl.DataFrame, rows: pl.DataFrame
    ) -> Iterator[tuple[Ready, Message]]:
        pence = self._sender.channels.pence[self._name]
        columns = ("message_id", "contact_kind", "contact", "body_sha256")
        facts = {row[0]: row[1:] for row in rows.select(columns).iter_rows()}
        for message in messages_with_addresses(messages, rows, self._sender.link):
            kind, contact, body = facts[message.message_id]
            ready = Ready(message.message_id, message.recipient_id, kind, contact, body, pence)
            yield ready, message

    def _may_go(self, rows: pl.DataFrame) -> pl.Series:
        """Which rows may be reached from here, now: the allow-list, and the hours of the nation."""
        sender = self._sender
        allowed = [
            sender.production or is_allowed(sender.campaign.allow_list, contact)
            for contact in rows["contact"]
        ]
        self.not_allowed += allowed.count(False)
        shut = self._shut(set(rows["nation"]))
        closed = [shut[nation] for nation in rows["nation"]]
        self.closed += closed.count(True)
        return pl.Series(
            [may and not late for may, late in zip(allowed, closed, strict=True)], dtype=pl.Boolean
        )

    def _shut(self, nations: set[str | None]) -> dict[str | None, bool]:
        """Return whether it is outside the campaign's hours in each nation, now."""
        hours = self._sender.campaign.hours
        if hours == "any_time":
            return dict.fromkeys(nations, False)
        now, holidays = self._sender.clock(), self._sender.holidays
        return {
            nation: closed_because(hours.window, now, nation, holidays) is not None
            for nation in nations
        }

    def _gone(self, rows: pl.DataFrame) -> None:
        """Suppress messages to people of whom no address is left that works."""
        if rows.height:
            self._done.suppressed += store.suppress_messages(
                self._sender.engine,
                rows["message_id"].to_list(),
                "no_contact_details",
                store.Act(self._sender.name, self._sender.clock()),
            )

    def _changed(self, rows: pl.DataFrame, same: pl.DataFrame) -> None:
        """Suppress messages that would not say what was approved: a name has changed since."""
        other = rows.join(same, on="message_id", how="anti")
        if other.height and self._is_of_our_plan():
            self._done.suppressed += store.suppress_messages(
                self._sender.engine,
                other["message_id"].to_list(),
                "changed_since_approval",
                store.Act(self._sender.name, self._sender.clock()),
            )

    def _is_of_our_plan(self) -> bool:
        """Whether the campaign has not been planned anew meanwhile, with words of its own."""
        sender = self._sender
        row = store.read_campaign_row(sender.engine, sender.campaign.id)
        return bool(row["plan_sha256"] == sender.plan_sha256)
