"""An SFTP drop folder."""

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncssh

from connectors.transports._landing import Part
from connectors.transports._listing import Listed, bookmark_after, fitting
from connectors.transports._manners import (
    BrokenOffError,
    Patience,
    Watch,
    of,
    own,
    persist,
    secret,
)
from nostop.model import FetchError
from nostop.ports import Bookmark, Fetched

#: Asked for at once, so that a long way is travelled once for all of them.
_PIECES = 16
_PIECE = 16 * 1024
_COMPANION_BYTES = 4096

#: What no second try mends.
_REFUSALS: dict[type[Exception], str] = {
    asyncssh.PermissionDenied: "refuses our user, or our key or password: look at user and at the "
    "variable that password_env or key_env names",
    asyncssh.HostKeyNotVerifiable: "its host key is not the one in the declaration, so it may be "
    "another server: nothing was sent; ask the department before you write a new key",
    asyncssh.KeyExchangeFailed: "has no way to encrypt in common with us",
    asyncssh.SFTPNoSuchFile: "there is no such folder, or a file has gone",
    asyncssh.SFTPNoSuchPath: "there is no such folder, or a file has gone",
    asyncssh.SFTPPermissionDenied: "lets us in, but not read there",
}


@dataclass(frozen=True, slots=True)
class Sftp:
    """Fetches the files of a folder that fit a pattern, each once, oldest first.

    Only a whole file is taken: one beside which its companion lies, or, without companions, one
    whose size and time are the same in two looks. A download that broke off goes on where it was,
    and is held against the size, and the SHA-256, that the source says.

    Attributes:
        host, port, user: where, and who we are.
        folder, pattern: which files; `*` and `?` stand for anything.
        host_key: the server's own public key, as `ssh-ed25519 AAAA...`, from the department and not
            from the network; or `known_hosts`, a file of them. Another server's key is refused.
        password_env, or key_env (a private key; key_passphrase_env): environment variables.
        done_suffix: a file is whole once `<name><suffix>` lies beside it, such as `.done`.
        sha256_suffix: the same, and the companion begins with the file's SHA-256.
        look_again_seconds: between the two looks.
        bytes_at_most: a larger file is not taken.
    """

    host: str
    user: str
    folder: str
    pattern: str
    port: int = 22
    host_key: str = ""
    known_hosts: Path | None = None
    password_env: str = ""
    key_env: str = ""
    key_passphrase_env: str = ""
    done_suffix: str = ""
    sha256_suffix: str = ""
    look_again_seconds: float = 10
    patience: Patience = field(default_factory=Patience)
    bytes_at_most: int = 8 * 1024**3

    def __post_init__(self) -> None:
        if bool(self.host_key) == (self.known_hosts is not None):
            raise FetchError("sftp: write host_key or known_hosts, so that no other server is met")
        if bool(self.password_env) == bool(self.key_env):
            raise FetchError("sftp: write password_env or key_env, the name of a variable")

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring the files that are new or changed since the bookmark.

        Raises:
            FetchError: the server cannot be reached, is another, refuses us, breaks off, or a file
                is not what it was said to be.
        """
        name = of(self.host, self.port, self.folder)
        watch = Watch(f"sftp://{self.host}:{self.port}{self.folder}", self.patience)
        visit = _Visit(self, folder, own(bookmark, name), watch, self._options())
        persist(lambda: asyncio.run(visit.make()), watch, lambda: visit.landed)
        files = tuple(folder / brought for brought in visit.brought)
        after = bookmark_after(visit.bookmark, visit.listed, visit.brought)
        return Fetched(files, {"of": name, **after})

    def _options(self) -> asyncssh.SSHClientConnectionOptions:
        key = self._private_key() if self.key_env else None
        return asyncssh.SSHClientConnectionOptions(
            username=self.user,
            password=secret(self.password_env) if self.password_env else None,
            client_keys=[key] if key else None,
            known_hosts=self._trusted(),
            # Nothing of the account under which we run: no keys, agent or settings of its own.
            agent_path=None,
            config=None,
            connect_timeout=self.patience.connect_seconds,
            login_timeout=self.patience.connect_seconds + self.patience.answer_seconds,
        )

    def _private_key(self) -> asyncssh.SSHKey:
        passphrase = secret(self.key_passphrase_env) if self.key_passphrase_env else None
        try:
            return asyncssh.import_private_key(secret(self.key_env), passphrase)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            raise FetchError(
                f"the environment variable {self.key_env} holds no private key that can be read, "
                "or not with its passphrase"
            ) from None

    def _trusted(self) -> object:
        try:
            if self.known_hosts is None:
                return [asyncssh.import_public_key(self.host_key)], [], []
            return asyncssh.read_known_hosts(str(self.known_hosts))
        except asyncssh.KeyImportError:
            raise FetchError(
                "sftp: host_key is no public key such as 'ssh-ed25519 AAAA...'"
            ) from None
        except (OSError, ValueError):
            raise FetchError(f"sftp: {self.known_hosts} is no known_hosts file") from None


class _Visit:
    """What one fetch has brought by now, over as many connections as it takes."""

    def __init__(
        self,
        source: Sftp,
        folder: Path,
        bookmark: Bookmark,
        watch: Watch,
        options: asyncssh.SSHClientConnectionOptions,
    ) -> None:
        self.bookmark = bookmark
        self.listed: Sequence[Listed] = ()
        self.brought: dict[str, Listed] = {}
        self.landed = 0
        self._source = source
        self._folder = folder
        self._watch = watch
        self._options = options

    async def make(self) -> None:
        """Connect and bring every file that is new and whole."""
        async with self._connected() as sftp:
            whole = await self._whole(sftp)
            for file in fitting(whole, self._source.pattern, self.bookmark):
                if self.brought.get(file.name) != file:
                    await self._bring(sftp, file)
                    self.brought.pop(file.name, None)
                    self.brought[file.name] = file

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        source, patience = self._source, self._source.patience
        with self._told():
            connecting = asyncssh.connect(source.host, source.port, options=self._options)
            seconds = patience.connect_seconds + patience.answer_seconds
            connection = await asyncio.wait_for(connecting, min(seconds, self._watch.left()))
            try:
                async with self._soon():
                    client = await connection.start_sftp_client()
                yield client
            finally:
                # Not a polite end: a server that no longer answers would keep us waiting for it.
                connection.abort()
                with suppress(TimeoutError):
                    await asyncio.wait_for(connection.wait_closed(), patience.answer_seconds)

    def _soon(self) -> asyncio.Timeout:
        return asyncio.timeout(min(self._source.patience.answer_seconds, self._watch.left()))

    async def _look(self, sftp: asyncssh.SFTPClient) -> list[Listed]:
        listed = []
        async with self._soon():
            entries = await sftp.readdir(self._source.folder)
        for entry in entries:
            at, size, mode = entry.attrs.mtime, entry.attrs.size, entry.attrs.permissions
            if at is not None and size is not None and stat.S_ISREG(mode or 0):
                listed.append(Listed(str(entry.filename), size, at, f"{at}:{size}"))
        return listed

    async def _whole(self, sftp: asyncssh.SFTPClient) -> list[Listed]:
        """Return the files that are surely whole."""
        source = self._source
        self.listed = await self._look(sftp)
        suffixes = [suffix for suffix in (source.done_suffix, source.sha256_suffix) if suffix]
        if suffixes:
            names = {file.name for file in self.listed}
            return [
                file
                for file in self.listed
                if not file.name.endswith(tuple(suffixes))
                and all(file.name + suffix in names for suffix in suffixes)
            ]
        await asyncio.sleep(source.look_again_seconds)
        again = set(await self._look(sftp))
        return [file for file in self.listed if file in again]

    async def _bring(self, sftp: asyncssh.SFTPClient, file: Listed) -> None:
        source, path = self._source, f"{self._source.folder.rstrip('/')}/{file.name}"
        before = self.landed
        identity = {"of": of(source.host, source.port, path), "mark": file.mark}
        with Part(self._folder, file.name, source.bytes_at_most) as part:
            if part.begun() != identity:
                part.begin(identity)
            self.landed = max(self.landed, before + part.size)
            async for data in self._contents(sftp, path, part, file.size):
                part.write(data)
                self.landed = max(self.landed, before + part.size)
            async with self._soon():
                after = await sftp.stat(path)
            if part.size != file.size or f"{after.mtime}:{after.size}" != file.mark:
                part.discard()
                raise BrokenOffError(f"{self._watch.source}: a file changed while it was fetched")
            if source.sha256_suffix and part.sha256() != await self._sha256(sftp, path):
                part.discard()
                raise FetchError(
                    f"{self._watch.source}: {file.name}: its SHA-256 is not the one in "
                    f"{file.name}{source.sha256_suffix}: not taken; ask the sender"
                )
            part.finish()

    async def _contents(
        self, sftp: asyncssh.SFTPClient, path: str, part: Part, size: int
    ) -> AsyncIterator[bytes]:
        """Yield what the part lacks, in order; several pieces are asked for at once."""
        async with self._soon():
            remote = await sftp.open(path, "rb", block_size=0)
        while part.size < size:
            wanted = range(part.size, min(part.size + _PIECES * _PIECE, size), _PIECE)
            asked = [remote.read(min(_PIECE, size - at), at) for at in wanted]
            async with self._soon():
                pieces = await asyncio.gather(*asked, return_exceptions=True)
            for at, piece in zip(wanted, pieces, strict=True):
                if isinstance(piece, BaseException):
                    raise piece
                if at == part.size:
                    yield cast(bytes, piece)
            if part.size == wanted[0]:
                return

    async def _sha256(self, sftp: asyncssh.SFTPClient, path: str) -> str:
        async with self._soon():
            companion = await sftp.open(path + self._source.sha256_suffix, "rb", block_size=0)
            words = cast(bytes, await companion.read(_COMPANION_BYTES)).split()
        return words[0].decode("ascii", "replace").lower() if words else ""

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's errors into ours. Their words are dropped: the server chose them."""
        where = self._watch.source
        try:
            yield
        except asyncssh.Error as error:
            said = next((told for kind, told in _REFUSALS.items() if isinstance(error, kind)), None)
            if said is None:
                raise BrokenOffError(f"{where}: the connection broke off") from None
            raise FetchError(f"{where}: {said}") from None
        except TimeoutError:
            raise self._watch.silent() from None
        except OSError as error:
            if error.filename:
                raise
            raise BrokenOffError(f"{where}: cannot be reached, or the line broke off") from None
