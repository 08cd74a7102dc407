"""Signed checkpoints of the audit log, kept outside the store: whoever can rewrite the database
cannot rewrite what was said of it.

A checkpoint is one line of JSON: its number, how many entries there were, the hash of the last, the
moment, and an Ed25519 signature of these four. To check one takes only the public half of the key.
"""

import fcntl
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from sqlalchemy import Engine

from nostop.app.on_disk import sync
from nostop.model import SettingsError, StoreError
from nostop.store.audit_verify import Broken, Checkpoint, Verified, verify

#: Environment variables.
FOLDER = "NOSTOP_AUDIT_CHECKPOINTS"
KEY_FILE = "NOSTOP_AUDIT_KEY_FILE"
PUBLIC_KEY_FILE = "NOSTOP_AUDIT_PUBLIC_KEY_FILE"
CHECKPOINTS = "audit-checkpoints.jsonl"
_PUBLIC = ".pub"
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Witness:
    """Where checkpoints are kept, and the key that signs them.

    folder: append-only for whoever runs nostop, and out of reach for whoever runs the database.
    key: the private half; None where checkpoints are only read.
    public_key: the half that checks them.
    """

    folder: Path
    key: Path | None
    public_key: Path


def witness(environment: Mapping[str, str]) -> Witness | None:
    """Return where checkpoints are kept, None where nobody keeps any.

    Raises:
        SettingsError: there is a folder without a key, or a key without a folder.
    """
    folder, key, public = (environment.get(name) for name in (FOLDER, KEY_FILE, PUBLIC_KEY_FILE))
    if not (folder or key or public):
        return None
    if not folder or not (key or public):
        raise SettingsError(
            f"audit: checkpoints need {FOLDER} (a folder outside the store), and {KEY_FILE} (to "
            f"sign) or {PUBLIC_KEY_FILE} (to verify); `nostop audit new-key` makes a key"
        )
    beside = Path(f"{key}{_PUBLIC}")
    return Witness(Path(folder), Path(key) if key else None, Path(public) if public else beside)


def new_key(path: Path) -> Path:
    """Make a key, for nobody but its owner to read, and its public half beside it.

    Returns:
        The file of the public half.
    Raises:
        SettingsError: one of the two files is there already: a key is never written over.
    """
    public = path.with_name(path.name + _PUBLIC)
    if path.exists() or public.exists():
        raise SettingsError(f"audit: {path} or {public.name} is there already")
    key = Ed25519PrivateKey.generate()
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write_new(
        public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return public


def _write_new(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def checkpoint(engine: Engine, kept: Witness, at: datetime) -> Checkpoint | Broken:
    """Verify what came since the last checkpoint, then sign how far the log has come.

    A log that does not verify is not signed. One with nothing new is not signed twice.

    Raises:
        SettingsError: the key cannot be used.
        StoreError: a checkpoint that is there does not hold.
    """
    if kept.key is None:
        raise SettingsError("audit: to sign a checkpoint, set NOSTOP_AUDIT_KEY_FILE")
    key = _private_key(kept.key)
    if not kept.folder.is_dir():
        raise SettingsError(f"audit: there is no folder {kept.folder} for checkpoints")
    path = kept.folder / CHECKPOINTS
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        earlier = read_checkpoints(kept)
        last = max(earlier, key=lambda each: each.count, default=None)
        found = verify(engine, earlier, after=last)
        if isinstance(found, Broken):
            return found
        if last is not None and last.count == found.entries:
            return last
        made = Checkpoint(found.entries, found.head, at.astimezone(UTC))
        signature = key.sign(_signed(len(earlier) + 1, made)).hex()
        line = {**_fields(len(earlier) + 1, made), "signature": signature}
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    # The file's name, too, must be on the disk.
    sync(kept.folder)
    return made


def read_checkpoints(kept: Witness) -> list[Checkpoint]:
    """Return the checkpoints that were signed, in order.

    Raises:
        SettingsError: the public key cannot be read.
        StoreError: a line is missing, changed, or signed with another key.
    """
    path = kept.folder / CHECKPOINTS
    if not path.is_file():
        return []
    key = _public_key(kept.public_key)
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_read(key, path, number, line) for number, line in enumerate(lines, start=1)]


def _read(key: Ed25519PublicKey, path: Path, number: int, line: str) -> Checkpoint:
    try:
        row = json.loads(line)
        found = Checkpoint(int(row["count"]), row["head"], datetime.fromisoformat(row["at"]))
        key.verify(bytes.fromhex(row["signature"]), _signed(number, found))
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise StoreError(
            f"audit: line {number} of {path} is no checkpoint signed with this key: a line was "
            "changed or taken out, or the key is another"
        ) from error
    return found


def verify_log(engine: Engine, kept: Witness | None) -> Verified | Broken:
    """Verify the whole log against every checkpoint that was signed.

    Raises:
        SettingsError: the public key cannot be read.
        StoreError: a checkpoint does not hold.
    """
    return verify(engine, [] if kept is None else read_checkpoints(kept))


def sign(kept: Witness, content: bytes) -> str:
    """Return a signature of something else than a checkpoint, as hex.

    Raises:
        SettingsError: there is no key, or it cannot be used.
    """
    if kept.key is None:
        raise SettingsError("audit: to sign, set NOSTOP_AUDIT_KEY_FILE")
    return _private_key(kept.key).sign(content).hex()


def is_signed(kept: Witness, content: bytes, signature: str) -> bool:
    """Whether `sign` made this signature of this content.

    Raises:
        SettingsError: the public key cannot be read.
    """
    try:
        _public_key(kept.public_key).verify(bytes.fromhex(signature), content)
    except (ValueError, InvalidSignature):
        return False
    return True


def _fields(number: int, made: Checkpoint) -> dict[str, str | int]:
    return {
        "number": number,
        "count": made.count,
        "head": made.head,
        "at": made.at.astimezone(UTC).isoformat(),
    }


def _signed(number: int, made: Checkpoint) -> bytes:
    return json.dumps(_fields(number, made), sort_keys=True).encode()


def _private_key(path: Path) -> Ed25519PrivateKey:
    content = _bytes_of(path)
    if stat.S_IMODE(path.stat().st_mode) & ~_OWNER_ONLY:
        raise SettingsError(f"audit: {path} can be read by others; chmod 600 it, or make a new key")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"audit: {path} is no key that `nostop audit new-key` made") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"audit: {path} is no Ed25519 key")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_bytes_of(path))
    except ValueError as error:
        raise SettingsError(f"audit: {path} is no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"audit: {path} is no public Ed25519 key")
    return key


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"audit: cannot read the key {path}: {error.strerror}") from error
