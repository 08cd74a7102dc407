"""Every page that the browser tests look at. A new page is a line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """One page, as one role sees it.

    role: of `tests.web.conftest.OFFICIALS`; `nobody`: not signed in.
    path: where it is, or where the way to it begins.
    follow: the first link that this CSS selector finds is followed, to a page with its own id.
    press: the first button that this CSS selector finds is pressed then; only where nothing is
        changed by it, to see the page that says what is missing.
    """

    role: str
    path: str
    follow: str = ""
    press: str = ""

    def __str__(self) -> str:
        """How tests are named."""
        return " ".join(part for part in (self.role, self.path, self.follow, self.press) if part)


PAGES = (
    Seen("nobody", "/sign-in"),
    Seen("caseworker", "/accessibility"),
    Seen("caseworker", "/queue", follow='main a[href^="/cases/"]'),
    Seen("senior", "/approvals"),
    Seen("senior", "/campaigns"),
    Seen("senior", "/plan-campaign"),
    Seen("senior", "/plan-campaign", press="main form button"),
    Seen("senior", "/sending/stop"),
    Seen("policy_analyst", "/runs"),
    Seen("policy_analyst", "/runs", follow='main a[href^="/runs/"]'),
)
