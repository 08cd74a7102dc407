"""A database that is killed whole while messages go, and started again."""

from collections.abc import Iterator

from nostop.app.bench_faults.arena import Arena, Server, kill_server, start_again
from nostop.app.bench_faults.counting import figures
from nostop.app.bench_faults.provider import latencies
from nostop.app.bench_faults.sending import Child, Ended
from nostop.app.bench_faults.world import Wanted
from nostop.app.figures import Figure, at_most
from nostop.store.audit_verify import Broken, verify

_MESSAGES_A_DEATH = 40
_LONGEST_LIFE = 1.0


def database_killed(arena: Arena, server: Server, number: int) -> Iterator[Figure]:
    """Kill the database so often, and count what came of the messages and of the audit log."""
    arena.provider.befall(latencies(arena.chance.randrange(10**6)))
    ids = arena.campaign(Wanted("deaths", _MESSAGES_A_DEATH * number))
    lost = 0
    ends: list[Ended] = []
    for _ in range(number):
        child = Child(arena.job("deaths"))
        child.wait_for_start()
        child.wait(arena.chance.uniform(0, _LONGEST_LIFE))
        kill_server(server)
        ends.append(child.ended())
        arena.engine.dispose()
        start_again(server)
        lost += arena.lies("deaths")
    arena.sent_to_the_end("deaths")
    arena.provider.befall([])
    told = f"the database killed {number} times"
    total = arena.count("deaths", ids)
    yield from figures("database_killed", told, arena.kind, total)
    yield _none("database_lost", f"acknowledged records lost; {told}", lost, "records")
    faults = sum(end.is_fault for end in ends)
    yield _none("database_faults", f"senders that did not say why they ended; {told}", faults, "")
    broken = isinstance(verify(arena.engine, ()), Broken)
    yield _none("database_audit", f"broken audit logs; {told}", int(broken), "")


def _none(name: str, what: str, value: int, unit: str) -> Figure:
    return at_most(name, what, value, unit, 0)
