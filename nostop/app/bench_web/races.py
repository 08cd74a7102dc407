"""Two people and one case: they decide it on the same version at the same moment, or take the next
one. One of them wins, the other is told."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from nostop.app.bench_web.browser import Answer, Browser, csrf_of, links_of
from nostop.app.bench_web.walks import decision_of

#: How long a search goes on for cases that can be decided by both.
_PAGES = 100


@dataclass(slots=True)
class Raced:
    """What came of the races.

    cases: how many were decided by two at once. one_told: of how many one was acknowledged and the
    other told. acknowledged: decisions, by case. claims: how many cases were given out by `claim
    next` with everybody asking at once; twice: how many of them to two people.
    """

    cases: int = 0
    one_told: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    claims: int = 0
    twice: int = 0


async def race(browsers: Sequence[Browser], number: int) -> Raced:
    """Race for `number` cases, two browsers each, and for the next case, all of them at once."""
    raced = Raced()
    for place in range(number):
        one, other = browsers[place % len(browsers)], browsers[(place + 1) % len(browsers)]
        await _decided(raced, one, other)
    await _claimed(raced, browsers, max(1, number // len(browsers)))
    return raced


async def _decided(raced: Raced, one: Browser, other: Browser) -> None:
    """Let two decide the same case on the same version at the same moment."""
    case = await _free_case(one)
    pages = [await browser.get("/cases/{unit}", case) for browser in (one, other)]
    links = links_of(pages[0].text, rf"{case}/decide/confirm\?[^\"]+")
    if not links or not all(page.is_page for page in pages):
        return
    forms = [await browser.get("/decide", links[0]) for browser in (one, other)]
    action = f"{case}/decide/confirm"
    said = [
        decision_of(form.text, action, who)
        for form, who in zip(forms, (one, other), strict=True)
    ]  # fmt: skip
    answers = await asyncio.gather(
        *(who.post("/decide", action, each) for who, each in zip((one, other), said, strict=True))
    )
    kept = sum(answer.status == 303 for answer in answers)
    raced.cases += 1
    raced.acknowledged[case.rpartition("/")[2]] = kept
    raced.one_told += sorted(answer.status for answer in answers) == [303, 409]


async def _free_case(browser: Browser) -> str:
    """Take a case, so that nobody else is given it meanwhile."""
    page = await browser.get("/queue", "/queue")
    answer = await browser.post("/queue/next", "/queue/next", {"csrf": csrf_of(page.text)})
    return answer.leads_to


async def _claimed(raced: Raced, browsers: Sequence[Browser], rounds: int) -> None:
    """Let everybody take the next case at once, some times over."""
    pages = [await browser.get("/queue", "/queue") for browser in browsers]
    tokens = [csrf_of(page.text) for page in pages]
    found: Counter[str] = Counter()
    for _ in range(rounds):
        answers: list[Answer] = await asyncio.gather(
            *(
                browser.post("/queue/next", "/queue/next", {"csrf": token})
                for browser, token in zip(browsers, tokens, strict=True)
            )
        )
        found.update(each.leads_to for each in answers if each.leads_to.startswith("/cases/"))
    raced.claims = found.total()
    raced.twice = sum(number > 1 for number in found.values())
