import base64
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import PluginError
from nostop.plugins import channel
from nostop.ports import Asks, Message, Receipt
from nostop.testing import check_channel
from notifications import _webhook_addresses
from notifications._webhook_addresses import may_be_reached
from notifications.webhook import Webhook, signature
from tests.notifications.certificates import certificate
from tests.notifications.mail_servers import free_port
from tests.notifications.partners import DRIP, RESET, SILENCE, Partner, partner_server

AT = datetime(2026, 3, 29, 9, 30, tzinfo=UTC)
KEY, OLD_KEY = bytes(range(32)), bytes(range(100, 132))
MESSAGE = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="cy",
    to="ann@example.org",
    subject="Credyd Pensiwn: efallai eich bod yn colli allan",
    body="Annwyl Siân Tŷ\n\nHawliwch.\n",
)


@dataclass(frozen=True)
class Line:
    """A partner that runs, and how a channel reaches it."""

    partner: Partner
    port: int
    ca_file: Path

    def webhook(self, **changes: object) -> Webhook:
        given = {
            "url": f"https://localhost:{self.port}/cases/new",
            "allowed_hosts": (f"localhost:{self.port}",),
            "key_env": "PARTNER_KEY",
            "ca_file": self.ca_file,
            "allow_loopback": True,
            "clock": lambda: AT,
        }
        return Webhook(**{**given, **changes})

    def send(self, message: Message = MESSAGE, **changes: object) -> Receipt:
        (receipt,) = self.webhook(**changes).send([message])
        return receipt


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Line]:
    made = certificate(tmp_path_factory.mktemp("partner"), "localhost", "127.0.0.1")
    with partner_server(made.context) as (partner, port):
        yield Line(partner, port, made.ca_file)


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("PARTNER_KEY", "whsec_" + base64.b64encode(KEY).decode())
    monkeypatch.setenv("OLD_PARTNER_KEY", "whsec_" + base64.b64encode(OLD_KEY).decode())


@pytest.fixture
def line(running: Line) -> Line:
    running.partner.__init__(over=running.partner.over)
    return running


def mac(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_message_is_posted_signed(line: Line):
    assert line.send() == Receipt("M0123456789", "sent", "M0123456789", None)
    (request,) = line.partner.requests
    assert request.line == "POST /cases/new HTTP/1.1"
    assert json.loads(request.body) == {
        "type": "nostop.message",
        "message_id": "M0123456789",
        "scheme": "pension_credit",
        "language": "cy",
        "to": "ann@example.org",
        "subject": "Credyd Pensiwn: efallai eich bod yn colli allan",
        "body": "Annwyl Siân Tŷ\n\nHawliwch.\n",
    }
    assert request.headers == {
        "Host": f"localhost:{line.port}",
        "User-Agent": "nostop",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Content-Length": str(len(request.body)),
        "Connection": "close",
        "Idempotency-Key": "M0123456789",
        "webhook-id": "M0123456789",
        "webhook-timestamp": "1774776600",
        "webhook-signature": mac(KEY, b"M0123456789.1774776600." + request.body),
    }
    assert line.partner.names == ["localhost"]


def test_while_keys_change_both_sign(line: Line):
    line.send(old_key_env="OLD_PARTNER_KEY")
    (request,) = line.partner.requests
    signed = b"M0123456789.1774776600." + request.body
    assert request.headers["webhook-signature"] == f"{mac(KEY, signed)} {mac(OLD_KEY, signed)}"


def test_the_signature_is_the_one_of_standard_webhooks():
    # The specification's own example.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("answer", "told"),  # status, reason, stop, retry_after
    [
        (b"200 OK", ("sent", None, False, None)),
        (b"202 Accepted", ("sent", None, False, None)),
        (b"208 Already Reported", ("sent", None, False, None)),
        (b"301 Moved", ("unknown", "answered: 301", False, None)),
        (b"303 See\r\nLocation: /thanks", ("unknown", "answered: 303", False, None)),
        (b"307 Elsewhere", ("not_taken", "answered: 307", True, None)),
        (b"400 Bad", ("failed", "answered: 400", False, None)),
        (b"401 Who", ("not_taken", "answered: 401", True, None)),
        (b"403 No", ("not_taken", "answered: 403", True, None)),
        (b"404 Where", ("not_taken", "answered: 404", True, None)),
        (b"408 Slow", ("not_taken", "answered: 408", False, 60)),
        (b"409 Conflict", ("unknown", "answered: 409", False, None)),
        (b"413 Large", ("failed", "answered: 413", False, None)),
        (b"422 Wrong", ("failed", "answered: 422", False, None)),
        (b"425 Early", ("not_taken", "answered: 425", False, 60)),
        (b"429 Often\r\nRetry-After: 7", ("not_taken", "answered: 429", False, 7)),
        (b"429 Often\r\nRetry-After: 1e9", ("not_taken", "answered: 429", False, 60)),
        (b"500 Oh", ("unknown", "answered: 500", False, None)),
        (b"503 Busy\r\nRetry-After: 7", ("unknown", "answered: 503", False, None)),
        (b"103 Hints", ("unknown", "answered: 103", False, None)),
        (b"999 What", ("unknown", "answered: 999", False, None)),
    ],
)
def test_inv_04_an_answer_is_told_as_what_it_is(line: Line, answer: bytes, told: tuple):
    line.partner.answer = b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n"
    receipt = line.send()
    assert (receipt.status, receipt.reason, receipt.stop, receipt.retry_after) == told
    assert len(line.partner.requests) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"status": "duplicate"}', "sent"),
        (b'{"status": "in_progress"}', "unknown"),
        (b"[" * 20_000, "unknown"),
        (b'"duplicate"', "unknown"),
        (b'{"status": "duplicate"}' + b" " * 70_000, "unknown"),
    ],
)
def test_a_partner_that_has_the_message_already_says_so(line: Line, body: bytes, status: str):
    head = f"HTTP/1.1 409 Conflict\r\nContent-Length: {len(body)}\r\n\r\n"
    line.partner.answer = head.encode() + body
    assert line.send().status == status


