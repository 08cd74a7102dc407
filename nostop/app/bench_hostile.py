"""What hostile rules cost: each hostile folder is examined in a process of its own, whose time and
memory are taken."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nostop.app.hostile_inputs import HostileInput, hostile_inputs

#: After so many seconds a process is ended: it is what was to be shown not to happen.
_PATIENCE = 60
#: Only the rule layer is imported: what else nostop needs would hide what an input costs.
_EXAMINE = r"""
import json, re, resource, sys, time
from pathlib import Path
from nostop.rulebook import examine

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

def peak():
    if STATUS.is_file():
        return int(re.search(r"VmHWM:\s*(\d+)", STATUS.read_text())[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

def forget():
    # The peak begins anew at what is in use now; elsewhere than on Linux it can only grow.
    if CLEAR.is_file():
        CLEAR.write_text("5")

for folder in sys.argv[1:]:
    forget()
    before, started = peak(), time.perf_counter()
    _, problems = examine(Path(folder))
    seconds = time.perf_counter() - started
    told = [str(problem).removeprefix(f"{folder}/") for problem in problems]
    print(json.dumps({"seconds": seconds, "mb": peak() - before, "told": told}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class HostileCost:
    """What one hostile input cost: seconds, and the megabytes by which the memory ever in use grew.

    told: what was said of it; nothing where the process ended without a word.
    """

    name: str
    seconds: float
    megabytes: float
    told: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """Whether it was refused in words."""
        return bool(self.told)


def costs_of_hostile_inputs() -> Iterator[HostileCost]:
    """Yield what each hostile input costs by itself, in a process of its own."""
    for each in hostile_inputs():
        yield from examined([each])


def examined(inputs: Iterable[HostileInput]) -> list[HostileCost]:
    """Return what inputs cost, one after another in one process."""
    inputs = list(inputs)
    with tempfile.TemporaryDirectory(prefix="nostop-hostile-") as folder:
        places = [_write(each, Path(folder) / str(n)) for n, each in enumerate(inputs)]
        lines = _output([sys.executable, "-c", _EXAMINE, *map(str, places)])
    found = [json.loads(line) for line in lines]
    costs = [
        HostileCost(each.name, row["seconds"], row["mb"], tuple(row["told"]))
        for each, row in zip(inputs, found, strict=False)
    ]
    lost = inputs[len(found) :]
    return [*costs, *(HostileCost(each.name, float(_PATIENCE), 0.0, ()) for each in lost)]


def _output(command: list[str]) -> list[str]:
    try:
        finished = subprocess.run(  # noqa: S603 - our own interpreter, and text that stands above
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as expired:
        written = expired.stdout or b""
        return (written.decode() if isinstance(written, bytes) else written).splitlines()
    return finished.stdout.splitlines()


def _write(hostile: HostileInput, folder: Path) -> Path:
    for name, content in hostile.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder
