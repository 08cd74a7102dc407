"""How each official goes through the pages: as they work, with time to think before each click."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from nostop.app.bench_web.browser import Answer, Browser, Fields, csrf_of, form_of, links_of

#: Filters of the queue that people use, as an address has them.
FILTERS = (
    "scheme=pension_credit",
    "scheme=universal_credit&scheme=housing_benefit",
    "gain=1000&sort=gain",
    "deadline=30&sort=deadline",
    "facts=none&links=sure",
    "outcome=entitled",
    "outcome=unknown&facts=few",
    "area=E07000012",
    "age=90&sort=age",
    "due=overdue&sort=due",
    "assignee=me",
    "assignee=nobody",
    "conflict=yes",
    "state=waiting",
    "state=done&sort=gain",
)
#: What is decided, so many times of each hundred.
DECIDED = {"confirm": 55, "not_entitled": 15, "ask_evidence": 15, "phone": 7, "hand_over": 8}
_CASE = "/cases/{unit}"
_NOTE = "Rang them; they will look for the letter."
A_CASE = r"/cases/[A-Za-z0-9_.:-]+"


async def caseworker(browser: Browser) -> None:
    """Look at the queue, take a case or open one, and work on it, again and again."""
    while True:
        found = await look(browser)
        dice = browser.chance.random()
        if dice < 0.1:
            await search(browser, found)
        elif dice < 0.15:
            await pairs(browser)
        elif dice < 0.7:
            await take(browser, found)
        else:
            await open_one(browser, found)


async def senior(browser: Browser) -> None:
    """Give cases to colleagues, answer for what waits for a second person, look at quality."""
    while True:
        found = await look(browser)
        await give(browser, found)
        await approve(browser)
        await browser.think()
        await browser.get("/quality", "/quality")
        await open_one(browser, found)


async def policy_analyst(browser: Browser) -> None:
    """Look at take-up, quality and runs."""
    while True:
        for path in ("/take-up", "/take-up/areas", "/quality", "/runs", "/exports"):
            await browser.think()
            await browser.get(path, path)


async def auditor(browser: Browser) -> None:
    """Look through the audit log, by day, by official and by what they did."""
    while True:
        await browser.think()
        found = await browser.get("/audit", "/audit")
        await browser.think()
        day = datetime.now(UTC).date()
        said: Fields = {"csrf": csrf_of(found.text)}
        said |= {f"from_on-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}
        offered = form_of(found.text, "/audit")[1].get("actor", [])
        said["actor"] = browser.chance.choice(offered) if offered else ""
        answer = await browser.post("/audit", "/audit", said)
        if answer.leads_to:
            await browser.get("/audit?filter", answer.leads_to)
        for path in ("/audit/searches", "/audit/chain"):
            await browser.think()
            await browser.get(path, path)


async def approver(browser: Browser) -> None:
    """Look at campaigns before they go."""
    while True:
        await browser.think()
        found = await browser.get("/campaigns", "/campaigns")
        for campaign in links_of(found.text, r"/campaigns/[\w.-]+")[:1]:
            for part in ("", "/messages", "/results", "/approve"):
                await browser.think()
                await browser.get(f"/campaigns/{{campaign}}{part}", f"{campaign}{part}")
        await browser.think()
        await browser.get("/runs", "/runs")


WALKS: dict[str, Callable[[Browser], Awaitable[None]]] = {
    "caseworker": caseworker,
    "senior": senior,
    "policy_analyst": policy_analyst,
    "auditor": auditor,
    "campaign_approver": approver,
}


# --- the queue ------------------------------------------------------------------------------------


async def look(browser: Browser) -> Answer:
    """Look at the queue, often narrowed, and at its next page."""
    await browser.think()
    found = await browser.get("/queue", "/queue")
    if browser.chance.random() < 0.6:
        await browser.think()
        found = await browser.get("/queue?filter", f"/queue?{browser.chance.choice(FILTERS)}")
    further = links_of(found.text, r"/queue\?[^\"]*after=[^\"]*")
    if further and browser.chance.random() < 0.4:
        await browser.think()
        found = await browser.get("/queue?after", further[0])
    return found


async def take(browser: Browser, found: Answer) -> None:
    """Take the next case of the queue, and work on it."""
    await browser.think()
    answer = await browser.post("/queue/next", "/queue/next", {"csrf": csrf_of(found.text)})
    if answer.leads_to.startswith("/cases/"):
        browser.notes.kept("claims")
        await work(browser, answer.leads_to)


async def open_one(browser: Browser, found: Answer) -> None:
    """Open a case of the page, and work on it."""
    cases = links_of(found.text, A_CASE)
    if cases:
        await browser.think()
        await work(browser, browser.chance.choice(cases))


async def give(browser: Browser, found: Answer) -> None:
    """Give five cases of the page to a colleague."""
    fields, choices = form_of(found.text, "/queue/assign")
    to = [each for each in choices.get("to", []) if each.startswith("bench.")]
    if to and choices.get("ticked"):
        await browser.think()
        fields |= {"ticked": choices["ticked"][:5], "to": browser.chance.choice(to)}
        await browser.post("/queue/assign", "/queue/assign", fields)


async def search(browser: Browser, found: Answer) -> None:
    """Find a case by its number, as somebody on the telephone reads it out."""
    cases = links_of(found.text, A_CASE)
    await browser.think()
    page = await browser.get("/search", "/search")
    if cases:
        await browser.think()
        reference = browser.chance.choice(cases).rpartition("/")[2]
        said = {"reason": "contact", "words": "They rang us", "reference": reference}
        await browser.show("/search", "/search", {"csrf": csrf_of(page.text), **said})


async def pairs(browser: Browser) -> None:
    """Look at a pair of records, and say whether they are of one person."""
    await browser.think()
    page = await browser.get("/links", "/links")
    fields, choices = form_of(page.text, "/links")
    if "verdict" in choices:
        await browser.think()
        await browser.post("/links", "/links", fields | {"verdict": "cannot_tell"})


# --- a case ---------------------------------------------------------------------------------------


async def work(browser: Browser, case: str) -> None:
    """Open a case, sometimes correct a fact or write a note, and decide."""
    page = await browser.get(_CASE, case)
    if page.is_page and browser.chance.random() < 0.3:
        page = await correct(browser, case, page)
    if page.is_page and browser.chance.random() < 0.3:
        page = await note(browser, case, page)
    if page.is_page:
        await decide(browser, case, page)


async def note(browser: Browser, case: str, page: Answer) -> Answer:
    """Write a note; return the case after it."""
    await browser.think()
    said = {"csrf": csrf_of(page.text), "text": _NOTE}
    answer = await browser.post(f"{_CASE}/notes", f"{case}/notes", said)
    if answer.status == 303:
        browser.notes.kept("notes")
    return await browser.get(_CASE, case)


async def correct(browser: Browser, case: str, page: Answer) -> Answer:
    """Correct a fact: look what it changes, and save; return the case after it."""
    route = f"{_CASE}/facts/{{level}}/{{subject}}/{{name}}"
    facts = links_of(page.text, rf"{case}/facts/[^\"]+")
    if not facts:
        return page
    path = browser.chance.choice(facts)
    await browser.think()
    shown = await browser.get(route, path)
    if not shown.is_page:
        return shown
    fields = _corrected(*form_of(shown.text, path))
    await browser.think()
    await browser.show(f"{route} (preview)", path, fields | {"step": "preview"})
    await browser.think()
    answer = await browser.post(f"{route} (save)", path, fields | {"step": "save"})
    if answer.status == 303:
        browser.notes.kept("corrections")
    return await browser.get(_CASE, case)


def _corrected(fields: Fields, choices: dict[str, list[str]]) -> Fields:
    """Return a form with another value in it than there was."""
    values = [each for each in choices.get("value", []) if each not in ("", fields.get("value"))]
    if values:
        said: Fields = {"value": values[0]}
    else:
        # What is not to be chosen from can always be not known.
        said = {name: "" for name in fields if name.startswith("value")}
        said["known"] = "not_known"
    return fields | said | {"evidence": "letter"}


async def decide(browser: Browser, case: str, page: Answer) -> None:
    """Decide on a scheme of a case, or hand it over."""
    offered: dict[str, list[str]] = {}
    for link in links_of(page.text, rf"{case}/decide/[^\"]+"):
        offered.setdefault(link.rpartition("/")[2].partition("?")[0], []).append(link)
    kinds = [kind for kind in DECIDED if kind in offered]
    if not kinds:
        return
    kind = browser.chance.choices(kinds, [DECIDED[each] for each in kinds])[0]
    await browser.think()
    form = await browser.get(f"{_CASE}/decide/{{kind}}", browser.chance.choice(offered[kind]))
    if not form.is_page:
        return
    said = decision_of(form.text, f"{case}/decide/{kind}", browser)
    await browser.think()
    answer = await browser.post(f"{_CASE}/decide/{{kind}}", f"{case}/decide/{kind}", said)
    if answer.status == 303:
        browser.notes.kept("decisions")
        shown = _CASE if answer.leads_to.startswith("/cases/") else "/queue"
        await browser.get(shown, answer.leads_to)


def decision_of(page: str, action: str, browser: Browser) -> Fields:
    """Return the form of a decision, filled in."""
    fields, choices = form_of(page, action)
    later = datetime.now(UTC).date() + timedelta(days=14)
    for name in ("condition", "about"):
        if name in choices:
            fields[name] = browser.chance.choice(choices[name])
    for part in ("day", "month", "year"):
        if f"until-{part}" in fields:
            fields[f"until-{part}"] = str(getattr(later, part))
    return fields | {"reason": "Looked at, with the person on the telephone."}


async def approve(browser: Browser) -> None:
    """Answer for a decision that waits for a second person."""
    await browser.think()
    listed = await browser.get("/approvals", "/approvals")
    waiting = links_of(listed.text, r"/approvals/[\w-]+")
    if not waiting:
        return
    path = browser.chance.choice(waiting)
    await browser.think()
    shown = await browser.get("/approvals/{decision_id}", path)
    if shown.is_page:
        await browser.think()
        said = form_of(shown.text, path)[0] | {"answer": "approve", "reason": "I agree."}
        await browser.post("/approvals/{decision_id}", path, said)
