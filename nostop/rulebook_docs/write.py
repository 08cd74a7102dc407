"""Putting a site into a folder: what an earlier run put there, and this one does not, is taken
out."""

from collections.abc import Mapping
from pathlib import Path

from nostop.model import SettingsError

#: Names every file of the site, so that a later run knows which are its own.
LIST = "files.txt"


def write_pages(files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a site; nothing that it did not write itself is ever taken out.

    Raises:
        SettingsError: the folder holds something, and no list of a site's files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / LIST
    if not listed.is_file() and any(folder.iterdir()):
        raise SettingsError(
            f"{folder}: holds other files and no {LIST} of a site: name an empty or a new folder"
        )
    known = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    for name in known:
        # A name with a folder in it is none of ours, whatever the list says.
        if name not in files and Path(name).name == name and (folder / name).is_file():
            (folder / name).unlink()
    for name, text in {**files, LIST: "".join(f"{name}\n" for name in sorted(files))}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
