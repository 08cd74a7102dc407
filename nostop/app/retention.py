"""`nostop retention apply`: what is older than its kind is kept goes, from the store and from runs.

Dry unless asked for: a table of what would go, and why, comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from nostop.app.audit import Witness
from nostop.app.erased_files import forget_stages
from nostop.app.link_history import LINK_EVENTS, VERDICTS
from nostop.app.results import LINKS
from nostop.app.running.checkpoints import FOLDER
from nostop.app.running.claim import alone, unfinished
from nostop.app.sending import OUTBOX
from nostop.app.superseding import read_manifest, remove, supersede
from nostop.model import SettingsError, nearest
from nostop.store import Act
from nostop.store.erasure import scrub
from nostop.store.retention import KINDS as ROWS
from nostop.store.retention import delete_over, over
from nostop.strict_yaml import read_yaml

_HISTORY = (LINKS, LINK_EVENTS, VERDICTS)
#: Counts of many people, in which nobody can be found.
_PUBLISHED = ("take_up.parquet", "take_up_by_area.parquet", "unclaimed.parquet")
_KEEP = "keep_days"


def _results(folder: Path) -> list[Path]:
    every = sorted(folder.glob("*.parquet"))
    return [path for path in every if path.name not in (*_HISTORY, *_PUBLISHED)]


def _history(folder: Path) -> list[Path]:
    return [path for name in _HISTORY if (path := folder / name).is_file()]


def _outbox(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / OUTBOX).rglob("*") if path.is_file())


def _quarantine(folder: Path) -> list[Path]:
    return sorted(folder.glob("quarantine.csv"))


def _stages(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / FOLDER).glob("*/**/*") if path.is_file())


#: What a run leaves in its folder, and which files that is.
FILES: Mapping[str, Callable[[Path], list[Path]]] = {
    "run_results": _results,
    "link_history": _history,
    "outbox": _outbox,
    "quarantine": _quarantine,
    "run_stages": _stages,
}


@dataclass(frozen=True, slots=True)
class Due:
    """What goes: its kind, where it is, how many rows or files, and why."""

    kind: str
    where: str
    number: int
    unit: str
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    """For how many days each kind is kept, and the day for which that is worked out."""

    days: Mapping[str, int]
    on: date


def read_policy(path: Path, on: date) -> Policy:
    """Read a retention policy: `keep_days:` with a number for each kind.

    Raises:
        YamlError: the file cannot be read.
        SettingsError: a kind is unknown, or a number is no number of days.
    """
    content = read_yaml(path).data
    kinds = content.get(_KEEP) if isinstance(content, dict) else None
    if not isinstance(content, dict) or set(content) != {_KEEP} or not isinstance(kinds, dict):
        raise SettingsError(f"{path}: expected `{_KEEP}:` and below it a number for each kind")
    known = sorted({*ROWS, *FILES})
    for kind, days in kinds.items():
        if kind not in known:
            hint = nearest(str(kind), known)
            raise SettingsError(f"{path}: '{kind}' is none of {', '.join(known)}{hint}")
        if isinstance(days, bool) or not isinstance(days, int) or days < 1:
            raise SettingsError(f"{path}: {kind}: expected a number of days, 1 or more")
    return Policy(kinds, on)


def due(engine: Engine, policy: Policy, runs: Sequence[Path]) -> list[Due]:
    """Return what would go; changes nothing.

    Raises:
        SettingsError: a folder holds no run that ended.
    """
    rows = [
        Due(each.kind, each.table, each.rows, "rows", _why(policy, each.kind))
        for each in over(engine, policy.days, policy.on)
    ]
    files = [each for folder in runs for each, _ in _files_due(folder, policy)]
    return [each for each in [*rows, *files] if each.number]


def apply(
    engine: Engine, policy: Policy, runs: Sequence[Path], act: Act, kept: Witness | None
) -> list[Due]:
    """Remove what is over, from the store and from runs; return what went.

    Raises:
        SettingsError: a folder holds no run that ended, or there is no key to sign with.
        StoreError: somebody holds the database open.
    """
    if runs and (kept is None or kept.key is None):
        raise SettingsError(
            "retention: files of a run are removed under a signature: set "
            "NOSTOP_AUDIT_CHECKPOINTS and NOSTOP_AUDIT_KEY_FILE"
        )
    gone = [
        Due(each.kind, each.table, each.rows, "rows", _why(policy, each.kind))
        for each in delete_over(engine, policy.days, policy.on, act)
    ]
    for folder in runs:
        if kept is not None:
            gone.extend(_clear(folder, policy, act, kept))
    scrub(engine)
    return [each for each in gone if each.number]


def _clear(folder: Path, policy: Policy, act: Act, kept: Witness) -> list[Due]:
    with alone(folder, wait=False):
        found = _files_due(folder, policy)
        stages = [path for each, paths in found if each.kind == "run_stages" for path in paths]
        others = [path for each, paths in found if each.kind != "run_stages" for path in paths]
        if stages:
            forget_stages(folder)
        changes = [remove(path, folder) for path in others]
        supersede(folder, changes, "retention", kept, act.at)
    return [each for each, _ in found]


def _files_due(folder: Path, policy: Policy) -> list[tuple[Due, list[Path]]]:
    day = read_manifest(folder).get("effective_date")
    if not isinstance(day, str):
        raise SettingsError(f"{folder}: its manifest does not say for which day the run was")
    if unfinished(folder) is not None:
        raise SettingsError(f"{folder}: a run was stopped here; let it end first (`nostop run`)")
    age = (policy.on - date.fromisoformat(day)).days
    found = []
    for kind, files_of in FILES.items():
        if kind in policy.days and age > policy.days[kind]:
            paths = files_of(folder)
            why = f"of {day}, {_why(policy, kind)}"
            found.append((Due(kind, str(folder), len(paths), "files", why), paths))
    return found


def _why(policy: Policy, kind: str) -> str:
    return f"kept for {policy.days[kind]:,} days"
