"""The ledger is the truth: every message that was accepted is in it, and none is twice one."""

import csv
import io
import re
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from nostop.model import StoreError
from nostop.notify_simulator import EMAIL_TEMPLATE, TEXT_TEMPLATE, Settings, running
from tests.notify_simulator.conftest import Running, token

EMAIL = {
    "email_address": "someone@example.org",
    "template_id": EMAIL_TEMPLATE,
    "personalisation": {"subject": "A", "body": "B"},
}


def test_the_same_reference_twice_is_two_messages(simulator: Running) -> None:
    for reference in ("m-1", "m-2", "m-1"):
        assert simulator.post("notifications/email", {**EMAIL, "reference": reference}).is_success
    assert simulator.post("notifications/email", EMAIL).status_code == 201
    assert simulator.ledger() == {
        "accepted": 4,
        "by_type": {"email": 4},
        "without_reference": 1,
        "references": 2,
        "duplicates": {"m-1": 2},
        "by_reference": {"m-1": 2, "m-2": 1},
    }


def test_senders_at_the_same_time_are_each_in_the_ledger(simulator: Running) -> None:
    def send(reference: str) -> tuple[int, str]:
        answer = simulator.post("notifications/email", {**EMAIL, "reference": reference})
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(send, [f"m-{number}" for number in range(60)]))
    assert {status for status, _ in answers} == {201}
    rows = simulator.http.get("/_control/ledger/rows").json()["rows"]
    assert {row["id"] for row in rows} == {found for _, found in answers}
    assert [row["position"] for row in rows] == list(range(1, 61))
    assert simulator.ledger()["duplicates"] == {}


def test_a_row_holds_all_that_was_accepted(simulator: Running) -> None:
    sent = simulator.post("notifications/email", {**EMAIL, "reference": "m-1"}).json()
    (row,) = simulator.http.get("/_control/ledger/rows").json()["rows"]
    assert row["id"] == sent["id"]
    assert (row["recipient"], row["subject"], row["body"]) == ("someone@example.org", "A", "B")
    assert row["personalisation"] == '{"subject": "A", "body": "B"}'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["accepted_at"])
    after = simulator.http.get("/_control/ledger/rows", params={"after": row["position"]}).json()
    assert after == {"rows": []}


def test_the_ledger_as_csv_is_safe_in_a_spreadsheet(simulator: Running) -> None:
    words = {"subject": "A", "body": '=HYPERLINK("https://example.org")'}
    simulator.post("notifications/email", {**EMAIL, "personalisation": words})
    text = simulator.http.get("/_control/ledger.csv").text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["position"], row["body"]) == ("1", '\'=HYPERLINK("https://example.org")')


def test_a_smoke_message_is_in_the_ledger_and_nowhere_else(simulator: Running) -> None:
    body = {"phone_number": "07700900111", "template_id": TEXT_TEMPLATE}
    sent = simulator.post("notifications/sms", {**body, "personalisation": {"body": "A"}})
    assert sent.status_code == 201
    assert simulator.get(f"notifications/{sent.json()['id']}").status_code == 404
    assert simulator.get("notifications").json()["notifications"] == []
    assert simulator.ledger()["accepted"] == 1


def test_all_that_was_answered_is_there_after_a_sigkill(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    command = "from nostop.cli import main; main()"
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", command, "notify-simulator", "--port=0", f"--ledger={ledger}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        url = process.stdout.readline().strip().partition("=")[2]
        answered = []
        headers = {"Authorization": f"Bearer {token()}"}
        with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
            for number in range(20):
                body = {**EMAIL, "reference": f"m-{number}"}
                answered.append(http.post("/v2/notifications/email", json=body).json()["id"])
            process.send_signal(signal.SIGKILL)
        process.wait()
    with running(Settings(ledger=ledger)) as again, httpx.Client(base_url=again) as http:
        rows = http.get("/_control/ledger/rows").json()["rows"]
        found = http.get(
            f"/v2/notifications/{answered[0]}", headers={"Authorization": f"Bearer {token()}"}
        )
    assert [row["id"] for row in rows] == answered
    assert found.json()["reference"] == "m-0"


def test_what_was_set_by_a_control_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(ledger=tmp_path / "ledger.sqlite")
    with running(settings) as url, httpx.Client(base_url=url) as http:
        http.post("/_control/clock", json={"frozen": True})
        http.post("/_control/clock", json={"advance_seconds": 86_400})
        before = http.get("/_control").json()["clock"]
        key = http.post("/_control/keys", json={"name": "mine", "kind": "test"}).json()
    with running(settings) as url, httpx.Client(base_url=url) as http:
        after = http.get("/_control").json()
    assert after["clock"] == before
    assert key in after["api_keys"]


def test_a_database_of_another_program_is_never_written_to(tmp_path: Path) -> None:
    other = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE people (id TEXT)")
    before = other.read_bytes()
    with pytest.raises(StoreError, match="database of another program"), running(Settings(other)):
        pass
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all " * 100)
    with pytest.raises(StoreError, match="is no ledger"), running(Settings(text)):
        pass
    assert other.read_bytes() == before
