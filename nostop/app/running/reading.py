"""What a run reads, as hashes: the engine, rules and declarations, the bytes of each feed."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path

import nostop
from nostop import plugins
from nostop.app.gateways import is_synthetic
from nostop.app.gather import files_of
from nostop.app.on_disk import hash_of_file
from nostop.app.results import sha256_of
from nostop.app.running.checkpoints import key_of
from nostop.app.settings import RunSettings
from nostop.feeds import FeedDeclaration

#: What else decides which bytes come out.
_LIBRARIES = ("polars", "dataframely", "duckdb", "pyarrow")


@dataclass(frozen=True, slots=True)
class Read:
    """Hashes of what a run reads.

    engine: the code: ours, that of plugins, the libraries that work things out.
    law: the engine, rules and declarations, days and schemes: where it differs, nothing that was
        worked out before can be gone on from.
    feeds: by source, its files by name and bytes, and the law under which they are read.
    """

    engine: str
    law: str
    feeds: dict[str, str]

    def arguments(self, settings: RunSettings, chosen: list[str]) -> str:
        """Return a hash of what a run was asked and of all that it reads."""
        holdout = settings.holdout
        asked = (
            settings.channel,
            settings.campaign,
            str(settings.min_confidence),
            str(settings.from_scratch),
            "" if holdout is None else f"{holdout.trial}|{holdout.share}",
            *chosen,
        )
        return key_of(self.law, *(f"{s}={k}" for s, k in sorted(self.feeds.items())), *asked)


def read_of(settings: RunSettings, declarations: list[FeedDeclaration], chosen: list[str]) -> Read:
    """Return the hashes of what a run will read.

    Args:
        chosen: the schemes that are worked out.
    """
    engine = _engine(settings.channel)
    law = key_of(
        engine,
        sha256_of(settings.rules),
        sha256_of(settings.declarations),
        settings.effective_on.isoformat(),
        str(settings.known_on),
        str(is_synthetic(settings.feeds)),
        *chosen,
    )
    found = {each.id: _files(law, files_of(each, settings.feeds)) for each in declarations}
    return Read(engine, law, found)


def _files(law: str, files: list[Path]) -> str:
    return key_of(law, *(part for file in files for part in (file.name, _bytes_of(file))))


def _bytes_of(path: Path) -> str:
    """Return a hash of a file or folder; of one that cannot be read, that it cannot."""
    if path.is_dir():
        return sha256_of(path)
    try:
        return hash_of_file(path)
    except OSError as error:
        return f"cannot be read: {type(error).__name__}"


def _engine(channel: str) -> str:
    """The version says too little where the code is worked on: its text counts."""
    points = [
        *entry_points(group=plugins.CONNECTORS),
        *(point for point in entry_points(group=plugins.CHANNELS) if point.name == channel),
    ]
    folders = {Path(nostop.__file__).parent, *(_folder(point.module) for point in points)}
    texts = [_texts(folder) for folder in sorted(folders)]
    texts.append(sha256_of(plugins.templates_beside(channel)))
    return key_of(*(f"{name}={version(name)}" for name in _LIBRARIES), *texts)


def _folder(module: str) -> Path:
    try:
        spec = find_spec(module)
    except ImportError:
        spec = None
    # A plugin that cannot be imported is told of where it is used.
    return Path(nostop.__file__).parent if not spec or not spec.origin else Path(spec.origin).parent


def _texts(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        whole.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()
