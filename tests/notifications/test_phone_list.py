import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nostop import plugins
from nostop.model import PluginError
from nostop.outreach.phone_outcomes import read
from nostop.ports import Message, Receipt
from nostop.testing import check_channel

MESSAGE = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="+447700900123",
    subject="",
    body="Ask for them by name.\n",
    name="Ann Lee",
)


def send(folder: Path, *messages: Message, **settings: object) -> list[Receipt]:
    made = plugins.channel("phone_list", {"folder": folder, **settings})
    return list(made.send(messages))


def rows_of(batch: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((batch / "list.csv").read_text("utf-8").splitlines()))


def test_messages_become_one_list_with_a_script_for_each_text(tmp_path: Path):
    other = replace(MESSAGE, message_id="M0000000002", to="07700 900456")
    welsh = replace(MESSAGE, message_id="M0000000003", language="cy", body="Gofynnwch.\n")
    receipts = send(tmp_path, MESSAGE, other, welsh, call_from="10:00", call_until="17:30")
    assert {receipt.status for receipt in receipts} == {"sent"}
    batch = tmp_path / str(receipts[0].reference)
    assert re.fullmatch("list-[0-9a-f]{32}", batch.name)
    rows = rows_of(batch)
    assert rows[0] | {"script": ""} == {
        "message_id": "M0123456789",
        "name": "Ann Lee",
        "telephone": "'+447700900123",
        "language": "en",
        "scheme": "pension_credit",
        "script": "",
        "call_from": "10:00",
        "call_until": "17:30",
        "outcome": "",
        "called_at": "",
    }
    assert rows[0]["script"] == rows[1]["script"] != rows[2]["script"]
    assert (batch / rows[2]["script"]).read_text("utf-8") == "Gofynnwch.\n"
    assert len(list(batch.iterdir())) == 4
    assert json.loads((batch / "manifest.json").read_bytes())["messages"] == [
        "M0123456789",
        "M0000000002",
        "M0000000003",
    ]


def test_it_keeps_the_promises_of_a_channel(tmp_path: Path):
    made = plugins.channel("phone_list", {"folder": tmp_path})
    bad = replace(MESSAGE, message_id="M0000000002", to="12")
    assert check_channel(made, MESSAGE, bad).status == "sent"
    assert (made.kind, made.at_once) == ("voice", 200)


def test_only_its_owner_can_read_a_list(tmp_path: Path):
    (receipt,) = send(tmp_path / "out", MESSAGE)
    batch = tmp_path / "out" / str(receipt.reference)
    modes = {path.stat().st_mode & 0o777 for path in batch.iterdir()}
    assert (modes, batch.stat().st_mode & 0o777) == ({0o600}, 0o700)


@pytest.mark.parametrize("name", ["=1+1", "+Ann", "-Ann", "@Ann", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(tmp_path: Path, name: str):
    (receipt,) = send(tmp_path, replace(MESSAGE, name=name))
    (row,) = rows_of(tmp_path / str(receipt.reference))
    assert row["name"] == f"'{name}"


@pytest.mark.parametrize(
    ("change", "reason", "bad_contact"),
    [
        ({"to": ""}, "unfit: to", True),
        ({"to": "ann@example.org"}, "unfit: to", True),
        ({"to": "07700 900123\n"}, "unfit: to", True),
        ({"name": ""}, "unfit: name", False),
        ({"name": "A\tB"}, "unfit: name", False),
        ({"body": ""}, "unfit: body", False),
        ({"message_id": "M1"}, "unfit: message_id", False),
    ],
)
def test_a_message_nobody_can_call_about_fails(tmp_path, change, reason: str, bad_contact: bool):
    (receipt,) = send(tmp_path, replace(MESSAGE, **change))
    assert (receipt.status, receipt.reason, receipt.bad_contact) == ("failed", reason, bad_contact)
    assert list(tmp_path.glob("list-*")) == []


def test_inv_01_nobody_is_on_two_lists_for_one_message(tmp_path: Path):
    (first,) = send(tmp_path, MESSAGE)
    again, new, same = send(
        tmp_path,
        replace(MESSAGE, body="Other words.\n"),
        *[replace(MESSAGE, message_id="M0000000002")] * 2,
    )
    assert again == first
    assert new == same
    assert new.reference != first.reference
    assert [row["message_id"] for row in rows_of(tmp_path / str(new.reference))] == ["M0000000002"]


def test_a_folder_that_cannot_be_used_takes_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    (receipt,) = send(tmp_path / "file" / "x", MESSAGE)
    assert (receipt.status, receipt.stop) == ("not_taken", True)


@pytest.mark.parametrize(
    "hours",
    [
        {"call_from": "10:00"},
        {"call_until": "10:00"},
        {"call_from": "17:00", "call_until": "10:00"},
        {"call_from": "10:00", "call_until": "10:00"},
    ],
)
def test_hours_that_make_no_span_are_refused(tmp_path: Path, hours):
    with pytest.raises(PluginError, match="expected call_from before call_until"):
        send(tmp_path, **hours)


def test_what_the_team_fills_in_is_read_as_outcomes(tmp_path: Path):
    (receipt,) = send(tmp_path, MESSAGE)
    file = tmp_path / str(receipt.reference) / "list.csv"
    text = file.read_text("utf-8")
    filled = tmp_path / "back.csv"
    filled.write_text(text.replace(",,,,\n", ",,,reached,2026-11-22 14:30\n"), encoding="utf-8")
    now = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    assert read(file, at=now).open == 1
    assert read(filled, at=now).receipts == (Receipt("M0123456789", "delivered", None, "reached"),)
