"""A piece of a formula in words, and how tightly its words hold together: what decides where
`read_back.py` puts brackets."""

from dataclasses import dataclass

from nostop.model import Level
from nostop.rulebook.tree import INT, Node
from nostop.rulebook.words.phrases import SUBJECTS, Claim, claim, noun

#: How a piece holds together: as one name; as a sum of several; so that nothing may follow it
#: without brackets; so loosely that nothing may stand beside it at all.
NAME, SUM, OPEN, LOOSE = range(4)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a formula in words. `predicate` is what it says of the subject of a level
    (`about`), where it can be told so."""

    text: str
    holds: int = NAME
    predicate: str = ""
    about: Level | None = None

    def within(self, most: int) -> str:
        """Return the words, in brackets where they hold together more loosely."""
        return f"({self.text})" if self.holds > most else self.text


def named(says: str, node: Node) -> Said:
    """Return a fact or working in its author's words."""
    if node.kind.base != "bool" or node.level is None:
        return Said(noun(says, is_count=node.kind == INT))
    return claimed(claim(says, SUBJECTS[node.level]), node.level)


def claimed(told: Claim, about: Level) -> Said:
    """Return a yes or no of a subject of a level."""
    return Said(told.text, NAME, told.predicate, about if told.predicate else None)


def predicated(predicate: str, about: Level | None, holds: int = NAME) -> Said:
    """Return what is said of the subject of a level."""
    return Said(f"{SUBJECTS[about or Level.PERSON]} {predicate}", holds, predicate, about)


def narrowed(text: str) -> int:
    """Return how what ends with a condition holds together: quotes show where it ends."""
    return SUM if text.count("”") == 1 and text.endswith("”") else LOOSE
