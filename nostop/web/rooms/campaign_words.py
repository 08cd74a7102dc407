"""What campaigns are called in plain words; the Welsh of each is in `words/cy/campaigns.yaml`."""

from collections.abc import Callable, Mapping

from nostop.app.outreach.overview import State

#: The word for a state, and the colour of its tag; the word alone says it.
STATES: Mapping[State, tuple[str, str]] = {
    State.PLANNED: ("Planned", "grey"),
    State.WAITING: ("Waiting for approval", "yellow"),
    State.APPROVED: ("Approved", "green"),
    State.SENDING: ("Sending", "blue"),
    State.STOPPED: ("Stopped", "red"),
    State.ENDED: ("Ended", "grey"),
}
STATUSES: Mapping[str, str] = {
    "planned": "Still to go",
    "sending": "Being sent",
    "sent": "Sent, arrival not known yet",
    "delivered": "Arrived",
    "failed": "Did not arrive",
    "unknown": "In doubt",
    "cancelled": "Taken back before it went",
    "suppressed": "Not told",
}
#: Why somebody is not told, from `nostop.outreach.reasons` and what replies and caseworkers give.
REASONS: Mapping[str, str] = {
    "register_unknown": "They are not on the list that says whom not to write to",
    "deceased": "A source says that they have died, or does not say",
    "under_age": "Under age, or their age is not known",
    "opted_out": "They asked not to be written to",
    "objected": "They objected to messages like this",
    "protected_address": "Somebody in the benefit unit has a protected address",
    "safeguarding_hold": "A safeguarding hold is on somebody in the benefit unit",
    "no_recourse_to_public_funds": "They have no recourse to public funds, or that is not known",
    "receipt_unknown": "Nobody knows whether they get it already",
    "weak_link": "It is not certain enough that the records are of one person",
    "in_conflict": "Sources differ on what the result rests on",
    "advice_first": "A claim could cost them something: advice comes first",
    "told_before": "They were told before, under an earlier id",
    "recent_contact": "They had a message of another campaign lately",
    "one_message_at_a_time": "They get another message that is worth more to them",
    "no_contact_details": "There is no address that this campaign can use",
    "bad_contact_details": "Their address does not work",
    "no_letter": "Nobody has written a letter for this yet",
    "unfit_details": "Their name or address cannot be printed safely",
    "holdout": "Held out, to measure what the messages do",
    "withdrawn": "A newer run would not tell them any more",
    "cancelled": "It was cancelled",
    "ended": "The campaign ended before it went",
    "open_case": "Somebody has to look at their case first",
    "life_event": "Something happened in their life: messages wait",
}
CHANNELS: Mapping[str, str] = {
    "govuk_notify_email": "E-mail (GOV.UK Notify)",
    "govuk_notify_text": "Text message (GOV.UK Notify)",
    "govuk_notify_letter": "Letter (GOV.UK Notify)",
    "smtp": "E-mail (own mail server)",
    "print_and_post": "Letter (printed here)",
    "phone_list": "Telephone call",
    "outbox": "Folder on this machine",
    "webhook": "A partner's system",
}
FORMS: Mapping[str, str] = {
    "letter": "Letter",
    "email": "E-mail",
    "text": "Text message",
    "script": "What a caller says",
}
KINDS: Mapping[str, str] = {
    "entitled": "For people who seem to be entitled",
    "worth_asking": "For people of whom a fact is missing",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "cy": "Welsh"}
#: How somebody knows what became of a message: the word goes into the audit log.
HOW: Mapping[str, str] = {
    "provider_says": "The provider says so",
    "person_says": "The person says so",
    "log_shows": "A record of our own shows it",
}
WHY_NOT_APPROVE: Mapping[str, str] = {
    "approved": "This plan is approved.",
    "planner": "You planned this campaign, so somebody else has to approve it.",
    "nothing": "Nobody would be told, so there is nothing to approve.",
    "ended": "This campaign has ended.",
}


def said(words: Mapping[str, str], t: Callable[[str], str], name: str | None) -> str:
    """Return a name in plain words; one that nobody has written words for, without its dashes."""
    if name is None:
        return t("No channel reaches them")
    return t(words[name]) if name in words else name.replace("_", " ")