@pytest.mark.parametrize(
    "answer",
    [
        RESET,
        SILENCE,
        DRIP,
        b"",
        b"HTT",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000,
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\n{",
    ],
    ids=range(11),
)
def test_inv_04_an_answer_that_is_lost_is_unknown(line: Line, answer: bytes):
    line.partner.answer = answer
    receipt = line.send(seconds=1.0 if answer in (SILENCE, DRIP) else 5.0)
    assert receipt == Receipt("M0123456789", "unknown", None, "no_answer")
    assert len(line.partner.requests) == 1


def test_what_follows_a_yes_is_not_waited_for(line: Line):
    line.partner.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nx"
    assert line.send().status == "sent"


def test_a_partner_that_is_not_there_is_not_taken(line: Line):
    port = free_port()
    receipt = line.send(url=f"https://localhost:{port}/", allowed_hosts=(f"localhost:{port}",))
    assert receipt == Receipt("M0123456789", "not_taken", None, "no_connection", retry_after=60.0)


def test_a_partner_that_nobody_vouches_for_is_told_nothing(line: Line, tmp_path: Path):
    certificate(tmp_path, "localhost")
    receipt = line.send(ca_file=tmp_path / "ca.pem")
    assert (receipt.status, receipt.reason, receipt.stop) == (
        "not_taken",
        "certificate_refused",
        True,
    )
    assert line.partner.requests == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path):
    made = certificate(tmp_path, "partner.example.org")
    with partner_server(made.context) as (partner, port):
        other = Line(partner, port, made.ca_file)
        assert other.send().reason == "certificate_refused"
        assert partner.requests == []


def test_a_name_that_nobody_knows_is_not_taken(line: Line):
    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    receipt = line.send(resolve=nobody)
    assert (receipt.status, receipt.reason) == ("not_taken", "name_not_resolved")
    assert line.send(resolve=lambda _host, _port: []).reason == "name_not_resolved"


def test_a_resolver_that_never_answers_is_not_waited_for(line: Line):
    waiting, receipts = Event(), []

    def asleep(_host: str, _port: int) -> list[str]:
        waiting.wait(20)
        return ["127.0.0.1"]

    receipts.append(line.send(resolve=asleep, seconds=0.2))
    waiting.set()
    assert receipts[0].reason == "name_not_resolved"
    assert line.partner.connections == 0


