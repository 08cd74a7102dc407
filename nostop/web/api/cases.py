"""Cases: a page of them, and one."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path, Query, Response

from nostop.app.casework.cases import OpenCase, read_open_case
from nostop.app.casework.deciding import OF_THE_UNIT, open_kinds
from nostop.app.casework.for_api import Filters, conditions_of, list_cases
from nostop.web.api import models
from nostop.web.api.keys import Called
from nostop.web.api.problems import Refused
from nostop.web.api.routes import SCOPE, V1, api_router, problems

router = api_router("Cases")
_OTHERS = ("cursor", "limit")


@router.get(
    "/cases",
    operation_id="listCases",
    summary="List cases",
    response_model=models.CasePage,
    responses=problems("not-for-this-key", "stale-cursor", "invalid"),
    openapi_extra={SCOPE: "decisions:read"},
)
def cases(
    call: Called, response: Response, query: Annotated[models.CaseQuery, Query()]
) -> models.CasePage:
    """Lists flagged benefit units of the areas of the key, page by page. Nobody is named. Follow
    `next`, or the Link header, until there is none."""
    after = None if query.cursor is None else _after(query)
    desk = call.desk("case_work")
    found = list_cases(desk, _filters(query), query.limit, after)
    if found.is_lost:
        raise Refused("stale-cursor", [("query:cursor", "its case is not there any more")])
    cursor = None if found.next is None else _cursor(query, found.next)
    if cursor is not None:
        response.headers["Link"] = f'<{V1}/cases?{_address(query, cursor)}>; rel="next"'
    return models.CasePage(
        cases=[_listed(row) for row in found.rows],
        count=found.count.number,
        count_is_exact=found.count.exact,
        next=cursor,
    )


@router.get(
    "/cases/{benefit_unit_id}",
    operation_id="readCase",
    summary="Read a case",
    response_model=models.Case,
    responses=problems("not-found", "invalid"),
    openapi_extra={SCOPE: "decisions:read"},
)
def case(
    call: Called,
    response: Response,
    benefit_unit_id: Annotated[models.Id, Path()],
    query: Annotated[models.PurposeQuery, Query()],
) -> models.Case:
    """Says what is flagged of a benefit unit, and what may be decided of it now. Its ETag is the
    version that a decision names. That the record is read is written down first."""
    desk = call.desk(query.purpose)
    found = read_open_case(desk, benefit_unit_id)
    response.headers["ETag"] = etag(found.rows.item["version"])
    return _case(found, {name: each["en"] or name for name, each in desk.titles().items()})


def etag(version: int) -> str:
    """Return how a version of a case is called in headers."""
    return f'"{version}"'


def _filters(query: models.CaseQuery) -> Filters:
    return Filters(
        state=query.state,
        schemes=tuple(query.scheme),
        least_gain=query.least_gain,
        deadline_before=query.deadline_before,
        sure=None if query.links is None else query.links == "sure",
        areas=frozenset(query.area) or None,
        facts_before=query.facts_before,
        unknown=query.unknown_facts,
        outcome=query.outcome,
        unassigned=query.unassigned,
        in_conflict=query.in_conflict,
        sort=query.sort,
    )


def _listed(row: dict[str, Any]) -> models.CaseListed:
    same = {name: row[name] for name in models.CaseListed.model_fields if name in row}
    return models.CaseListed(**same, is_assigned=row["assignee"] is not None)


def _case(found: OpenCase, titles: dict[str, str]) -> models.Case:
    item, conditions = found.rows.item, conditions_of(found)
    flags = found.rows.flags.sort("scheme").to_dicts()
    kinds = open_kinds([flag["state"] for flag in flags], senior=False)
    same = {name: item[name] for name in models.Case.model_fields if name in item}
    return models.Case(
        **same,
        person_ids=[each.person_id for each in found.file.of_unit(item["benefit_unit_id"])],
        may_decide=[kind for kind in kinds if kind in OF_THE_UNIT],
        flags=[_flag(flag, titles, conditions) for flag in flags if flag["state"] != "gone"],
    )


def _flag(
    flag: dict[str, Any], titles: dict[str, str], conditions: dict[str, list[dict[str, str]]]
) -> models.CaseFlag:
    scheme = flag["scheme"]
    kinds = open_kinds([flag["state"]], senior=False)
    same = {name: flag[name] for name in models.CaseFlag.model_fields if name in flag}
    return models.CaseFlag(
        **same,
        title=titles.get(scheme, scheme),
        rules_version=flag["pack_version"],
        may_decide=[kind for kind in kinds if kind not in OF_THE_UNIT],
        conditions=[models.Condition(**each) for each in conditions[scheme]],
    )


# --- pages ----------------------------------------------------------------------------------------


def _of_filters(query: models.CaseQuery) -> str:
    text = query.model_dump_json(exclude=set(_OTHERS))
    return sha256(text.encode()).hexdigest()[:16]


def _cursor(query: models.CaseQuery, after: str) -> str:
    text = json.dumps([_of_filters(query), after])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(query: models.CaseQuery) -> str:
    """Return after which case a page begins. Whoever makes a cursor up finds nothing by it that
    they could not list: what a case is worth is not in it.

    Raises:
        Refused: it is none of ours, or of other filters.
    """
    text = query.cursor or ""
    try:
        said = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        said = None
    if (
        not isinstance(said, list)
        or len(said) != 2
        or said[0] != _of_filters(query)
        or not isinstance(said[1], str)
        or not said[1].isprintable()
    ):
        raise Refused("stale-cursor", [("query:cursor", "is not of these filters")])
    return said[1]


def _address(query: models.CaseQuery, cursor: str) -> str:
    asked = query.model_dump(mode="json", exclude_defaults=True, exclude={"cursor"})
    plain = {k: str(v).lower() if isinstance(v, bool) else v for k, v in asked.items()}
    return urlencode(plain | {"cursor": cursor}, doseq=True)
