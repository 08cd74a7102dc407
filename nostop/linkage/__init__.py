"""Which records are one person (`link`), and who is assessed with whom (`assemble`)."""

from nostop.linkage.assemble import Assembled, assemble
from nostop.linkage.evaluate import LinkQuality, evaluate
from nostop.linkage.gathered import Gathered, to_link
from nostop.linkage.link import link, train

__all__ = [
    "Assembled",
    "Gathered",
    "LinkQuality",
    "assemble",
    "evaluate",
    "link",
    "to_link",
    "train",
]
