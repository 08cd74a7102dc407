"""`nostop synth`: a made-up district, or made-up records to link."""

import typer

from nostop.cli.on_demand import on_demand

_COMMANDS = {
    "district": "nostop.cli.running:synth",
    "records": "nostop.cli.synth_records:records",
}
_HELP = (
    "Make up a district with its departments' files: `nostop synth --people N --out DIR`; or only "
    "records to link."
)
commands = typer.Typer(
    cls=on_demand(_COMMANDS, default="district"),
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback(help=_HELP)
def group() -> None:
    """Make up people who do not exist."""
