"""Logs and errors: what happened, and nothing of whom it happened to (INV 37)."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import Engine, text

from nostop import logs, outreach
from nostop.app.opened import opened
from nostop.cli import main
from nostop.model import SettingsError, StoreError
from nostop.ports import Message
from nostop.redaction import REDACTED, redacted, told, where_it_broke, without_personal
from nostop.store import tables_outreach
from nostop.store.rows import put
from notifications.outbox import Outbox
from tests.canaries import CANARIES

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


def lines(written: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.splitlines()]


def no_canary_in(written: str) -> None:
    hits = [name for name, value in CANARIES.items() if value in written]
    assert hits == []


# --- what a line holds --------------------------------------------------------------------------


def test_a_line_is_json_with_who_when_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    logs.logger("store").info("messages claimed", campaign="c1", count=3, seconds=0.25)
    (line,) = lines(capsys.readouterr().err)
    assert datetime.fromisoformat(str(line.pop("at"))).tzinfo is not None
    assert line == {
        "campaign": "c1",
        "count": 3,
        "event": "messages claimed",
        "level": "info",
        "logger": "nostop.store",
        "seconds": 0.25,
    }


def test_a_library_is_told_by_place_and_never_by_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("debug")
    logging.getLogger("sqlalchemy.engine").warning("row %s", CANARIES["surname"])
    (line,) = lines(capsys.readouterr().err)
    assert str(line.pop("place")).startswith("tests/test_logs.py:")
    assert line == {"event": logs.WITHHELD, "level": "warning", "library": "sqlalchemy.engine"}


def test_an_error_is_told_by_class_and_place_and_its_message_only_if_it_is_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up()
    log = logs.logger("app")
    try:
        of_a_value(CANARIES["surname"])
    except RuntimeError:
        log.exception("broke")
    ours = StoreError("store: 2 values of contact_points.value are not fit to be stored")
    log.error("refused", exc_info=ours)
    first, second = lines(capsys.readouterr().err)
    assert first["error"] == "RuntimeError"
    assert "message" not in first
    assert str(first["place"]).startswith("tests/test_logs.py:")
    assert second["error"] == "nostop.model.StoreError"
    assert second["message"] == "store: 2 values of contact_points.value are not fit to be stored"


def test_nothing_below_the_level_is_written_and_an_unknown_level_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("warning")
    logs.logger("store").info("claimed")
    assert capsys.readouterr().err == ""
    logs.set_up("info")
    logs.logger("store").info("claimed")
    assert len(lines(capsys.readouterr().err)) == 1
    with pytest.raises(SettingsError, match="none of debug, info"):
        logs.set_up("loud")


def test_a_full_disk_under_stderr_stops_nobodys_work() -> None:
    script = (
        "from nostop import logs; logs.set_up(); "
        "logs.logger('store').info('claimed', count=1); print('went on')"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.stdout == b"went on\n"


def test_without_set_up_a_logger_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logs.logger("store").error("broke", count=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("campaign", "winter-2026", "winter-2026"),
        ("message_id", "m_0123456789abcdef0123456789abcdef", "m_0123456789abcdef0123456789abcdef"),
        ("run_id", "Sabc.20260601T090000.000000", "Sabc.20260601T090000.000000"),
        ("effective_on", date(2026, 6, 1), "2026-06-01"),
        ("rows", 12, 12),
        ("reason", None, None),
        ("surname", "Example", REDACTED),
        ("born_on", date(1951, 2, 28), REDACTED),
        ("reason", "Zoë", REDACTED),
        ("reason", ["a list"], REDACTED),
        ("reason", "wrote to a.b@example.org", REDACTED),
        ("reason", "call 07700 900123 now", f"call {REDACTED} now"),
        ("reason", "QQ 12 34 56 C", REDACTED),
        ("reason", "at ZZ99 9ZZ", f"at {REDACTED}"),
        ("reason", "born 1951-02-28", f"born {REDACTED}"),
        ("reason", "born 28/02/1951", f"born {REDACTED}"),
    ],
)
def test_a_value_passes_by_its_key_and_its_form(key: str, value: object, shown: object) -> None:
    assert redacted(key, value) == shown


def test_a_password_in_an_address_is_replaced() -> None:
    said = without_personal("cannot open postgresql://nostop:secret@db/nostop")
    assert "secret" not in said


# --- INV 37: faults -----------------------------------------------------------------------------


def of_the_key_twice(engine: Engine) -> None:
    person = {"person_id": "P1", "kind": "email", "value": CANARIES["email"]}
    with engine.begin() as connection:
        put(connection, tables_outreach.ContactPoint, pl.DataFrame([person, person]))


def of_a_missing_column(engine: Engine) -> None:
    values = {"who": CANARIES["nino"], "name": CANARIES["surname"]}
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO recipients (person_id, surname) VALUES (:who, :name)"), values
        )


def of_a_missing_table(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT '{CANARIES['surname']}' FROM nobody")  # noqa: S608


def of_rendering(_: Engine) -> None:
    list(outreach.as_messages(pl.DataFrame({"to": list(CANARIES.values())})))


def of_a_channel(folder: Path) -> None:
    (folder / "file").write_text("")
    message = Message("m-1", "P1", "s", "en", CANARIES["email"], CANARIES["subject"], "b")
    list(Outbox(folder / "file").send([message]))


def of_the_network(_: Engine) -> None:
    httpx.get(f"http://127.0.0.1:1/{CANARIES['surname']}?to={CANARIES['email']}", timeout=1)


def of_a_value(value: str) -> None:
    raise RuntimeError(f"the value was {value!r}")


def caught(act: Callable[[Any], None], of: object) -> Exception:
    try:
        act(of)
    except Exception as error:  # noqa: BLE001 - whatever it is, it may not tell
        return error
    raise AssertionError("nothing broke")


def faults(folder: Path) -> Iterator[Exception]:
    """Break the store, rendering, a channel and the network, each on a row of the canary's."""
    acts = (of_the_key_twice, of_a_missing_column, of_a_missing_table, of_rendering, of_the_network)
    with opened(f"sqlite:///{folder / 'store.db'}") as engine:
        for act in acts:
            yield caught(act, engine)
    yield caught(of_a_channel, folder)
    for value in CANARIES.values():
        yield caught(of_a_value, value)


