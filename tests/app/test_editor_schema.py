"""The schemas that editors use: they are those committed, every rule file fits, and a mistake does
not."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from nostop.app.editor_schema import FILES, as_text, default_folder, editor_schemas, write_schemas
from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook
from nostop.rulebook.reading.calls import FUNCTIONS
from nostop.strict_yaml import parse_yaml, read_yaml
from tests.test_architecture import ROOT

RULES = default_rules_dir()
#: Keywords that mean the same in JSON Schema draft 7 and 2020-12.
KEYWORDS = {
    "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "definitions",
    "description", "enum", "format", "items", "maxItems", "maxLength", "maxProperties",
    "maximum", "minItems", "minLength", "minProperties", "minimum", "oneOf", "pattern",
    "patternProperties", "properties", "propertyNames", "required", "title", "type",
}  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(RULES)


@pytest.fixture(scope="module")
def schemas(book: Rulebook) -> dict[str, dict[str, Any]]:
    return editor_schemas(book)


def as_editors_see(data: object) -> object:
    """Return YAML data as an editor reads it: a day is a text."""
    if isinstance(data, dict):
        return {key: as_editors_see(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_editors_see(each) for each in data]
    return data.isoformat() if isinstance(data, date) else data


def complaint(schema: dict[str, Any], data: object) -> str:
    """Return what a schema refuses in data; an empty text where it fits."""
    try:
        fastjsonschema.validate(schema, as_editors_see(data))
    except fastjsonschema.JsonSchemaException as error:
        return error.message
    return ""


def test_committed_schemas_are_those_of_the_rules(schemas: dict[str, dict[str, Any]]) -> None:
    found = {
        file.stem: file.read_text(encoding="utf-8") for file in default_folder(RULES).iterdir()
    }
    stale = [name for name, schema in schemas.items() if found.get(name) != as_text(schema)]
    assert stale == [], "write them again: nostop rules schema"
    assert set(found) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_rule_file_fits_its_schema(name: str, schemas: dict[str, dict[str, Any]]) -> None:
    fits = fastjsonschema.compile(schemas[name])
    files = sorted(RULES.glob(FILES[name][1]))
    assert files
    for file in files:
        fits(as_editors_see(read_yaml(file).data))


def test_schemas_have_only_keywords_that_every_editor_knows(
    schemas: dict[str, dict[str, Any]],
) -> None:
    def keywords(schema: object) -> set[str]:
        if isinstance(schema, list):
            return {word for each in schema for word in keywords(each)}
        if not isinstance(schema, dict):
            return set()
        named = {"properties", "definitions", "patternProperties"} & schema.keys()
        below = [*(each for key in named for each in schema[key].values())]
        below += [value for key, value in schema.items() if key not in named]
        return set(schema) | {word for each in below for word in keywords(each)}

    for schema in schemas.values():
        assert keywords(schema) <= KEYWORDS


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pack", "decides_for:", "decide_for:"),
        ("pack", "receipt: pension_credit", "receipt: pension_credt"),
        ("pack", "uses: [state_pension_age,", "uses: [state_pension_ages,"),
        ("pack", "  - capital", "  - capitl"),
        ("pack", "    if_not: You are in prison", "    ifnot: You are in prison"),
        ("rates", "uprated: yearly", "uprated: each year"),
        ("rates", "value: 21815", "valu: 21815"),
        ("cases", "state_pension: 15000", "state_pensin: 15000"),
        ("cases", "sex: female", "sex: woman"),
        ("cases", "outcome: entitled", "outcome: entiteld"),
        ("cases", "capital: 1000000", "capital: -1"),
        ("facts", "level: person", "level: persn"),
        ("awards", "per: week", "per: weekly"),
        ("gateways", "status: synthetic_only", "status: in_forc"),
        ("gateways", "      - state_pension", "      - state_pensio"),
        ("library", "says: Has reached State Pension age", "say: Has reached State Pension age"),
    ],
)
def test_mistake_in_a_file_does_not_fit(
    name: str, old: str, new: str, schemas: dict[str, dict[str, Any]]
) -> None:
    files = sorted(
        RULES.glob(FILES[name][1]), key=lambda file: "pension" not in file.parent.as_posix()
    )
    file, text = next((f, t) for f in files for t in [f.read_text(encoding="utf-8")] if old in t)
    assert complaint(schemas[name], parse_yaml(text, file).data) == ""
    assert complaint(schemas[name], parse_yaml(text.replace(old, new, 1), file).data) != ""


def test_table_has_rows_or_a_file(schemas: dict[str, dict[str, Any]]) -> None:
    table = {"means": "Rates by area", "keys": {"area": "exact"}, "type": "money"}
    dated = {"from": "2026-04-06", "reference": "law"}

    def said(**more: object) -> str:
        data = {"tables": {"by_area": {**table, "values": [{**dated, **more}]}}}
        return complaint(schemas["rates"], data)

    assert said(file="rates.csv") == ""
    assert said(rows=[{"area": "E1", "value": 1}]) == ""
    assert said() != ""
    assert said(file="rates.csv", rows=[{"area": "E1", "value": 1}]) != ""


def test_formulas_list_functions_facts_and_workings_of_libraries(
    schemas: dict[str, dict[str, Any]], book: Rulebook
) -> None:
    words = schemas["pack"]["definitions"]["Condition"]["properties"]["when"]["description"]
    names = [*FUNCTIONS, *book.catalogue.facts]
    names += [name for library in book.libraries.values() for name in library.work_out]
    assert [name for name in names if name not in words] == []


def test_every_key_has_a_description(schemas: dict[str, dict[str, Any]]) -> None:
    lacking = [
        f"{name}: {part}.{key}"
        for name, schema in schemas.items()
        for part, definition in [(name, schema), *schema["definitions"].items()]
        for key, found in definition.get("properties", {}).items()
        if "description" not in found
    ]
    assert lacking == []


def test_workspace_settings_lead_to_the_schemas() -> None:
    settings = json.loads((ROOT / ".vscode/settings.json").read_text(encoding="utf-8"))
    assert settings["yaml.schemas"] == {
        f"./rules/.schemas/{name}.json": f"rules/{pattern}" for name, (_, pattern) in FILES.items()
    }


def test_schemas_are_written_where_asked(book: Rulebook, tmp_path: Path) -> None:
    written = write_schemas(book, tmp_path / "schemas")
    assert {file.name: pattern for file, pattern in written.items()} == {
        f"{name}.json": pattern for name, (_, pattern) in FILES.items()
    }
    assert all(json.loads(file.read_text(encoding="utf-8"))["$schema"] for file in written)
