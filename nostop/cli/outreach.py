"""`nostop outreach`: who is told, in which words, approved by whom, and what became of it."""

import typer

from nostop.cli.on_demand import on_demand

_COMMANDS = {
    "plan": "nostop.cli.outreach_plan:plan",
    "preview": "nostop.cli.outreach_plan:preview",
    "approve": "nostop.cli.outreach_plan:approve",
    "send": "nostop.cli.outreach_send:send",
    "status": "nostop.cli.outreach_send:status",
    "reconcile": "nostop.cli.outreach_send:reconcile",
    "settle": "nostop.cli.outreach_send:settle",
    "stop": "nostop.cli.outreach_stop:stop",
    "go-on": "nostop.cli.outreach_stop:go_on",
    "export": "nostop.cli.outreach_send:export",
    "refresh": "nostop.cli.outreach_plan:refresh",
    "suppress": "nostop.cli.outreach_stop:suppress",
    "lift-suppression": "nostop.cli.outreach_news:lift_suppression",
    "callbacks": "nostop.cli.outreach_news:callbacks",
    "import-calls": "nostop.cli.outreach_news:import_calls",
    "import-bounces": "nostop.cli.outreach_news:import_bounces",
    "wrong": "nostop.cli.outreach_news:wrong",
    "cases": "nostop.cli.outreach_news:cases",
    "close-case": "nostop.cli.outreach_news:close_case",
    "act-on-signals": "nostop.cli.outreach_news:act_on_signals",
    "outcomes": "nostop.cli.outreach_news:note_outcomes",
    "results": "nostop.cli.outreach_news:results",
}
commands = typer.Typer(
    cls=on_demand(_COMMANDS),
    help="Tell people of support they do not claim: plan, preview, approve, send, stop.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.callback()
def group() -> None:
    """Tell people of support they do not claim: plan, preview, approve, send, stop."""
