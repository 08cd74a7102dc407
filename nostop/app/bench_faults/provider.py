"""The provider: GOV.UK Notify's simulator in a process of its own, whose ledger is the truth."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from nostop.app.bench_faults.processes import CONTEXT
from nostop.model import SettingsError
from nostop.notify_simulator import WELL_KNOWN_KEYS, Limits, Settings, serve

KEY = WELL_KNOWN_KEYS[0].text
_OPENER = build_opener(ProxyHandler({}))
_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Provider:
    """A running simulator, and its control surface."""

    base_url: str

    def has(self) -> Mapping[str, int]:
        """Return how often each reference was accepted."""
        by_reference: Mapping[str, int] = self._ask("ledger")["by_reference"]
        return by_reference

    def accepted_at(self) -> dict[str, datetime]:
        """Return when each reference was accepted, the last time where there were several."""
        found: dict[str, datetime] = {}
        after = 0
        while rows := self._ask(f"ledger/rows?after={after}&limit={_ROWS}")["rows"]:
            found |= {row["reference"]: datetime.fromisoformat(row["accepted_at"]) for row in rows}
            after = rows[-1]["position"]
        return found

    def befall(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Put these faults in the place of those there are."""
        self._ask("faults", "DELETE")
        for fault in faults:
            self._ask("faults", "POST", fault)

    def _ask(self, path: str, verb: str = "GET", body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.base_url}/_control/{path}", data=data, method=verb)  # noqa: S310 - this machine's
        with _OPENER.open(request, timeout=60) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


def latencies(seed: int, up_to: float = 0.05) -> list[dict[str, object]]:
    """Return faults that let a send take up to so many seconds more, before or after it is taken.

    Of ten sends, five are as quick as they can be.
    """
    return [
        {"kind": kind, "probability": 0.12, "seed": seed + turn, "seconds": up_to * turn / 3}
        for turn in (1, 2, 3)
        for kind in ("latency_before", "latency_after")
    ]


@contextmanager
def running_provider(folder: Path) -> Iterator[Provider]:
    """Run a simulator without limits of its own for as long as the context is open.

    Raises:
        SettingsError: it does not start.
    """
    here, there = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_serve, args=(folder / "provider.sqlite", there))
    process.start()
    there.close()
    try:
        yield Provider(_base_url(here))
    finally:
        process.terminate()
        process.join()
        process.close()
        here.close()


def _base_url(here: Connection) -> str:
    try:
        return str(here.recv())
    except EOFError:
        raise SettingsError("bench: the simulator did not start") from None


def _serve(ledger: Path, there: Connection) -> None:
    # A sender that is killed breaks off its requests: that is no news here.
    logging.disable(logging.CRITICAL)
    with there:
        serve(Settings(ledger=ledger, limits=Limits(per_minute=None)), there.send)
