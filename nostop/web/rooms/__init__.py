"""The rooms of the web app: one module each, with a `router`. A new room is a line in `ROUTERS`."""

from nostop.web.rooms import (
    access,
    campaigns,
    case,
    case_decisions,
    case_facts,
    exports,
    jobs,
    links,
    oidc,
    plan_campaign,
    runs,
    search,
    start,
    take_up,
)

ROUTERS = (
    start.router,
    oidc.router,
    jobs.router,
    take_up.router,
    campaigns.router,
    plan_campaign.router,
    runs.router,
    links.router,
    access.router,
    search.router,
    case.router,
    case_facts.router,
    case_decisions.router,
    exports.router,
)
