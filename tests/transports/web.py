"""A web service as a department might run one: OAuth 2.0, pages, files with ranges, events.

It is plain `http.server`; what it holds and how it behaves are the attributes of `Service`.
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SECRET = "CANARY-secret-7d1f"  # noqa: S105 - made up
TOKEN = "CANARY-token-"  # noqa: S105 - made up


class Service:
    """What the service has, and what it was asked."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_address[1]
        self.fresh()

    def fresh(self) -> None:
        self.people: list[dict[str, object]] = []
        self.file = b""
        self.etag = '"one"'
        self.ranges = True
        self.says_length = True
        self.events: list[list[object]] = []
        self.event_form = "application/cloudevents-batch+json"
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.tokens = 0
        self.valid = ""
        self.life = 3600


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        basic = base64.b64encode(f"nostop:{SECRET}".encode()).decode()
        known = self.headers.get("Authorization") == f"Basic {basic}" or SECRET in form
        if not known or "grant_type=client_credentials" not in form:
            self._say(401, {"error": "invalid_client", "error_description": f"CANARY {form}"})
            return
        self.service.tokens += 1
        self.service.valid = f"{TOKEN}{self.service.tokens}"
        token = {"access_token": self.service.valid, "token_type": "Bearer"}
        self._say(200, {**token, "expires_in": self.service.life})

    def do_GET(self) -> None:
        service = self.service
        service.asked.append(self.path)
        service.headers.append({key.lower(): value for key, value in self.headers.items()})
        if service.answers:
            status, headers = service.answers.pop(0)
            self._say(status, {"detail": "CANARY of somebody"}, headers)
            return
        place = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(place.query).items()}
        {
            "/people": self._people,
            "/file": self._file,
            "/events": self._events,
        }.get(place.path, lambda _: self._say(404, {}))(asked)

    def _people(self, asked: dict[str, str]) -> None:
        service = self.service
        if self.headers.get("Authorization") != f"Bearer {service.valid}":
            self._say(401, {"detail": "CANARY"})
            return
        found = [each for each in service.people if str(each["changed"]) > asked.get("since", "")]
        at = int(asked.get("page") or asked.get("cursor") or 1)
        here, more = found[(at - 1) * 2 : at * 2], len(found) > at * 2
        following = f"/people?cursor={at + 1}&since={asked.get('since', '')}"
        body = {"kind": "people", "data": {"people": here}, "meta": {"link": []}}
        link = {}
        if more:
            body["meta"] = {"cursor": str(at + 1), "link": [{"relation": "next", "url": following}]}
            link = {"Link": f'<{following}>; rel="next"'}
        self._say(200, body, link)

    def _file(self, _: dict[str, str]) -> None:
        service, whole = self.service, self.service.file
        headers = {"ETag": service.etag} if service.etag else {}
        if service.etag and self.headers.get("If-None-Match") == service.etag:
            self._say(304, None, headers)
            return
        span = self.headers.get("Range", "")
        if span and service.ranges and self.headers.get("If-Range") == service.etag:
            first = int(span.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {first}-{len(whole) - 1}/{len(whole)}"
            self._say(206, whole[first:], headers)
            return
        self._say(200, whole, headers)

    def _events(self, asked: dict[str, str]) -> None:
        batches = self.service.events
        last = asked.get("lastEventId")
        ends = [batch[-1].get("id") for batch in batches if isinstance(batch[-1], dict)]
        at = ends.index(last) + 1 if last in ends else 0
        form = {"Content-Type": self.service.event_form}
        if at < len(batches):
            one = self.service.event_form == "application/cloudevents+json"
            self._say(200, batches[at][0] if one else batches[at], form)
        elif self.service.event_form == "application/cloudevents+json":
            self._say(204, None)
        else:
            self._say(200, [], form)

    def _say(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is None:
            data = b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in (204, 304) and self.service.says_length:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def start() -> tuple[ThreadingHTTPServer, Service]:
    """Start the service on this machine."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    # A client that breaks off is what these tests do.
    server.handle_error = lambda *_: None
    service = Service(server)
    handler.service = service
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    return server, service
