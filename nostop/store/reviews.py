"""Messages that went before the links of their person changed: put before somebody, once."""

import polars as pl
from sqlalchemy import Engine, select

from nostop.store.checks import ID, check_text
from nostop.store.rows import put, read, table_of
from nostop.store.tables import MessageReview, OutreachMessage

#: States from which a message went, or may have gone.
GONE = ("claimed", "sent", "unknown")


def told(engine: Engine, campaign: str, step: int) -> pl.DataFrame:
    """Return `recipient_id`, `scheme` of the messages of a campaign's step that went, or may have
    gone."""
    table = table_of(OutreachMessage)
    query = select(table.c.recipient_id, table.c.scheme).where(
        table.c.campaign == campaign, table.c.step == step, table.c.state.in_(GONE)
    )
    with engine.begin() as connection:
        return read(connection, query).sort("recipient_id", "scheme")


def record_reviews(engine: Engine, run_id: str, changed: pl.DataFrame) -> int:
    """Put messages that went before a person who looks: those to ids whose links changed since.

    A message is put there once, however often its links change.

    Args:
        engine: an engine of `open_store`.
        run_id: a run that `record_run` has written down.
        changed: `person_id`, `kinds` and `event_ids` (sorted lists), as
            `nostop.linkage.history.affected` gives them.
    Returns:
        How many messages were put there.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    rows = changed.select(
        pl.col("event_ids").list.first().alias("event_id"),
        pl.col("kinds").list.join(", "),
        recipient_id="person_id",
        run_id=pl.lit(run_id),
    )
    check_text(rows, "message_reviews", {"recipient_id": ID, "run_id": ID})
    messages, reviews = table_of(OutreachMessage), table_of(MessageReview)
    query = select(messages.c.message_id, messages.c.recipient_id).where(messages.c.state.in_(GONE))
    with engine.begin() as connection:
        gone = read(connection, query)
        known = read(connection, select(reviews.c.message_id))
        new = gone.join(rows, on="recipient_id", how="inner", validate="m:1")
        new = new.join(known, on="message_id", how="anti").sort("message_id")
        put(connection, MessageReview, new)
    return new.height
