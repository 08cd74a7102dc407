"""The `nostop` command. The only part that prints; each command calls `nostop.app` and shows what
it returns.

Exit codes: 0 all is well, 1 a check or test failed, 2 wrong use or input that cannot be read.
"""

import os
import sys
from typing import NoReturn

import typer

from nostop.cli.on_demand import on_demand
from nostop.cli.shared import err
from nostop.logs import set_up_from
from nostop.model import NostopError
from nostop.redaction import where_it_broke

_COMMANDS = {
    "demo": "nostop.cli.demonstrating:demo",
    "synth": "nostop.cli.synthesising:commands",
    "run": "nostop.cli.running:run",
    "feeds": "nostop.cli.feeding:commands",
    "link": "nostop.cli.linking:commands",
    "events": "nostop.cli.events:commands",
    "evaluate": "nostop.cli.evaluating:evaluate",
    "paths": "nostop.cli.paths:paths",
    "outreach": "nostop.cli.outreach:commands",
    "takeup": "nostop.cli.running:takeup",
    "rules": "nostop.cli.ruling:commands",
    "schedule": "nostop.cli.schedule:commands",
    "store": "nostop.cli.storing:commands",
    "audit": "nostop.cli.audit:commands",
    "person": "nostop.cli.persons:commands",
    "retention": "nostop.cli.retention:commands",
    "health": "nostop.cli.health:health",
    "metrics": "nostop.cli.health:metrics",
    "serve": "nostop.cli.serving:serve",
    "work": "nostop.cli.working:commands",
    "bench": "nostop.cli.benching:commands",
    "notify-simulator": "nostop.cli.notify_simulator:notify_simulator",
}
app = typer.Typer(
    name="nostop",
    cls=on_demand(_COMMANDS),
    help="Find people who are entitled to support and do not claim it, with the law for each step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def nostop() -> None:
    """Find people who are entitled to support and do not claim it, with the law for each step."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the person who runs it is told in a line, without a
    traceback."""
    try:
        set_up_from(os.environ)
        app(arguments)
    except NostopError as error:
        _refuse(str(error))
    except OSError as error:
        # A folder that cannot be written to, a full disk: the person who runs it can mend it.
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except Exception as error:  # noqa: BLE001 - it is told, and ends the command
        # A fault of ours. The message of a library may quote a row: only the way to it is printed.
        err().print(f"nostop: a fault: {where_it_broke(error)}", soft_wrap=True)
        sys.exit(1)


def _refuse(message: str) -> NoReturn:
    err().print(f"nostop: {message}", soft_wrap=True)
    sys.exit(2)
