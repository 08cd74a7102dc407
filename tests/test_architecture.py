"""What the shape of the code promises, read from the code itself. Import layers are lint-imports'
part of `make check`."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nostop.app

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nostop", "connectors", "notifications")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
OURS = {*PACKAGES, *sys.stdlib_module_names}
#: Where a clock may be read: the edge that times the stages of a run, the edge that a person
#: calls, and the one that waits for other machines.
MAY_READ_THE_CLOCK = (
    "nostop/app/",
    "nostop/cli/",
    "nostop/scheduler/",
    "nostop/web/house.py",
    "connectors/transports/",
    "nostop/notify_simulator/clock.py",
    "notifications/_clock.py",
)
DISTRIBUTION = {"jwt": "pyjwt", "yaml": "pyyaml"}


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def imports_of(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def part_of(module: Path) -> str:
    """Return the part of nostop a module belongs to, as decision 0006 names it: `nostop.linkage`,
    `connectors`."""
    parts = module.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] != "nostop" else ".".join(parts[:2])


def libraries_decided() -> dict[str, set[str]]:
    text = (ROOT / "docs/decisions/0006-third-party-libraries.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9_]+) \| .+? \| (.+?) \|$", text, flags=re.MULTILINE)
    return {library: set(re.findall(r"`([\w.]+)`", where)) for library, where in rows}


def libraries_imported() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module in MODULES:
        for name in {imported.split(".")[0] for imported in imports_of(module)} - OURS:
            found.setdefault(DISTRIBUTION.get(name, name), set()).add(part_of(module))
    return found


def test_every_library_is_imported_where_its_decision_says() -> None:
    assert libraries_imported() == libraries_decided()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_module_has_outgrown_one_idea(module: Path) -> None:
    lines = module.read_text(encoding="utf-8").count("\n")
    assert lines <= 500


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if not name_of(module).startswith(MAY_READ_THE_CLOCK)],
    ids=name_of,
)
def test_no_stage_reads_a_clock(module: Path) -> None:
    clocks = re.findall(
        r"\b(?:date\.today|datetime\.(?:utc)?now|time\.time|monotonic|perf_counter)\b|current_timestamp",
        module.read_text(encoding="utf-8"),
    )
    assert clocks == []


def test_only_the_truth_check_and_its_maker_open_the_truth() -> None:
    openers = {
        name_of(module)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.match(r"truth(/|$)", node.value)
    }
    assert {name for name in openers if not name.startswith("nostop/synth/")} == {
        "nostop/app/truth_check.py"
    }


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for outer in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(outer, ast.FunctionDef)
        for node in ast.walk(outer)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_no_file_names_a_machine() -> None:
    kept = [
        file
        for folder in (*PACKAGES, "rules", "docs", "tests", ".ci")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".yaml", ".md", ".toml", ".sh", ""} and file.is_file()
    ]
    places = re.compile("/" + r"(work|tmp|root|home/[a-z]+)/")
    assert [
        name_of(file)
        for file in kept
        if places.search(file.read_text(encoding="utf-8", errors="replace"))
    ] == []


def test_nothing_that_the_app_offers_has_the_name_of_one_of_its_modules() -> None:
    # Once such a module is imported, it would stand where what it is named for is asked for.
    modules = {path.stem for path in (ROOT / "nostop/app").iterdir()}
    assert modules & set(nostop.app.__all__) == set()
