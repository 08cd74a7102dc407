"""`nostop rules`: what an author of rule packs runs."""

import typer

from nostop.cli.on_demand import on_demand

_COMMANDS = {
    "check": "nostop.cli.rules_check:check",
    "coverage": "nostop.cli.rules_coverage:show_coverage",
    "diff": "nostop.cli.rules_diff:diff",
    "docs": "nostop.cli.rules_docs:docs",
    "explain": "nostop.cli.rules_explain:explain",
    "mutate": "nostop.cli.rules_mutate:show_mutants",
    "new": "nostop.cli.rules_new:new",
    "release": "nostop.cli.rules_release:release",
    "schema": "nostop.cli.rules_schema:schema",
    "test": "nostop.cli.rules_test:run_cases",
    "watch": "nostop.cli.rules_watch:watch",
}
commands = typer.Typer(
    cls=on_demand(_COMMANDS),
    help="Check rule packs and run their cases.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.callback()
def group() -> None:
    """Check rule packs and run their cases."""
