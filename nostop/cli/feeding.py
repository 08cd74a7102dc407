"""`nostop feeds`: what an operator of feeds runs."""

import typer

from nostop.cli.on_demand import on_demand

_COMMANDS = {
    "new": "nostop.cli.feeds_new:new",
    "fetch": "nostop.cli.feeds_fetch:fetch",
    "status": "nostop.cli.feeds_status:status",
    "quarantine": "nostop.cli.feeds_quarantine:quarantine",
    "release": "nostop.cli.feeds_release:release",
}
commands = typer.Typer(
    cls=on_demand(_COMMANDS),
    help="Fetch the departments' files, see what became of them, and mend what was set aside.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback()
def group() -> None:
    """Fetch the departments' files, see what became of them, and mend what was set aside."""
