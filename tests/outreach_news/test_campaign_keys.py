"""What a campaign may say of answers, and what a newer plan knows of people who wait."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.app import outreach
from nostop.app.outreach.news import say_wrong
from nostop.model import OutreachError
from nostop.outreach.campaign import parse_campaign
from nostop.store import Act, suppress, take_back
from tests.app.outreach.small import CAMPAIGN, write_run
from tests.outreach_news.campaigns import AT, BY, RULES, id_of, planned, send, why

TEXT = CAMPAIGN.format(outbox="outbox")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("contact: ''", "contact"),
        ('contact: "0117 496 0000\\nBcc: x"', "contact"),
        ("contact: <b>us</b>", "contact"),
        ("unsubscribe_url: http://council.example.org/u", "unsubscribe_url"),
        ("unsubscribe_url: https://council.example.org/u?x=1", "unsubscribe_url"),
        ("follow_up: {after_days: 3}", "after_days"),
        ("follow_up: {days: 28}", "key 'days' is not known"),
    ],
)
def test_what_a_campaign_cannot_say(line: str, told: str):
    with pytest.raises(OutreachError, match=told):
        parse_campaign(f"{TEXT}{line}\n", "campaign")


def test_what_a_campaign_says_of_answers():
    lines = (
        'contact: "0117 496 0000, PO Box 9, Borchester"\n'
        "unsubscribe_url: https://council.example.org/unsubscribe\n"
        "follow_up: {after_days: 28}\n"
    )
    said = parse_campaign(TEXT + lines, "campaign")
    assert said.contact == "0117 496 0000, PO Box 9, Borchester"
    assert said.follow_up is not None
    assert said.follow_up.after_days == 28


def test_who_said_no_before_is_seen_in_the_plan(fresh: Engine, tmp_path: Path):
    suppress(fresh, ["ada"], "opted_out", "Bo", AT)
    planned(fresh, tmp_path, {"who": "ada"}, {"who": "bo"})
    assert why(fresh) == {"ada": "opted_out", "bo": None}


def test_who_waits_for_a_case_and_claims_meanwhile_is_told_nothing_afterwards(
    engine: Engine, tmp_path: Path
):
    say_wrong(engine, id_of("ada"), BY)
    say_wrong(engine, id_of("bo"), BY)
    take_back(engine, BY)
    assert why(engine) == {"ada": "open_case", "bo": "open_case"}
    claims = {"who": "ada", "claimed": True, "outcome": None}
    run = write_run(tmp_path / "run", claims, {"who": "bo"}, snapshot="Snewer")
    outreach.refresh(engine, run, RULES, Act("Bo", AT + timedelta(hours=1)))
    assert why(engine) == {"ada": "withdrawn", "bo": "open_case"}
    assert send(engine, AT + timedelta(hours=2)).sent.words == {}
