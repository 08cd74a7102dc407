"""The tables of outreach: the plan, what a scheme is called and how to claim it, the messages."""

import dataframely as dy

from nostop.frames import Contacts

#: Why somebody is not written to, in the order in which the first reason is chosen.
REASONS = (
    "register_unknown",
    "deceased",
    "under_age",
    "opted_out",
    "protected_address",
    "safeguarding_hold",
    "no_recourse_to_public_funds",
    "receipt_unknown",
    "weak_link",
    "in_conflict",
    "advice_first",
    "told_before",
    "recent_contact",
    "one_message_at_a_time",
    "no_contact_details",
    "no_letter",
    "unfit_details",
)
#: Reasons that are of the person, whatever the campaign: nobody claims a message to them.
LASTING = (
    "deceased",
    "under_age",
    "opted_out",
    "protected_address",
    "safeguarding_hold",
    "no_recourse_to_public_funds",
)
LANGUAGES = ("en", "cy")
KINDS = ("entitled", "worth_asking")
STATES = ("planned", "suppressed", "held_out")


class Plan(dy.Schema):
    """One row for each (campaign, recipient, scheme, step).

    `state` is planned, suppressed or held_out; `suppression` the first reason in the order of
    `REASONS`, null unless suppressed; `suppressions` all of them. `holdout` is the arm of the
    household, also where the row is suppressed anyway.
    """

    message_id = dy.String()
    campaign = dy.String(primary_key=True)
    recipient_id = dy.String(primary_key=True)
    scheme = dy.String(primary_key=True)
    step = dy.Int64(primary_key=True)
    kind = dy.String()
    language = dy.String()
    benefit_unit_id = dy.String(nullable=True)
    household_id = dy.String(nullable=True)
    state = dy.String()
    suppression = dy.String(nullable=True)
    suppressions = dy.List(dy.String())
    holdout = dy.Bool()


class ContactsAsRead(Contacts):
    """`Contacts` in which a flag may be null: unknown, which stops a message too."""

    is_deceased = dy.Bool(nullable=True)
    opted_out = dy.Bool(nullable=True)
    protected_address = dy.Bool(nullable=True)
    safeguarding_hold = dy.Bool(nullable=True)


class ClaimDetails(dy.Schema):
    """What a scheme is called in each language, and where to claim it."""

    scheme = dy.String(primary_key=True)
    title_en = dy.String()
    title_cy = dy.String()
    claim_url = dy.String()
    claim_phone = dy.String()


class Messages(dy.Schema):
    """Rendered messages, one row each. Personal: sent by a channel; only its hashes are kept."""

    message_id = dy.String(primary_key=True)
    recipient_id = dy.String()
    scheme = dy.String()
    language = dy.String()
    to = dy.String()
    subject = dy.String()
    body = dy.String()
    template_sha256 = dy.String()
    body_sha256 = dy.String()
