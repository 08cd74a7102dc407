"""The files that pages link to: our own, and those that `make` copied from npm (decision 0019)."""

from pathlib import Path

from nostop.model import SettingsError

_STATIC = Path(__file__).parent / "static"
#: What pages link to among the copied files. `VERSIONS.txt` is written last, when all are there.
_COPIED = (
    "govuk-frontend.min.css",
    "govuk-frontend.min.js",
    "moj-frontend.min.css",
    "htmx.min.js",
    "VERSIONS.txt",
)


def static_dir() -> Path:
    """Return the folder that is served under /static.

    SettingsError if one of the files that are copied into it is missing.
    """
    return checked(_STATIC)


def checked(folder: Path) -> Path:
    """Return a folder of static files; SettingsError if a copied file is missing from it."""
    missing = [name for name in _COPIED if not (folder / "vendor" / name).is_file()]
    if missing:
        raise SettingsError(
            f"the pages' static files are missing: {', '.join(missing)} of {folder / 'vendor'}. "
            "Run `make install` in a checkout; an installed package has them: install it again."
        )
    return folder
