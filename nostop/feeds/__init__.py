"""A feed declaration and what a connector read -> checked source records, facts and quarantine."""

from nostop.feeds.batch import FeedBatch, combine, held, missing
from nostop.feeds.contract import LastTime
from nostop.feeds.declaration import FeedDeclaration
from nostop.feeds.known_people import hold_strangers
from nostop.feeds.load import load, load_or_hold
from nostop.feeds.reading import read_declaration

__all__ = [
    "FeedBatch",
    "FeedDeclaration",
    "LastTime",
    "combine",
    "held",
    "hold_strangers",
    "load",
    "load_or_hold",
    "missing",
    "read_declaration",
]
