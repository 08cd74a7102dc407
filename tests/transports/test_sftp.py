"""An SFTP drop folder on a real server: whole files only, the right server only, bad weather."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from nostop.model import FetchError
from nostop.plugins import transport
from nostop.ports import Transport
from tests.transports.weather import HASTY, PATIENT, Line, contents, files_end_at, refused

PASSWORD = "CANARY-password-91"  # noqa: S105 - made up
BIG = os.urandom(300_000)


class Drop:
    """A server with one folder for one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.public = self.host_key.export_public_key().decode().strip()
        self.after_look: Callable[[], None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._do(self._listen())
        self.port = self._server.get_port()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        class Server(asyncssh.SSHServer):
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == ("nostop", PASSWORD)

        keys = self.folder.parent / "authorized_keys"
        keys.write_bytes(self.user_key.export_public_key())
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=[self.host_key],
            authorized_client_keys=str(keys),
            sftp_factory=lambda channel: _Folder(channel, self),
        )

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            await self._server.wait_closed()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Folder(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel, drop: Drop) -> None:
        super().__init__(channel, chroot=os.fsencode(drop.folder))
        self._drop = drop

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async for entry in super().scandir(path):
            yield entry
        if self._drop.after_look:
            self._drop.after_look()
            self._drop.after_look = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Drop, Line]]:
    folder = tmp_path_factory.mktemp("sftp") / "drop"
    (folder / "out").mkdir(parents=True)
    drop = Drop(folder)
    line = Line(("127.0.0.1", drop.port))
    yield drop, line
    line.close()
    drop.close()


@pytest.fixture
def drop(server: tuple[Drop, Line], monkeypatch: pytest.MonkeyPatch) -> Drop:
    for file in (server[0].folder / "out").iterdir():
        file.unlink()
    monkeypatch.setenv("DROP_PASSWORD", PASSWORD)
    monkeypatch.setenv("DROP_KEY", server[0].user_key.export_private_key().decode())
    return server[0]


@pytest.fixture
def line(server: tuple[Drop, Line]) -> Line:
    server[1].fine()
    return server[1]


def put(drop: Drop, name: str, content: bytes, at: int = 1_777_000_000) -> None:
    path = drop.folder / "out" / name
    path.write_bytes(content)
    os.utime(path, (at, at))


def folder_of(drop: Drop, line: Line, **settings: object) -> Transport:
    standing = {
        "host": "127.0.0.1",
        "port": line.port,
        "user": "nostop",
        "folder": "/out",
        "pattern": "pensions*.csv",
        "host_key": drop.public,
        "password_env": "DROP_PASSWORD",
        "look_again_seconds": 0,
        "patience": PATIENT,
    }
    return transport("sftp", {**standing, **settings})


def test_new_files_are_brought_once_oldest_first(drop: Drop, line: Line, tmp_path: Path) -> None:
    put(drop, "pensions_b.csv", b"first", at=1_777_000_001)
    put(drop, "pensions_a.csv", b"second", at=1_777_000_002)
    put(drop, "notes.txt", b"no")
    (drop.folder / "out" / "pensions_link.csv").symlink_to("notes.txt")
    source = folder_of(drop, line)
    first = source.fetch(tmp_path, {})
    assert list(contents(first).items()) == [
        ("pensions_b.csv", b"first"),
        ("pensions_a.csv", b"second"),
    ]
    assert source.fetch(tmp_path, first.bookmark).files == ()
    put(drop, "pensions_a.csv", b"mended", at=1_777_000_003)
    (drop.folder / "out" / "pensions_b.csv").unlink()
    second = source.fetch(tmp_path, first.bookmark)
    assert contents(second) == {"pensions_a.csv": b"mended"}
    assert not any("pensions_b" in key for key in second.bookmark)


def test_a_key_and_a_known_hosts_file_do_as_well(drop: Drop, line: Line, tmp_path: Path) -> None:
    put(drop, "pensions.csv", b"a")
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{line.port} {drop.public}\n")
    source = folder_of(
        drop, line, password_env="", key_env="DROP_KEY", host_key="", known_hosts=str(known)
    )
    arriving = tmp_path / "arriving"
    arriving.mkdir()
    assert contents(source.fetch(arriving, {})) == {"pensions.csv": b"a"}


def test_only_whole_files_are_taken(drop: Drop, line: Line, tmp_path: Path) -> None:
    put(drop, "pensions_1.csv", b"whole")
    put(drop, "pensions_1.csv.done", b"")
    put(drop, "pensions_2.csv", b"hal")
    marked = folder_of(drop, line, done_suffix=".done", pattern="pensions*")
    first = marked.fetch(tmp_path, {})
    assert contents(first) == {"pensions_1.csv": b"whole"}
    put(drop, "pensions_2.csv", b"half no more")
    put(drop, "pensions_2.csv.done", b"")
    assert contents(marked.fetch(tmp_path, first.bookmark)) == {"pensions_2.csv": b"half no more"}


