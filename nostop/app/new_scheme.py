"""Beginning a pack: a folder with its files, refused where its name or place cannot be."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nostop.app.rules import require_rules
from nostop.model import SettingsError, nearest
from nostop.rulebook.reading.folder import read_folder
from nostop.rulebook.reading.jurisdictions import JURISDICTIONS, LOCAL
from nostop.rulebook.words.scaffold import NewScheme, new_award, new_files, new_gateway

_ID = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written, and what else the pack needs: an entry of gateways.yaml and, where no award
    has its name, one of awards.yaml."""

    files: list[Path]
    gateway: str
    award: str | None


def place_of(text: str) -> PurePosixPath:
    """Return the place of a pack below the rules folder: `uk/winter_grant`,
    `local/borchester/heating_grant`.

    Raises:
        SettingsError: no such jurisdiction, too few or many parts, or a part that cannot be an id.
    """
    parts = text.strip("/").split("/")
    if parts[0] not in JURISDICTIONS:
        hint = nearest(parts[0], list(JURISDICTIONS))
        known = ", ".join(JURISDICTIONS)
        raise SettingsError(f"'{parts[0]}' is no jurisdiction{hint} (known: {known})")
    wanted = 3 if parts[0] == LOCAL else 2
    if len(parts) != wanted:
        form = "local/COUNCIL/SCHEME" if parts[0] == LOCAL else f"{parts[0]}/SCHEME"
        raise SettingsError(f"'{text}': write {form}")
    for part in parts[1:]:
        if not _ID.match(part):
            rule = "small letters, digits and _, and begin with a letter"
            raise SettingsError(f"'{part}' cannot be an id: use {rule}")
    return PurePosixPath(*parts)


def begin_scheme(rules: Path, new: NewScheme) -> Begun:
    """Write the files of a new pack into a rules folder.

    Raises:
        SettingsError: no rules folder, the folder or the id is taken already; nothing is written.
    """
    require_rules(rules)
    folder = rules / new.place
    if folder.exists():
        raise SettingsError(f"{folder}: is there already; nothing was written")
    known = read_folder(rules)
    if new.scheme in known.owners:
        taken = known.owners[new.scheme].document.path
        raise SettingsError(f"'{new.scheme}' is already the name of {taken}: choose another")
    files = []
    for name, text in new_files(new).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        files.append(file)
    award = None if new.scheme in known.catalogue.awards else new_award(new)
    return Begun(files, new_gateway(new.scheme), award)
