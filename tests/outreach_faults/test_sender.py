"""One sender in this process, and what could make it send what it must not."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from nostop import store as stored
from nostop.app.bench_faults.provider import KEY
from nostop.app.bench_faults.world import Wanted, add_campaign, populate
from nostop.app.opened import opened
from nostop.app.outreach import asking
from nostop.app.outreach.campaigns import known_campaign, open_next_steps, settle
from nostop.app.outreach.channels import Channels, channels_of
from nostop.app.outreach.sending import LEAVE_SECONDS, send
from nostop.model import StoreError
from nostop.ports import Receipt
from nostop.store.audit import Entry, append
from nostop.store.claiming import Asked, Limits, Ready
from nostop.store.ledger import News
from nostop.store.messages import in_state
from tests.outreach_faults.senders import Kept, sender

#: A Wednesday on which nothing is closed.
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HELPER = stored.Act("helper", NOON)

NIGHTLY = bool(os.environ.get("NOSTOP_NIGHTLY"))


def made(engine: Engine, wanted: Wanted) -> list[str]:
    populate(engine, wanted.people, NOON)
    return add_campaign(engine, wanted, NOON)


def noon_until(look: int, happens: Callable[[], object]) -> Callable[[], datetime]:
    """Return a clock that stands at noon; when it is looked at for the n-th time, something
    happens. A sender looks just before each claim."""
    looks = count(1)

    def clock() -> datetime:
        if next(looks) == look:
            happens()
        return NOON

    return clock


def at_noon() -> datetime:
    return NOON


def sent_to(engine: Engine, campaign: str, clock: Callable[[], datetime]) -> list[str]:
    channel = Kept()
    send(sender(engine, campaign, channel, clock))
    return channel.recipients


def test_inv_01_a_message_goes_once_however_often_its_campaign_is_sent(store: Engine) -> None:
    made(store, Wanted("once", 20))
    assert len(sent_to(store, "once", at_noon)) == 20
    assert sent_to(store, "once", at_noon) == []


def test_inv_03_who_sleeps_between_its_claim_and_its_call_has_lost_its_leave(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_API_KEY", KEY)
    (message,) = made(store, Wanted("naps", 1, text_too=True))
    known = known_campaign(store, "naps")
    nested = threading.Lock()
    slept: list[bool] = []

    def sleep(*_: object) -> None:
        """Meanwhile the message is made unknown, said to have failed, and its next step opened."""
        # What is done here gives connections back, too.
        if slept or not nested.acquire(blocking=False):
            return
        if stored.count_statuses(store, "naps")["sending"]:
            later = NOON + timedelta(minutes=10)
            asking.ask_in_doubt(store, known.campaign, Channels({}, {}), "other:2:2", lambda: later)
            settle(store, message, "failed", HELPER)
            open_next_steps(store, known, channels_of(known.campaign), HELPER)
            time.sleep(0.3)
            slept.append(True)
        nested.release()

    # The connection goes back to its pool once the claim is on disk, before anybody knows it.
    event.listen(store, "checkin", sleep)
    channel = Kept()
    send(sender(store, "naps", channel, at_noon, leave_seconds=0.2))
    assert slept
    assert channel.recipients == []
    steps = stored.messages_of(store, "naps").sort("step")
    assert steps["status"].to_list() == ["failed", "planned"]


def test_inv_06_who_is_not_to_be_written_to_any_more_is_not_whenever_that_is_learnt(
    tmp_path: Path,
) -> None:
    engine = stored.open_store(f"sqlite:///{tmp_path / 'store.db'}")
    stored.upgrade(engine)
    populate(engine, 200, NOON)
    turns = count()
    reasons = ("deceased", "opted_out", "protected_address", "safeguarding_hold")

    @settings(
        max_examples=10_000 if NIGHTLY else 20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        look=st.integers(0, 5),
        who=st.integers(0, 4),
        reason=st.sampled_from(reasons),
        in_flight=st.integers(1, 3),
    )
    def interleaved(look: int, who: int, reason: str, in_flight: int) -> None:
        turn = next(turns)
        name, first = f"turn-{turn}", turn * 5
        add_campaign(engine, Wanted(name, 5, first=first, in_flight=in_flight), NOON)
        person = f"P{first + who:06}"
        spared: list[str] = []

        def learnt() -> None:
            stored.suppress(engine, [person], reason, "helper", NOON)
            rows = stored.messages_of(engine, name).filter(recipient_id=person)
            spared.extend(rows.filter(status="planned")["recipient_id"])

        if look == 0:
            learnt()
        got = sent_to(engine, name, noon_until(look, learnt))
        assert not set(spared) & set(got)
        assert len(got) == 5 - len(spared)
        assert len(set(got)) == len(got)

    interleaved()
    engine.dispose()


def test_inv_13_what_waited_in_the_pile_until_the_evening_waits_for_the_morning(
    store: Engine,
) -> None:
    made(store, Wanted("hours", 6, in_flight=1, hours='{from: "09:00", until: "18:00"}'))
    channel = Kept()
    evening = NOON + timedelta(hours=7)
    done = send(
        sender(store, "hours", channel, lambda: evening if len(channel.recipients) > 1 else NOON)
    )
    assert len(channel.recipients) in (2, 3)
    assert done.closed == 6 - len(channel.recipients)
    assert stored.count_statuses(store, "hours")["planned"] == done.closed


def test_a_campaign_that_ends_while_it_is_sent_ends(store: Engine) -> None:
    made(store, Wanted("ends", 6, in_flight=1))
    channel = Kept()
    tomorrow = NOON + timedelta(days=1)
    its = sender(store, "ends", channel, lambda: tomorrow if channel.recipients else NOON)
    last_day = its.campaign.model_copy(update={"ends": NOON.date()})
    done = send(replace(its, campaign=last_day))
    assert done.stopped == "the campaign ended on 2026-11-18"
    assert len(channel.recipients) in (1, 2)


def test_inv_14_nothing_is_claimed_after_a_stop(store: Engine) -> None:
    made(store, Wanted("stops", 10, in_flight=2))
    claimed: list[int] = []

    def stop() -> None:
        stored.stop(store, "stops", HELPER)
        statuses = stored.count_statuses(store, "stops")
        claimed.append(statuses["sending"] + statuses["sent"])

    assert len(sent_to(store, "stops", noon_until(3, stop))) == claimed[0] < 10
    assert LEAVE_SECONDS <= 2


def test_inv_16_a_sender_sends_the_plan_that_it_began_with_and_no_other(store: Engine) -> None:
    made(store, Wanted("plans", 10, in_flight=2))
    channel = Kept()
    anew = Wanted("plans", 10, in_flight=1)
    done = send(
        sender(store, "plans", channel, noon_until(3, lambda: add_campaign(store, anew, NOON)))
    )
    assert done.stopped == "the campaign was planned anew meanwhile: send again"
    statuses = stored.count_statuses(store, "plans")
    assert statuses["sent"] == len(channel.recipients) < 10
    assert statuses["planned"] == 10 - len(channel.recipients)


_REFUSED = {
    "sqlite": (
        "CREATE TRIGGER refused BEFORE INSERT ON audit_entries"
        " BEGIN SELECT RAISE(ABORT, 'no'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'no'; END$$",
        "CREATE TRIGGER refused BEFORE INSERT ON audit_entries EXECUTE FUNCTION refused()",
    ),
}


def refuse_audit(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in _REFUSED[engine.dialect.name]:
            connection.execute(text(statement))


def test_inv_35_nothing_goes_that_cannot_be_audited(store: Engine) -> None:
    made(store, Wanted("audit", 6, in_flight=2))
    channel = Kept()
    refuse_audit(store)
    with pytest.raises(DBAPIError):
        send(sender(store, "audit", channel, at_noon))
    assert channel.recipients == []
    assert stored.count_statuses(store, "audit")["planned"] == 6


def test_inv_35_what_went_before_the_audit_log_broke_is_claimed(store: Engine) -> None:
    made(store, Wanted("audit", 6, in_flight=2))
    channel = Kept()
    with pytest.raises(DBAPIError):
        send(sender(store, "audit", channel, noon_until(3, lambda: refuse_audit(store))))
    went = stored.messages_of(store, "audit").filter(status="sending")["recipient_id"]
    assert 0 < len(channel.recipients) < 6
    assert set(channel.recipients) <= set(went)


def test_inv_35_nothing_goes_where_the_audit_log_has_lost_its_head(store: Engine) -> None:
    made(store, Wanted("audit", 3))
    with store.begin() as connection:
        connection.execute(text("DELETE FROM audit_head"))
    with pytest.raises(StoreError, match="lost its head row"):
        sent_to(store, "audit", at_noon)


@pytest.mark.parametrize("days", [-1, 1])
def test_inv_42_a_clock_that_is_a_day_off_sends_nothing_twice(store: Engine, days: int) -> None:
    made(store, Wanted("clock", 6))
    off = NOON + timedelta(days=days)
    got = sent_to(store, "clock", lambda: off)
    # A list that is from the future is no list.
    assert len(got) == (6 if days > 0 else 0)
    assert len(got) + len(sent_to(store, "clock", at_noon)) == 6


def test_a_store_that_fails_is_named_without_what_it_quotes(store: Engine) -> None:
    url = store.url.render_as_string(hide_password=False)
    with (
        pytest.raises(StoreError, match="the database failed") as told,
        opened(url) as engine,
        engine.begin() as connection,
    ):
        connection.execute(text("SELECT secret FROM nowhere"))
    assert "secret" not in str(told.value)
    assert "nowhere" not in str(told.value)


def test_a_sender_whose_parent_has_not_asked_how_it_ended_is_gone() -> None:
    process = subprocess.Popen(["/bin/sleep", "60"])
    host, born = asking.sender_name().split(":")[0], asking._born(process.pid)
    assert born is not None
    assert not asking.is_gone(f"{host}:{process.pid}:{born}")
    process.kill()
    while "Z" not in Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").split():
        time.sleep(0.01)
    assert asking.is_gone(f"{host}:{process.pid}:{born}")
    process.wait()


def test_a_sender_that_waits_for_its_last_answers_leaves_the_store_alone(
    store: Engine,
) -> None:
    made(store, Wanted("tail", 2))
    looks = count()

    def clock() -> datetime:
        next(looks)
        return NOON

    hold = threading.Event()
    waker = threading.Timer(1.0, hold.set)
    waker.start()
    send(sender(store, "tail", Kept(hold=hold), clock))
    waker.join()
    # Four times a second, and some at either end.
    assert next(looks) < 25


@pytest.fixture
def two(empty_postgresql: Engine) -> tuple[Engine, list[str]]:
    stored.upgrade(empty_postgresql)
    return empty_postgresql, sorted(made(empty_postgresql, Wanted("locks", 2)))


def ready(message: str, person: str) -> Ready:
    return Ready(message, person, "email", f"{person.lower()}@example.org", "0" * 64, 0)


def test_who_takes_messages_back_and_who_claims_them_do_not_block_each_other(
    two: tuple[Engine, list[str]],
) -> None:
    """One holds messages and waits for the audit log; the other must not hold that log and wait for
    messages."""
    engine, (first, second) = two
    who = dict(stored.messages_of(engine, "locks").select("message_id", "recipient_id").iter_rows())
    plan = str(stored.read_campaign_row(engine, "locks")["plan_sha256"])
    limits = Limits(1000, 28, 1000, None, None, 48)
    asked = Asked("locks", plan, limits, "here:1:1", NOON)
    assert stored.claim(engine, asked, [ready(second, who[second])]).message_ids == (second,)
    news = News([Receipt(second, "sent", None, None)], "channel", "here:1:1", NOON)
    claims: list[tuple[str, ...]] = []

    def claim() -> None:
        claims.append(stored.claim(engine, asked, [ready(first, who[first])], [news]).message_ids)

    claimer = threading.Thread(target=claim)
    with engine.begin() as connection:
        in_state(connection, [first], "planned")
        claimer.start()
        _wait_until_blocked(engine)
        append(connection, "helper", [Entry("message.suppressed", first)], NOON)
    claimer.join()
    assert claims == [(first,)]


def _wait_until_blocked(engine: Engine) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not _number(engine, waiting):
        time.sleep(0.01)


def _number(engine: Engine, query: str) -> int:
    connection: Connection
    with engine.begin() as connection:
        return int(connection.execute(text(query)).scalar_one())
