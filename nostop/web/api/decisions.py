"""Decisions: what people decided, brought in by a service, and read."""

import re
from typing import Annotated, Any

from fastapi import Body, Depends, Header, Path, Query, Request, Response

from nostop.app.casework.cases import read_open_case
from nostop.app.casework.deciding import Seen, Wish
from nostop.app.casework.for_api import decide_for
from nostop.web.api import models
from nostop.web.api.cases import etag
from nostop.web.api.idempotency import Done, IdempotencyKey, once
from nostop.web.api.keys import Call, Called
from nostop.web.api.problems import Refused
from nostop.web.api.routes import SCOPE, api_router, problems, raw_body

router = api_router("Decisions")
_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=r'^"[1-9][0-9]{0,8}"$',
        description="The ETag of the case as it was read.",
    ),
]


@router.post(
    "/cases/{benefit_unit_id}/decisions",
    operation_id="decide",
    summary="Decide on a case",
    status_code=201,
    response_model=models.DecisionMade,
    responses=problems(
        "not-found",
        "at-work",
        "moved-on",
        "too-large",
        "wrong-content-type",
        "invalid",
        "other-request",
        "version-needed",
    ),
    openapi_extra={SCOPE: "decisions:write"},
)
def decide(  # noqa: PLR0913 - what a decision needs beside its body stands in headers
    request: Request,
    call: Called,
    benefit_unit_id: Annotated[models.Id, Path()],
    asked: Annotated[models.DecisionRequest, Body()],
    raw: Annotated[bytes, Depends(raw_body)],
    key: IdempotencyKey,
    version: IfMatch,
) -> Response:
    """Writes down what a person decided of a flag, or of the whole benefit unit, under the same
    checks as the page. It is refused where somebody changed the case since it was read."""
    number = _VERSION.fullmatch(version)
    if number is None:
        raise Refused("malformed", [("header:If-Match", "is the ETag of a case")])
    seen = Seen(benefit_unit_id, int(number[1]))
    return once(request, call, key, raw, lambda: _decided(call, seen, asked))


@router.get(
    "/cases/{benefit_unit_id}/decisions",
    operation_id="listDecisions",
    summary="Read what was decided of a case",
    response_model=models.Decisions,
    responses=problems("not-found", "invalid"),
    openapi_extra={SCOPE: "decisions:read"},
)
def decisions(
    call: Called,
    response: Response,
    benefit_unit_id: Annotated[models.Id, Path()],
    query: Annotated[models.PurposeQuery, Query()],
) -> models.Decisions:
    """Lists what was decided of a case. Reasons are in people's own words, and personal: that they
    are read is written down first."""
    found = read_open_case(call.desk(query.purpose), benefit_unit_id)
    version = found.rows.item["version"]
    response.headers["ETag"] = etag(version)
    return models.Decisions(
        benefit_unit_id=benefit_unit_id,
        version=version,
        decisions=[_told(row) for row in found.rows.decisions.to_dicts()],
    )


def _decided(call: Call, seen: Seen, asked: models.DecisionRequest) -> Done:
    wish = Wish(
        kind=asked.kind,
        reason=asked.reason.strip(),
        scheme=asked.scheme,
        condition=asked.condition,
        about=tuple(dict.fromkeys(asked.about)),
        until_on=asked.until_on,
    )
    default = call.house.settings.second_approval
    answered = decide_for(call.desk(asked.purpose), seen, wish, default)
    if answered.wrong:
        errors = [(f"/{field}", text) for field, text in sorted(answered.wrong.items())]
        raise Refused("invalid", errors)
    made = models.DecisionMade(
        decision_id=answered.decision_id,
        benefit_unit_id=seen.benefit_unit_id,
        state="awaiting" if answered.is_awaiting else "final",
        version=answered.version,
    )
    return Done(201, made, {"ETag": etag(answered.version)})


def _told(row: dict[str, Any]) -> models.Decision:
    same = {name: row[name] for name in models.Decision.model_fields if name in row}
    about = (row["about"] or "").split()
    return models.Decision(**same | {"about": about}, rules_version=row["pack_version"])
