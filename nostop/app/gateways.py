"""Whether the law lets a run read what its rules read. Made-up people need no law; everybody else
does."""

import json
from datetime import date
from pathlib import Path

from nostop.model import SettingsError
from nostop.rulebook import Rulebook

MANIFEST = "manifest.json"


def is_synthetic(feeds: Path) -> bool:
    """Whether a folder of feeds says of itself that its people are made up; silence means that they
    are real.

    Raises:
        SettingsError: there is no such folder, or its manifest cannot be read as JSON.
    """
    if not feeds.is_dir():
        raise SettingsError(f"{feeds}: there is no such folder of feeds")
    manifest = feeds / MANIFEST
    if not manifest.is_file():
        return False
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{manifest}: cannot be read as JSON: {error}") from error
    return isinstance(said, dict) and said.get("synthetic") is True


def refuse_without_gateway(rulebook: Rulebook, schemes: list[str], effective_on: date) -> None:
    """Refuse to run schemes on real people's data unless each fact they read has a gateway in
    force.

    Raises:
        SettingsError: naming each scheme, how many facts lack a gateway, and the first few of them.
    """
    lacking = {scheme: _without_gateway(rulebook, scheme, effective_on) for scheme in schemes}
    told = [
        f"  {scheme}: {len(facts)} facts, among them {', '.join(facts[:3])}"
        for scheme, facts in lacking.items()
        if facts
    ]
    if told:
        raise SettingsError(
            "these feeds do not say that their people are made up, and for real people each fact "
            f"needs a legal gateway in force on {effective_on}. Without one in gateways.yaml:\n"
            + "\n".join(told)
        )


def _without_gateway(rulebook: Rulebook, scheme: str, effective_on: date) -> list[str]:
    open_for = {
        field
        for gateway in rulebook.gateways
        if scheme in gateway.schemes
        and gateway.status == "in_force"
        and gateway.from_ <= effective_on
        and (gateway.to is None or effective_on <= gateway.to)
        for field in gateway.fields
    }
    found = rulebook.schemes[scheme]
    read = rulebook.facts_read(definition.name for definition in (*found.conditions, *found.parts))
    return sorted(read - open_for)
