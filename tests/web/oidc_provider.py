"""A little OpenID provider on loopback: real HTTP, really signed tokens, ways to do it wrong."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "nostop-web", "a secret of the client's"
CALLBACK = "http://testserver/oidc/back"
SUBJECT = "carys.case"


@dataclass
class OpenIdProvider:
    """What it says is in `claims` (on top of what every token has), `header` and `key`; `codes` are
    those it gave out and that were not used yet."""

    issuer: str
    now: int
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    sign_with: str = "ES256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    raw_token: str | None = None

    def discovery(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
        } | self.metadata

    def key_set(self) -> dict[str, Any]:
        """The public halves of its keys."""
        public = [key for key in self.keys.values() if key.key_type != "oct"]
        return KeySet(public).as_dict(private=False)

    def authorize(self, query: dict[str, str]) -> str:
        """Sign somebody in without asking, and return where their browser goes."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def exchange(self, form: dict[str, str], secret: str) -> tuple[int, dict[str, Any]]:
        """Give tokens for a code, once, to whoever has the client's secret and the verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or secret != f"{CLIENT_ID}:{CLIENT_SECRET}":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        token = self.raw_token or self.token({"nonce": asked["nonce"]})
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def token(self, more: dict[str, Any]) -> str:
        """Return a token as it is set to make them; a claim of None is left out."""
        usual = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": SUBJECT,
            "name": "Carys Case",
            "iat": self.now,
            "exp": self.now + 300,
            "roles": ["caseworker"],
        }
        claims = usual | more | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[self.sign_with]
        algorithm = self.sign_with.split("-", maxsplit=1)[0]
        header = {"alg": algorithm, "kid": key.kid, **self.header}
        return jwt.encode(header, kept, key, algorithms=[algorithm])


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token that says it needs no signature."""

    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


@cache
def _keys() -> dict[str, Any]:
    """Its keys, made once: that takes a while."""
    return {
        "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
        "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    }


@contextmanager
def running(now: int) -> Iterator[OpenIdProvider]:
    """Run a provider for a while; its tokens are of the moment `now`, in seconds."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    provider = OpenIdProvider(f"http://127.0.0.1:{server.server_port}", now)
    provider.keys = dict(_keys())
    server.provider = provider  # type: ignore[attr-defined]  # what its handler asks
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shared_secret_key() -> OctKey:
    """Return a key that is the client's secret: what a public key must never be taken for."""
    return OctKey.import_key(CLIENT_SECRET.encode().ljust(32, b"-"), {"kid": "ec"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        provider = self._provider()
        parts = urlsplit(self.path)
        provider.asked.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            self._json(200, provider.discovery())
        elif parts.path == "/keys":
            self._json(200, provider.key_set())
        elif parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", provider.authorize(_flat(parts.query)))
            self.end_headers()
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        secret = base64.b64decode(self.headers.get("Authorization", "Basic ").split()[1]).decode()
        self._json(*self._provider().exchange(_flat(body), secret))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _provider(self) -> OpenIdProvider:
        return self.server.provider  # type: ignore[attr-defined,no-any-return]

    def _json(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
