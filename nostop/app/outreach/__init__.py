"""Outreach as commands, pages and the schedule ask for it."""

from nostop.app.outreach.asking import Answered
from nostop.app.outreach.campaigns import (
    Example,
    Outcome,
    Preview,
    approve,
    preview,
    reconcile,
    send_campaign,
    settle,
)
from nostop.app.outreach.looking import export, statuses
from nostop.app.outreach.planning import Planned, plan_campaign
from nostop.app.outreach.refreshing import refresh

__all__ = [
    "Answered",
    "Example",
    "Outcome",
    "Planned",
    "Preview",
    "approve",
    "export",
    "plan_campaign",
    "preview",
    "reconcile",
    "refresh",
    "send_campaign",
    "settle",
    "statuses",
]
