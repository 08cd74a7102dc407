"""How long the worst hostile rule file takes to be refused, and how much memory."""

from nostop.app.bench_hostile import costs_of_hostile_inputs
from nostop.app.figures import Figure, at_most
from nostop.model import SettingsError


def hostile() -> list[Figure]:
    """Give every hostile input to the rule layer, each in a process of its own.

    Raises:
        SettingsError: one of them was taken.
    """
    costs = list(costs_of_hostile_inputs())
    taken = [each.name for each in costs if not each.is_refused]
    if taken:
        raise SettingsError(f"bench: taken, and not refused: {', '.join(taken)}")
    slowest = max(costs, key=lambda each: each.seconds)
    largest = max(costs, key=lambda each: each.megabytes)
    told = f"{len(costs)} hostile inputs refused"
    return [
        at_most("hostile_seconds", f"{told}; slowest: {slowest.name}", slowest.seconds, "s", 1),
        at_most("hostile_memory", f"most memory: {largest.name}", largest.megabytes, "MB", 100),
    ]
