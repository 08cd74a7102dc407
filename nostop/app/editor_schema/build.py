"""The schemas, from the models that read the files, with the names of one rule book in them.

They keep to what means the same in JSON Schema draft 7, which editors know best, and in 2020-12.
"""

from collections.abc import Callable, Iterable
from typing import Any

from nostop.app.editor_schema.facts import situation_schemas
from nostop.app.editor_schema.keys import KEYS
from nostop.determination.case_files import CasesFile, ValueExpectation
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import AwardsFile, FactsFile
from nostop.rulebook.packs import GatewaysFile, Library, Pack, RatesFile, SignpostsFile
from nostop.rulebook.reading.calls import FUNCTIONS

Schema = dict[str, Any]

#: The schema of each kind of file: what it is read as, and where such files stand.
FILES: dict[str, tuple[type[Any], str]] = {
    "pack": (Pack, "**/pack.yaml"),
    "library": (Library, "**/library.yaml"),
    "rates": (RatesFile, "**/rates.yaml"),
    "cases": (CasesFile, "**/cases/*.yaml"),
    "facts": (FactsFile, "**/facts.yaml"),
    "awards": (AwardsFile, "**/awards.yaml"),
    "gateways": (GatewaysFile, "**/gateways.yaml"),
    "signposts": (SignpostsFile, "**/signposts.yaml"),
}
_DRAFT = "http://json-schema.org/draft-07/schema#"
_FORMULAS = {
    **dict.fromkeys(("Working", "Part", "Note", "Deadline"), "formula"),
    **dict.fromkeys(("Condition", "Invitation", "Closing", "Change", "ChangeToOther"), "when"),
}


def editor_schemas(book: Rulebook) -> dict[str, Schema]:
    """Return the schema of each kind of rule file, by the names of `FILES`."""
    return {name: _schema(name, model, book) for name, (model, _) in FILES.items()}


def _schema(name: str, model: type[Any], book: Rulebook) -> Schema:
    schema = _tidy(model.model_json_schema(ref_template="#/definitions/{model}"))
    definitions: Schema = schema.pop("$defs", {})
    if model is CasesFile:
        # Beside a library, a case says what a working comes to: no pattern of files tells which.
        definitions[ValueExpectation.__name__] = _tidy(ValueExpectation.model_json_schema())
    parts = {**definitions, model.__name__: schema}
    for part, keys in KEYS.items():
        _describe(parts.get(part, {}), keys)
    for part, key in _FORMULAS.items():
        if part in parts:
            parts[part]["properties"][key]["description"] = _formula_words(book)
    if name in _NAMED:
        _NAMED[name](parts, book)
    return {"$schema": _DRAFT, "title": f"{name}.yaml", **schema, "definitions": definitions}


def _tidy(schema: Schema) -> Schema:
    """What an author needs of pydantic's schema: without titles made of names, without defaults,
    which editors would write out, and without null, which rule files do not have."""
    kept: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            kept[key] = {name: _tidy(each) for name, each in value.items()}
        elif key == "anyOf":
            ways = [_tidy(each) for each in value if each != {"type": "null"}]
            kept |= ways[0] if len(ways) == 1 else {"anyOf": ways}
        elif key not in ("title", "default"):
            kept[key] = _tidied(value)
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


def _tidied(value: object) -> object:
    if isinstance(value, dict):
        return _tidy(value)
    return [_tidied(each) for each in value] if isinstance(value, list) else value


def _describe(part: Schema, keys: dict[str, str]) -> None:
    properties = part.get("properties", {})
    for key in keys.keys() & properties.keys():
        found = properties[key]
        # Draft 7 looks at nothing beside a $ref.
        reference = [{"$ref": found.pop("$ref")}] if "$ref" in found else None
        found["description"] = keys[key]
        if reference:
            found["allOf"] = reference


# --- the names of a rule book ---------------------------------------------------------------------


