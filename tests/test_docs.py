"""The documents are true: commands on a page run and print what it says, words are explained.

Each page has a folder of its own with a copy of `rules/`. A block ```` ```json name.json ````
(a file name after the language) writes that file there; a ```` ```console ```` block runs each line
that begins with `$ `. A line `...` stands for any lines. Seconds are not compared.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from nostop.cli import app, main
from nostop.frames import Determinations, TakeUp

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
#: Whether durable-rules is there differs between machines; the demo says so in one line.
OF_THE_MACHINE = re.compile(r"^Online events .*\n?", re.MULTILINE)
SECONDS = re.compile(r"\s+[0-9]+\.[0-9] s$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    name: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    fences = re.findall(
        r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [Block(*fence) for fence in fences]


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Return each command of a console block with the output that the page says it has."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run(command: str, folder: Path) -> str:
    """Return what a command of a page prints, on both outputs, without a terminal."""
    if re.fullmatch(r"nostop [^|&;<>$`*?]+", command):
        return run_here(command, folder)
    known = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL") if name in os.environ}
    command = command.replace("make demo", "nostop demo")
    finished = subprocess.run(  # noqa: S603 - the commands are those of our own pages
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**known, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return finished.stdout


def run_here(command: str, folder: Path) -> str:
    """Run a plain `nostop` command in this process, where its libraries are loaded already."""
    printed = io.StringIO()
    quietly = suppress(SystemExit)
    with redirect_stdout(printed), redirect_stderr(printed), chdir(folder), quietly:
        main(shlex.split(command)[1:])
    return printed.getvalue()


def comparable(text: str) -> str:
    """Return text without seconds and machine's lines, and without spaces at the ends of lines."""
    kept = OF_THE_MACHINE.sub("", SECONDS.sub("", text))
    return "\n".join(line.rstrip() for line in kept.strip().splitlines())


def matches(said: str, printed: str) -> bool:
    """Whether `printed` is what a page says; a line `...` of the page stands for any lines."""
    pieces = [
        re.escape(piece) for piece in re.split(r"^\.\.\.\n?", comparable(said), flags=re.MULTILINE)
    ]
    return re.fullmatch("(?s:.*)".join(pieces), comparable(printed)) is not None


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.language == "console" for block in blocks_of(page))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_command_on_a_page_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    for block in blocks_of(page):
        if block.name:
            file = tmp_path / block.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        for command, said in commands_of(block) if block.language == "console" else ():
            printed = run(command, tmp_path)
            assert matches(said, printed), (
                f"$ {command}\n--- printed:\n{printed}\n--- the page says:\n{said}"
            )


def test_comparison_of_a_page_can_fail() -> None:
    assert matches("one\n...\nthree\n", "one\ntwo\nthree\n")
    assert matches("read  12 rows  1.5 s\n", "read  12 rows  0.2 s\n")
    assert not matches("read  12 rows  1.5 s\n", "read  13 rows  1.5 s\n")
    assert not matches("one\nthree\n", "one\ntwo\nthree\n")


@pytest.mark.parametrize("schema", [Determinations, TakeUp])
def test_every_column_of_a_result_is_in_the_glossary(schema: type[Determinations | TakeUp]) -> None:
    explained = set(
        re.findall(
            r"^\| `(\w+)` \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert set(schema.columns()) - explained == set()


def test_every_command_is_in_a_document() -> None:
    written = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    group = typer.main.get_command(app)
    names = [
        " ".join([name, *sub])
        for name, command in group.commands.items()
        for sub in ([[sub] for sub in command.commands] if hasattr(command, "commands") else [[]])
    ]
    assert len(names) >= 9
    assert [name for name in names if f"nostop {name}" not in written] == []


def test_every_entry_point_is_in_the_operators_guide() -> None:
    guide = (ROOT / "docs/guides/operators.md").read_text(encoding="utf-8")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "entry-points"
    ]
    names = [name for group in groups.values() for name in group]
    assert [name for name in names if f"`{name}`" not in guide] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_has_its_parts_and_a_settled_status() -> None:
    for page in sorted((ROOT / "docs/decisions").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        assert re.match(rf"# {page.name[:4]} \S", text), page.name
        assert re.search(
            r"^Status: (accepted|replaced by [0-9]{4})\. Date: [0-9]{4}-[0-9]{2}-[0-9]{2}\.$",
            text,
            re.MULTILINE,
        )
        for part in ("Context", "Decision", "Consequences", "What we rejected"):
            assert f"\n## {part}\n" in text, f"{page.name}: {part}"
