"""A feed declaration and what a connector read -> checked source records, facts and quarantine."""

from nostop.feeds.batch import FeedBatch, combine, missing
from nostop.feeds.declaration import FeedDeclaration
from nostop.feeds.load import load
from nostop.feeds.reading import read_declaration

__all__ = [
    "FeedBatch",
    "FeedDeclaration",
    "combine",
    "load",
    "missing",
    "read_declaration",
]