class Rebinding:
    """A resolver whose answer is another each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0)


def test_a_name_is_resolved_once_and_the_connection_goes_where_it_was_judged(line: Line):
    resolver = Rebinding(["127.0.0.1"], ["10.0.0.1"])
    assert line.send(resolve=resolver).status == "sent"
    assert (resolver.asked, line.partner.connections) == (1, 1)
    # The certificate was held against the name, and not against the address.
    assert line.partner.names == ["localhost"]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::1"], ["10.0.0.1"], ["93.184.215.14", "127.0.0.1"]]
)
def test_a_partners_name_that_leads_to_us_is_not_followed(line: Line, addresses: list[str]):
    receipt = line.send(
        url=f"https://cases.borchester.example.org:{line.port}/",
        allowed_hosts=(f"cases.borchester.example.org:{line.port}",),
        allow_loopback=False,
        resolve=lambda _host, _port: addresses,
    )
    assert (receipt.status, receipt.reason, receipt.stop) == ("not_taken", "address_refused", True)
    assert line.partner.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.1", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
        *("127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8"),
        *("192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255"),
        *("198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        *("::ffff:93.184.215.14", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::5db8:d70e"),
        *("100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1"),
        *("2002:0a00:0001::1", "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
        *("", "example.org", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "10.0.0.1/8"),
    ],
)
def test_an_address_that_is_not_a_public_one_is_not_reached(address: str):
    assert not may_be_reached(address, loopback=False)


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.215.14", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.255.255"),
        *("172.32.0.1", "192.0.1.1", "198.17.255.255", "223.255.255.255", "2606:4700::1111"),
        *("2a00:1450:4009:81f::200e", "64:ff9b::5db8:d70e", "2001:4860:4860::8888"),
    ],
)
def test_a_public_address_is_reached(address: str):
    assert may_be_reached(address, loopback=False)
    assert not may_be_reached(address, loopback=True)


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses())
def test_what_python_calls_private_is_never_reached(address):
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        in_nat64 = str(address).startswith("64:ff9b::")
        assert in_nat64 or not may_be_reached(str(address), loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.org/",
        "ftp://partner.example.org/",
        "https://partner.example.org@evil.example.org/",
        "https://user:secret@partner.example.org/",
        "https://partner.example.org:8443/",
        "https://partner.example.org:0/",
        "https://partner.example.org:99999/",
        "https://partner.example.org./",
        "https://PARTNER.example.org/",
        "https://partner.example.org\\@evil.example.org/",
        "https://partner.example.org#@evil.example.org/",
        "https://partner.example.org/a b",
        "https://partner.example.org/a\r\nX: y",
        "https://evil.example.org/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://93.184.215.14/",
        "https://pаrtner.example.org/",  # noqa: RUF001 - a Cyrillic letter
        "https://partner。example.org/",
        "https:///partner.example.org/",
        "//partner.example.org/",
        "",
    ],
)
def test_an_address_that_is_not_plainly_the_partners_is_refused(url: str):
    with pytest.raises(PluginError, match="webhook: ") as error:
        Webhook(url, ("partner.example.org", "127.0.0.1x", "93.184.215.14"), "PARTNER_KEY")
    assert "secret" not in str(error.value).replace("hold a secret", "")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "https://partner.example.org/"}, "allowed_hosts"),
        (
            {"url": "https://partner.example.org/", "allowed_hosts": ("partner.example.org",)},
            "allow_loopback",
        ),
        ({"allow_loopback": False}, "allow_loopback"),
        ({"allowed_hosts": ()}, "allowed_hosts"),
        ({"url": "https://localhost:99999/", "allowed_hosts": ("localhost:99999",)}, "a port"),
        ({"allowed_hosts": ("localhost",)}, "allowed_hosts"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 5.1}, "seconds"),
        ({"key_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
        ({"old_key_env": "SHORT_KEY"}, "SHORT_KEY"),
        ({"key_env": "PLAIN_KEY"}, "PLAIN_KEY"),
        ({"ca_file": Path("nowhere.pem")}, "ca_file"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(line: Line, monkeypatch, change, says: str):
    monkeypatch.setenv("SHORT_KEY", "whsec_" + base64.b64encode(b"hunter2").decode())
    monkeypatch.setenv("PLAIN_KEY", "hunter2 hunter2 hunter2 hunter2")
    with pytest.raises(PluginError, match=says) as error:
        line.webhook(**change)
    assert "hunter2" not in str(error.value)


def test_it_is_found_by_its_name():
    found = channel(
        "webhook",
        {
            "url": "https://cases.borchester.example.org/new",
            "allowed_hosts": ["cases.borchester.example.org"],
            "key_env": "PARTNER_KEY",
        },
    )
    assert (found.kind, found.at_once) == ("any", 1)


def test_the_machines_own_resolver_gives_addresses():
    assert "127.0.0.1" in _webhook_addresses.resolve("localhost", 443)


def test_it_keeps_the_promises_of_its_seam(line: Line):
    bad = replace(MESSAGE, message_id="M9999999999", to="nobody")
    line.partner.refused = b'"to":"nobody"'
    assert check_channel(line.webhook(), MESSAGE, bad).status == "sent"
    assert not isinstance(line.webhook(), Asks)
    assert len(line.partner.requests) == 9


MARKERS = [f"Zq{number:02}xyv" for number in range(30)]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 422 Zq01xyv\r\n\r\n", RESET]
)
def test_inv_09_a_person_is_named_in_the_body_only(line: Line, answer: bytes, caplog):
    caplog.set_level(logging.DEBUG)
    line.partner.answer = answer
    message = replace(
        MESSAGE,
        recipient_id=MARKERS[0],
        to=f"{MARKERS[1]}@example.org",
        name=f"{MARKERS[2]} {MARKERS[3]}",
        address=tuple(MARKERS[4:14]),
        body="Annwyl " + " ".join(MARKERS[14:]),
    )
    receipt = line.send(message)
    (request,) = line.partner.requests
    said = f"{receipt!r} {caplog.text} {request.line} {request.headers} {line.webhook()!r}".lower()
    assert [marker for marker in MARKERS if marker.lower() in said] == []
    # What the partner need not know, it is not told.
    assert [marker for marker in MARKERS[2:14] if marker.encode() in request.body] == []
