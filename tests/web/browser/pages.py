"""Every page that the browser tests look at. A new page is a line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """One page, as one role sees it.

    role: of `tests.web.conftest.OFFICIALS`; `nobody`: not signed in.
    path: where it is, or where the way to it begins.
    follow: the first link that each of these CSS selectors finds is followed, one after the other,
        to a page with its own id.
    fill: selector of a field and what is typed there; without a text it is ticked.
    press: the first button that this CSS selector finds is pressed then; only where other pages
        stay as they are, such as to see the page that says what is missing.
    status: of the page where the way begins.
    """

    role: str
    path: str
    follow: tuple[str, ...] = ()
    fill: tuple[tuple[str, str], ...] = ()
    press: str = ""
    status: int = 200

    def __str__(self) -> str:
        """How tests are named."""
        said = (self.role, self.path, *self.follow, *(name for name, _ in self.fill), self.press)
        return " ".join(part for part in said if part)


_CASE = 'main th a[href^="/cases/"]'
_SURE = "/queue?outcome=entitled"
_SAVE = "main form[novalidate] .govuk-button:not(.govuk-button--secondary)"
_FACT = 'a[href*="/facts/person/"]'
_SEARCH = (("input[name=reason]", ""), ("#surname", "Norman"))


def _decide(kind: str) -> str:
    return f'a[href*="/decide/{kind}"]'


PAGES = (
    Seen("nobody", "/sign-in"),
    Seen("caseworker", "/accessibility"),
    Seen("caseworker", "/nowhere", status=404),
    # My work and a case.
    Seen("caseworker", "/queue"),
    Seen("senior", "/queue?outcome=entitled&facts=none"),
    Seen("caseworker", "/queue", follow=(_CASE,)),
    Seen("caseworker", _SURE, follow=(_CASE,)),
    Seen("caseworker", "/queue?scheme=child_benefit", follow=(_CASE, _FACT)),
    Seen("caseworker", "/queue?scheme=child_benefit", follow=(_CASE, _FACT), press=_SAVE),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("confirm"))),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("phone"))),
    Seen("caseworker", "/queue", follow=(_CASE, _decide("ask_evidence"))),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("not_entitled"))),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("not_entitled")), press=_SAVE),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("suppress"))),
    Seen("caseworker", _SURE, follow=(_CASE, _decide("hand_over"))),
    Seen("senior", "/approvals"),
    Seen("caseworker", "/search"),
    Seen("caseworker", "/search", fill=_SEARCH, press="main form .govuk-button"),
    Seen("caseworker", "/search", press="main form .govuk-button"),
    # Links and quality.
    Seen("caseworker", "/links"),
    Seen("senior", "/links/history"),
    Seen("senior", "/quality"),
    Seen("rule_author", "/quality"),
    Seen("senior", "/quality/second-reading"),
    # Campaigns, runs and jobs.
    Seen("senior", "/campaigns"),
    Seen("senior", "/plan-campaign"),
    Seen("senior", "/plan-campaign", press="main form button"),
    Seen("senior", "/sending/stop"),
    Seen("policy_analyst", "/runs"),
    Seen("policy_analyst", "/runs", follow=('main a[href^="/runs/"]',)),
    Seen("auditor", "/audit/chain", press="main form .govuk-button"),
    # Take-up and exports.
    Seen("policy_analyst", "/take-up"),
    Seen("policy_analyst", "/take-up/areas"),
    Seen("policy_analyst", "/exports"),
    Seen("policy_analyst", "/exports", press="main form .govuk-button"),
    Seen("administrator", "/exports/approve"),
    # The rule workbench.
    Seen("rule_author", "/workbench"),
    Seen("rule_author", "/workbench/schemes/pension_credit"),
    Seen("rule_author", "/workbench/schemes/pension_credit", follow=('main a[href*="/rules/"]',)),
    Seen("rule_author", "/workbench/schemes/pension_credit/cases"),
    Seen("rule_author", "/workbench/schemes/child_benefit/try"),
    Seen("rule_author", "/workbench/schemes/child_benefit/try?case=0"),
    Seen(
        "rule_author",
        "/workbench/schemes/child_benefit",
        fill=(("#title", "A page to look at"),),
        press="main form .govuk-button",
    ),
    # Access and audit.
    Seen("administrator", "/access"),
    Seen("administrator", "/access", follow=('main a[href^="/access/accounts/"]',)),
    Seen("administrator", "/access/keys"),
    Seen("caseworker", "/access/known"),
    Seen("auditor", "/audit"),
    Seen("auditor", "/audit/searches"),
    Seen("auditor", "/audit/chain"),
    Seen("auditor", "/audit/extract"),
)
