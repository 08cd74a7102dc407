"""A bucket or container: S3 and its kin, Azure, Google; or a folder, as `file:///...`."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import ObjectStore as Store
from obstore.store import from_url

from connectors.transports._landing import Part
from connectors.transports._listing import Listed, bookmark_after, fitting
from connectors.transports._manners import (
    BrokenOffError,
    Patience,
    Watch,
    is_loopback,
    of,
    own,
    persist,
    place,
    secret,
)
from nostop.model import FetchError
from nostop.ports import Bookmark, Fetched

_SCHEMES = ("s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "file")
#: Asked for at once, and so what has to come within answer_seconds; and what is written at once.
_RANGE = 4 * 1024 * 1024
_BLOCK = 64 * 1024
_STATUS = re.compile(r"non-2xx status code: ([0-9]{3})")
_SECRET = re.compile(r"key|secret|token|password|sas|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Fetches the objects right under a prefix that fit a pattern, each once, oldest first.

    A download that broke off goes on where it was while the object's ETag is the same.

    Attributes:
        url: `s3://bucket/prefix`, `az://account/container/prefix`, `gs://bucket/prefix`,
            `file:///folder`.
        pattern: which objects, by what follows the prefix; `*` and `?` stand for anything.
        options: the store's own settings, such as `region` and `endpoint`.
        credentials_env: the store's own settings that are secret, such as `access_key_id` and
            `secret_access_key`, each with the name of an environment variable. Left out, the
            store's usual variables count (`AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_...`), or the
            identity of the machine.
        bytes_at_most: a larger object is not taken.
    """

    url: str
    pattern: str
    options: Mapping[str, str] = field(default_factory=dict)
    credentials_env: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    bytes_at_most: int = 8 * 1024**3

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring the objects that are new or changed since the bookmark.

        Raises:
            FetchError: the store cannot be reached, refuses us, breaks off, or has no such bucket.
        """
        watch = Watch(place(self.url), self.patience)
        store = self._store(watch)
        name = of(self.url, dict(self.options))
        begun = own(bookmark, name)
        listed = persist(lambda: self._list(store, watch), watch)
        brought = {}
        for file in fitting(listed, self.pattern, begun):
            with Part(folder, file.name, self.bytes_at_most) as part:
                _bring(store, file, part, watch)
            brought[file.name] = file
        files = tuple(folder / file for file in brought)
        return Fetched(files, {"of": name, **bookmark_after(begun, listed, brought)})

    def _store(self, watch: Watch) -> Store:
        scheme = urlsplit(self.url).scheme
        if scheme not in _SCHEMES:
            raise FetchError(f"{watch.source}: begin the url with one of {', '.join(_SCHEMES)}")
        for key, value in self.options.items():
            if _SECRET.search(key):
                raise FetchError(f"options: '{key}' is secret: use credentials_env")
            if value.startswith("http:") and not is_loopback(urlsplit(value).hostname):
                raise FetchError(f"options: '{key}' has to begin with https://")
        config = {key: secret(variable) for key, variable in self.credentials_env.items()}
        build: Callable[..., Store] = from_url
        with _told(watch):
            if scheme == "file":
                return build(self.url)
            return build(
                self.url,
                config={**self.options, **config},
                client_options={
                    "allow_http": any(v.startswith("http:") for v in self.options.values()),
                    "connect_timeout": timedelta(seconds=self.patience.connect_seconds),
                    "timeout": timedelta(seconds=self.patience.answer_seconds),
                },
                # We try again ourselves, and go on from what arrived.
                retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
            )

    def _list(self, store: Store, watch: Watch) -> list[Listed]:
        with _told(watch):
            found = obstore.list_with_delimiter(store)["objects"]
        return [
            Listed(
                name=meta["path"].rpartition("/")[2],
                size=meta["size"],
                modified=meta["last_modified"].timestamp(),
                mark=meta["e_tag"] or f"{meta['last_modified'].isoformat()}:{meta['size']}",
            )
            for meta in found
        ]


def _bring(store: Store, file: Listed, part: Part, watch: Watch) -> None:
    identity = {"of": of(watch.source, file.name), "mark": file.mark}
    if part.begun() != identity:
        part.begin(identity)

    def rest() -> None:
        while part.size < file.size:
            watch.left()
            end = min(part.size + _RANGE, file.size)
            with _told(watch, part):
                found = obstore.get(
                    store, file.name, options={"range": (part.size, end), "if_match": file.mark}
                )
                for block in found.stream(min_chunk_size=_BLOCK):
                    part.write(bytes(block))
            if part.size > end:
                part.discard()
                raise FetchError(f"{watch.source}: gives more of an object than was asked for")

    persist(rest, watch, lambda: part.size)
    part.finish()


@contextmanager
def _told(watch: Watch, part: Part | None = None) -> Iterator[None]:
    """Turn the library's errors into ours. Their words are dropped: they may hold a signature."""
    source = watch.source
    try:
        yield
    except PreconditionError:
        if part is not None:
            part.discard()
        raise FetchError(f"{source}: an object changed while it was fetched; fetch again") from None
    except UnknownConfigurationKeyError:
        raise FetchError(f"{source}: options or credentials_env has an unknown key") from None
    except BaseError as error:
        raise _refusal(error, watch) from None


def _refusal(error: BaseError, watch: Watch) -> FetchError:
    source, said = watch.source, str(error)
    # A refused listing is a plain error, and its status stands in its words only.
    found = _STATUS.search(said)
    status = found[1] if found else ""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or status in ("401", "403"):
        return FetchError(
            f"{source}: refuses our credentials, or does not let them read here: look at "
            "credentials_env"
        )
    if isinstance(error, NotFoundError) or status == "404":
        return FetchError(f"{source}: answers, but has no such bucket or object")
    if "TimedOut" in said or "timed out" in said or "kind: Timeout" in said:
        return watch.silent()
    return BrokenOffError(f"{source}: cannot be reached, or the line broke off")
