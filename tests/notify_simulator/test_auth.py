"""Who is let in, and in which words the others are sent away."""

from datetime import UTC, datetime

import jwt
import pytest

from nostop.notify_simulator.auth import Doors
from nostop.notify_simulator.errors import Refusal
from nostop.notify_simulator.settings import WELL_KNOWN_KEYS, ApiKey, KeyKind, Service, parse_key

LIVE, TEAM, TEST = WELL_KNOWN_KEYS
REVOKED = ApiKey("old", KeyKind.LIVE, "99999999-9999-4999-8999-999999999999", revoked=True)
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
AT_NOON = int(NOON.timestamp())
GENERAL = (
    "Invalid token: make sure your API token matches the example at"
    " https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)


def signed(secret: str = LIVE.secret, algorithm: str = "HS256", **claims: object) -> str:
    said = {"iss": LIVE.service_id, "iat": AT_NOON, **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    return f"Bearer {jwt.encode(kept, secret, algorithm=algorithm)}"


def opened(header: str | None, service: Service | None = None) -> ApiKey:
    doors = Doors([*WELL_KNOWN_KEYS, REVOKED])
    return doors.authenticate(header, service or Service(), NOON)


@pytest.mark.parametrize("key", WELL_KNOWN_KEYS, ids=lambda key: key.kind)
def test_each_key_opens(key: ApiKey) -> None:
    assert opened(signed(key.secret)) == key
    assert opened(signed(key.secret).replace("Bearer", "bEARER")) == key


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "Unauthorized: authentication token must be provided"),
        ("Basic abc", 401, "Unauthorized: authentication bearer scheme must be used"),
        ("Bearer abc", 403, GENERAL),
        (signed(iss=None), 403, "Invalid token: iss field not provided"),
        (signed(iss="us"), 403, "Invalid token: service id is not the right data type"),
        (
            signed(iss="00000000-0000-4000-8000-000000000000"),
            403,
            "Invalid token: service not found",
        ),
        (
            signed(iat=AT_NOON - 31),
            403,
            "Error: Your system clock must be accurate to within 30 seconds",
        ),
        (
            signed(iat=AT_NOON + 31),
            403,
            "Error: Your system clock must be accurate to within 30 seconds",
        ),
        (
            signed(LIVE.secret * 2, "HS512"),
            403,
            "Invalid token: algorithm used is not HS256",
        ),
        (signed(exp=1), 403, GENERAL),
        (signed(iat=None), 403, "Invalid token: API key not found"),
        (signed("another secret of enough length, this"), 403, "Invalid token: API key not found"),
        (signed(REVOKED.secret), 403, "Invalid token: API key revoked"),
    ],
)
def test_whoever_has_no_key_is_told_why(header: str | None, status: int, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        opened(header)
    assert refused.value.body() == {
        "status_code": status,
        "errors": [{"error": "AuthError", "message": message}],
    }


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_clocks_may_differ_by_thirty_seconds(seconds: int) -> None:
    assert opened(signed(iat=AT_NOON + seconds)) == LIVE


def test_an_archived_service_is_closed() -> None:
    with pytest.raises(Refusal) as refused:
        opened(signed(), Service(active=False))
    assert refused.value.entries == (("AuthError", "Invalid token: service is archived"),)


def test_a_token_grows_old_though_it_was_good_before() -> None:
    doors, service = Doors(WELL_KNOWN_KEYS), Service()
    assert doors.authenticate(signed(), service, NOON) == LIVE
    with pytest.raises(Refusal):
        doors.authenticate(signed(), service, NOON.replace(minute=1))


def test_a_key_is_written_with_its_service_and_secret() -> None:
    text = f"a-name-with-hyphens-{LIVE.service_id}-{LIVE.secret}"
    key = parse_key(f"team:{text}")
    assert (key.name, key.kind, key.text) == ("a-name-with-hyphens", "team", text)
    assert parse_key(text).kind == "live"
