"""What the queue's choices and clocks are called, in English: pages translate it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nostop.app.casework.queue import ME, NOBODY, Clock, Queue, Search

STATES = (
    ("open", "To do"),
    ("waiting", "Waiting for an answer"),
    ("second", "Waiting for a second person"),
    ("done", "Done"),
)
SORTS = (
    ("lost", "Money lost each week, most first"),
    ("gain", "Pounds a year, most first"),
    ("deadline", "Deadline, soonest first"),
    ("due", "Time left, least first"),
    ("age", "Age of facts, oldest first"),
)
#: Field -> its words in the list of filters, and its choices.
BANDS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "outcome": (
        "What the rules say",
        (("entitled", "May be entitled"), ("unknown", "More facts are needed")),
    ),
    "deadline": (
        "Deadline",
        (("7", "Within 7 days"), ("30", "Within 30 days"), ("90", "Within 90 days")),
    ),
    "due": (
        "Time to look at it",
        (("overdue", "Late"), ("week", "Ends this week")),
    ),
    "facts": (
        "Facts not known",
        (("none", "None"), ("few", "1 to 3"), ("many", "4 or more")),
    ),
    "age": (
        "Oldest fact",
        (("90", "Over 90 days old"), ("180", "Over 180 days old"), ("365", "Over 365 days old")),
    ),
    "links": (
        "How sure the links are",
        (("sure", "Sure"), ("less", "Less sure, or not known")),
    ),
    "conflict": (
        "Sources",
        (("yes", "Contradict each other"), ("no", "Do not contradict each other")),
    ),
}
_CLOCKS = {
    "left": "{days} working days left",
    "late": "{days} working days late",
    "today": "Ends today",
    "late_today": "Late since today",
    "day": "Until {day}",
    "late_day": "Late since {day}",
}
_ONE_DAY = {"left": "1 working day left", "late": "1 working day late"}


@dataclass(frozen=True, slots=True)
class Tag:
    """A filter that is set: its words (to translate), what stays as it is, and the search's query
    without it."""

    text: str
    plain: str
    without: str


def clock_words(clock: Clock) -> str:
    """Return the English of a clock, with `{days}` or `{day}` to fill in."""
    return _ONE_DAY.get(clock.kind, "") if clock.days == 1 else _CLOCKS[clock.kind]


def tags_of(search: Search, queue: Queue, language: str) -> Iterator[Tag]:
    """Yield every filter that is set."""
    titles = dict(queue.schemes)
    for scheme in search.scheme:
        title = titles.get(scheme, {}).get(language, scheme)
        yield Tag("Benefit", title, search.without("scheme", scheme).as_query())
    for area in search.area:
        yield Tag("Area", area, search.without("area", area).as_query())
    if search.gain is not None:
        yield Tag("Pounds a year, at least", f"£{search.gain:,}", search.without("gain").as_query())
    if search.assignee:
        words = {ME: "Mine", NOBODY: "Nobody has it"}
        named = dict(queue.people).get(search.assignee, "")
        text = words.get(search.assignee, "With")
        yield Tag(text, named, search.without("assignee").as_query())
    for name, (_, choices) in BANDS.items():
        said = getattr(search, name)
        if said not in (None, ""):
            yield Tag(*_choice(name, str(said), choices), search.without(name).as_query())


def _choice(name: str, said: str, choices: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    words: Mapping[str, str] = dict(choices)
    text = BANDS[name][0]
    return (f"{text}: {words[said]}", "") if said in words else (text, said)
