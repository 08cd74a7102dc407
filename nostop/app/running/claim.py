"""One run at a time in a folder, and what a run that was stopped has to be taken up with."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nostop.app.on_disk import put
from nostop.app.running.checkpoints import FOLDER
from nostop.determination.parquet import whole_file
from nostop.model import NostopError, SettingsError

_LOCK = "lock"
_CLAIM = "run.json"


@contextmanager
def alone(out: Path, *, wait: bool) -> Iterator[None]:
    """Hold a folder of results for one run. The end of the process, however it comes, lets it go.

    Args:
        out: the folder; made where there is none.
        wait: wait for another run to end, instead of refusing.
    Raises:
        SettingsError: another run is at work there.
    """
    folder, is_new = out / FOLDER, not out.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise SettingsError(
                f"{out}: another run is at work in this folder; wait for its end (--wait), or give "
                "another --out"
            ) from None
        try:
            yield
        except NostopError:
            if is_new:
                _leave_nothing(out)
            raise


def _leave_nothing(out: Path) -> None:
    """Remove a folder that a refused run made, where nothing was found yet."""
    ours = {out / FOLDER, out / FOLDER / _LOCK, out / FOLDER / _CLAIM}
    if set(out.rglob("*")) <= ours:
        shutil.rmtree(out)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run goes on from, written down before it does anything, so that it goes on from the
    same if it is stopped and started again.

    arguments: a hash of what it was asked and of the bytes of all that it reads.
    started_at: when it was first started, as ISO text.
    known_on: its day of knowledge, as ISO text.
    last_event: the last event of the history of person ids before it.
    last: of each feed what earlier runs knew: rows, and a hash of the records.
    plan: the key of its plan, once there is one; messages go after that.
    """

    arguments: str
    started_at: str
    known_on: str | None
    last_event: int
    last: dict[str, list[Any]]
    plan: str | None = None

    @property
    def began(self) -> datetime:
        """When the run was first started, with its zone."""
        return datetime.fromisoformat(self.started_at)


def unfinished(out: Path) -> Claim | None:
    """Return the claim of a run into a folder that did not end; None where there is none."""
    try:
        return Claim(**json.loads((out / FOLDER / _CLAIM).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def claimed(out: Path, claim: Claim) -> Claim:
    """Write a claim down; when this returns, it is on disk."""
    with whole_file(out / FOLDER / _CLAIM) as part:
        put(part, json.dumps(asdict(claim), indent=1, sort_keys=True).encode())
    return claim


def with_plan(out: Path, claim: Claim, key: str) -> Claim:
    """Write down which plan a run sends by."""
    return claimed(out, replace(claim, plan=key))


def released(out: Path) -> None:
    """Forget the claim of a run that ended."""
    (out / FOLDER / _CLAIM).unlink(missing_ok=True)
