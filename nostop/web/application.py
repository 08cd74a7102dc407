"""The web application: rooms, static files, and what guards them all."""

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from nostop.app.outreach.doors import callbacks_app
from nostop.web.api.router import add_api
from nostop.web.headers import BodyLimit, Headers
from nostop.web.house import House
from nostop.web.mistakes import answer_mistakes
from nostop.web.rooms import ROUTERS
from nostop.web.static_files import static_dir


def create_app(house: House) -> FastAPI:
    """Return the application for a house. Pages are not part of the API's description."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    add_api(app)
    if house.doors is not None:
        # As another process would answer them: with answers and headers of their own.
        app.router.routes.extend(callbacks_app(house.doors).routes)
    app.mount("/static", StaticFiles(directory=static_dir()), name="static")
    answer_mistakes(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(house.settings.hosts))
    app.add_middleware(Headers, secure=house.settings.secure)
    return app
