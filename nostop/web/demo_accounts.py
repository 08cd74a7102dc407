"""Made-up officials for the development sign-in."""

from nostop.app.web_sessions import Official
from nostop.web.permissions import Role


def _official(account_id: str, name: str, role: Role) -> tuple[str, Official]:
    return account_id, Official(account_id, name, frozenset({role.value}))


DEMO_ACCOUNTS = dict(
    (
        _official("carys.case", "Carys Case", Role.CASEWORKER),
        _official("kofi.case", "Kofi Case", Role.CASEWORKER),
        _official("sian.senior", "Sian Senior", Role.SENIOR),
        _official("anwen.approver", "Anwen Approver", Role.CAMPAIGN_APPROVER),
        _official("rhys.rules", "Rhys Rules", Role.RULE_AUTHOR),
        _official("aled.author", "Aled Author", Role.RULE_AUTHOR),
        _official("pat.policy", "Pat Policy", Role.POLICY_ANALYST),
        _official("audrey.audit", "Audrey Audit", Role.AUDITOR),
        _official("adam.admin", "Adam Admin", Role.ADMINISTRATOR),
    )
)
