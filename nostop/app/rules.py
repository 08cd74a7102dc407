"""The rules that a command is given, and the schemes it names."""

from pathlib import Path

from nostop.model import SettingsError, nearest
from nostop.rulebook import Rulebook, load_rulebook


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


def read_rules(folder: Path) -> Rulebook:
    """Read the rule packs of a folder.

    Raises:
        SettingsError: there are none.
        RuleError: they cannot stand.
    """
    require_rules(folder)
    return load_rulebook(folder)


def require_rules(folder: Path) -> None:
    """Refuse a folder that holds no rules.

    Raises:
        SettingsError: it has no facts.yaml.
    """
    if not (folder / "facts.yaml").is_file():
        raise SettingsError(f"{folder}: is no folder of rules: it has no facts.yaml")
