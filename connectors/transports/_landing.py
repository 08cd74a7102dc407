"""How a file arrives: as `<name>.part`, and under its name only when it is whole.

Beside the part lies `<name>.part.json`: what it is a part of, and how many of its bytes are surely
on the disk. A fetch that was killed, or a machine that lost its power, leaves nothing or a part
that the next fetch goes on from.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from nostop.model import FetchError

_CHECKPOINT_BYTES = 8 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,199}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Part:
    """A file on its way into a folder. Use it in a `with` statement."""

    def __init__(self, folder: Path, name: str, bytes_at_most: int) -> None:
        """Take `name` as the file's name, once it is whole.

        Raises:
            FetchError: the name is not one for a plain file.
        """
        if not _NAME.fullmatch(name) or name.endswith((".part", ".part.json")):
            raise FetchError(
                f"the file name {name[:80]!a} cannot be used: letters, digits and _ . - only, "
                "a letter, digit or _ at the start"
            )
        self.target = folder / name
        self._part = folder / f"{name}.part"
        self._note = folder / f"{name}.part.json"
        self._bytes_at_most = bytes_at_most
        self._of: dict[str, str] = {}
        self._descriptor = -1
        self._sure = 0
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor < 0:
            return
        if self._of and self.size:
            # On a full disk this fails too; the earlier note still holds for what it counts.
            with suppress(OSError):
                self._checkpoint()
            self._close()
        else:
            self.discard()

    @property
    def closed(self) -> bool:
        """Whether nothing can be written; with `write`, `flush` and `tell` this is a file."""
        return self._descriptor < 0

    def flush(self) -> None:
        """Do nothing: no write waits here."""

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def begun(self) -> Mapping[str, str]:
        """Open what an earlier fetch left, and return what it is a part of; empty if nothing."""
        if self._descriptor >= 0:
            return self._of
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            self._of, self._sure = dict(note["of"]), int(note["sure"])
            self._descriptor = descriptor = os.open(self._part, os.O_RDWR)
        except (OSError, ValueError, KeyError, TypeError):
            self._of, self._sure = {}, 0
            return {}
        there = os.fstat(descriptor).st_size
        if there < self._sure:
            self.discard()
            return {}
        if there > self._sure:
            os.ftruncate(descriptor, self._sure)
        self.size = os.lseek(descriptor, self._sure, os.SEEK_SET)
        return self._of

    def begin(self, of: Mapping[str, str] | None = None) -> None:
        """Begin with nothing.

        Args:
            of: what this is a part of; left out, what arrived is of no use to another fetch.
        """
        self.discard()
        with disk(self.target):
            self._of, self._sure, self.size = dict(of or {}), 0, 0
            if of:
                self._write_note()
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
            self._descriptor = os.open(self._part, flags, 0o600)

    def write(self, data: bytes) -> int:
        """Add bytes at the end, and return how many.

        Raises:
            FetchError: the file becomes larger than allowed, or the disk is full.
        """
        if self.size + len(data) > self._bytes_at_most:
            raise FetchError(
                f"{self.target.name}: is larger than {self._bytes_at_most:,} bytes "
                "(bytes_at_most): not taken"
            )
        with disk(self.target):
            rest = memoryview(data)
            while rest:
                done = os.write(self._descriptor, rest)
                self.size += done
                rest = rest[done:]
            if self._of and self.size - self._sure >= _CHECKPOINT_BYTES:
                self._checkpoint()
        return len(data)

    def sha256(self) -> str:
        """Return the digest of what is there."""
        with self._part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def finish(self) -> Path:
        """Give the whole file its name, and return where it lies."""
        with disk(self.target):
            os.fsync(self._descriptor)
            self._close()
            self._part.replace(self.target)
            self._note.unlink(missing_ok=True)
            sync_folder(self.target.parent)
        return self.target

    def discard(self) -> None:
        """Leave nothing."""
        self._close()
        # The part goes first: a note without a part means nothing.
        self._part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self._of, self.size, self._sure = {}, 0, 0

    def close(self) -> None:
        """Stay open: writers of other libraries close what they write to, we only when whole."""

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _checkpoint(self) -> None:
        os.fsync(self._descriptor)
        self._sure = self.size
        self._write_note()

    def _write_note(self) -> None:
        write_whole(self._note, json.dumps({"of": self._of, "sure": self._sure}).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader finds the old one or the new one, and nothing between."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a FetchError."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise FetchError(
                f"{path.name}: the disk is full, or a limit on file sizes is reached: make room in "
                f"{path.parent} and fetch again"
            ) from error
        raise FetchError(
            f"{path.name}: cannot be written in {path.parent}: {error.strerror}"
        ) from error