def test_a_file_that_still_grows_is_left_for_the_next_fetch(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", b"hal")
    drop.after_look = lambda: put(drop, "pensions.csv", b"half no more", 1_777_000_009)
    first = folder_of(drop, line).fetch(tmp_path, {})
    assert first.files == ()
    assert contents(folder_of(drop, line).fetch(tmp_path, first.bookmark)) == {
        "pensions.csv": b"half no more"
    }


def test_the_senders_checksum_is_held_against_the_file(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG)
    put(drop, "pensions.csv.sha256", hashlib.sha256(b"another").hexdigest().encode())
    source = folder_of(drop, line, sha256_suffix=".sha256")
    refused(source, tmp_path, r"its SHA-256 is not the one in pensions\.csv\.sha256")
    assert list(tmp_path.iterdir()) == []
    right = f"{hashlib.sha256(BIG).hexdigest().upper()}  pensions.csv\n"
    put(drop, "pensions.csv.sha256", right.encode())
    assert contents(source.fetch(tmp_path, {})) == {"pensions.csv": BIG}


def test_a_reset_at_every_tenth_read_only_costs_time(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG[:100_000])
    line.resets_every, line.spared = 10, 8_000
    assert contents(folder_of(drop, line).fetch(tmp_path, {})) == {"pensions.csv": BIG[:100_000]}
    assert line.resets >= 2


def test_half_a_file_is_gone_on_from_by_the_next_fetch(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG * 4)
    line.ends_after = 900_000
    once = {**PATIENT, "tries": 1}
    refused(folder_of(drop, line, patience=once), tmp_path, "broke off")
    arrived = (tmp_path / "pensions.csv.part").stat().st_size
    assert 0 < arrived < 900_000
    # Of what is left less than the whole goes over the line.
    line.ends_after = 1_250_000 - arrived
    assert contents(folder_of(drop, line, patience=once).fetch(tmp_path, {})) == {
        "pensions.csv": BIG * 4
    }


def test_half_of_one_file_is_never_joined_to_half_of_another(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG * 4)
    line.ends_after = 900_000
    refused(folder_of(drop, line, patience={**PATIENT, "tries": 1}), tmp_path, "broke off")
    line.fine()
    put(drop, "pensions.csv", BIG[::-1] * 4, at=1_777_000_500)
    assert contents(folder_of(drop, line).fetch(tmp_path, {})) == {"pensions.csv": BIG[::-1] * 4}


def test_a_server_that_never_answers_is_left_in_time(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", b"a")
    line.silent = True
    refused(folder_of(drop, line, patience=HASTY), tmp_path, r"did not answer within 0\.3 seconds")
    line.fine()
    assert contents(folder_of(drop, line).fetch(tmp_path, {})) == {"pensions.csv": b"a"}


def test_a_server_that_falls_silent_half_way_is_left_in_time(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG)
    line.stalls_after = 10_000
    refused(folder_of(drop, line, patience={**HASTY, "connect_seconds": 20}), tmp_path, "did not")
    line.fine()
    assert contents(folder_of(drop, line).fetch(tmp_path, {})) == {"pensions.csv": BIG}


def test_a_wrong_password_is_told_from_a_server_that_is_away(
    drop: Drop, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DROP_PASSWORD", "CANARY-wrong")
    refused(folder_of(drop, line), tmp_path, "refuses our user, or our key or password")
    refused(folder_of(drop, line, port=9, patience=HASTY), tmp_path, "cannot be reached")
    monkeypatch.setenv("DROP_KEY", "CANARY no key")
    by_key = folder_of(drop, line, password_env="", key_env="DROP_KEY")
    refused(by_key, tmp_path, "DROP_KEY holds no private key")


def test_another_server_gets_nothing(drop: Drop, line: Line, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    refused(folder_of(drop, line, host_key=other), tmp_path, "its host key is not the one")
    refused(folder_of(drop, line, host_key="CANARY"), tmp_path, "host_key is no public key")


def test_a_full_disk_is_told_and_the_next_fetch_goes_on(
    drop: Drop, line: Line, tmp_path: Path
) -> None:
    put(drop, "pensions.csv", BIG)
    with files_end_at(100_000):
        refused(folder_of(drop, line), tmp_path, "the disk is full")
    assert contents(folder_of(drop, line).fetch(tmp_path, {})) == {"pensions.csv": BIG}


def test_what_is_not_there_is_told(drop: Drop, line: Line, tmp_path: Path) -> None:
    refused(folder_of(drop, line, folder="/elsewhere"), tmp_path, "there is no such folder")


@pytest.mark.parametrize(
    "settings",
    [
        {"host_key": ""},
        {"known_hosts": "known_hosts"},
        {"password_env": ""},
        {"key_env": "DROP_KEY"},
    ],
)
def test_no_server_is_trusted_unless_it_is_named(
    settings: dict[str, object], drop: Drop, line: Line
) -> None:
    with pytest.raises(FetchError, match="sftp: write"):
        folder_of(drop, line, **settings)
