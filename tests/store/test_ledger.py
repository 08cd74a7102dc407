"""What is known of a message moves one way, whatever order news comes in."""

from datetime import timedelta
from itertools import chain, product
from random import Random

import pytest
from sqlalchemy import Engine, text

from nostop import store
from nostop.outreach.plan import message_id
from nostop.ports import Receipt
from nostop.store import News
from nostop.store.ledger import moved, status_of
from tests.store.campaigns import AT, asked, campaign, ready

ADA = message_id("spring", "ada", "pension_credit", 1)
WORDS = ("sent", "delivered", "failed", "unknown", "not_taken", "not_found")


def receipt(word: str, **more: object) -> Receipt:
    return Receipt(ADA, word, None, None, **more)  # type: ignore[arg-type]


def news(*words: str, source: str = "callback") -> News:
    return News([receipt(word) for word in words], source, "provider", AT)


def claimed(engine: Engine) -> Engine:
    campaign(engine, "ada")
    assert store.claim(engine, asked(), ready(engine)).message_ids == (ADA,)
    return engine


def status(engine: Engine) -> str:
    return str(store.messages_of(engine, "spring")["status"][0])


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        (["sent"], "sent"),
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "failed"], "delivered"),
        (["sent", "failed"], "failed"),
        (["failed", "delivered"], "failed"),
        (["failed", "sent", "not_taken"], "failed"),
        (["unknown"], "unknown"),
        (["unknown", "not_found"], "unknown"),
        (["unknown", "not_taken"], "unknown"),
        (["unknown", "sent", "unknown"], "sent"),
        (["not_taken"], "planned"),
        (["not_taken", "sent"], "planned"),
    ],
)
def test_news_moves_a_message_one_way(at_store: Engine, words: list[str], becomes: str):
    engine = claimed(at_store)
    for word in words:
        store.learn(engine, news(word))
    assert status(engine) == becomes


# What may follow what, as people are told of it. Nothing leads back from where a message went.
LEGAL = {
    "sending": {"sent", "delivered", "failed", "unknown", "planned"},
    "unknown": {"sent", "delivered", "failed"},
    "sent": {"delivered", "failed"},
    "planned": set(),
    "delivered": set(),
    "failed": set(),
}


def test_inv_05_no_order_of_news_makes_an_illegal_move():
    every = list(chain.from_iterable(product(WORDS, repeat=length) for length in range(1, 7)))
    assert len(every) == 55_986
    for words in every:
        state, delivered = "claimed", False
        for word in words:
            before = status_of(state, delivered=delivered, suppression=None)
            to = moved(state, delivered=delivered, word=word)
            if to is None:
                continue
            state, delivered = to, word == "delivered"
            after = status_of(state, delivered=delivered, suppression=None)
            assert after == before == "unknown" or after in LEGAL[before], (words, before, after)


@pytest.mark.parametrize("seed", range(3))
def test_inv_05_the_store_moves_as_the_rule_says(at_store: Engine, seed: int):
    engine = claimed(at_store)
    words = Random(seed).choices(WORDS, k=6)  # noqa: S311 - to be repeated
    state, delivered = "claimed", False
    for word in words:
        store.learn(engine, news(word))
        store.learn(engine, news(word))  # each comes twice
        to = moved(state, delivered=delivered, word=word)
        if to is not None:
            state, delivered = to, word == "delivered"
    assert status(engine) == status_of(state, delivered=delivered, suppression=None)


def test_news_is_kept_with_where_it_came_from_whether_it_moved_or_not(at_store: Engine):
    engine = claimed(at_store)
    store.learn(engine, news("sent", source="channel"))
    store.learn(engine, news("unknown", source="asked"))
    query = text("SELECT status, source, moved FROM message_news ORDER BY news_id")
    with engine.begin() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    assert [(a, b, bool(c)) for a, b, c in rows] == [
        ("sent", "channel", True),
        ("unknown", "asked", False),
    ]


def test_news_of_a_message_that_is_not_here_is_left_alone(at_store: Engine):
    stranger = News([Receipt("Mnobody", "sent", None, None)], "callback", "provider", AT)
    assert store.learn(claimed(at_store), stranger) == 0


def test_a_bounce_stops_the_address_and_not_the_person(at_store: Engine):
    engine = claimed(at_store)
    bounce = News([receipt("failed", bad_contact=True)], "callback", "provider", AT)
    store.learn(engine, bounce)
    query = text("SELECT bad_since IS NOT NULL FROM contact_points WHERE person_id = 'ada'")
    with engine.begin() as connection:
        assert bool(connection.execute(query).scalar_one())
        assert connection.execute(text("SELECT count(*) FROM suppressions")).scalar_one() == 1


def test_what_a_message_cost_is_in_the_campaigns_sum_until_it_fails(at_store: Engine):
    campaign(at_store, "ada")
    store.claim(at_store, asked(), ready(at_store, pence=60))
    spent = text("SELECT claimed, spent_pence FROM campaigns")
    with at_store.begin() as connection:
        assert tuple(connection.execute(spent).one()) == (1, 60)
    store.learn(at_store, News([receipt("sent", cost_pence=75)], "channel", "s", AT))
    with at_store.begin() as connection:
        assert tuple(connection.execute(spent).one()) == (1, 75)
    store.learn(at_store, news("failed"))
    with at_store.begin() as connection:
        assert tuple(connection.execute(spent).one()) == (1, 0)


def test_every_move_is_in_the_audit_log(at_store: Engine):
    store.learn(claimed(at_store), news("sent"))
    query = text("SELECT action FROM audit_entries ORDER BY seq")
    with at_store.begin() as connection:
        actions = list(connection.execute(query).scalars())
    assert actions == [
        "register.loaded",
        "campaign.planned",
        "campaign.approved",
        "message.claimed",
        "message.moved",
    ]


def test_a_person_who_was_told_lately_is_not_told_by_another_campaign(at_store: Engine):
    engine = claimed(at_store)
    store.learn(engine, news("sent"))
    later = AT + timedelta(days=27)
    campaign(engine, "ada", name="summer", at=later)
    assert store.claim(engine, asked("summer", at=later), ready(engine, "summer")).message_ids == ()
    rows = store.messages_of(engine, "summer")
    assert rows["suppression"].to_list() == ["recent_contact"]


def test_the_provider_knows_better_than_whoever_settled_it(at_store: Engine):
    engine = claimed(at_store)
    store.learn(engine, news("unknown", source="channel"))
    said = Receipt(ADA, "failed", None, "said_by_a_person")
    store.learn(engine, News([said], "person", "Bo", AT))
    assert status(engine) == "failed"
    store.learn(engine, news("delivered"))
    assert status(engine) == "delivered"
