"""What a newer run knows, brought to campaigns that are under way: it takes messages back, and adds
none that nobody approved."""

from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.outreach.campaigns import known_campaign
from nostop.app.outreach.planning import load_run, plan_again
from nostop.app.outreach.source import read_run
from nostop.app.rules import read_rules

#: Why a message is taken back of which the newer plan knows nothing: its person claims by now, is
#: known under another id, or is not thought to be entitled any more.
NO_LONGER = "withdrawn"


def refresh(
    engine: Engine, run: Path, rules: Path, act: store.Act, *, accept_fewer: bool = False
) -> dict[str, int]:
    """Load what a newer run knows of people, and take back planned messages that it would not plan.

    Returns:
        How many messages were taken back, by campaign.
    Raises:
        NostopError: the run or the lists cannot be used; nothing changes.
    """
    tables = read_run(run)
    book = read_rules(rules)
    load_run(engine, tables, act.at, accept_fewer=accept_fewer)
    taken = {}
    # What waits for a case or a hold may be taken back for good; then it waits again.
    store.release(engine, act, everything=True)
    for campaign in store.campaign_ids(engine):
        known = known_campaign(engine, campaign)
        fresh = plan_again(engine, known.campaign, tables, book, act.at)
        taken[campaign] = _take_back(engine, campaign, fresh, act)
    store.take_back(engine, act)
    return taken


def _take_back(engine: Engine, campaign: str, fresh: pl.DataFrame, act: store.Act) -> int:
    messages = store.messages_of(engine, campaign).filter(pl.col("status") == "planned")
    reasons = fresh.select("recipient_id", "scheme", "state", why="suppression")
    joined = messages.join(reasons, on=["recipient_id", "scheme"], how="left", validate="m:1")
    gone = joined.filter(pl.col("state").ne_missing("planned")).with_columns(
        pl.col("why").fill_null(NO_LONGER)
    )
    return sum(
        store.suppress_messages(engine, part["message_id"].to_list(), str(why), act)
        for (why,), part in gone.group_by("why", maintain_order=True)
    )
