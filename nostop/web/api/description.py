"""The description of the API (OpenAPI 3.1), and a page that says the same to people."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from nostop.web.api import models
from nostop.web.api.problems import MEDIA_TYPE
from nostop.web.api.routes import COST, EVERY_AREA, SCOPE, TAKES

#: Of the API: what follows v1 in its addresses stays as it is described.
VERSION = "1.0"
_KEY = "key"
_OURS = (COST, TAKES, EVERY_AREA)
_SAYS = """What the review app's officials do, for services. Call it with a key:
`Authorization: Bearer nostop_...`. What the rules find is indicative: only people decide, and of a
scheme that is claimed, or may be, nothing adverse is shown. Money is whole pence. Null is "not
known" or "not shown". What is not there and what a key may not see look the same."""
TAGS = {
    "Evaluations": "A situation through the rules. Nothing is stored.",
    "People": "What was found for a person.",
    "Cases": "Flagged benefit units.",
    "Decisions": "What people decided.",
    "Events": "Life events, as CloudEvents.",
    "Exports": "Tables that an official approves.",
}
_RATE = {
    "RateLimit-Limit": "How many tokens the key's bucket holds.",
    "RateLimit-Remaining": "How many are left.",
    "RateLimit-Reset": "In how many seconds it is full again.",
}


def describe(routes: Sequence[APIRoute]) -> dict[str, Any]:
    """Return the description of routes."""
    found = get_openapi(
        title="nostop",
        version=VERSION,
        openapi_version="3.1.0",
        description=_SAYS,
        routes=routes,
        tags=[{"name": name, "description": says} for name, says in TAGS.items()],
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _problem()
    found["components"]["securitySchemes"] = {
        _KEY: {
            "type": "http",
            "scheme": "bearer",
            "description": "A key that an administrator made: nostop_ID_SECRET.",
        }
    }
    for methods in found["paths"].values():
        for operation in methods.values():
            _finish(operation)
    return found


def _finish(operation: dict[str, Any]) -> None:
    """Say of an operation which scope it needs, and what every answer has."""
    scope = operation[SCOPE]
    operation["security"] = [{_KEY: [scope]}]
    operation["description"] += f"\n\nScope: `{scope}`."
    for name in _OURS:
        operation.pop(name, None)
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if status not in ("401",):
            headers = {
                name: {"description": says, "schema": {"type": "string"}}
                for name, says in _RATE.items()
            }
            response.setdefault("headers", {}).update(headers if status == "200" else {})
        if MEDIA_TYPE in content:
            content.pop("application/json", None)


@cache
def _problem() -> dict[str, Any]:
    schema = models.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


def operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the page lists: tag, method, path, summary, scope of each operation."""
    return [
        {
            "tag": operation["tags"][0],
            "method": method.upper(),
            "path": path,
            "summary": operation["summary"],
            "scope": operation[SCOPE],
        }
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
