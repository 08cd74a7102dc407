"""Whom a new day can change anything for: a tick must not work out the whole log anew."""

from nostop.events.rules import EventBook, looks


def waiting_types(book: EventBook) -> dict[str, int]:
    """Return the types of event that a rule waits after, and the most days it waits."""
    found: dict[str, int] = {}
    for rule in book.rules:
        days = [look.high for look in looks(rule.when) if look.waits]
        if days:
            name = rule.when.event
            found[name] = max(max(days), found.get(name, 0))
    return found