@pytest.mark.parametrize("level", ["debug", "info"])
def test_inv_37_no_fault_puts_anybody_in_the_logs(
    level: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(level)
    log = logs.logger("canary")
    seen = 0
    for error in faults(tmp_path):
        seen += 1
        log.error("a fault was met", exc_info=error, **CANARIES)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.stderr.write(where_it_broke(error))
        no_canary_in(json.dumps(dict(told(error))))
        for name in ("httpx", "httpcore", "sqlalchemy.engine.Engine", "apscheduler.scheduler",
                     "asyncssh", "weasyprint", "fontTools", "nostop.raw"):  # fmt: skip
            library = logging.getLogger(name)
            for value in CANARIES.values():
                library.debug("debug %s", value)
                library.warning(f"warning {value}")
            library.error("failed", exc_info=error)
    assert seen == len(CANARIES) + 6 == 36
    captured = capsys.readouterr()
    assert captured.err.count("a fault was met") == seen
    no_canary_in(captured.err + captured.out)


def test_inv_37_an_uncaught_error_of_a_thread_tells_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up()

    def break_down() -> None:
        raise RuntimeError(CANARIES["surname"])

    thread = threading.Thread(target=break_down)
    thread.start()
    thread.join()
    (line,) = lines(capsys.readouterr().err)
    assert line["event"] == "a thread was stopped by an error"
    assert line["error"] == "RuntimeError"


def test_inv_37_a_command_that_breaks_prints_the_way_and_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(CANARIES["surname"])

    monkeypatch.setattr("nostop.cli.app", broken)
    with pytest.raises(SystemExit) as ended:
        main(["run"])
    assert ended.value.code == 1
    written = capsys.readouterr().err
    assert "RuntimeError" in written
    assert "tests/test_logs.py:" in written
    no_canary_in(written)
