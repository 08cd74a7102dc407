import http.client
import json
import re
import socket
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, text

from nostop.app.health import Check, Health, health, health_at
from nostop.app.metrics import metrics
from nostop.model import ScheduleError
from nostop.scheduler.endpoints import Asked, Endpoints
from nostop.store import upgrade
from nostop.store.leading import Leadership
from nostop.store.rows import table_of
from nostop.store.schedule import Ended, claim_by_hand, finish
from nostop.store.tables import FeedFile, OutreachMessage
from nostop.store.tables_outreach import SuppressionList
from tests.store.frames import run

ON = date(2026, 6, 1)


def now() -> datetime:
    return datetime.now(UTC)


def test_ready_only_with_tables_of_this_version_and_a_leader(empty: Engine):
    def found() -> dict[str, bool]:
        return {check.name: check.ok for check in health(empty, now()).checks}

    assert found() == {"store": True, "tables": False}
    upgrade(empty)
    assert found() == {"store": True, "tables": True, "leader": False}
    leadership = Leadership(empty, "a")
    leadership.hold(now())
    assert found() == {"store": True, "tables": True, "leader": True}
    assert health(empty, now()).ready
    with empty.begin() as connection:
        connection.execute(text("UPDATE leaders SET heard_at = '2026-06-01 00:00:00.000000'"))
    assert not health(empty, now()).ready
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert found() == {"store": True, "tables": False}
    leadership.release()


def test_a_store_that_cannot_be_reached_is_a_finding_without_its_password():
    found = health_at("postgresql://nostop:secret@127.0.0.1:1/nostop", now())
    assert not found.ready
    assert [check.name for check in found.checks] == ["store"]
    assert "secret" not in found.checks[0].found


def message(message_id: str, state: str, **values: object) -> dict[str, object]:
    return {
        "message_id": message_id,
        "campaign": "spring-26",
        "recipient_id": f"person-{message_id}",
        "scheme": "pension_credit",
        "step": 1,
        "kind": "letter",
        "language": "en",
        "run_id": "run-1",
        "state": state,
        "suppression": None,
        **values,
    }


def test_metrics_count_what_the_store_holds_and_name_nobody(store: Engine):
    at = datetime(2026, 6, 3, 12, tzinfo=UTC)
    run(store, started_at=at - timedelta(days=1))
    messages = [
        message("m1", "sent", claimed_at=at),
        message("m2", "sent", claimed_at=at, delivered_at=at),
        message("m3", "unknown", claimed_at=at - timedelta(hours=25)),
        message("m4", "unknown", claimed_at=at - timedelta(hours=23)),
    ]
    lists = [
        {"source": source, "loaded_at": at - timedelta(hours=hours), "rows": 9, "people": 9,
         "as_of": ON, "synthetic": True}
        for source, hours in (("deaths", 30), ("deaths", 6), ("objections", 8))
    ]  # fmt: skip
    feed = {"run_id": "run-1", "source": "hmrc_rti", "state": "ok", "reason": None, "file": None,
            "sha256": None, "rows_read": 1, "rows_good": 1, "rows_quarantined": 0, "as_of": ON,
            "fresh_until": date(2026, 6, 9)}  # fmt: skip
    with store.begin() as connection:
        for row in messages:
            connection.execute(insert(table_of(OutreachMessage)).values(row))
        connection.execute(insert(table_of(SuppressionList)), lists)
        connection.execute(insert(table_of(FeedFile)).values(feed))
    job = claim_by_hand(store, "nightly_run", "a", "Ann", now())
    finish(store, job, now(), Ended("done", 0))

    lines = metrics(store, at).decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    def figure(name: str) -> float:
        return float(figures.pop(name))

    assert figure('nostop_messages{campaign="spring-26",status="sent"}') == 1
    assert figure('nostop_messages{campaign="spring-26",status="delivered"}') == 1
    assert figure('nostop_messages{campaign="spring-26",status="unknown"}') == 2
    assert figure("nostop_messages_unknown_for_a_day") == 1
    six, eight = ((at - timedelta(hours=hours)).timestamp() for hours in (6, 8))
    assert figure('nostop_suppression_list_loaded_seconds{source="deaths"}') == six
    assert figure('nostop_suppression_list_loaded_seconds{source="objections"}') == eight
    assert figure("nostop_suppression_lists_oldest_seconds") == eight
    assert figure("nostop_audit_entries") == 1
    assert figure("nostop_runs") == 1
    assert figure("nostop_run_last_started_seconds") == (at - timedelta(days=1)).timestamp()
    assert figure('nostop_feed_used{feed="hmrc_rti"}') == 1
    fresh = datetime(2026, 6, 9, tzinfo=UTC).timestamp()
    assert figure('nostop_feed_fresh_until_seconds{feed="hmrc_rti"}') == fresh
    assert (
        abs(figure('nostop_job_last_success_seconds{job="nightly_run"}') - now().timestamp()) < 99
    )
    assert figure('nostop_job_state{job="nightly_run",state="done"}') == 1
    assert figures == {}
    assert not re.search("person|m1", "\n".join(lines))
    assert metrics(store, at) == metrics(store, at)


@pytest.fixture
def answers():
    state = {"live": True, "health": Health((Check("store", ok=True, found="answers"),))}
    asked = Asked(lambda: state["live"], lambda: state["health"], lambda: b"nostop_runs 1.0\n")
    endpoints = Endpoints(asked, 0)

    def get(path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", endpoints.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    yield state, get
    endpoints.stop()


def test_the_endpoints_say_what_is_well_and_what_is_not(answers):
    state, get = answers
    assert get("/health/live") == (200, "live\n")
    assert get("/metrics") == (200, "nostop_runs 1.0\n")
    status, body = get("/health/ready")
    assert (status, json.loads(body)) == (
        200,
        {"ready": True, "checks": {"store": {"ok": True, "found": "answers"}}},
    )
    state["live"] = False
    state["health"] = Health((Check("store", ok=False, found="does not answer"),))
    assert get("/health/live") == (503, "stuck\n")
    assert get("/health/ready")[0] == 503
    assert get("/")[0] == 404


def test_a_port_that_is_taken_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ScheduleError, match=f"port {port} cannot be had"):
            Endpoints(Asked(lambda: True, lambda: Health(()), lambda: b""), port)
