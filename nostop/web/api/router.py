"""The API as the application includes it: its resources, its description, and what guards it."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from nostop.app.api_evaluating import EvaluationShelf
from nostop.app.api_events import EventShelf
from nostop.app.api_keys import PURPOSES
from nostop.web.api import cases, decisions, evaluations, events, exports, people
from nostop.web.api.description import TAGS, describe, operations
from nostop.web.api.limits import Buckets, Verbs
from nostop.web.api.problems import KINDS
from nostop.web.api.routes import V1
from nostop.web.pages import page

ROUTERS = (
    evaluations.router,
    people.router,
    cases.router,
    decisions.router,
    events.router,
    exports.router,
)
#: What anybody may read: how to call.
public = APIRouter(prefix=V1, include_in_schema=False)


def api_routes() -> list[APIRoute]:
    """Return the routes that are behind a key."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def add_api(app: FastAPI) -> None:
    """Give an application the API."""
    app.state.api_buckets = Buckets()
    app.state.api_shelf = EvaluationShelf()
    app.state.api_events = EventShelf()
    app.state.api_description = describe(api_routes())
    for router in (*ROUTERS, public):
        app.include_router(router)
    open_routes = [route for route in public.routes if isinstance(route, APIRoute)]
    app.add_middleware(Verbs, routes=[*api_routes(), *open_routes])


@public.get("/openapi.json")
def openapi(request: Request) -> Response:
    """Give the description."""
    return JSONResponse(request.app.state.api_description)


@public.get("/docs")
def docs(request: Request) -> Response:
    """Show the description to people."""
    listed = operations(request.app.state.api_description)
    shown = {
        "tags": [
            (tag, says, [each for each in listed if each["tag"] == tag])
            for tag, says in TAGS.items()
        ],
        "kinds": [(name, int(kind.status), kind) for name, kind in KINDS.items()],
        "purposes": PURPOSES,
    }
    return page(request, None, "api/docs.html", shown)
