"""The commands as an official meets them."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.events import short_reference
from nostop.store import read_table
from nostop.store.tables_events import Case
from tests.app.outreach.small import write_run
from tests.cli.conftest import Nostop
from tests.outreach_news.campaigns import id_of, send
from tests.outreach_news.test_outcomes import CLAIMED, newer


@pytest.fixture(autouse=True)
def of_this_store(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOSTOP_DATABASE_URL", str(engine.url))


def test_a_case_is_opened_shown_and_closed(engine: Engine, nostop: Nostop):
    reference = short_reference(id_of("ada"))
    assert "a case is open" in nostop("outreach", "wrong", reference, "--by", "Bo").out
    case_id = read_table(engine, Case)["case_id"].item()
    shown = nostop("outreach", "cases", "--by", "Bo").out
    assert "person_says_wrong" in shown
    done = nostop("outreach", "close-case", case_id, "--reason", "looked_at", "--by", "Bo")
    assert done.out == f"{case_id}: closed; 0 messages need wait no longer\n"
    again = nostop("outreach", "close-case", case_id, "--reason", "looked_at", "--by", "Bo")
    assert (again.code, "a case that is closed may become open" in again.err) == (2, True)


def test_a_reason_is_given_and_taken_back(nostop: Nostop):
    said = ("ada", "--reason", "opted_out", "--by", "Bo")
    nostop("outreach", "suppress", *said)
    assert nostop("outreach", "lift-suppression", *said).out == "ada: opted_out is taken back\n"
    assert nostop("outreach", "lift-suppression", *said).out == "ada: opted_out was not there\n"


def test_what_followed_is_looked_for_and_shown(engine: Engine, nostop: Nostop, tmp_path: Path):
    send(engine)
    assert "Nobody has looked yet" in nostop("outreach", "results", "spring").out
    run = newer(tmp_path, {"who": "ada"} | CLAIMED, ada={})
    assert nostop("outreach", "outcomes", "--run", run).out == "1 claimed, 0 refused: new\n"
    shown = nostop("outreach", "results", "spring").out
    assert "under 10" in shown
    assert "No holdout: nothing can be said" in shown
    bare = write_run(tmp_path / "bare", {"who": "ada"})
    refused = nostop("outreach", "outcomes", "--run", bare)
    assert (refused.code, "awards.parquet: is missing" in refused.err) == (2, True)


def test_life_events_are_acted_on(engine: Engine, nostop: Nostop):
    send(engine)
    said = nostop("outreach", "act-on-signals").out
    assert said.startswith("2 messages told to the log of life events\n")


def test_calls_are_taken_in(engine: Engine, nostop: Nostop, tmp_path: Path):
    send(engine)
    file = tmp_path / "calls.csv"
    rows = f"message_id,outcome,called_at\n{id_of('ada')},reached,2026-06-01 10:00\n"
    file.write_text(rows, encoding="utf-8")
    done = nostop("outreach", "import-calls", file, "--by", "Bo")
    assert done.out.startswith("1 new; 1 messages moved on, 0 people are not written to any more")


def test_callbacks_need_a_secret_and_stay_on_this_machine(
    nostop: Nostop, monkeypatch: pytest.MonkeyPatch
):
    for name in ("GOVUK_NOTIFY_CALLBACK_TOKEN", "UNSUBSCRIBE_SECRET"):
        monkeypatch.delenv(f"NOSTOP_{name}", raising=False)
    assert "set NOSTOP_GOVUK_NOTIFY_CALLBACK_TOKEN" in nostop("outreach", "callbacks").err
    assert "plain HTTP" in nostop("outreach", "callbacks", "--host", "0.0.0.0").err  # noqa: S104
    monkeypatch.setenv("NOSTOP_UNSUBSCRIBE_SECRET", "tooshortbutsecret")
    told = nostop("outreach", "callbacks").err
    assert "32 characters or more" in told
    assert "tooshort" not in told
