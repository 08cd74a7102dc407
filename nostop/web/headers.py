"""What every answer says to browsers, and how long a request may be."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing inline, nothing from elsewhere, and nobody may frame a page.
POLICY = (
    "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; manifest-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
_HSTS = "max-age=63072000; includeSubDomains"
#: Static files have no names of people in them: browsers may keep them. Nothing else is kept.
STATIC, _KEPT, _NOT_KEPT = "/static/", "public, max-age=3600", "no-store"
LONGEST_BODY = 12 * 1024 * 1024


class Headers:
    """Adds the headers to every answer, errors and files too; an answer may have a stricter policy
    of its own."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        """Wrap an application; `secure`: it is reached by HTTPS."""
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message), scope["path"], secure=self.secure)
            await send(message)

        await self.app(scope, receive, with_headers)


def add_headers(headers: MutableHeaders, path: str, *, secure: bool) -> None:
    """Add to an answer what each says to browsers; what it says itself stays."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", _KEPT if path.startswith(STATIC) else _NOT_KEPT)
    if secure:
        headers["Strict-Transport-Security"] = _HSTS


class BodyLimit:
    """Refuses a request that is longer than anything a page takes, while it still comes in."""

    def __init__(self, app: ASGIApp, *, most: int = LONGEST_BODY) -> None:
        """Wrap an application; `most`: bytes."""
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self.most:
            await PlainTextResponse("too large", 413)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.most:
                # As if the caller had gone: what is over the limit is never read.
                return {"type": "http.disconnect"}
            return message

        await self.app(scope, counted, send)
