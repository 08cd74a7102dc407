"""Signing in by an identity provider: what is taken, and everything that is not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from sqlalchemy import Engine

from nostop import logs
from nostop.app.web_sessions import Official
from nostop.model import NoRoleError, SettingsError, SignInError
from nostop.store.audit import entries_of
from nostop.web.application import create_app
from nostop.web.house import House
from nostop.web.official_claims import account_of, areas_of, roles_of
from nostop.web.oidc import Attempt, Provider, attempt_of
from nostop.web.oidc_settings import ProviderSettings, Served, check_sign_in, provider_settings
from tests.web.conftest import NOW, Client
from tests.web.oidc_provider import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    OpenIdProvider,
    running,
    shared_secret_key,
    unsigned,
)

LOGOUT_HEADER = {"typ": "logout+jwt"}
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def idp() -> Iterator[OpenIdProvider]:
    with running(int(NOW.timestamp())) as provider:
        yield provider


@pytest.fixture
def provider(idp: OpenIdProvider) -> Provider:
    return Provider(settings(idp))


def settings(idp: OpenIdProvider, **more: Any) -> ProviderSettings:
    return ProviderSettings(idp.issuer, CLIENT_ID, CLIENT_SECRET, CALLBACK, **more)


def come_back(provider: Provider, at: datetime = NOW) -> tuple[Attempt, dict[str, str]]:
    """Go to the provider and come back as a browser does; return the attempt and the query."""
    url, attempt = provider.begin(at)
    answer = httpx.get(url, trust_env=False)
    return attempt, dict(httpx.URL(answer.headers["location"]).params)


# --- what is taken --------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_somebody_signs_in_with_the_name_and_role_the_provider_gives(
    idp: OpenIdProvider, provider: Provider, algorithm: str
):
    idp.sign_with = algorithm
    official = provider.finish(*come_back(provider), NOW)
    assert official == Official("carys.case", "Carys Case", frozenset({"caseworker"}))


def test_the_address_carries_a_new_state_nonce_and_challenge_and_no_verifier(provider: Provider):
    (one, first), (two, second) = provider.begin(NOW), provider.begin(NOW)
    query = httpx.URL(one).params
    assert query["state"] == first.state
    assert query["nonce"] == first.nonce
    assert first.verifier not in one
    assert query["code_challenge"] not in two
    assert {first.state, first.nonce, first.verifier}.isdisjoint(
        {second.state, second.nonce, second.verifier}
    )


def test_keys_are_kept_and_a_new_one_is_found(idp: OpenIdProvider, provider: Provider):
    provider.finish(*come_back(provider), NOW)
    provider.finish(*come_back(provider), NOW)
    assert idp.asked.count("/keys") == 1
    idp.keys["ES256-2"] = ECKey.generate_key("P-256", {"kid": "ec2"})
    idp.sign_with = "ES256-2"
    later = NOW + timedelta(minutes=2)
    provider.finish(*come_back(provider, later), later)
    assert idp.asked.count("/keys") == 2


def test_a_clock_that_is_a_little_apart_is_no_reason_to_refuse(
    idp: OpenIdProvider, provider: Provider
):
    idp.claims["iat"] = idp.now + 20
    assert provider.finish(*come_back(provider), NOW).account_id == "carys.case"


# --- what is not taken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example.org"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"azp": "another-client"},
        {"nonce": "guessed"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 60},
        {"exp": None},
        {"nbf": int(NOW.timestamp()) + 60},
        {"iat": int(NOW.timestamp()) - 3600},
        {"iat": None},
        {"sub": None},
        {"aud": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    idp: OpenIdProvider, provider: Provider, claims: dict[str, Any]
):
    idp.claims = claims
    with pytest.raises(SignInError) as error:
        provider.finish(*come_back(provider), NOW)
    assert "elsewhere" not in str(error.value)


def test_a_token_of_another_key_is_refused(idp: OpenIdProvider, provider: Provider):
    come_back(provider)
    idp.keys["ES256"] = ECKey.generate_key("P-256", {"kid": "ec"})
    with pytest.raises(SignInError, match="not signed by the identity provider"):
        provider.finish(*come_back(provider), NOW)


def test_a_token_without_a_signature_is_refused(idp: OpenIdProvider, provider: Provider):
    attempt, query = come_back(provider)
    usual = {"iss": idp.issuer, "aud": CLIENT_ID, "sub": "carys.case", "nonce": attempt.nonce}
    idp.raw_token = unsigned(usual | {"iat": idp.now, "exp": idp.now + 60})
    with pytest.raises(SignInError, match="not signed"):
        provider.finish(attempt, query, NOW)


def test_a_token_signed_with_a_shared_secret_is_refused(idp: OpenIdProvider, provider: Provider):
    idp.keys["HS256"], idp.sign_with = shared_secret_key(), "HS256"
    with pytest.raises(SignInError, match="not signed"):
        provider.finish(*come_back(provider), NOW)


def test_a_code_is_good_once_and_for_its_own_verifier_only(provider: Provider):
    attempt, query = come_back(provider)
    provider.finish(attempt, query, NOW)
    with pytest.raises(SignInError):
        provider.finish(attempt, query, NOW)
    attempt, query = come_back(provider)
    other = Attempt(attempt.state, attempt.nonce, "v" * 64)
    with pytest.raises(SignInError, match="did not answer"):
        provider.finish(other, query, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "guessed"},
        {"state": "é"},
        {"state": ""},
        {"code": ""},
        {"error": "access_denied"},
        {"iss": "https://elsewhere.example.org"},
    ],
    ids=str,
)
def test_another_way_back_is_refused(provider: Provider, change: dict[str, str]):
    attempt, query = come_back(provider)
    with pytest.raises(SignInError):
        provider.finish(attempt, query | change, NOW)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example.org"},
        {"token_endpoint": "http://elsewhere.example.org/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_is_not_what_was_set_is_refused(
    idp: OpenIdProvider, provider: Provider, metadata: dict[str, Any]
):
    idp.metadata = metadata
    with pytest.raises(SignInError):
        provider.begin(NOW)


def test_a_provider_that_does_not_answer_is_told_without_its_words():
    nowhere = Provider(ProviderSettings("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET, CALLBACK))
    with pytest.raises(SignInError) as error:
        nowhere.begin(NOW)
    assert "127.0.0.1" not in str(error.value)


# --- roles and areas ------------------------------------------------------------------------------


def claims_settings(**more: Any) -> ProviderSettings:
    return ProviderSettings("https://idp.example.org", "c", "s", "https://a.example.org", **more)


@pytest.mark.parametrize(
    ("claims", "more", "roles"),
    [
        ({"roles": ["caseworker", "owner"]}, {}, ["caseworker"]),
        ({"roles": "caseworker senior"}, {}, ["caseworker", "senior"]),
        ({"roles": ["Caseworker"]}, {}, []),
        ({"roles": {"caseworker": True}}, {}, []),
        ({}, {}, []),
        (
            {"groups": ["DWP-1"]},
            {"roles_claim": "groups", "roles": {"DWP-1": "senior"}},
            ["senior"],
        ),
        ({"groups": ["senior"]}, {"roles_claim": "groups", "roles": {"DWP-1": "senior"}}, []),
        ({"realm": {"roles": ["auditor"]}}, {"roles_claim": "realm.roles"}, ["auditor"]),
    ],
    ids=str,
)
def test_roles_are_those_that_were_mapped_and_no_other(
    claims: dict[str, Any], more: dict[str, Any], roles: list[str]
):
    assert sorted(roles_of(claims, claims_settings(**more))) == roles


@pytest.mark.parametrize(
    ("claims", "more", "areas"),
    [
        ({}, {}, None),
        ({}, {"areas_claim": "areas"}, set()),
        ({"areas": ["W06000015"]}, {"areas_claim": "areas"}, {"W06000015"}),
        ({"areas": ["*"]}, {"areas_claim": "areas"}, {"*"}),
        ({"areas": ["*"]}, {"areas_claim": "areas", "all_areas": "*"}, None),
    ],
    ids=str,
)
def test_areas_are_those_of_the_claim_and_none_where_it_says_nothing(
    claims: dict[str, Any], more: dict[str, Any], areas: set[str] | None
):
    assert areas_of(claims, claims_settings(**more)) == areas


def test_an_account_is_named_by_its_subject_or_its_hash():
    assert account_of("carys.case") == "carys.case"
    odd = account_of("auth|5f7c8ec7 é")
    assert odd.startswith("sub-")
    assert odd != account_of("auth|5f7c8ec7 e")


def test_a_sign_in_that_is_not_strong_enough_is_refused(idp: OpenIdProvider):
    strict = Provider(settings(idp, acr=frozenset({"mfa"})))
    assert httpx.URL(strict.begin(NOW)[0]).params["acr_values"] == "mfa"
    with pytest.raises(SignInError, match="second factor"):
        strict.finish(*come_back(strict), NOW)
    idp.claims = {"acr": "mfa"}
    assert strict.finish(*come_back(strict), NOW).account_id == "carys.case"
    by_method = Provider(settings(idp, amr=frozenset({"hwk", "otp"})))
    idp.claims = {"amr": ["pwd"]}
    with pytest.raises(SignInError, match="second factor"):
        by_method.finish(*come_back(by_method), NOW)
    idp.claims = {"amr": ["pwd", "otp"]}
    assert by_method.finish(*come_back(by_method), NOW).account_id == "carys.case"


def test_somebody_without_a_role_gets_none(idp: OpenIdProvider, provider: Provider):
    idp.claims = {"roles": ["gardener"]}
    with pytest.raises(NoRoleError):
        provider.finish(*come_back(provider), NOW)


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def browser(house: House, provider: Provider) -> Iterator[Client]:
    plain = House(
        house.engine,
        type(house.settings)(rules=house.settings.rules, run=house.settings.run),
        house.shelf,
        house.jobs,
        clock=house.clock,
        provider=provider,
    )
    with Client(create_app(plain), raise_server_exceptions=False) as client:
        yield client


def sign_in(browser: Client, wanted: str = "/accessibility") -> httpx.Response:
    """Follow the way to the provider and back; return the answer to the last step."""
    first = browser.get("/sign-in", params={"next": wanted}, follow_redirects=False)
    out = browser.get(first.headers["location"], follow_redirects=False)
    there = httpx.get(out.headers["location"], trust_env=False)
    back = there.headers["location"].removeprefix("http://testserver")
    return browser.get(back, follow_redirects=False)


def test_what_goes_with_somebody_to_the_provider_comes_back_with_them(browser: Client):
    out = browser.get("/oidc/sign-in", follow_redirects=False)
    kept = [line for line in out.headers.get_list("set-cookie") if "nostop_attempt" in line]
    # A strict cookie would stay behind: the way back is a link of another site.
    assert "SameSite=lax" in kept[0]
    assert "HttpOnly" in kept[0]


def test_a_browser_signs_in_and_is_where_it_wanted_to_be(browser: Client, work_store: Engine):
    answer = sign_in(browser)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/accessibility"
    assert "Carys Case" in browser.get("/accessibility").text
    assert "nostop_attempt" not in browser.cookies
    assert entries_of(work_store, None, most=1)["action"].to_list() == ["session.began"]


@pytest.mark.parametrize("wanted", ["https://elsewhere.example.org/", "//elsewhere.example.org"])
def test_nobody_is_sent_to_another_site_after_signing_in(browser: Client, wanted: str):
    assert sign_in(browser, wanted).headers["location"] == "/"


def test_a_way_back_without_the_browser_that_began_is_refused(browser: Client):
    out = browser.get("/oidc/sign-in", follow_redirects=False)
    there = httpx.get(out.headers["location"], trust_env=False)
    back = there.headers["location"].removeprefix("http://testserver")
    browser.cookies.clear()
    answer = browser.get(back, follow_redirects=False)
    assert answer.status_code == 403
    assert "nostop_session" not in browser.cookies


def test_a_refused_sign_in_is_logged_without_its_values(
    idp: OpenIdProvider, browser: Client, capfd: pytest.CaptureFixture[str]
):
    logs.set_up("debug")
    idp.claims = {"sub": "carys.secret", "nonce": "guessed-nonce"}
    assert sign_in(browser).status_code == 403
    logged = capfd.readouterr().err
    assert "a sign-in was refused" in logged
    for word in ("carys.secret", "guessed-nonce", CLIENT_SECRET, "code="):
        assert word not in logged


def test_the_session_is_new_and_an_old_one_is_over(browser: Client):
    sign_in(browser)
    before = browser.cookies["nostop_session"]
    browser.get("/oidc/sign-in", follow_redirects=False)
    out = browser.get("/oidc/sign-in", follow_redirects=False)
    there = httpx.get(out.headers["location"], trust_env=False)
    browser.get(there.headers["location"].removeprefix("http://testserver"))
    assert browser.cookies["nostop_session"] != before
    browser.cookies.clear()
    browser.cookies.set("nostop_session", before)
    assert browser.get("/", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_somebody_without_a_role_is_told_whom_to_ask(idp: OpenIdProvider, browser: Client):
    idp.claims = {"roles": []}
    answer = sign_in(browser)
    assert answer.status_code == 403
    assert "You have no role in this service" in answer.text
    assert "nostop_session" not in browser.cookies


def test_signing_out_leads_to_the_providers_own_sign_out(idp: OpenIdProvider, browser: Client):
    sign_in(browser)
    left = browser.form("/sign-out", at="/accessibility")
    answer = browser.get(left.headers["location"])
    assert f"{idp.issuer}/end?client_id={CLIENT_ID}" in answer.headers["refresh"]
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert browser.get("/", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_a_sign_out_at_the_provider_ends_every_session(idp: OpenIdProvider, browser: Client):
    sign_in(browser)
    idp.claims, idp.header = {"events": {LOGOUT: {}}, "exp": None}, LOGOUT_HEADER
    said = {"logout_token": idp.token({})}
    assert browser.post("/oidc/ended", data=said).status_code == 204
    assert browser.get("/", follow_redirects=False).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({}, LOGOUT_HEADER),
        ({"events": {LOGOUT: {}}}, {}),
        ({"events": {LOGOUT: {}}, "nonce": "n"}, LOGOUT_HEADER),
        ({"events": {LOGOUT: {}}, "aud": "another-client"}, LOGOUT_HEADER),
        ({"events": {LOGOUT: {}}, "iat": int(NOW.timestamp()) - 200}, LOGOUT_HEADER),
    ],
    ids=str,
)
def test_a_sign_out_that_the_provider_did_not_say_is_refused(
    idp: OpenIdProvider, browser: Client, claims: dict[str, Any], header: dict[str, str]
):
    sign_in(browser)
    idp.claims, idp.header = claims, header
    assert browser.post("/oidc/ended", data={"logout_token": idp.token({})}).status_code == 400
    assert browser.get("/accessibility").status_code == 200
    assert "Carys Case" in browser.get("/accessibility").text


# --- settings -------------------------------------------------------------------------------------

WHOLE = {
    "NOSTOP_OIDC_ISSUER": "https://idp.example.org",
    "NOSTOP_OIDC_CLIENT_ID": "nostop",
    "NOSTOP_OIDC_CLIENT_SECRET": "kept to ourselves",
    "NOSTOP_OIDC_CALLBACK": "https://nostop.example.org/oidc/back",
}


def test_settings_are_read_and_the_secret_is_never_shown():
    found = provider_settings(
        WHOLE | {"NOSTOP_OIDC_ROLES": "Case-Work=caseworker, a=b=senior", "NOSTOP_OIDC_ACR": "x y"}
    )
    assert found is not None
    assert found.roles == {"Case-Work": "caseworker", "a=b": "senior"}
    assert found.acr == {"x", "y"}
    assert "kept to ourselves" not in repr(found)
    assert provider_settings({"PATH": "/bin"}) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NOSTOP_OIDC_CLIENT_SECRET": ""}, "NOSTOP_OIDC_CLIENT_SECRET must be set"),
        ({"NOSTOP_OIDC_ISUER": "x"}, "did you mean 'ISSUER'"),
        ({"NOSTOP_OIDC_ISSUER": "http://idp.example.org"}, "ISSUER must be an address with https"),
        ({"NOSTOP_OIDC_ROLES": "x=owner"}, "value=role"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused_by_name(change: dict[str, str], message: str):
    with pytest.raises(SettingsError, match=message):
        provider_settings(WHOLE | change)


@pytest.mark.parametrize(
    ("served", "has_provider", "message"),
    [
        (Served("0.0.0.0", "sqlite", secure=False, development=True), False, "anybody"),  # noqa: S104
        (Served("127.0.0.1", "postgresql", secure=False, development=True), False, "SQLite"),
        (Served("127.0.0.1", "sqlite", secure=False, development=True), True, "both"),
        (Served("127.0.0.1", "sqlite", secure=False, development=False), False, "nobody could"),
        (Served("0.0.0.0", "postgresql", secure=False, development=False), True, "HTTPS"),  # noqa: S104
    ],
    ids=str,
)
def test_what_would_let_in_who_should_not_is_not_served(
    served: Served, has_provider: bool, message: str
):
    provider = provider_settings(WHOLE) if has_provider else None
    with pytest.raises(SettingsError, match=message):
        check_sign_in(served, provider)


def test_the_demonstration_and_a_provider_behind_https_are_served():
    check_sign_in(Served("127.0.0.1", "sqlite", secure=False, development=True), None)
    behind = Served("127.0.0.1", "postgresql", secure=True, development=False)
    check_sign_in(behind, provider_settings(WHOLE))


def test_an_attempt_is_read_back_as_it_was_written():
    attempt = Attempt("s", "n", "v")
    assert attempt_of(attempt.written()) == attempt
    assert attempt_of("") is attempt_of("a.b") is attempt_of("a..c") is None
    assert datetime(2026, 6, 2, tzinfo=UTC) < NOW
