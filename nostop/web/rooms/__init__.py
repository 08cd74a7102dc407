"""The rooms of the web app: one module each, with a `router`. A new room is a line in `ROUTERS`."""

from nostop.web.rooms import jobs, start

ROUTERS = (start.router, jobs.router)
