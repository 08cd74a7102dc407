from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import PluginError
from nostop.ports import Message, Receipt
from notifications.outbox import Outbox

MESSAGE = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="ann@example.org",
    subject="Pension Credit: news",
    body="Dear Ann\n\nHello.\n",
)


def send(folder: Path, *messages: Message) -> list[Receipt]:
    return list(Outbox(folder).send(messages))


def test_a_message_becomes_one_file(tmp_path: Path):
    folder = tmp_path / "out" / "box"
    assert send(folder, MESSAGE) == [Receipt("M0123456789", "sent", "M0123456789.txt", None)]
    assert [file.name for file in folder.iterdir()] == ["M0123456789.txt"]
    assert (folder / "M0123456789.txt").read_text("utf-8") == (
        "To: ann@example.org\nSubject: Pension Credit: news\nLanguage: en\n\nDear Ann\n\nHello.\n"
    )


def test_each_message_gets_one_receipt_in_order(tmp_path: Path):
    messages = [replace(MESSAGE, message_id=f"M000000{number}") for number in range(5)]
    messages[2] = replace(messages[2], body="")
    receipts = send(tmp_path, *messages)
    assert [receipt.message_id for receipt in receipts] == [m.message_id for m in messages]
    assert [receipt.status for receipt in receipts] == ["sent", "sent", "failed", "sent", "sent"]


def test_the_same_message_again_is_sent_and_not_written(tmp_path: Path):
    send(tmp_path, MESSAGE)
    before = (tmp_path / "M0123456789.txt").stat()
    assert send(tmp_path, MESSAGE)[0].status == "sent"
    after = (tmp_path / "M0123456789.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_another_text_under_the_same_id_fails_and_the_first_stays(tmp_path: Path):
    send(tmp_path, MESSAGE)
    (receipt,) = send(tmp_path, replace(MESSAGE, body="Something else\n"))
    assert (receipt.status, receipt.reason) == ("failed", "another_text_was_sent")
    assert "Hello." in (tmp_path / "M0123456789.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"message_id": "../../etc/passwd"}, "unfit: message_id"),
        ({"message_id": "/elsewhere/12345678"}, "unfit: message_id"),
        ({"message_id": "M1"}, "unfit: message_id"),
        ({"message_id": "M0123456789\n"}, "unfit: message_id"),
        ({"to": ""}, "unfit: to"),
        ({"to": "a@example.org\nBcc: b@example.org"}, "unfit: to"),
        ({"subject": "A\r\nBcc: b@example.org"}, "unfit: subject"),
        ({"subject": "A =?UTF-8?Q?=0A?=Bcc: injected@example.com"}, "unfit: subject"),
        ({"subject": "A =?UTF-8?B?Cg==?="}, "unfit: subject"),
        ({"subject": "A\u2028B"}, "unfit: subject"),
        ({"subject": "x" * 998}, "unfit: subject"),
        ({"language": "en\n"}, "unfit: language"),
        ({"body": ""}, "unfit: body"),
        ({"body": "a\x00b"}, "unfit: body"),
        ({"body": "a\rb"}, "unfit: body"),
        ({"body": "a\ud800b"}, "unfit: body"),
    ],
)
def test_a_message_that_is_unfit_fails_and_nothing_is_written(tmp_path, change, reason: str):
    (receipt,) = send(tmp_path, replace(MESSAGE, **change))
    assert (receipt.status, receipt.reason) == ("failed", reason)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_value_adds_a_line_to_the_head(tmp_path_factory, to: str, subject: str):
    folder = tmp_path_factory.mktemp("outbox")
    (receipt,) = send(folder, replace(MESSAGE, to=to, subject=subject))
    for file in folder.iterdir():
        assert receipt.status == "sent"
        head = file.read_text("utf-8").partition("\n\n")[0]
        assert [line.partition(":")[0] for line in head.splitlines()] == [
            "To",
            "Subject",
            "Language",
        ]


def test_a_file_that_cannot_be_written_is_a_failed_receipt(tmp_path: Path):
    (tmp_path / "M0123456789.txt").mkdir()
    (receipt,) = send(tmp_path, MESSAGE)
    assert (receipt.status, receipt.reason) == ("failed", "cannot_write: IsADirectoryError")
    assert [file.name for file in tmp_path.iterdir()] == ["M0123456789.txt"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PluginError, match="cannot make the folder"):
        send(tmp_path / "file" / "box", MESSAGE)


def test_nothing_is_written_before_it_is_asked_for(tmp_path: Path):
    Outbox(tmp_path / "box").send([MESSAGE])
    assert not (tmp_path / "box").exists()
