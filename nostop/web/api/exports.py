"""Exports: a service asks, an official approves, a job makes it, and it is fetched once."""

from typing import Annotated

from fastapi import Body, Depends, Path, Request, Response

from nostop.app import exports
from nostop.app.exports import Asked, Rows, Wanted
from nostop.model import NotHere
from nostop.web.api import models
from nostop.web.api.idempotency import Done, IdempotencyKey, once
from nostop.web.api.keys import Call, Called
from nostop.web.api.routes import SCOPE, V1, api_router, problems, raw_body
from nostop.web.pages import download

router = api_router("Exports")


@router.post(
    "/exports",
    operation_id="askForExport",
    summary="Ask for an export",
    status_code=201,
    response_model=models.Export,
    responses=problems(
        "not-for-this-key", "at-work", "too-large", "wrong-content-type", "invalid", "other-request"
    ),
    openapi_extra={SCOPE: "exports"},
)
def ask(
    request: Request,
    call: Called,
    asked: Annotated[models.ExportRequest, Body()],
    raw: Annotated[bytes, Depends(raw_body)],
    key: IdempotencyKey,
) -> Response:
    """Asks for a table without names or free text. An administrator has to approve it; then it is
    made, of what the key may see by then."""
    return once(request, call, key, raw, lambda: _asked(call, asked))


@router.get(
    "/exports/{export_id}",
    operation_id="readExport",
    summary="See how an export stands",
    response_model=models.Export,
    responses=problems("not-found"),
    openapi_extra={SCOPE: "exports"},
)
def export(call: Called, export_id: Annotated[models.Id, Path()]) -> models.Export:
    """Says how an export of this key stands."""
    return _told(call, _mine(call, export_id))


@router.post(
    "/exports/{export_id}/content",
    operation_id="fetchExport",
    summary="Fetch an export",
    response_class=Response,
    responses={
        200: {"description": "The table", "content": {"text/csv": {"schema": {"type": "string"}}}},
        **problems("not-found"),
    },
    openapi_extra={SCOPE: "exports"},
)
def content(call: Called, export_id: Annotated[models.Id, Path()]) -> Response:
    """Gives the table to the key that asked for it: once, which is why it is a POST, and within
    seven days."""
    house = call.house
    made = exports.fetch(house.engine, house.jobs, export_id, call.act)
    return download(made.content, made.name, made.media_type)


def _asked(call: Call, asked: models.ExportRequest) -> Done:
    wanted = Wanted(asked.what, Rows(asked.scheme, asked.area, asked.since), asked.reason)
    export_id = exports.ask(call.house.engine, wanted, call.caller.actor, call.at)
    told = _told(call, exports.export(call.house.engine, export_id))
    return Done(201, told, {"Location": f"{V1}/exports/{export_id}"})


def _mine(call: Call, export_id: str) -> Asked:
    found = exports.export(call.house.engine, export_id)
    if found.asked_by != call.caller.actor:
        raise NotHere("exports: there is no such export")
    return found


def _told(call: Call, asked: Asked) -> models.Export:
    job = call.house.jobs.look(asked.job_id) if asked.job_id else None
    state = asked.state
    if state in ("approved", "made"):
        state = "making"
        if job is not None and job.state == "failed":
            state = "failed"
        elif job is not None and job.state == "done":
            state = "ready" if job.has_result else "over"
    return models.Export.model_validate(
        {
            "export_id": asked.export_id,
            "what": asked.what,
            "asked_at": asked.asked_at,
            "state": state,
            "progress": job.progress if job else 0,
        }
    )
