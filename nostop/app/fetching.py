"""Fetching the departments' files: each declared feed by its transport, into the folder that a run
reads.

    FEEDS_DIR/
    ├── council_tax.txt                 what a run reads
    └── .fetch/council_tax/
        ├── state.json                  where the last fetch stopped, and a landing under way
        ├── arriving/                   what is on its way; the transport's own
        ├── kept/                       the file that the last one replaced
        └── lock                        held while a fetch of this feed runs

Whole files move into place first and the bookmark is written last. A fetch that is killed brings
the same again, under the same names.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from nostop import plugins
from nostop.app.gather import files_of
from nostop.app.on_disk import hash_of_file, sync
from nostop.feeds import FeedDeclaration
from nostop.model import FetchError, NostopError, SettingsError, nearest
from nostop.ports import Fetched

_FOLDER = ".fetch"


@dataclass(frozen=True, slots=True)
class FeedFetch:
    """What became of fetching one feed: the files that are new in the folder, and their bytes."""

    feed: str
    files: tuple[str, ...]
    bytes: int
    happened: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _State:
    """What is known between two fetches of one feed.

    `number` is that of the last file of changes, `sha256` that of the last file in place; `landing`
    names the files of a fetch whose bookmark was not yet written.
    """

    by: str
    bookmark: dict[str, str]
    number: int = 0
    sha256: str = ""
    landing: tuple[str, ...] = ()


def fetch_feeds(
    declarations: Sequence[FeedDeclaration], folder: Path, wanted: Sequence[str] = ()
) -> list[FeedFetch]:
    """Fetch every feed that says where its file comes from, or the wanted ones, into a folder.

    A feed that cannot be fetched is told of and does not stop the others; its files stay as they
    were.

    Raises:
        SettingsError: a wanted feed is not declared, or does not say where its file comes from.
    """
    fetched = {each.id: each for each in declarations if each.fetch is not None}
    for feed in wanted:
        if feed not in fetched:
            declared = [each.id for each in declarations]
            known = "does not say where its file comes from (fetch)"
            raise SettingsError(
                f"feed '{feed}' {known if feed in declared else 'is not declared'}"
                f"{nearest(feed, list(fetched))}"
            )
    return [
        _fetched_or_failed(each, folder)
        for each in fetched.values()
        if not wanted or each.id in wanted
    ]


def _fetched_or_failed(declaration: FeedDeclaration, folder: Path) -> FeedFetch:
    own = folder / _FOLDER / declaration.id
    try:
        for part in (own / "arriving", own / "kept"):
            part.mkdir(parents=True, exist_ok=True)
        # What arrives is about people: it is for the account that fetches it.
        own.parent.chmod(0o700)
        with _only_one(own / "lock"):
            return _fetch(declaration, folder, own)
    except NostopError as error:
        return FeedFetch(declaration.id, (), 0, str(error), failed=True)
    except OSError as error:
        said = f"{Path(error.filename or own).name}: {error.strerror}: make room, or mend it"
        return FeedFetch(declaration.id, (), 0, said, failed=True)


def _fetch(declaration: FeedDeclaration, folder: Path, own: Path) -> FeedFetch:
    wish, arriving = declaration.fetch, own / "arriving"
    assert wish is not None  # noqa: S101 - chosen by fetch_feeds
    state = _read_state(own / "state.json", wish.by)
    if not files_of(declaration, folder):
        # Without its files the feed begins anew, whatever was brought once.
        state = replace(state, bookmark={}, sha256="")
    transport = plugins.transport(wish.by, wish.settings)
    brought = transport.fetch(arriving, state.bookmark)
    new, sha256 = _new_files(_checked(brought, arriving), state.sha256)
    if declaration.changes is None:
        new = new[-1:]
    names = [_name(declaration, file, state.number + n) for n, file in enumerate(new, start=1)]
    size = sum(file.stat().st_size for file in new)
    if new:
        under_way = tuple(sorted({*state.landing, *names}))
        _write_state(own / "state.json", replace(state, landing=under_way))
        _land(declaration, folder, own / "kept", dict(zip(names, new, strict=True)), state)
    # Files of a fetch that was killed, and that the source no longer gives, keep their numbers.
    number = state.number + (len(new) or len(state.landing))
    after = _State(wish.by, dict(brought.bookmark), number, sha256)
    _write_state(own / "state.json", after)
    shutil.rmtree(arriving)
    happened = "brought" if new else "the same as before" if brought.files else "nothing new"
    return FeedFetch(declaration.id, tuple(names), size, happened)


def _checked(brought: Fetched, arriving: Path) -> list[Path]:
    for file in brought.files:
        if file.parent != arriving or not file.is_file() or file.is_symlink():
            raise FetchError(f"the transport names a file that it did not bring: {file.name}")
    return list(brought.files)


def _new_files(files: Sequence[Path], last: str) -> tuple[list[Path], str]:
    """Return the files that differ from the one before them, and the digest of the last."""
    new = []
    for file in files:
        digest = hash_of_file(file)
        if digest != last:
            new.append(file)
        last = digest
    return new, last


def _name(declaration: FeedDeclaration, file: Path, number: int) -> str:
    """Return the name under which a run finds a file.

    Files of changes are numbered in the order in which they came: one more never replaces another.

    Raises:
        FetchError: the name does not fit `file:` of the declaration.
    """
    pattern = declaration.file
    if declaration.changes is not None:
        name = f"{file.stem}.{number:06}{file.suffix}"
    else:
        name = file.name if set("*?") & set(pattern) else pattern
    if not fnmatchcase(name, pattern):
        raise FetchError(
            f"the file is called {name}, which does not fit 'file: {pattern}' of the declaration: "
            "change one of them"
        )
    return name


def _land(
    declaration: FeedDeclaration,
    folder: Path,
    kept: Path,
    files: dict[str, Path],
    state: _State,
) -> None:
    """Give files their place, and take what they replace out of it.

    The new ones come first: killed in between, a run finds one file too many, says so, and uses
    neither.
    """
    replaced = {folder / name for name in state.landing}
    if declaration.changes is None:
        replaced |= set(files_of(declaration, folder))
    if not state.landing:
        for old in kept.iterdir():
            old.unlink()
    for name, file in files.items():
        place = folder / name
        # What a landing that was killed put there is not what was there before.
        if place.is_file() and name not in state.landing:
            os.link(place, kept / name)
        sync(file)
        file.replace(place)
    for old in sorted(replaced - {folder / name for name in files}):
        if old.is_file():
            old.replace(kept / old.name)
    sync(folder)


def _read_state(path: Path, by: str) -> _State:
    if not path.exists():
        return _State(by, {})
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        state = _State(**{**found, "landing": tuple(found["landing"])})
    except (ValueError, TypeError, KeyError) as error:
        raise FetchError(
            f"{path}: is not what the last fetch wrote: take it away, and all is fetched again"
        ) from error
    # The bookmark of another transport means nothing to this one.
    return state if state.by == by else replace(state, by=by, bookmark={})


def _write_state(path: Path, state: _State) -> None:
    text = asdict(state) | {"bookmark": dict(sorted(state.bookmark.items()))}
    new = path.with_name("state.json.new")
    new.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    sync(new)
    new.replace(path)
    sync(path.parent)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold a feed for one fetch; a killed one holds it no longer.

    Raises:
        FetchError: another fetch of it is running.
    """
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FetchError("another fetch of this feed is running: let it end") from error
        yield
