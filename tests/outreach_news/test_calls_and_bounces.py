from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.app.outreach.news import import_bounces, import_calls
from nostop.model import OutreachError, SettingsError
from nostop.store import read_table
from nostop.store.tables_outreach import ContactPoint
from tests.app.outreach.small import CAMPAIGN
from tests.outreach_news.campaigns import AT, BY, cases, id_of, send, sent, status, stops

CALLED = "2026-06-01 10:00"


def file_of(folder: Path, *rows: tuple[str, str]) -> Path:
    lines = [f"{id_of(who)},{outcome},{CALLED if outcome else ''}" for who, outcome in rows]
    file = folder / "calls.csv"
    file.write_text("\n".join(["message_id,outcome,called_at", *lines]), encoding="utf-8")
    return file


def test_what_a_team_reports_reaches_the_ledger(engine: Engine, tmp_path: Path):
    send(engine)
    file = file_of(tmp_path, ("ada", "reached"), ("bo", ""))
    done = import_calls(engine, file, BY)
    assert (done.taken.new, done.taken.moved, done.open) == (1, 1, 1)
    assert status(engine) == {"ada": "delivered", "bo": "sent"}
    assert import_calls(engine, file, BY).taken.new == 0


def test_who_asks_not_to_be_called_hears_no_more(engine: Engine, tmp_path: Path):
    send(engine)
    import_calls(engine, file_of(tmp_path, ("ada", "asked_not_to_be_called")), BY)
    assert stops(engine) == [("ada", "opted_out")]
    assert cases(engine) == []


def test_inv_06_a_reported_death_is_silence_and_a_case(engine: Engine, tmp_path: Path):
    send(engine)
    import_calls(engine, file_of(tmp_path, ("bo", "deceased_reported")), BY)
    assert stops(engine) == [("bo", "reported_deceased")]
    assert cases(engine) == [("review", "reported_deceased", "bo", "open")]


def test_a_file_with_a_mistake_changes_nothing(engine: Engine, tmp_path: Path):
    send(engine)
    with pytest.raises(OutreachError, match="nothing of this file was taken"):
        import_calls(engine, file_of(tmp_path, ("ada", "reached"), ("bo", "reachd")), BY)
    assert status(engine) == {"ada": "sent", "bo": "sent"}


def bounce(who: str, code: str = "5.1.1") -> bytes:
    status_part = (
        f"Reporting-MTA: dns; mail.example.org\r\nOriginal-Envelope-Id: {id_of(who)}\r\n\r\n"
        f"Final-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: {code}\r\n"
    )
    raw = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=edge\r\n\r\n"
        "--edge\r\nContent-Type: text/plain\r\n\r\nIt came back.\r\n"
        f"--edge\r\nContent-Type: message/delivery-status\r\n\r\n{status_part}\r\n--edge--\r\n"
    )
    return raw.encode()


SMTP = """  - use: smtp
    settings:
      {{host: "127.0.0.1", port: 2525, security: none, from_address: "a@example.org"}}
"""


def test_mail_that_came_back_fails_its_message_and_stops_its_address(fresh: Engine, tmp_path: Path):
    text = CAMPAIGN.replace("hours:", SMTP + "hours:")
    sent(fresh, tmp_path, {"who": "ada"}, text=text)
    mails = tmp_path / "mails" / "new"
    mails.mkdir(parents=True)
    (mails / "1").write_bytes(bounce("ada"))
    (mails / "2").write_bytes(b"Subject: Hello\r\n\r\nnobody's business")
    done = import_bounces(fresh, mails.parent, "smtp", BY)
    assert (done.new, done.moved) == (1, 1)
    assert status(fresh) == {"ada": "failed"}
    assert read_table(fresh, ContactPoint)["bad_since"].to_list() == [AT]
    assert stops(fresh) == []
    assert import_bounces(fresh, mails.parent, "smtp", BY).new == 0
    with pytest.raises(SettingsError, match="no such file"):
        import_bounces(fresh, tmp_path / "none", "smtp", BY)


def test_a_channel_that_reads_no_mail_is_told(engine: Engine, tmp_path: Path):
    with pytest.raises(SettingsError, match="cannot read an e-mail"):
        import_bounces(engine, tmp_path, "outbox", BY)
    with pytest.raises(SettingsError, match="no campaign sends by it"):
        import_bounces(engine, tmp_path, "smtp", BY)
