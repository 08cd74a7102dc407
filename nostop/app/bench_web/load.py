"""The load on the pages: a process of its own, as whoever uses them is not in the server's.

It reads an `Errand` from its standard input as JSON, and writes what came of it to its standard
output. Sessions come in there too, so that none is in a list of processes.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter

from nostop.app.bench_web.browser import Browser, Notes, OverError, browser_of, links_of
from nostop.app.bench_web.races import race
from nostop.app.bench_web.walks import A_CASE, WALKS

#: Which word of the first line of /proc/stat: its name comes first, then user, nice, system...
_STOLEN = 8


@dataclass(frozen=True, slots=True)
class Errand:
    """What the load is: who is signed in (role and token of each), for how long, how fast.

    think: mean seconds before each click. races: how many cases two people decide at once.
    server: the process whose processor time is told.
    """

    base_url: str
    people: list[tuple[str, str]]
    seconds: float
    think: float
    races: int
    server: int
    seed: int = 1


def main() -> None:
    """Do the errand of the standard input."""
    found = json.loads(sys.stdin.read())
    people = [(role, token) for role, token in found.pop("people")]
    sys.stdout.write(json.dumps(asyncio.run(_done(Errand(people=people, **found)))))


async def _done(errand: Errand) -> dict[str, object]:
    await _warmed(errand)
    notes = Notes()
    since = datetime.now(UTC)
    before, begun = processor_seconds(errand.server), perf_counter()
    load_before, taken_before = os.getloadavg()[0], taken_seconds()
    await _walked(errand, notes, perf_counter() + errand.seconds)
    spent, ended = perf_counter() - begun, datetime.now(UTC)
    used = processor_seconds(errand.server) - before
    taken = taken_seconds() - taken_before
    async with AsyncExitStack() as stack:
        browsers = [
            await _entered(stack, errand, number, Notes(), (0.0, float("inf")))
            for number in _workers(errand)
        ]
        raced = await race(browsers, errand.races)
    return {
        "moments": [since.isoformat(), ended.isoformat()],
        "notes": notes.as_json(),
        "races": asdict(raced),
        "processor": used / spent,
        "machine_load": [load_before, os.getloadavg()[0]],
        "taken": taken / spent,
    }


async def _warmed(errand: Errand) -> None:
    """Have the rules compiled, by opening a case, and let one of each role click about with hardly
    a pause, unmeasured, so that every kind of page was made once."""
    roles = [role for role, _ in errand.people]
    firsts = [roles.index(role) for role in dict.fromkeys(roles)]
    async with AsyncExitStack() as stack:
        first = await _entered(stack, errand, firsts[0], Notes(), (0.0, float("inf")))
        for case in links_of((await first.get("/queue", "/queue")).text, A_CASE)[:1]:
            await first.get("/cases/{unit}", case)
        until = perf_counter() + min(20.0, errand.seconds)
        walks = []
        for number in firsts:
            browser = await _entered(stack, errand, number, Notes(), (0.2, until))
            walks.append(_to_the_end(browser, errand.people[number][0]))
        await asyncio.gather(*walks)


async def _walked(errand: Errand, notes: Notes, until: float) -> None:
    async with AsyncExitStack() as stack:
        walks = []
        for number, (role, _) in enumerate(errand.people):
            browser = await _entered(stack, errand, number, notes, (errand.think, until))
            walks.append(_to_the_end(browser, role))
        await asyncio.gather(*walks)


async def _to_the_end(browser: Browser, role: str) -> None:
    with suppress(OverError):
        await WALKS[role](browser)


async def _entered(
    stack: AsyncExitStack, errand: Errand, number: int, notes: Notes, pace: tuple[float, float]
) -> Browser:
    token = errand.people[number][1]
    chance = Random(errand.seed * 1000 + number)  # noqa: S311 - to be repeated
    browser = browser_of(errand.base_url, token, notes, chance, pace)
    await stack.enter_async_context(browser.client)
    return browser


def _workers(errand: Errand) -> list[int]:
    return [n for n, (role, _) in enumerate(errand.people) if role == "caseworker"]


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have had, as Linux counts it."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        fields = said.rpartition(")")[2].split()
        if pid in (int(folder.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def taken_seconds() -> float:
    """Return the processor time that other machines on the same hardware took from this one: what
    Linux calls stolen."""
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    return int(words[_STOLEN]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
