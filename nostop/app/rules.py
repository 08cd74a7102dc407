"""The rules that a command is given, and the schemes it names."""

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from nostop.model import SettingsError, nearest
from nostop.rulebook import Rulebook, load_rulebook

#: A file of rules and what tells that it was not written again: when, which inode, how large.
_File = tuple[str, int, int, int]


def known_schemes(rulebook: Rulebook, schemes: list[str] | None) -> list[str] | None:
    """Return the schemes asked for, once each.

    Raises:
        SettingsError: there is no rule pack for one of them; the nearest name is suggested.
    """
    known = sorted(rulebook.packs)
    for scheme in schemes or ():
        if scheme not in known:
            raise SettingsError(
                f"no rule pack for scheme '{scheme}'{nearest(scheme, known)} "
                f"(there are: {', '.join(known)})"
            )
    return list(dict.fromkeys(schemes)) if schemes else None


def known_owners(rulebook: Rulebook, names: list[str] | None) -> list[str]:
    """Return the schemes and libraries asked for, once each; by default every one.

    Raises:
        SettingsError: there is no pack or library of a name; the nearest is suggested.
    """
    known = [*sorted(rulebook.packs), *sorted(rulebook.libraries)]
    for name in names or ():
        if name not in known:
            listed = ", ".join(known)
            hint = nearest(name, known)
            raise SettingsError(f"no rule pack or library '{name}'{hint} (there are: {listed})")
    return list(dict.fromkeys(names)) if names else known


def read_rules(folder: Path) -> Rulebook:
    """Read the rule packs of a folder; as long as no file of it changes, a process does so once.

    Raises:
        SettingsError: there are none.
        RuleError: they cannot stand.
    """
    require_rules(folder)
    return _read_once(folder, _as_it_stands(folder))


#: How long a page goes by what the rules folder was when it was last looked at: to look at every
#: file takes longer than most pages.
LOOKED_AT_EVERY = timedelta(seconds=10)
_looked_at: dict[Path, tuple[datetime, Rulebook]] = {}


def rules_at(folder: Path, at: datetime) -> Rulebook:
    """Return the rule packs of a folder as they stood within ten seconds of a time; otherwise as
    `read_rules`."""
    kept = _looked_at.get(folder)
    if kept is not None and abs(at - kept[0]) < LOOKED_AT_EVERY:
        return kept[1]
    book = read_rules(folder)
    if len(_looked_at) >= 2:
        _looked_at.clear()
    _looked_at[folder] = at, book
    return book


def titles_at(folder: Path, language: str, at: datetime) -> dict[str, str]:
    """Return what each scheme of a folder is called in a language, `en` or `cy`; as `rules_at`."""
    packs = rules_at(folder, at).packs
    return {name: getattr(pack.title, language) for name, pack in packs.items()}


@lru_cache(maxsize=2)
def _read_once(folder: Path, as_it_stands: frozenset[_File]) -> Rulebook:  # noqa: ARG001 - a key
    return load_rulebook(folder)


def _as_it_stands(folder: Path) -> frozenset[_File]:
    files = ((file, file.stat()) for file in folder.rglob("*") if file.is_file())
    return frozenset(
        (file.relative_to(folder).as_posix(), told.st_mtime_ns, told.st_ino, told.st_size)
        for file, told in files
    )


def require_rules(folder: Path) -> None:
    """Refuse a folder that holds no rules.

    Raises:
        SettingsError: it has no facts.yaml.
    """
    if not (folder / "facts.yaml").is_file():
        raise SettingsError(f"{folder}: is no folder of rules: it has no facts.yaml")
