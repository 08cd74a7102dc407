"""Which records are one person (`link`), and who is assessed with whom (`assemble`)."""

from nostop.linkage.assemble import Assembled, assemble
from nostop.linkage.evaluate import LinkQuality, evaluate
from nostop.linkage.gathered import Gathered, to_link
from nostop.linkage.history import Occasion, Remembered, affected, heirs
from nostop.linkage.link import link
from nostop.linkage.model import MODEL_FILE
from nostop.linkage.training import Taught, train

#: The model that links where no other is named.
MODEL_VERSION = MODEL_FILE.stem

__all__ = [
    "MODEL_VERSION",
    "Assembled",
    "Gathered",
    "LinkQuality",
    "Occasion",
    "Remembered",
    "Taught",
    "affected",
    "assemble",
    "evaluate",
    "heirs",
    "link",
    "to_link",
    "train",
]