def _formula_words(book: Rulebook) -> str:
    facts = (
        f"Facts of a {level.value.replace('_', ' ')}: {', '.join(book.catalogue.at(level))}."
        for level in Level
    )
    libraries = (
        f"Of {name}: {', '.join(model.work_out)}." for name, model in sorted(book.libraries.items())
    )
    return "\n\n".join(
        [
            "A formula over facts, rates and workings. Numbers other than 0 and 1 are rates.",
            f"Functions: {', '.join(sorted(FUNCTIONS))}.",
            *facts,
            *libraries,
        ]
    )


def _with_pack_names(parts: Schema, book: Rulebook) -> None:
    properties = parts["Pack"]["properties"]
    properties["receipt"] = _enum(book.catalogue.awards, properties["receipt"])
    properties["uses"]["items"] = {"enum": sorted(book.libraries)}
    catalogue = book.catalogue
    opened = {*book.schemes, *catalogue.awards, *catalogue.offers}
    properties["opens"]["items"] = {"enum": sorted(opened)}
    opened = {*book.schemes, *book.catalogue.awards, *book.catalogue.offers}
    properties["opens"]["items"] = {"enum": sorted(opened)}
    properties["ask_person"]["items"] = {"enum": list(book.catalogue.facts)}
    # What a template lends need not be written.
    whole = {"required": parts["Pack"].pop("required")}
    lent = {"required": ["scheme", "template", "cited_as", "version"]}
    parts["Pack"]["anyOf"] = [whole, lent]
    _with_protected(parts["Pack"], book)


def _with_library_names(parts: Schema, book: Rulebook) -> None:
    _with_protected(parts["Library"], book)


def _with_protected(part: Schema, book: Rulebook) -> None:
    cited = part["properties"]["protected_facts"]
    (cite,) = cited.pop("patternProperties").values()
    cited["properties"] = {
        name: {**cite, "description": fact.means} for name, fact in book.catalogue.facts.items()
    }


def _with_gateway_names(parts: Schema, book: Rulebook) -> None:
    properties = parts["Gateway"]["properties"]
    properties["fields"]["items"] = {"enum": list(book.catalogue.facts)}
    # A scheme yet to be written may have its gateway first.
    properties["schemes"]["items"] = {
        "anyOf": [{"enum": sorted(book.schemes)}, properties["schemes"]["items"]]
    }


def _with_case_names(parts: Schema, book: Rulebook) -> None:
    situations = situation_schemas(book.catalogue)
    parts["CasesFile"]["properties"]["situations"]["additionalProperties"] = situations["written"]
    properties = parts["Case"]["properties"]
    properties["change"] = {
        **situations["changed"],
        "description": properties["change"]["description"],
    }
    properties["scheme"] = _enum(book.schemes, properties["scheme"])
    properties["expect"]["anyOf"] = [
        {"$ref": f"#/definitions/{name}"} for name in ("Expectation", "ValueExpectation")
    ]
    del properties["expect"]["allOf"]
    receipts = [f"award_of_{name}" for name in book.catalogue.awards]
    names = {"items": {"enum": [*book.catalogue.facts, *receipts]}}
    parts["Expectation"]["properties"]["missing"] |= names


def _with_table_files(parts: Schema, _book: Rulebook) -> None:
    """A table's rows may stand in a CSV file, which is read before the model sees them."""
    dated = parts["DatedRows"]
    dated["properties"]["file"] = {"type": "string", "description": KEYS["DatedRows"]["file"]}
    dated["required"].remove("rows")
    dated["oneOf"] = [{"required": ["rows"]}, {"required": ["file"]}]


def _enum(names: Iterable[str], found: Schema) -> Schema:
    return {"enum": sorted(names), "description": found["description"]}


_NAMED: dict[str, Callable[[Schema, Rulebook], None]] = {
    "pack": _with_pack_names,
    "rates": _with_table_files,
    "library": _with_library_names,
    "gateways": _with_gateway_names,
    "cases": _with_case_names,
}
