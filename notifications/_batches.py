"""Batches: folders of files handed over together, in place whole or not at all, each message once.

A batch is `<prefix>-<hash>`, and its `manifest.json` says which messages are in it. A batch never
changes; its other files may be deleted once they are handed over, the manifest must stay.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from nostop.model import PluginError
from nostop.ports import Receipt

MANIFEST = "manifest.json"
_PART = ".part"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a batch: the status, reference and reason of each of its receipts."""

    status: str
    reference: str | None
    reason: str | None

    def receipt(self, message_id: str) -> Receipt:
        """Return the receipt of one of its messages."""
        # A disk that takes no batch takes no other one either.
        stop = self.status != "sent"
        return Receipt(message_id, self.status, self.reference, self.reason, stop=stop)


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of one folder. Reads each manifest once, for it never changes."""

    folder: Path
    prefix: str
    _batch_of: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _read: set[str] = field(default_factory=set, compare=False, repr=False)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder: nobody else looks for messages or puts a batch in place meanwhile.

        Raises:
            PluginError: the folder cannot be made or locked.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise PluginError(f"cannot use the folder {self.folder}: {_short(error)}") from error
        try:
            _lock(handle, self.folder)
            yield
        finally:
            os.close(handle)

    def batch_of(self) -> Mapping[str, str]:
        """Return the batch of each message that is in one.

        Raises:
            PluginError: a batch has no manifest that can be read, so that nobody can say what has
                gone.
        """
        for batch in sorted(self.folder.glob(f"{self.prefix}-*/")):
            if batch.name not in self._read:
                messages = _messages(batch / MANIFEST)
                self._batch_of.update(dict.fromkeys(messages, batch.name))
                self._read.add(batch.name)
        return self._batch_of

    def ask(self, message_ids: Iterable[str]) -> Iterator[Receipt]:
        """Yield one receipt for each message: `sent` where it is in a batch, else `not_found`.

        Raises:
            PluginError: the folder cannot be used, or a manifest cannot be read.
        """
        with self.alone():
            known = dict(self.batch_of())
        for message_id in message_ids:
            batch = known.get(message_id)
            status, reason = ("sent", None) if batch else ("not_found", "in_no_batch")
            yield Receipt(message_id, status, batch, reason)

    def hand_over(self, message_ids: list[str], files: Mapping[str, bytes | Path]) -> Handed:
        """Put a batch in place and say what became of it. Call it only inside `alone`.

        Args:
            message_ids: whose batch it is; the manifest lists them in this order.
            files: by name: what is in it, or a file, already on the disk, that moves in.
        """
        try:
            name = self._place(message_ids, files)
        except OSError as error:
            return Handed("not_taken", None, f"cannot_write: {_short(error)}")
        try:
            sync_folder(self.folder)
        except OSError as error:
            return Handed("unknown", name, f"cannot_sync: {_short(error)}")
        self._batch_of.update(dict.fromkeys(message_ids, name))
        self._read.add(name)
        return Handed("sent", name, None)

    def _place(self, message_ids: list[str], files: Mapping[str, bytes | Path]) -> str:
        part = self.folder / _PART
        # Left by a process that ended in between: nothing in it was handed over.
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(mode=0o700)
            hashes = {name: _put(part / name, what) for name, what in sorted(files.items())}
            name = f"{self.prefix}-{_hash_of(message_ids, hashes)[:32]}"
            manifest = {"batch": name, "messages": message_ids, "sha256": hashes}
            _put(part / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
            sync_folder(part)
            part.rename(self.folder / name)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return name


def write_whole(file: Path, content: bytes) -> None:
    """Write a file for our eyes only: there whole, and on the disk, or not at all.

    Raises:
        OSError: the disk is full, or the like.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        _put(part, content)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the disk has what a folder lists.

    Raises:
        OSError: the disk says no.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put(file: Path, what: bytes | Path) -> str:
    """Write bytes or move a file here, and return the sha256 of what is there now."""
    if isinstance(what, Path):
        what.replace(file)
        return hashlib.sha256(file.read_bytes()).hexdigest()
    with open(file, "wb", opener=_for_us_only) as out:
        out.write(what)
        out.flush()
        os.fsync(out.fileno())
    return hashlib.sha256(what).hexdigest()


def _for_us_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _hash_of(message_ids: list[str], hashes: Mapping[str, str]) -> str:
    lines = [*message_ids, *(f"{name} {sha256}" for name, sha256 in hashes.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _messages(file: Path) -> list[str]:
    try:
        messages = json.loads(file.read_bytes())["messages"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PluginError(
            f"{file}: cannot be read, so that nobody can say what has gone"
        ) from error
    if not isinstance(messages, list) or not all(isinstance(each, str) for each in messages):
        raise PluginError(f"{file}: 'messages' is not a list of ids")
    return messages


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        raise PluginError(f"cannot lock the folder {folder}: {_short(error)}") from error


def _short(error: OSError) -> str:
    """Return the name of an error alone: its text may name a file."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
