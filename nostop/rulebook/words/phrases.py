"""An author's words made to stand inside a sentence: `Weekly income` becomes "the weekly income",
`Is in prison` becomes "the person is in prison", or "is not in prison".

Words with a comma, an "and" or the like in them are put in quotes, for inside a longer sentence
nobody could tell where they end.
"""

import re
from dataclasses import dataclass

from nostop.model import Level

SUBJECTS = {
    Level.PERSON: "the person",
    Level.BENEFIT_UNIT: "the benefit unit",
    Level.HOUSEHOLD: "the household",
}

#: Verbs that an author's yes/no begins with, with the plain form that "does not" takes.
_VERBS = {
    "attends": "attend", "belongs": "belong", "cares": "care", "claims": "claim", "counts": "count",
    "gets": "get", "goes": "go", "has": "have", "holds": "hold", "lives": "live", "looks": "look",
    "needs": "need", "owes": "owe", "owns": "own", "pays": "pay", "qualifies": "qualify",
    "receives": "receive", "rents": "rent", "shares": "share", "studies": "study", "works": "work",
}  # fmt: skip
_TAKE_NOT = ("is", "was", "can", "may", "must", "will")
#: After "has", these make a tense and no possession: "has not reached", but "does not have".
_PARTICIPLES = ("been", "become", "claimed", "had", "left", "lived", "paid", "reached", "worked")
#: Words for a state that are no verb: "Certified severely sight impaired".
_STATES = (
    "blind", "certified", "disabled", "employed", "entitled", "exempt", "liable", "married",
    "pregnant", "registered", "responsible", "retired", "unemployed",
)  # fmt: skip
_BEGINS = {*_VERBS, *_TAKE_NOT, "does", "reached", "lived", "became", "began"}
_SAYS_SOMETHING = re.compile(
    rf"\b({'|'.join(sorted(_BEGINS))}|are|were|have|do|had|live|get|claim|rules?)\b"
)

_DETERMINERS = re.compile(
    r"(a|an|the|this|that|each|every|no|all|half|some|any|how|what|which|whether|one|two|less|none"
    r"|their|its|his|her|your|whose|[0-9£].*)\b",
    re.IGNORECASE,
)
#: What an author adds behind the first statement.
_REMARK = re.compile(r";|\. ")
_PLURAL = re.compile(r"(people|children|[a-z]{3,}(?<![su'])s)\b")
#: Words after which a reader cannot tell where an amount's name ends, and where a yes or no does.
_LOOSE = re.compile(
    r"[,:\u2013\u2014]|\b(and|or|if|not|than|but|unless|except|plus|minus|times|then|otherwise)\b"
)
_JOINED = re.compile(r"[,:\u2013\u2014]|\b(and|or|if|but|unless|except|otherwise)\b")
#: "From this day of birth ...": words for a value that are no noun.
_POINTS_AT_ITSELF = re.compile(r"\bthis\b")
_LOOSE_START = re.compile(
    r"(how|what|which|whether|one|less|no|none|for|from|in|of|to|at|on|with|after|before|below|above"
    r"|under|over|up)\b"
)
_PROPER = (
    "Britain", "British", "England", "English", "European", "Irish", "Northern", "Scotland",
    "Scottish", "Wales", "Welsh",
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """A yes or no in words. `predicate` is what is said of the subject, without it, where the words
    can be split so; else empty."""

    text: str
    predicate: str = ""


def uncapitalised(says: str) -> str:
    """Return the first statement of an author's words, without their end stop and first capital,
    unless that begins a name: `State Pension` stays."""
    text = _REMARK.split(says.strip())[0].rstrip(".")
    first, _, rest = text.partition(" ")
    bare = first.strip("'\"").removesuffix("'s").rstrip(",:")
    starts_plainly = bare.lower() in _BEGINS or _DETERMINERS.fullmatch(bare)
    is_name = bare in _PROPER or bare[1:] != bare[1:].lower() or rest[:1].isupper()
    if is_name and not starts_plainly:
        return text
    return text[:1].lower() + text[1:]


def quoted(text: str) -> str:
    """Return text in the quotes that mark an author's own words."""
    return f"“{text}”"


def noun(says: str, *, is_count: bool = False) -> str:
    """Return the words for an amount, a number, a date or a word: with an article, in quotes where
    they could run into what follows. `is_count`: a whole number, of hours or people, say."""
    text = uncapitalised(says)
    if _POINTS_AT_ITSELF.search(text):
        return quoted(text)
    article = "" if _DETERMINERS.match(text) else "the "
    if is_count and _PLURAL.match(text):
        article = "the number of "
    is_loose = _LOOSE.search(text) or _LOOSE_START.match(text)
    return article + (quoted(text) if is_loose else text)


def title(name: str) -> str:
    """Return what an award or scheme is called: its capitals stay, and an "and" in it is quoted."""
    return quoted(name) if _LOOSE.search(name) else name


def claim(says: str, subject: str) -> Claim:
    """Return the words for a yes or no of a subject, one of `SUBJECTS`."""
    text = uncapitalised(says).removeprefix("whether ")
    if text.partition(" ")[0] in _STATES:
        text = f"is {text}"
    phrase = quoted(text) if _JOINED.search(text) else text
    if text.partition(" ")[0].rstrip(",:") in _BEGINS:
        return Claim(f"{subject} {phrase}", phrase)
    return Claim(phrase if _SAYS_SOMETHING.search(text) else f"{quoted(text)} holds")


def contrary(predicate: str, subject: str) -> Claim:
    """Return the words for the contrary of what is said of a subject."""
    text = predicate.removeprefix("“")
    first, _, rest = text.partition(" ")
    is_tense = first == "has" and rest.partition(" ")[0] in _PARTICIPLES
    if text == predicate and (first in _TAKE_NOT or is_tense):
        negated = f"{first} not {rest}"
    elif text == predicate and first in _VERBS:
        negated = f"does not {_VERBS[first]} {rest}".rstrip()
    else:
        who = "somebody who" if subject == SUBJECTS[Level.PERSON] else "one that"
        negated = f"is not {who} {predicate}"
    return Claim(f"{subject} {negated}", negated)


def listed(items: list[str], word: str) -> str:
    """Return "a, b or c"."""
    return f" {word} ".join([*([", ".join(items[:-1])] if len(items) > 1 else []), items[-1]])


def sentence(text: str) -> str:
    """Return text as a sentence: a capital first, a stop last."""
    return _FIRST_LETTER.sub(lambda found: found[0].upper(), text, count=1) + "."


_FIRST_LETTER = re.compile(r"\A[(“]*[a-z]")
