"""How long each stage of a run took, kept beside its checkpoints: no two runs agree on it, so that
it is in no result and not in the manifest, which repeat byte for byte."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from nostop.app.running.checkpoints import FOLDER
from nostop.app.settings import RunSettings
from nostop.app.stages import Listener, StageReport
from nostop.determination.parquet import whole_file

TIMINGS = "timings.json"


@dataclass(frozen=True, slots=True)
class StageTiming:
    """One stage: how long it took, what it found, and what it warned of."""

    stage: str
    milliseconds: int
    detail: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """A run's stages in order; of a run that was stopped and taken up again, those of its last
    go. `started_at` is when it was first started."""

    started_at: datetime
    stages: tuple[StageTiming, ...]


class Timed:
    """A listener that hands on what it hears, and remembers how long each stage took."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._heard: list[StageReport] = []

    def __call__(self, report: StageReport) -> None:
        """Hear of a stage."""
        if report.seconds is not None:
            self._heard.append(report)
        self._listener(report)

    def keep(self, settings: RunSettings) -> None:
        """Write down what was heard of a run that ended."""
        # The last stage names its folder: a path of this machine is nothing to show.
        said = {
            "started_at": settings.started_at.isoformat(),
            "stages": [asdict(_timing(each, str(settings.out))) for each in self._heard],
        }
        with whole_file(settings.out / FOLDER / TIMINGS) as unfinished:
            unfinished.write_text(json.dumps(said, indent=1), encoding="utf-8")


def _timing(report: StageReport, folder: str) -> StageTiming:
    return StageTiming(
        stage=report.stage,
        milliseconds=round((report.seconds or 0) * 1000),
        detail="" if report.detail == folder else report.detail,
        warnings=report.warnings,
    )


def read_timings(out: Path) -> Timings | None:
    """Return how long the last run into a folder took; None where nobody wrote it down."""
    try:
        said = json.loads((out / FOLDER / TIMINGS).read_text(encoding="utf-8"))
        stages = tuple(
            StageTiming(**each | {"warnings": tuple(each["warnings"])}) for each in said["stages"]
        )
        return Timings(datetime.fromisoformat(said["started_at"]), stages)
    except (OSError, ValueError, TypeError, KeyError):
        return None
