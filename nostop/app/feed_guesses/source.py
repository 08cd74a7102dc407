"""How a sample file is read: which connector, and with which settings."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from nostop.app.feed_guesses.columns import FEWEST_ROWS
from nostop.model import SettingsError, YamlError
from nostop.strict_yaml import parse_yaml

_BY_SUFFIX = {
    **dict.fromkeys((".csv", ".tsv", ".psv", ".txt"), "delimited"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "excel"),
    ".parquet": "parquet",
    ".json": "fhir",
}
_DELIMITERS = (",", ";", "|", "\t")
_CHUNK = 1024 * 1024
#: A sample is looked at, not loaded: a larger one is cut by whoever has it.
_MAX_JSON = 64 * 1024 * 1024
_MOST_COLUMNS = 80
#: How many lines tell whether a text has delimiters, and how long one is that may have none.
_LINES, _SHORT = 50, 20
#: Keys by which FHIR tells the items of a list apart.
_TELLS_APART = ("use", "system", "url")

_OWN_WORDS = re.compile(r"\[(?:system|url)=")

Settings = dict[str, object]


def connector_of(sample: Path, given: str | None, settings: Settings) -> tuple[str, Settings]:
    """Return the connector for a sample and its settings, with those that were given kept.

    Raises:
        SettingsError: there is no such file, or neither its suffix nor its content tells.
    """
    if not sample.is_file():
        raise SettingsError(f"{sample}: there is no such file")
    name = given or _BY_SUFFIX.get(sample.suffix.lower())
    if name is None:
        known = ", ".join(_BY_SUFFIX)
        raise SettingsError(f"{sample.name}: only {known} tell how they are read: add --connector")
    if name == "delimited":
        tell = {"delimiter": _delimiter, "encoding": _encoding}
        return name, {
            key: settings[key] if key in settings else of(sample) for key, of in tell.items()
        } | settings
    if name == "fhir" and "columns" not in settings:
        return name, _fhir(sample) | settings
    return name, settings


def settings_of(given: list[str]) -> Settings:
    """Return the settings that `--set key=value` gives; a list or keys are written as in YAML.

    Raises:
        SettingsError: one is not of that form.
    """
    found: Settings = {}
    for each in given:
        key, equals, text = each.partition("=")
        if not equals or not re.fullmatch(r"[a-z][a-z0-9_]*", key) or key in found:
            raise SettingsError(f"--set {key}: write key=value, each key once")
        found[key] = _value(key, text)
    return found


def _value(key: str, text: str) -> object:
    if not re.match(r"[\[{]|(?:[0-9]+|true|false)\Z", text):
        return text
    try:
        return parse_yaml(f"value: {text}", Path(f"--set {key}")).data["value"]
    except YamlError as error:
        raise SettingsError(str(error)) from error


def _delimiter(sample: Path) -> str:
    with sample.open("rb") as file:
        text = file.read(_CHUNK).decode("utf-8", errors="replace")
    lines = text.removesuffix("\n").split("\n")[:_LINES]
    if not lines[0].strip():
        raise SettingsError(f"{sample.name}: begins with an empty line: expected a header")
    found = max(_DELIMITERS, key=lines[0].count)
    counts = Counter(line.count(found) for line in lines)
    lengths = Counter(len(line.rstrip("\r")) for line in lines)
    (length, same), (_, alike) = lengths.most_common(1)[0], counts.most_common(1)[0]
    if (
        len(lines) > 1
        and same > 0.95 * len(lines)
        and length > _SHORT
        and (alike < same or found not in lines[0])
    ):
        hint = "--connector fixed_width --set 'fields={account: 1-10, band: 11}'"
        told = f"its lines are all of {length} characters: say where its columns stand"
        raise SettingsError(f"{sample.name}: {told}: {hint}")
    return found if found in lines[0] else ","


def _encoding(sample: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with sample.open("rb") as file:
        try:
            while piece := file.read(_CHUNK):
                decoder.decode(piece)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _fhir(sample: Path) -> Settings:
    """Return the settings for the resources that a bundle has most of: a path for each value."""
    if sample.stat().st_size > _MAX_JSON:
        raise SettingsError(f"{sample.name}: is over {_MAX_JSON:,} bytes: cut a smaller sample")
    try:
        top = json.loads(sample.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{sample.name}: is no JSON: {type(error).__name__}") from error
    pages = top if isinstance(top, list) else [top]
    entries = [
        entry.get("resource")
        for page in pages
        if isinstance(page, dict) and isinstance(page.get("entry"), list)
        for entry in page["entry"]
        if isinstance(entry, dict)
    ]
    resources = [resource for resource in entries if isinstance(resource, dict)]
    kinds = Counter(str(resource.get("resourceType")) for resource in resources)
    if not kinds:
        raise SettingsError(f"{sample.name}: holds no FHIR resource: add --connector")
    kind = min(kinds, key=lambda name: (-kinds[name], name))
    paths: Counter[str] = Counter()
    for resource in resources:
        if resource.get("resourceType") == kind:
            paths.update(set(_paths(resource, "")))
    paths.pop("resourceType", None)
    # A system or address stands in the path itself: of few resources, it might be somebody's own.
    shown = [
        path for path, times in paths.items() if times >= FEWEST_ROWS or not _OWN_WORDS.search(path)
    ]
    often = sorted(shown, key=lambda path: (-paths[path], path))[:_MOST_COLUMNS]
    others = sorted(kinds.keys() - {kind})
    columns: dict[str, str] = {}
    for path in sorted(often):
        columns.setdefault(_column(path), path)
    found: Settings = {"resources": [kind], "columns": columns}
    return found | ({"others": others} if others else {})


def _column(path: str) -> str:
    """Return a column's name for a path: `name[use=official].given[0]` -> name_official_given."""
    plain = re.sub(r"\[0\]", "", path).replace("[1:]", ".rest")
    plain = re.sub(r"\[[a-z]+=(?:[^\]]*[/:])?([^\]/:]*)\]", r".\1", plain)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()


def _paths(node: object, path: str) -> Iterator[str]:
    """Yield a path to each value of a resource, in the form that the connector reads."""
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
        yield from _paths_of_items(node, path)
    elif isinstance(node, list) and node:
        yield f"{path}[0]"
        if len(node) > 1:
            yield f"{path}[1:]"
    elif node not in (None, "", []):
        yield path


def _paths_of_items(items: list[dict[str, object]], path: str) -> Iterator[str]:
    for key in _TELLS_APART:
        marks = [item.get(key) for item in items]
        if all(isinstance(mark, str) and "]" not in mark for mark in marks):
            for item, mark in zip(items, marks, strict=True):
                inner = {name: value for name, value in item.items() if name != key}
                yield from _paths(inner, f"{path}[{key}={mark}]")
            return
    for place, item in enumerate(items[:3]):
        yield from _paths(item, f"{path}[{place}]")
