"""How hard a text is to read, as a school year."""

import re

from nostop.outreach.render import REPLY_STOP
from nostop.outreach.templates import Text

#: Letters must stay under this. Public letters are to be read at the age of nine to eleven, which
#: is what GOV.UK asks of its pages; a score of 5 is the school year of children of ten, and from 6
#: on of those over eleven.
HARDEST = 6.0
#: What a reader finds where a field stands. An address or a number is looked at, not read.
_READ_AS = {
    "first_name": "Ann",
    "surname": "Lee",
    "scheme_title": "Pension Credit",
    "claim_url": "here",
    "claim_phone": "here",
    "sender": "the council",
    "how_to_stop": REPLY_STOP["en"],
}
_ADDRESS = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:/[\w./-]*)?")
_HEADING = re.compile(r"^# .*$", re.MULTILINE)
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[A-Za-z0-9'_]+")


def reading_grade(body: Text) -> float:
    """Return the Automated Readability Index of an English text: about the school year (United
    States) of those who can read it, so that 4 is a child of nine or ten.

    4.71 times the letters a word, plus half the words a sentence, less 21.43: Senter and Smith,
    "Automated Readability Index", Aerospace Medical Research Laboratories, 1967. Headings are left
    out: as short sentences they would flatter the text.

    Raises:
        ValueError: the text has no word.
    """
    parts = (_READ_AS[part] if turn % 2 else part for turn, part in enumerate(body.parts))
    text = _ADDRESS.sub("here", _HEADING.sub("", "".join(parts)))
    sentences = [words for line in _ENDS.split(text) if (words := _WORD.findall(line))]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        raise ValueError("a text without a word has no reading grade")
    letters = sum(map(len, words))
    return 4.71 * letters / len(words) + 0.5 * len(words) / len(sentences) - 21.43
