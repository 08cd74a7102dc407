"""A campaign's YAML: what is wrong is told with its place and what to write instead."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from nostop.model import OutreachError
from nostop.outreach.campaign import Campaign, parse_campaign, read_campaign

GOOD = """id: spring-2026
sender: Borchester Council
schemes: [pension_credit]
channels:
  - {use: outbox, settings: {folder: out}}
hours: any_time
"""


def parsed(text: str) -> Campaign:
    return parse_campaign(text, "c.yaml")


def told(text: str) -> str:
    with pytest.raises(OutreachError) as caught:
        parsed(text)
    return str(caught.value)


def test_what_is_left_out_is_careful():
    campaign = parsed(GOOD)
    assert campaign.limits.per_person.messages == 1
    assert campaign.limits.per_person.days == 28
    assert campaign.audience.confidence_at_least == Fraction(95, 100)
    assert campaign.register_.no_older_than_hours == 48
    assert campaign.allow_list == ()
    assert campaign.holdout is None


def test_the_campaign_of_the_sample_can_be_read():
    sample = Path(__file__).parents[2] / "sample_data" / "campaign.yaml"
    assert read_campaign(sample).id == "spring-2026"


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("hours: any_time", "", "c.yaml:1:1: key 'hours' is missing"),
        (
            "hours: any_time",
            "hourz: any_time",
            "c.yaml:6:1: key 'hourz' is not known; did you mean 'hours'?",
        ),
        ("id: spring-2026", "id: Spring 2026", "c.yaml:1:1: id: "),
        ("schemes: [pension_credit]", "schemes: []", "schemes: "),
        (
            "hours: any_time",
            'hours: {from: "18:00", until: "09:00"}',
            "hours: until is not after from",
        ),
        (
            "hours: any_time",
            'hours: {from: "25:00", until: "09:00"}',
            "is no time of day",
        ),
        (
            "hours: any_time",
            "hours: any_time\naudience: {confidence_at_least: 0.95}",
            "c.yaml:",
        ),
        (
            "hours: any_time",
            "hours: any_time\naudience: {confidence_at_least: 95}",
            "write a share as 10%",
        ),
        (
            "hours: any_time",
            "hours: any_time\nlimits: {per_persn: {messages: 1}}",
            "key 'per_persn' is not known; did you mean 'per_person'?",
        ),
        (
            "hours: any_time",
            "hours: any_time\nstarts: 2026-06-01\nends: 2026-05-01",
            "ends is before starts",
        ),
        (
            "hours: any_time",
            'hours: any_time\nallow_list: ["*"]',
            "'*' is not an e-mail address",
        ),
        (
            "hours: any_time",
            'hours: any_time\nallow_list: ["07*"]',
            "a telephone number of at least seven digits",
        ),
        (
            "  - {use: outbox, settings: {folder: out}}",
            "  - {use: outbox}\n  - {use: outbox}",
            "channels: each channel once",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(line: str, instead: str, message: str):
    assert message in told(GOOD.replace(line, instead))


def test_a_holdout_never_comes_near_a_deadline():
    trial = "holdout: {trial: t, share: 10%, until: 2026-09-01, deadline: 2026-10-01}"
    assert "ends 30 days before the deadline, expected at least 56" in told(f"{GOOD}{trial}\n")
    later = parsed(f"{GOOD}{trial.replace('2026-10-01', '2026-12-01')}\n")
    assert later.holdout is not None
    assert later.holdout.until == date(2026, 9, 1)
