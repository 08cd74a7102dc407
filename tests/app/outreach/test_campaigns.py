"""A campaign from a finished run to an outbox: planned by one, approved by another, sent once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from nostop import store
from nostop.app import outreach
from nostop.app.outreach.campaigns import known_campaign
from nostop.app.outreach.channels import Channels
from nostop.app.outreach.sending import Sender
from nostop.app.outreach.sending import send as send_now
from nostop.hours import read_bank_holidays
from nostop.model import StoreError
from nostop.ports import Message, Receipt
from nostop.rulebook import default_rules_dir
from nostop.store import Act
from tests.app.outreach.small import CAMPAIGN, TODAY, write_campaign, write_run

AT = datetime.fromisoformat(TODAY)
RULES = default_rules_dir()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = store.open_store(f"sqlite:///{tmp_path / 'store.db'}")
    store.upgrade(engine)
    yield engine
    engine.dispose()


def plan(engine: Engine, folder: Path, more: str = "", at: datetime = AT) -> outreach.Planned:
    file = write_campaign(folder, more)
    return outreach.plan_campaign(engine, file, folder / "run", Act("Ada", at), RULES)


def approved(engine: Engine, folder: Path, more: str = "") -> None:
    plan(engine, folder, more)
    outreach.approve(engine, "spring", Act("Bo", AT))


def send(engine: Engine, at: datetime = AT) -> outreach.Outcome:
    return outreach.send_campaign(engine, "spring", RULES, lambda: at)


def letters(folder: Path) -> list[str]:
    return sorted(file.read_text(encoding="utf-8") for file in (folder / "outbox").glob("*.txt"))


def why(engine: Engine) -> dict[str, str]:
    rows = store.messages_of(engine, "spring")
    return dict(rows.select("recipient_id", pl.col("suppression").fill_null("")).iter_rows())


def test_what_was_planned_and_approved_is_sent_once(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"}, {"who": "bo", "language": "cy"})
    assert plan(engine, tmp_path).statuses["planned"] == 2
    outreach.approve(engine, "spring", Act("Bo", AT))
    assert send(engine).sent.words == {"sent": 2}
    assert send(engine).sent.words == {}
    found = letters(tmp_path)
    assert [letter.splitlines()[0] for letter in found] == [
        "To: ada@example.org",
        "To: bo@example.org",
    ]
    assert "Credyd Pensiwn" in found[1]


def test_nothing_is_sent_before_somebody_else_approves(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"})
    plan(engine, tmp_path)
    with pytest.raises(StoreError, match="somebody else has to approve"):
        outreach.approve(engine, "spring", Act("ada", AT))
    assert send(engine).sent.stopped == "nobody has approved this plan"
    assert letters(tmp_path) == []


def test_inv_16_another_plan_needs_another_approval(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"})
    approved(engine, tmp_path)
    write_run(tmp_path / "run", {"who": "ada"}, {"who": "bo"})
    plan(engine, tmp_path, at=AT + timedelta(minutes=1))
    assert send(engine, AT + timedelta(minutes=2)).sent.stopped == "nobody has approved this plan"
    assert letters(tmp_path) == []


def test_inv_16_the_same_plan_keeps_its_approval(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"})
    approved(engine, tmp_path)
    plan(engine, tmp_path, at=AT + timedelta(minutes=1))
    assert send(engine, AT + timedelta(minutes=2)).sent.words == {"sent": 1}


def test_inv_16_words_that_changed_since_the_approval_are_not_sent(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"})
    approved(engine, tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE recipients SET first_name = 'Eve'"))
    assert send(engine).sent.words == {}
    assert why(engine) == {"ada": "changed_since_approval"}
    assert letters(tmp_path) == []


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ({"is_deceased": True}, "deceased"),
        ({"opted_out": True}, "opted_out"),
        ({"protected_address": True}, "protected_address"),
        ({"safeguarding_hold": True}, "safeguarding_hold"),
        ({"has_recourse_to_public_funds": False}, "no_recourse_to_public_funds"),
        ({"confidence": 0.9}, "weak_link"),
        ({"claimed": None}, "receipt_unknown"),
        ({"email": None}, "no_contact_details"),
        ({"first_name": "a\nb"}, "unfit_details"),
    ],
)
def test_inv_07_whom_a_campaign_does_not_write_to(
    engine: Engine, tmp_path: Path, who: dict[str, object], reason: str
):
    write_run(tmp_path / "run", {"who": "ada"} | who, {"who": "bo"})
    approved(engine, tmp_path)
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": reason, "bo": ""}


@pytest.mark.parametrize(
    ("more", "who", "planned"),
    [
        ("audience: {kinds: [worth_asking]}", {}, 0),
        ("audience: {pounds_a_year_at_least: 4576}", {"amount_low": 8800}, 1),
        ("audience: {pounds_a_year_at_least: 4577}", {"amount_low": 8800}, 0),
        ("audience: {pounds_a_year_at_least: 1}", {"amount_low": None}, 0),
        ("audience: {nations: [wales]}", {}, 0),
        ("audience: {nations: [england]}", {}, 1),
        ("audience: {nations: [england]}", {"nation": None}, 0),
        ("audience: {local_authorities: [E07000998]}", {}, 0),
        ("audience: {local_authorities: [E07000999]}", {}, 1),
        ("audience: {confidence_at_least: 99.5%}", {}, 0),
    ],
)
def test_the_audience_is_chosen_by_what_is_known(
    engine: Engine, tmp_path: Path, more: str, who: dict[str, object], planned: int
):
    write_run(tmp_path / "run", {"who": "ada"} | who)
    assert plan(engine, tmp_path, more).statuses["planned"] == planned


def test_inv_08_without_the_register_nobody_is_written_to(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"}, may_write_to_people=False)
    approved(engine, tmp_path)
    assert why(engine) == {"ada": "register_unknown"}
    assert "is empty" in str(send(engine).sent.stopped)


def test_inv_11_outside_production_only_the_allow_list_is_reached(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_run(tmp_path / "run", {"who": "ada"}, {"who": "bo", "email": "bo@example.com"})
    approved(engine, tmp_path)
    done = send(engine)
    assert (done.sent.words, done.sent.not_allowed) == ({"sent": 1}, 1)
    assert store.count_statuses(engine, "spring")["planned"] == 1
    monkeypatch.setenv("NOSTOP_ENVIRONMENT", "production")
    assert send(engine).sent.words == {"sent": 1}


@pytest.mark.parametrize("said", ["", "Production", "prod", "test", " production"])
def test_inv_11_anything_but_the_very_word_is_not_production(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
):
    monkeypatch.setenv("NOSTOP_ENVIRONMENT", said)
    write_run(tmp_path / "run", {"who": "bo", "email": "bo@example.com"})
    approved(engine, tmp_path)
    assert send(engine).sent.words == {}


def test_inv_13_outside_its_hours_a_campaign_waits(engine: Engine, tmp_path: Path):
    hours = 'hours: {from: "09:00", until: "17:00", days: [monday]}'
    write_run(tmp_path / "run", {"who": "ada"})
    file = write_campaign(
        tmp_path,
        text=CAMPAIGN.replace("hours: any_time", hours.replace("{", "{{").replace("}", "}}")),
    )
    outreach.plan_campaign(engine, file, tmp_path / "run", Act("Ada", AT), RULES)
    outreach.approve(engine, "spring", Act("Bo", AT))
    early = AT.replace(hour=7)  # eight by the clocks of London
    assert send(engine, early).sent.closed == 1
    assert send(engine).sent.words == {"sent": 1}


def test_inv_17_who_is_held_out_stays_held_out_and_gets_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NOSTOP_HOLDOUT_SECRET", "a secret of sixteen bytes or more")
    people = [{"who": f"p{number}"} for number in range(40)]
    write_run(tmp_path / "run", *people)
    more = "holdout: {trial: spring, share: 50%, until: 2026-09-01}"
    approved(engine, tmp_path, more)
    query = text("SELECT unit_id, held FROM holdout_arms")
    with engine.begin() as connection:
        arms = {str(unit): bool(held) for unit, held in connection.execute(query)}
    assert 5 < sum(arms.values()) < 35
    # Another secret would draw other arms; those that were drawn stay.
    monkeypatch.setenv("NOSTOP_HOLDOUT_SECRET", "another secret of sixteen bytes")
    plan(engine, tmp_path, more, at=AT + timedelta(minutes=1))
    send(engine, AT + timedelta(minutes=2))
    held = {f"H-{who}" for who in why(engine)} - {
        f"H-{letter.splitlines()[0][4:].partition('@')[0]}" for letter in letters(tmp_path)
    }
    assert held == {unit for unit, is_held in arms.items() if is_held}


def test_a_definite_failure_opens_the_next_channel_and_a_doubtful_one_does_not(
    engine: Engine, tmp_path: Path
):
    two = CAMPAIGN.replace(
        "hours:",
        '  - {{use: phone_list, settings: {{folder: "{outbox}-calls", call_from: "09:00", '
        'call_until: "17:00"}}}}\nhours:',
    )
    write_run(
        tmp_path / "run",
        {"who": "ada", "phone": "07700 900123"},
        {"who": "bo", "phone": "07700 900124"},
    )
    file = write_campaign(tmp_path, text=two)
    outreach.plan_campaign(engine, file, tmp_path / "run", Act("Ada", AT), RULES)
    outreach.approve(engine, "spring", Act("Bo", AT))
    assert send(engine).sent.words == {"sent": 2}
    rows = store.messages_of(engine, "spring")
    ids = dict(rows.select("recipient_id", "message_id").iter_rows())
    from_provider = store.News(
        [
            Receipt(ids["ada"], "failed", None, None, bad_contact=True),
            Receipt(ids["bo"], "unknown", None, None),
        ],
        "callback",
        "provider",
        AT,
    )
    store.learn(engine, from_provider)
    done = send(engine)
    assert (done.opened, done.sent.words) == (1, {"sent": 1})
    again = store.messages_of(engine, "spring").sort("recipient_id", "step")
    assert again.select("recipient_id", "step", "channel", "status").rows() == [
        ("ada", 1, "outbox", "failed"),
        ("ada", 2, "phone_list", "sent"),
        ("bo", 1, "outbox", "sent"),
    ]
    assert send(engine).opened == 0


@dataclass(frozen=True)
class Rewording:
    """A channel that says that it sent something else."""

    kind: str = "email"
    at_once: int = 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            yield Receipt(message.message_id, "sent", "r1", None, body_sha256="0" * 64)


@pytest.mark.parametrize("production", [True, False])
def test_inv_16_a_provider_that_sends_other_words_is_stopped_where_people_are_real(
    engine: Engine, tmp_path: Path, *, production: bool
):
    write_run(tmp_path / "run", {"who": "ada"}, {"who": "bo"}, {"who": "cy"})
    approved(engine, tmp_path, "limits: {in_flight: 1}")
    known = known_campaign(engine, "spring")
    sender = Sender(
        engine=engine,
        campaign=known.campaign,
        plan_sha256=str(known.row["plan_sha256"]),
        channels=Channels({"outbox": Rewording()}, {"outbox": 0}),
        wording=known.wording,
        holidays=read_bank_holidays(RULES),
        name="sender:1:1",
        clock=lambda: AT,
        production=production,
    )
    done = send_now(sender)
    stops = store.read_stops(engine)
    if production:
        assert (done.other_words, done.words, list(stops)) == (1, {"sent": 1}, ["spring"])
        assert "other words" in str(done.stopped)
    else:
        assert (done.other_words, done.words, stops) == (3, {"sent": 3}, {})


def test_who_was_told_lately_is_left_out_when_another_campaign_is_planned(
    engine: Engine, tmp_path: Path
):
    write_run(tmp_path / "run", {"who": "ada"}, {"who": "bo"})
    approved(engine, tmp_path)
    send(engine)
    summer = write_campaign(tmp_path, text=CAMPAIGN.replace("id: spring", "id: summer"))
    for days, planned in ((27, 0), (29, 2)):
        at = AT + timedelta(days=days)
        act = Act("Ada", at)
        found = outreach.plan_campaign(engine, summer, tmp_path / "run", act, RULES)
        assert found.statuses["planned"] == planned


def test_what_no_channel_may_reach_is_counted_over_all_of_them(engine: Engine, tmp_path: Path):
    calls_first = CAMPAIGN.replace(
        '  - {{use: outbox, settings: {{folder: "{outbox}"}}}}\n',
        '  - {{use: phone_list, settings: {{folder: "{outbox}-calls", call_from: "09:00", '
        'call_until: "17:00"}}}}\n  - {{use: outbox, settings: {{folder: "{outbox}"}}}}\n',
    )
    write_run(
        tmp_path / "run",
        {"who": "ada", "phone": "07911 123456"},
        {"who": "bo", "email": "bo@example.com"},
        {"who": "cy"},
    )
    file = write_campaign(tmp_path, text=calls_first)
    outreach.plan_campaign(engine, file, tmp_path / "run", Act("Ada", AT), RULES)
    outreach.approve(engine, "spring", Act("Bo", AT))
    done = send(engine).sent
    assert (done.words, done.not_allowed) == ({"sent": 1}, 2)


def test_nobody_has_to_decide_before_the_provider_had_its_time(engine: Engine, tmp_path: Path):
    write_run(tmp_path / "run", {"who": "ada"})
    approved(engine, tmp_path)
    send(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outreach_messages SET state = 'unknown'"))

    def asked(minutes: int) -> tuple[int, int]:
        later = AT + timedelta(minutes=minutes)
        found = outreach.reconcile(engine, "spring", lambda: later, everything=False)
        return found.in_doubt, found.for_a_person

    assert asked(59) == (1, 0)
    assert asked(61) == (1, 1)
    message = str(store.messages_of(engine, "spring")["message_id"][0])
    outreach.settle(engine, message, "sent", Act("Bo", AT))
    assert asked(61) == (0, 0)
