"""What many tests share."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook


@pytest.fixture(scope="session")
def book() -> Rulebook:
    """The rules that ship with nostop, read once."""
    return load_rulebook(default_rules_dir())


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Take what `nostop.logs.set_up` did to the process back, whoever called it."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "nostop")}
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    before = list(root.handlers)
    yield
    root.handlers[:] = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
