"""What every command shares: where it prints, how it shows progress, and the options they have in
common."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.status import Status
from rich.table import Table

from nostop.model import SettingsError, nearest
from nostop.rulebook.history.releases import Purpose

if TYPE_CHECKING:
    from nostop.app import StageReport

#: How wide tables are where there is no terminal to ask: the same for everybody, so that output can
#: be compared.
PLAIN_WIDTH = 110

RulesOption = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Folder of rule packs, instead of those that ship with nostop.",
    ),
]
SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.json|DIR", help="A file with one situation or a list, or a folder of frames."
    ),
]
OnOption = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="DATE", help="The day for which the rules are worked out, as 2026-06-01."
    ),
]
SchemeOption = Annotated[
    list[str] | None,
    typer.Option("--scheme", metavar="ID", help="Only this scheme; may be given more than once."),
]
OwnerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scheme", metavar="ID", help="Only this scheme or library; may be given more than once."
    ),
]
ShownRunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="The run that is shown: the --out of a run."),
]
CampaignsOption = Annotated[
    Path | None,
    typer.Option("--campaigns", metavar="DIR", help="Campaign files that may be planned."),
]
UnreleasedOption = Annotated[
    bool,
    typer.Option(
        "--unreleased", help="Run every scheme as its folder stands, whether released or not."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for a machine to read, and nothing else.")
]


def out() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console for progress and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table; columns named in `right` hold numbers."""
    built = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        built.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return built


def within(path: Path, folder: Path) -> str:
    """Return where a file stands within a folder; its whole path where it stands elsewhere."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def parse_date(text: str | None, option: str = "--on") -> date | None:
    """Return the date of an option.

    Raises:
        SettingsError: it is no date of the form 2026-06-01.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{option}: '{text}' is no date; write it as 2026-06-01") from error


def parse_purpose(text: str, option: str) -> Purpose:
    """Return for which people's data a release is.

    Raises:
        SettingsError: it is none of the purposes; the nearest is named.
    """
    known: tuple[Purpose, ...] = get_args(Purpose)
    for purpose in known:
        if purpose == text:
            return purpose
    hint = nearest(text, list(known))
    raise SettingsError(f"{option}: '{text}' is none of {', '.join(known)}{hint}")


class Progress:
    """Shows the stages of a run on stderr as they start and end; plain lines where there is no
    terminal."""

    def __init__(self) -> None:
        self._console = err()
        self._status: Status | None = None

    def __call__(self, report: "StageReport") -> None:
        """Take one report: without seconds a stage has begun, with seconds it is done."""
        if report.seconds is None:
            if self._status is not None:
                self._status.update(f"{report.stage} ...")
            return
        self._console.print(f"  {report.stage:<29}{report.detail:<68} {report.seconds:6.1f} s")
        for warning in report.warnings:
            self._console.print(warning, style="bold red", soft_wrap=True)

    @contextmanager
    def showing(self) -> Iterator["Progress"]:
        """Show a spinner while the work lasts, where there is a terminal."""
        if not self._console.is_terminal:
            yield self
            return
        with self._console.status("starting ...") as status:
            self._status = status
            yield self
