"""`nostop rules schema`: JSON Schemas from which editors complete rule files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nostop import app
from nostop.app.editor_schema import default_folder, write_schemas
from nostop.cli.shared import RulesOption, out
from nostop.rulebook import default_rules_dir


def schema(
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Where to write them, instead of .schemas in the rules."
        ),
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Write JSON Schemas of the rule files, with this folder's facts, awards and libraries in them.

    VS Code and other editors complete and check rule files from them; what is printed goes into
    VS Code's settings.
    """
    folder = rules or default_rules_dir()
    written = write_schemas(app.read_rules(folder), out_dir or default_folder(folder))
    settings = {str(file): [f"{folder}/{pattern}"] for file, pattern in written.items()}
    out().print(json.dumps({"yaml.schemas": settings}, indent=2), soft_wrap=True)
