"""`nostop link`: which records are one person."""

import typer

from nostop.cli.on_demand import on_demand

_COMMANDS = {
    "records": "nostop.cli.link_records:link",
    "train": "nostop.cli.link_train:train",
    "evaluate": "nostop.cli.link_evaluate:evaluate",
    "history": "nostop.cli.link_history:history",
    "undo": "nostop.cli.link_undo:undo",
    "review": "nostop.cli.link_review:review",
    "verdicts": "nostop.cli.link_review:verdicts",
    "tally": "nostop.cli.link_review:tally",
    "lookup": "nostop.cli.link_lookup:lookup",
}
commands = typer.Typer(
    cls=on_demand(_COMMANDS, default="records"),
    help="Say which records are one person: `nostop link RECORDS.parquet --out CLUSTERS.parquet`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback()
def group() -> None:
    """Say which records are one person: `nostop link RECORDS.parquet --out CLUSTERS.parquet`."""
