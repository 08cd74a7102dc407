"""Who may do what: permissions by role."""

from enum import StrEnum


class Permission(StrEnum):
    """What a page or an address of the API asks of whoever comes."""

    SIGNED_IN = "signed_in"
    WORK = "work"
    SENIOR = "senior"
    LINKS = "links"
    QUALITY = "quality"
    RUNS = "runs"
    STOP = "stop"
    CAMPAIGNS = "campaigns"
    APPROVE = "approve"
    WORKBENCH = "workbench"
    APPROVE_RULES = "approve_rules"
    TAKE_UP = "take_up"
    EXPORT = "export"
    APPROVE_EXPORT = "approve_export"
    AUDIT = "audit"
    ADMIN = "admin"


class Role(StrEnum):
    """What an official is, as the identity provider says."""

    CASEWORKER = "caseworker"
    SENIOR = "senior"
    RULE_AUTHOR = "rule_author"
    CAMPAIGN_APPROVER = "campaign_approver"
    POLICY_ANALYST = "policy_analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_P = Permission
#: Nobody has all of them: who approves is not who asks, and who looks on does not act.
MAY: dict[Role, frozenset[Permission]] = {
    Role.CASEWORKER: frozenset({_P.WORK, _P.LINKS}),
    Role.SENIOR: frozenset(
        {
            _P.WORK, _P.SENIOR, _P.LINKS, _P.QUALITY, _P.RUNS, _P.STOP, _P.CAMPAIGNS, _P.TAKE_UP,
            _P.EXPORT,
        }
    ),
    Role.RULE_AUTHOR: frozenset({_P.WORKBENCH, _P.APPROVE_RULES, _P.QUALITY, _P.RUNS}),
    Role.CAMPAIGN_APPROVER: frozenset({_P.CAMPAIGNS, _P.APPROVE, _P.STOP, _P.RUNS}),
    Role.POLICY_ANALYST: frozenset({_P.TAKE_UP, _P.QUALITY, _P.RUNS, _P.EXPORT}),
    Role.AUDITOR: frozenset({_P.AUDIT, _P.QUALITY}),
    Role.ADMINISTRATOR: frozenset(
        {_P.ADMIN, _P.APPROVE_EXPORT, _P.RUNS, _P.STOP, _P.CAMPAIGNS, _P.TAKE_UP}
    ),
}  # fmt: skip


def permissions_of(roles: frozenset[str]) -> frozenset[Permission]:
    """Return what roles may do together; a role that nobody knows may do nothing."""
    known = [MAY[Role(role)] for role in roles if role in list(Role)]
    return frozenset().union({_P.SIGNED_IN} if known else set(), *known)
