"""The `nostop` command. The only part that prints; each command calls `nostop.app` and shows what
it returns.

Exit codes: 0 all is well, 1 a check or test failed, 2 wrong use or input that cannot be read.
"""

import sys
from typing import NoReturn

import typer

from nostop.cli import benching, demonstrating, evaluating, ruling, running
from nostop.cli.shared import err
from nostop.model import NostopError

app = typer.Typer(
    name="nostop",
    help="Find people who are entitled to support and do not claim it, with the law for each step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("demo")(demonstrating.demo)
app.command("synth")(running.synth)
app.command("run")(running.run)
app.command("link")(running.link)
app.command("evaluate")(evaluating.evaluate)
app.command("takeup")(running.takeup)
app.add_typer(ruling.commands, name="rules")
app.add_typer(benching.commands, name="bench")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the person who runs it is told in a line, without a
    traceback."""
    try:
        app(arguments)
    except NostopError as error:
        _refuse(str(error))
    except OSError as error:
        # A folder that cannot be written to, a full disk: the person who runs it can mend it.
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _refuse(message: str) -> NoReturn:
    err().print(f"nostop: {message}", soft_wrap=True)
    sys.exit(2)
