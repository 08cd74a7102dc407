"""Acting on life events: what went is told to their log, and what follows is carried out."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from nostop import store
from nostop.app.events import EventDesk, judging, read_event_rules
from nostop.app.outreach.campaigns import known_campaign
from nostop.events import day_of, events_of_messages
from nostop.store.following import FollowedUp, follow_up, sent_unheard, settle_stops


@dataclass(frozen=True, slots=True)
class Acted:
    """What was done: messages told to the log, what signals did to cases, follow-ups, stops seen,
    planned messages taken back, and messages that need wait no longer."""

    told: int
    carried: store.Carried
    followed_up: FollowedUp
    stops: int
    taken_back: int
    released: int


def act_on_signals(engine: Engine, rules: Path, act: store.Act) -> Acted:
    """Bring campaigns up to date with life events. Safe to repeat and to kill.

    A stop or a hold counts from the moment that it is raised, whether or not this is run: the claim
    of each message asks. This shows it on planned messages, moves cases, and opens one for each
    message of which nothing was heard, in campaigns that follow up. It sends nothing.

    Raises:
        NostopError: the rules or the store cannot be used.
    """
    book = read_event_rules(rules)
    desk = EventDesk(engine, book, judging(book), act.by)
    told = desk.hear(events_of_messages(sent_unheard(engine)), act.at).added
    desk.tick(day_of(act.at), act.at)
    carried = desk.carry_out(act.at)
    return Acted(
        told,
        carried,
        follow_up(engine, _after_days(engine), act),
        settle_stops(engine, act),
        store.take_back(engine, act),
        store.release(engine, act),
    )


def _after_days(engine: Engine) -> dict[str, int]:
    campaigns = [known_campaign(engine, each).campaign for each in store.campaign_ids(engine)]
    return {each.id: each.follow_up.after_days for each in campaigns if each.follow_up is not None}
