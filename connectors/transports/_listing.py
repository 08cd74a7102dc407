"""What a drop folder or a bucket holds, and which of it is new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nostop.ports import Bookmark

_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file at the source: `mark` differs whenever its content may, `modified` orders it."""

    name: str
    size: int
    modified: float
    mark: str


def fitting(listed: Sequence[Listed], pattern: str, bookmark: Bookmark) -> list[Listed]:
    """Return the files that fit a pattern and were not brought yet, oldest first."""
    new = [
        file
        for file in listed
        if fnmatchcase(file.name, pattern) and bookmark.get(_FILE + file.name) != file.mark
    ]
    return sorted(new, key=lambda file: (file.modified, file.name))


def bookmark_after(
    bookmark: Bookmark, listed: Sequence[Listed], brought: Mapping[str, Listed]
) -> dict[str, str]:
    """Return what was brought by now; what the source no longer has is forgotten."""
    there = {file.name for file in listed}
    kept = {
        key: mark
        for key, mark in bookmark.items()
        if key.startswith(_FILE) and key.removeprefix(_FILE) in there
    }
    return kept | {_FILE + name: file.mark for name, file in brought.items()}
