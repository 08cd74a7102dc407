"""The schemas as files."""

import json
from pathlib import Path
from typing import Any

from nostop.app.editor_schema.build import FILES, editor_schemas
from nostop.rulebook import Rulebook


def default_folder(rules: Path) -> Path:
    """Return where the schemas of a rules folder stand: no pack is looked for there."""
    return rules / ".schemas"


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as its file has it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write_schemas(book: Rulebook, folder: Path) -> dict[Path, str]:
    """Write each schema into a folder, made where there is none.

    Returns:
        The files, each with the pattern of the rule files that it is for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, schema in editor_schemas(book).items():
        file = folder / f"{name}.json"
        file.write_text(as_text(schema), encoding="utf-8")
        written[file] = FILES[name][1]
    return written
