"""Outreach: who is told of support they do not claim, who is not and why, and in which words."""

from nostop.outreach.audience import audience
from nostop.outreach.plan import plan
from nostop.outreach.policy import Holdout, Policy, holdout_from
from nostop.outreach.reasons import flagged, with_reasons
from nostop.outreach.render import Rendered, as_messages, render
from nostop.outreach.tables import LASTING, ClaimDetails, Messages, Plan
from nostop.outreach.templates import Templates, letters_in, load_templates
from nostop.outreach.told_before import hold_told_before

__all__ = [
    "LASTING",
    "ClaimDetails",
    "Holdout",
    "Messages",
    "Plan",
    "Policy",
    "Rendered",
    "Templates",
    "as_messages",
    "audience",
    "flagged",
    "hold_told_before",
    "holdout_from",
    "letters_in",
    "load_templates",
    "plan",
    "render",
    "with_reasons",
]
