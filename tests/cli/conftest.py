"""The command line as a test runs it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nostop.cli import main


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Nostop = Callable[..., Ended]


@pytest.fixture
def nostop(capsys: pytest.CaptureFixture[str]) -> Nostop:
    """Return a function that runs a command."""

    def run(*arguments: str | Path) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run
