"""What was found for a person."""

from typing import Annotated

from fastapi import Path, Query

from nostop.app.casework.for_api import Findings, findings_of
from nostop.web.api import models
from nostop.web.api.keys import Called
from nostop.web.api.routes import SCOPE, api_router, problems

router = api_router("People")


@router.get(
    "/people/{person_id}/determinations",
    operation_id="readDeterminations",
    summary="Read what was found for a person",
    response_model=models.PersonDeterminations,
    responses=problems("not-found", "invalid"),
    openapi_extra={SCOPE: "determinations:read"},
)
def determinations(
    call: Called,
    person_id: Annotated[models.Id, Path()],
    query: Annotated[models.PurposeQuery, Query()],
) -> models.PersonDeterminations:
    """Says what was found for a person with a case file, why, what is missing, and in which order
    they would claim. That the record is read, by which key and why, is written down first. What is
    withheld stays so."""
    desk = call.desk(query.purpose)
    return _told(
        findings_of(desk, person_id),
        {name: both["en"] or name for name, both in desk.titles().items()},
    )


def _told(found: Findings, titles: dict[str, str]) -> models.PersonDeterminations:
    return models.PersonDeterminations(
        person_id=found.person_id,
        benefit_unit_id=found.benefit_unit_id,
        run_id=found.run_id,
        effective_on=found.effective_on,
        is_corrected=found.is_corrected,
        determinations=[
            models.PersonDetermination(
                **models.determination(each.row, _title(titles, each.row["scheme"]), each.why),
                missing_facts=models.missing_facts(each.missing),
                rules_changed=each.rules_changed,
            )
            for each in found.findings
        ],
        claim_path=[
            models.PathStep.model_validate(
                {name: row.get(name) for name in _STEP} | {"title": _title(titles, row["scheme"])}
            )
            for row in found.path
        ],
    )


_STEP = tuple(name for name in models.PathStep.model_fields if name != "title")


def _title(titles: dict[str, str], scheme: str) -> str:
    return titles.get(scheme, scheme)
