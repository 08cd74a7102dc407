"""The truth against the store: what the provider has, and what we say of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from nostop import store
from nostop.app.figures import Figure, at_most

#: What the provider must not have, and what it must have.
_NEVER_WENT = frozenset({"planned", "suppressed", "cancelled", "failed"})
_WENT = frozenset({"sent", "delivered"})


@dataclass(frozen=True, slots=True)
class Count:
    """What came of a campaign.

    Attributes:
        messages: how many were planned.
        accepted: how many of them the provider has.
        duplicates: how many it has more than once.
        unaccounted: how many are not in the store, or are there under a status that is not true.
        for_a_person: how many may or may not have gone, for all that we know: the provider has none
            of them.
    """

    messages: int
    accepted: int
    duplicates: int
    unaccounted: int
    for_a_person: int

    def and_(self, other: "Count") -> "Count":
        """Return the sums of two."""
        return Count(
            self.messages + other.messages,
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.unaccounted + other.unaccounted,
            self.for_a_person + other.for_a_person,
        )


NOTHING = Count(0, 0, 0, 0, 0)


def figures(name: str, what: str, kind: str, total: Count) -> Iterator[Figure]:
    """Yield the figures that every part has: sent twice, unaccounted for, left for a person."""
    told = f"of {total.messages:,}; {what}; {kind}"
    twice, lost = f"messages sent twice, {told}", f"messages unaccounted for, {told}"
    yield at_most(f"{name}_duplicates_{kind}", twice, total.duplicates, "messages", 0)
    yield at_most(f"{name}_unaccounted_{kind}", lost, total.unaccounted, "messages", 0)
    doubt = f"messages left for a person, {told}"
    yield Figure(f"{name}_in_doubt_{kind}", doubt, total.for_a_person, "messages")


def count(engine: Engine, has: Mapping[str, int], campaign: str, ids: Iterable[str]) -> Count:
    """Count a campaign once nobody sends it any more and the provider has been asked.

    Args:
        engine: of the store.
        has: how often the provider accepted each reference.
        campaign: its id.
        ids: of the messages that were planned.
    """
    rows = store.messages_of(engine, campaign).select("message_id", "status").iter_rows()
    statuses: dict[str, str | None] = {str(message): str(status) for message, status in rows}
    planned = list(ids)
    everything = {**dict.fromkeys(planned), **statuses}
    gone = [has.get(message, 0) for message in everything]
    truths = [
        _is_true(status, had > 0) for status, had in zip(everything.values(), gone, strict=True)
    ]
    unknown = [message for message, status in statuses.items() if status == "unknown"]
    return Count(
        messages=len(planned),
        accepted=sum(had > 0 for had in gone),
        duplicates=sum(had > 1 for had in gone),
        unaccounted=truths.count(False),
        for_a_person=sum(message not in has for message in unknown),
    )


def never_went(engine: Engine, has: Mapping[str, int], campaign: str) -> int:
    """Return how many messages the provider has of which the store says that they never went."""
    rows = store.messages_of(engine, campaign).select("message_id", "status").iter_rows()
    return sum(status in _NEVER_WENT and message in has for message, status in rows)


def _is_true(status: str | None, went: bool) -> bool:  # noqa: FBT001 - the two sides of one truth
    """Whether a status can stand. One that is `sending` has been left by everybody."""
    return status in _WENT if went else status in _NEVER_WENT or status == "unknown"
