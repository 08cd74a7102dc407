from datetime import UTC, datetime
from pathlib import Path

import pytest

from nostop.model import OutreachError
from nostop.outreach.phone_outcomes import PhoneOutcomes, read
from nostop.ports import Receipt

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
HEADER = "message_id,outcome,called_at\n"


def outcomes(folder: Path, text: str | bytes) -> PhoneOutcomes:
    file = folder / "calls.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(file, at=NOW)


def test_each_outcome_says_what_became_of_the_message(tmp_path: Path):
    rows = [
        "M00000001,reached,2026-11-22 14:30",
        "M00000002,no_answer,2026-11-22 14:31",
        "M00000003,wrong_number,2026-11-22 14:32",
        "M00000004,asked_not_to_be_called,2026-11-22 14:33",
        "M00000005,deceased_reported,2026-11-22 14:34",
        "M00000006,call_back,2026-11-22 14:35",
        "M00000007,,",
    ]
    found = outcomes(tmp_path, HEADER + "\n".join(rows) + "\n")
    assert found.receipts == (
        Receipt("M00000001", "delivered", None, "reached"),
        Receipt("M00000002", "failed", None, "no_answer"),
        Receipt("M00000003", "failed", None, "wrong_number", bad_contact=True),
        Receipt("M00000004", "delivered", None, "asked_not_to_be_called"),
        Receipt("M00000005", "failed", None, "for_review"),
        Receipt("M00000006", "sent", None, "call_back"),
    )
    assert (found.opted_out, found.holds, found.open) == (("M00000004",), ("M00000005",), 1)
    assert found.called_at["M00000001"] == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def test_inv_06_a_reported_death_is_a_hold_and_never_content(tmp_path: Path):
    found = outcomes(tmp_path, HEADER + "M00000005,deceased_reported,2026-11-22 14:34\n")
    assert found.holds == ("M00000005",)
    assert "deceased" not in repr(found.receipts)
    assert found.opted_out == ()


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-07-01 10:00", datetime(2026, 7, 1, 9, tzinfo=UTC)),
        ("2026-11-22T10:00:05", datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)),
        ("2026-11-22T10:00+02:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T10:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-10-25T01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_clock_of_the_united_kingdom(tmp_path: Path, written: str, utc: datetime):
    found = outcomes(tmp_path, HEADER + f"M00000001,reached,{written}\n")
    assert found.called_at == {"M00000001": utc}


def test_columns_of_the_list_itself_may_stay(tmp_path: Path):
    text = (
        "\ufeffmessage_id,name,telephone,outcome,called_at\r\n"
        "'-0000001,\"O'Hara, \nAnn\",'+447700900123, reached ,2026-11-22 14:30\r\n\r\n"
        ",,,,\r\n"
    )
    assert [receipt.message_id for receipt in outcomes(tmp_path, text).receipts] == ["-0000001"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("M1,reached,2026-11-22 14:30", ":2: message_id: is no id of a message"),
        ("../../etc,reached,2026-11-22 14:30", ":2: message_id: is no id"),
        ("M00000001,reach,2026-11-22 14:30", ":2: outcome: .*did you mean 'reached'"),
        ("M00000001,,2026-11-22 14:30", ":2: outcome: expected one of"),
        ("M00000001,reached,", ":2: called_at: expected a day and time"),
        ("M00000001,reached,22/11/2026 14:30", ":2: called_at: expected a day and time"),
        ("M00000001,reached,2026-02-30 14:30", ":2: called_at: is no day"),
        ("M00000001,reached,2026-11-22 18:01", ":2: called_at: lies in the future"),
        ("M00000001,reached,2026-10-25 01:30", ":2: called_at: .*clocks change"),
        ("M00000001,reached,2026-03-29 01:30", ":2: called_at: .*clocks change"),
        ("M00000001,reached", "row 2: 2 cells, the first has 3"),
        ('M00000001,"reached,2026-11-22 14:30', "not CSV"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column(tmp_path: Path, row: str, message: str):
    with pytest.raises(OutreachError, match=message):
        outcomes(tmp_path, HEADER + row + "\n")


def test_nothing_of_a_file_with_a_bad_row_is_taken_and_all_are_named(tmp_path: Path):
    good = "M00000001,reached,2026-11-22 14:30\n"
    bad = "M00000001,gone,2026-11-22 14:30\n"
    with pytest.raises(OutreachError, match="nothing of this file was taken") as caught:
        outcomes(tmp_path, HEADER + good + bad * 15)
    said = str(caught.value)
    assert ":3: message_id: is there twice" in said
    assert ":3: outcome" in said
    assert said.endswith("... and 10 more")


def test_inv_37_an_error_repeats_nothing_that_was_typed(tmp_path: Path):
    typed = "Ann Canary 07700 900123"
    with pytest.raises(OutreachError) as caught:
        outcomes(tmp_path, HEADER + f"{typed},{typed},{typed}\n")
    assert "Canary" not in str(caught.value)
    assert "07700" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", ":1: expected one column 'message_id'"),
        (b"message_id,outcome\n", "one column 'called_at'.*found 0"),
        (b"message_id;outcome;called_at\n", "separated by commas"),
        (b"message_id,outcome,outcome,called_at\n", "one column 'outcome'.*found 2"),
        (HEADER.encode("utf-16"), "not UTF-8"),
        (b"message_id,outcome,called_at\nM00000001\0,reached,x\n", "zero byte"),
        (b"x" * 5_000_001, "at most 5000000"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: bytes, message: str):
    with pytest.raises(OutreachError, match=message):
        outcomes(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(OutreachError, match="cannot be read: FileNotFoundError"):
        read(tmp_path / "none.csv", at=NOW)
