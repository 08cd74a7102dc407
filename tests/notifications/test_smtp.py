import logging
import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nostop.model import PluginError
from nostop.plugins import channel
from nostop.ports import Asks, Message, Receipt
from nostop.testing import check_channel
from notifications._fit import unfit
from notifications._smtp_mail import Letterhead, as_mail, readable
from notifications.smtp import Smtp
from tests.notifications.certificates import Certificate, certificate
from tests.notifications.mail_servers import (
    CLOSE,
    RESET,
    SILENCE,
    free_port,
    mail_server,
    scripted_server,
)

AT = datetime(2026, 3, 29, 9, 30, tzinfo=UTC)
MESSAGE = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="ann@example.org",
    subject="Pension Credit: you may be missing out",
    body="Dear Ann O\\*Neill\n\n# How to claim\n\n.Call us.\n",
    unsubscribe_url="https://nostop.example.org/unsubscribe/1.M0123456789." + "x" * 80,
)
LETTERHEAD = Letterhead("benefits@borchester.example.org", "Borchester Council", "")


def smtp(port: int = 25, **changes: object) -> Smtp:
    given = {
        "host": "127.0.0.1",
        "security": "none",
        "from_address": LETTERHEAD.from_address,
        "timeout_seconds": 5,
        "clock": lambda: AT,
    }
    return Smtp(**{"port": port, **given, **changes})


def read(mail: bytes) -> EmailMessage:
    return message_from_bytes(mail, policy=policy.default)


def text_of(mail: EmailMessage) -> str:
    return mail.get_content().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("ours"), "localhost")


@pytest.fixture
def post() -> Iterator[tuple]:
    with mail_server() as server:
        yield server


def test_a_message_becomes_an_e_mail(post):
    mailbox, port = post
    sender = smtp(port, from_name="Borchester Council", reply_to="help@borchester.example.org")
    assert list(sender.send([MESSAGE])) == [
        Receipt("M0123456789", "sent", "M0123456789@borchester.example.org", None)
    ]
    (envelope,) = mailbox.taken
    assert envelope.mail_from == "benefits@borchester.example.org"
    assert envelope.rcpt_tos == ["ann@example.org"]
    mail = read(envelope.content)
    assert dict(mail.items()) == {
        "From": "Borchester Council <benefits@borchester.example.org>",
        "To": "ann@example.org",
        "Subject": "Pension Credit: you may be missing out",
        "Date": "Sun, 29 Mar 2026 09:30:00 +0000",
        "Message-ID": "<M0123456789@borchester.example.org>",
        "Content-Language": "en",
        "Auto-Submitted": "auto-generated",
        "Reply-To": "help@borchester.example.org",
        "List-Unsubscribe": f"<{MESSAGE.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }
    assert text_of(mail) == "Dear Ann O*Neill\n\nHow to claim\n\n.Call us.\n"


def test_the_address_to_unsubscribe_is_on_one_line_whole():
    mail = as_mail(MESSAGE, LETTERHEAD, AT)
    assert f"\r\nList-Unsubscribe: <{MESSAGE.unsubscribe_url}>\r\n".encode() in mail


def test_without_an_address_to_unsubscribe_there_is_no_such_header():
    mail = read(as_mail(replace(MESSAGE, unsubscribe_url=None), LETTERHEAD, AT))
    assert not [name for name in mail if name.lower().startswith("list-")]


def test_a_senders_name_in_any_letters_reads_as_it_is():
    letterhead = Letterhead("a@example.org", "Cyngor “Môn”, (budd-daliadau)", "")
    assert read(as_mail(MESSAGE, letterhead, AT))["From"].addresses[0].display_name == (
        "Cyngor “Môn”, (budd-daliadau)"
    )


def test_the_same_message_is_the_same_bytes():
    assert as_mail(MESSAGE, LETTERHEAD, AT) == as_mail(replace(MESSAGE), LETTERHEAD, AT)


@pytest.mark.parametrize("subject", ["Credyd Pensiwn i chi, ŵyr " * 20, "You may get more " * 40])
def test_a_long_subject_is_folded_as_mail_programs_read_it(subject: str):
    head, _, _ = as_mail(replace(MESSAGE, subject=subject), LETTERHEAD, AT).partition(b"\r\nDate")
    assert max(len(line) for line in head.split(b"\r\n")) <= 78
    assert read(head)["Subject"].strip() == subject.strip()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("# Sut i hawlio\n\nHawliwch", "Sut i hawlio\n\nHawliwch"),
        ("Dear Mary\\_Ann \\(M\\) \\\\", "Dear Mary_Ann (M) \\"),
        ("\\# not a heading", "# not a heading"),
        ("Room #4, 5 # 6", "Room #4, 5 # 6"),
    ],
)
def test_a_letter_reads_as_plain_text(body: str, text: str):
    assert readable(body) == text


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), max_size=120
)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.lists(WORDS).map("\n".join))
@example("a" + " " * 200 + "b", "x" * 2000 + "\n.\n..\n \n")
@example("efallai eich bod yn colli allan ŵŷ" * 4, "Annwyl Siân \t".strip())
def test_whatever_is_fit_arrives_as_it_was_and_adds_no_line(subject: str, body: str):
    message = replace(MESSAGE, subject=subject, body=body)
    assume(unfit(message, "subject") is None)
    wire = as_mail(message, LETTERHEAD, AT)
    head, _, _ = wire.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert (len(names), len(set(names))) == (12, 12)
    assert b"\r" not in wire.replace(b"\r\n", b"")
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert wire.isascii()
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    # A line of spaces only is where some servers end the head.
    assert all(line.strip() for line in head.split(b"\r\n"))
    mail = read(wire)
    assert text_of(mail) == readable(body).rstrip("\n") + "\n"
    assert re.sub(" +", " ", mail["Subject"]).strip(" ") == re.sub(" +", " ", subject).strip(" ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"to": "josé@example.org"}, "unfit: to"),
        ({"to": "ann@bücher.example.org"}, "unfit: to"),
        ({"to": "ann@example.org,bob@example.org"}, "unfit: to"),
        ({"to": "Ann <ann@example.org>"}, "unfit: to"),
        ({"to": "ann@example.org> SIZE=1 <"}, "unfit: to"),
        ({"to": "ann..o@example.org"}, "unfit: to"),
        ({"to": "ann@localhost"}, "unfit: to"),
        ({"to": "ann@example.org\n"}, "unfit: to"),
        ({"to": "07700 900123"}, "unfit: to"),
        ({"subject": "A =?UTF-8?Q?=0A?=Bcc: b@example.org"}, "unfit: subject"),
        ({"language": "en; q=1"}, "unfit: language"),
        ({"body": "a\r\n.\r\nMAIL FROM:<x@example.org>"}, "unfit: body"),
        ({"unsubscribe_url": "http://example.org/u"}, "unfit: unsubscribe_url"),
        ({"unsubscribe_url": "https://example.org/u> <mailto:x@example.org"}, "unfit: unsub"),
        ({"unsubscribe_url": "https://example.org/u\r\nBcc: x@example.org"}, "unfit: unsub"),
    ],
)
def test_a_message_that_is_unfit_fails_and_the_server_is_not_asked(change, reason: str):
    (receipt,) = smtp(free_port()).send([replace(MESSAGE, **change)])
    assert receipt.status == "failed"
    assert receipt.reason is not None
    assert receipt.reason.startswith(reason)
    assert receipt.bad_contact == (reason == "unfit: to")


def status_after(script: dict[str, bytes], message: Message = MESSAGE, **changes: object) -> tuple:
    seconds = 1 if SILENCE in script.values() else 10
    with scripted_server(script) as (server, port):
        (receipt,) = smtp(port, timeout_seconds=seconds, **changes).send([message])
    return receipt, server


@pytest.mark.parametrize("trouble", [CLOSE, RESET, SILENCE, b"nonsense\r\n", b"2\r\n"])
@pytest.mark.parametrize("point", ["greeting", "MAIL", "RCPT", "DATA"])
def test_inv_04_trouble_before_the_dot_is_not_taken(point: str, trouble: bytes):
    receipt, server = status_after({point: trouble})
    assert (receipt.status, receipt.stop) == ("not_taken", False)
    assert receipt.retry_after == 300
    assert server.dots == 0


def test_inv_04_a_line_that_breaks_within_the_text_is_not_taken():
    # More than the machine's own buffers hold: the text cannot have been written whole.
    long = replace(MESSAGE, body="A line of text that goes on for a while.\n" * 400_000)
    receipt, server = status_after({"text": RESET}, long)
    assert (receipt.status, receipt.reason) == ("not_taken", "line_broke")
    assert server.dots == 0


@pytest.mark.parametrize(
    "trouble",
    [
        CLOSE,
        RESET,
        SILENCE,
        b"nonsense\r\n",
        b"2\r\n",
        b"250-go\r\n" + b"x" * 9000,
        b"354 more\r\n",
    ],
)
def test_inv_04_an_answer_lost_after_the_dot_is_unknown(trouble: bytes):
    receipt, server = status_after({".": trouble})
    assert receipt == Receipt("M0123456789", "unknown", None, "no_answer")
    assert server.dots == 1


def test_inv_04_a_line_that_breaks_while_the_text_is_on_its_way_is_not_called_failed():
    receipt, _ = status_after({"text": CLOSE})
    assert receipt.status in ("unknown", "not_taken")


def test_inv_04_the_server_says_yes_and_no_more():
    receipt, _ = status_after({"QUIT": SILENCE})
    assert receipt.status == "sent"


@pytest.mark.parametrize(
    ("point", "reply", "told"),  # status, reason, bad_contact, stop
    [
        ("greeting", b"421 busy", ("not_taken", "no_connection", False, False)),
        ("greeting", b"554 go away", ("not_taken", "not_let_in: 554", False, True)),
        ("MAIL", b"451 4.3.0 later", ("not_taken", "refused_mail: 451 4.3.0", False, False)),
        ("MAIL", b"530 5.7.0 log in", ("not_taken", "refused_mail: 530 5.7.0", False, True)),
        ("MAIL", b"550 5.1.8 bad sender", ("not_taken", "refused_mail: 550 5.1.8", False, True)),
        ("MAIL", b"552 5.3.4 too big", ("failed", "refused_mail: 552 5.3.4", False, False)),
        ("RCPT", b"450 4.2.0 greylisted", ("not_taken", "refused_rcpt: 450 4.2.0", False, False)),
        ("RCPT", b"550 no such user", ("failed", "refused_rcpt: 550", True, False)),
        ("RCPT", b"551 moved", ("failed", "refused_rcpt: 551", True, False)),
        ("RCPT", b"553 not a mailbox", ("failed", "refused_rcpt: 553", True, False)),
        ("RCPT", b"550 5.1.1 ann?", ("failed", "refused_rcpt: 550 5.1.1", True, False)),
        ("RCPT", b"552 5.2.2 full", ("failed", "refused_rcpt: 552 5.2.2", False, False)),
        ("RCPT", b"550 5.7.1 policy", ("failed", "refused_rcpt: 550 5.7.1", False, False)),
        ("RCPT", b"554 no", ("failed", "refused_rcpt: 554", False, False)),
        ("RCPT", b"251 will forward", ("sent", None, False, False)),
        ("DATA", b"451 no room", ("not_taken", "refused_data: 451", False, False)),
        ("DATA", b"554 no", ("failed", "refused_data: 554", False, False)),
        (".", b"451 4.7.1 later", ("not_taken", "refused_text: 451 4.7.1", False, False)),
        (".", b"554 5.6.0 no", ("failed", "refused_text: 554 5.6.0", False, False)),
        (".", b"550 5.1.1 who", ("failed", "refused_text: 550 5.1.1", True, False)),
        (".", b"550 spam", ("failed", "refused_text: 550", False, False)),
    ],
)
def test_a_refusal_is_told_as_what_it_is(point: str, reply: bytes, told: tuple):
    receipt, _ = status_after({point: reply + b"\r\n"})
    assert (receipt.status, receipt.reason, receipt.bad_contact, receipt.stop) == told
    assert (receipt.retry_after is not None) == (told[0] == "not_taken" and not told[3])


def test_a_server_that_is_not_there_is_not_taken():
    (receipt,) = smtp(free_port()).send([MESSAGE])
    assert (receipt.status, receipt.reason) == ("not_taken", "no_connection")


def test_one_connection_serves_a_call_and_a_new_one_follows_trouble():
    messages = [replace(MESSAGE, message_id=f"M000000{number}") for number in range(4)]
    messages[1] = replace(messages[1], to="nobody@example.org")
    with scripted_server({}) as (server, port):
        receipts = list(smtp(port).send(messages))
        assert [receipt.status for receipt in receipts] == ["sent"] * 4
        assert [line for line in server.heard if line.startswith(b"ehlo")] == [
            b"ehlo borchester.example.org\r\n"
        ]
    with mail_server() as (mailbox, port):
        receipts = list(smtp(port).send(messages))
        assert [receipt.status for receipt in receipts] == ["sent", "failed", "sent", "sent"]
        assert len(mailbox.taken) == 3


def test_a_bounce_is_asked_for_by_our_id_and_without_the_text():
    with scripted_server({"EHLO": b"250-here\r\n250 DSN\r\n"}) as (server, port):
        list(smtp(port).send([MESSAGE]))
    assert (
        b"mail FROM:<benefits@borchester.example.org> RET=HDRS ENVID=M0123456789\r\n"
        in server.heard
    )
    assert b"rcpt TO:<ann@example.org> NOTIFY=FAILURE\r\n" in server.heard


def test_starttls_and_login(ours: Certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    with mail_server(ours.context, login=True) as (mailbox, port):
        sender = smtp(
            port,
            host="localhost",
            security="starttls",
            ca_file=ours.ca_file,
            username="borchester",
            password_env="MAIL_PASSWORD",  # noqa: S106 - a name
        )
        (receipt,) = sender.send([MESSAGE])
        assert (receipt.status, mailbox.logins, mailbox.encrypted) == (
            "sent",
            ["borchester"],
            [True],
        )
        monkeypatch.setenv("MAIL_PASSWORD", "wrong")
        (receipt,) = sender.send([MESSAGE])
        assert (receipt.status, receipt.reason, receipt.stop) == (
            "not_taken",
            "not_let_in: 535",
            True,
        )
        assert len(mailbox.taken) == 1


def test_tls_from_the_first_byte(ours: Certificate):
    with mail_server(ours.context, at_once=True) as (mailbox, port):
        sender = smtp(port, host="localhost", security="tls", ca_file=ours.ca_file)
        assert [receipt.status for receipt in sender.send([MESSAGE])] == ["sent"]
        assert mailbox.encrypted == [True]
        (receipt,) = smtp(port, timeout_seconds=1).send([MESSAGE])
        assert receipt.status == "not_taken"
        assert len(mailbox.taken) == 1


def test_a_server_that_nobody_vouches_for_is_told_nothing(ours: Certificate, tmp_path: Path):
    theirs = certificate(tmp_path, "localhost")
    with mail_server(theirs.context) as (mailbox, port):
        sender = smtp(port, host="localhost", security="starttls", ca_file=ours.ca_file)
        (receipt,) = sender.send([MESSAGE])
    assert (receipt.status, receipt.reason, receipt.stop) == (
        "not_taken",
        "certificate_refused",
        True,
    )
    assert mailbox.taken == []


def test_a_server_that_takes_starttls_away_is_told_nothing():
    receipt, server = status_after({}, security="starttls")
    assert (receipt.reason, receipt.stop) == ("starttls_or_login_not_offered", True)
    assert [line.split()[0] for line in server.heard] == [b"ehlo"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"host": "mail.example.org"}, "for a server on this machine"),
        ({"port": 0}, "port"),
        ({"at_once": 0}, "at_once"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds"),
        ({"from_address": "Borchester"}, "from_address"),
        ({"reply_to": "a@example.org\nBcc: b@example.org"}, "reply_to"),
        ({"from_name": "A\r\nBcc: b@example.org"}, "from_name"),
        ({"username": "borchester"}, "password_env"),
        ({"username": "borchester", "password_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
        ({"security": "tls", "ca_file": Path("nowhere.pem")}, "ca_file"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(change, says: str):
    with pytest.raises(PluginError, match=says):
        smtp(**change)


def test_a_password_beyond_ascii_is_refused_and_not_repeated(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "pâssword")
    with pytest.raises(PluginError, match="ASCII") as error:
        smtp(username="borchester", password_env="MAIL_PASSWORD")  # noqa: S106 - a name
    assert "pâssword" not in str(error.value)


def test_it_is_found_by_its_name_and_refuses_a_password_in_the_settings():
    settings = {"host": "localhost", "security": "none", "from_address": "a@example.org"}
    assert channel("smtp", settings).kind == "email"
    with pytest.raises(PluginError, match="no setting 'password'") as error:
        channel("smtp", {**settings, "password": "hunter2"})
    assert "hunter2" not in str(error.value)


def test_it_keeps_the_promises_of_its_seam(post):
    mailbox, port = post
    sender = smtp(port)
    bad = replace(MESSAGE, message_id="M9999999999", to="nobody@example.org")
    assert check_channel(sender, MESSAGE, bad).status == "sent"
    assert not isinstance(sender, Asks)
    assert len({read(envelope.content)["Message-ID"] for envelope in mailbox.taken}) == 8


MARKERS = [f"Zq{number:02}xyv" for number in range(30)]


def canary() -> Message:
    return replace(
        MESSAGE,
        recipient_id=MARKERS[0],
        to=f"{MARKERS[1]}@example.org",
        name=f"{MARKERS[2]} {MARKERS[3]}",
        address=tuple(MARKERS[4:14]),
        body="Dear " + " ".join(MARKERS[14:]),
    )


@pytest.mark.parametrize(
    "script", [{}, {"RCPT": b"550 5.1.1 zq01xyv@example.org unknown\r\n"}, {".": CLOSE}]
)
def test_inv_09_a_person_is_named_in_to_and_in_the_text_only(script, caplog):
    caplog.set_level(logging.DEBUG)
    receipt, server = status_after(script, canary())
    wire = as_mail(canary(), LETTERHEAD, AT)
    head = wire.partition(b"\r\n\r\n")[0].replace(f"To: {MARKERS[1]}@".encode(), b"")
    commands = b"".join(line for line in server.heard if not line.startswith(b"rcpt TO"))
    said = f"{receipt!r} {caplog.text} {head!r} {commands!r} {smtp()!r}".lower()
    assert [marker for marker in MARKERS if marker.lower() in said] == []


def test_no_server_certificate_is_taken_on_trust():
    context = smtp(host="mail.example.org", security="tls")._context()
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def bounce(
    status: str = "5.1.1", action: str = "failed", envelope_id: str = "M0123456789", extra: str = ""
) -> bytes:
    original = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    return (
        "From: MAILER-DAEMON@mail.example.org\nTo: benefits@borchester.example.org\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nann@example.org does not exist\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mail.example.org\n{original}\n"
        f"Final-Recipient: rfc822; ann@example.org\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 ann@example.org unknown\n{extra}\n"
        "--b\nContent-Type: text/rfc822-headers\n\n"
        "From: benefits@borchester.example.org\nTo: ann@example.org\n"
        "Message-ID: <M0123456789@borchester.example.org>\n\n--b--\n"
    ).encode()


GONE = [Receipt("M0123456789", "failed", None, "bounced: 5.1.1", bad_contact=True)]


@pytest.mark.parametrize(
    ("raw", "receipts"),
    [
        (bounce(), GONE),
        (bounce().replace(b"\n", b"\r\n"), GONE),
        (bounce(envelope_id=""), GONE),
        (bounce(envelope_id="</script>"), GONE),
        (bounce(envelope_id="").replace(b"text/rfc822-headers", b"message/rfc822"), GONE),
        (bounce("5.2.2"), [Receipt("M0123456789", "failed", None, "bounced: 5.2.2")]),
        (bounce("5.7.1"), [Receipt("M0123456789", "failed", None, "bounced: 5.7.1")]),
        (bounce("4.4.1", "delayed"), []),
        (bounce("4.4.7"), []),
        (bounce("2.1.5", "delivered"), []),
        (bounce("", "failed"), []),
        # One member of a list behind the address: the address works.
        (bounce(extra="\nFinal-Recipient: rfc822; b@example.org\nAction: relayed\n"), []),
        # The id of somebody else's message.
        (bounce(envelope_id="").replace(b"M0123456789@bor", b"M0123456789@fel"), []),
        (b"", []),
        (b"Subject: Out of office\n\nI am away. Status: 5.1.1\n", []),
        (bounce().replace(b"multipart/report", b"multipart/mixed"), []),
        (bounce() + b"x" * 300_000, []),
    ],
)
def test_a_bounce_is_read_as_what_it_says(raw: bytes, receipts: list[Receipt]):
    assert smtp().bounced(raw) == receipts


def test_a_bounce_of_parts_in_parts_without_end_gives_nothing():
    deep = b"".join(
        b'Content-Type: multipart/report; boundary="%d"\n\n--%d\n' % (depth, depth)
        for depth in range(3000)
    )
    assert smtp().bounced(deep) == []
    nested = b"Content-Type: message/rfc822\n\n" * 3000
    assert smtp().bounced(nested) == []
    assert smtp().bounced(b"Content-Type: multipart/digest; boundary=b\n\n--b\n\n" * 24) == []


@pytest.mark.parametrize(
    "head",
    [
        b"multipart/report; boundary*=undefined''b",
        b"multipart/report; boundary*=idna''%ff; boundary=\"b\"",
        b"multipart/report; boundary=\"b\"; charset*=undefined''x",
        b'multipart/report; boundary="b"\nStatus: \xff\xfe',
    ],
)
@pytest.mark.parametrize(
    "part", [b"text/plain; charset*=undefined''x", b"text/plain; charset=idna"]
)
def test_a_bounce_in_no_character_set_raises_nothing(head: bytes, part: bytes):
    raw = re.sub(rb'multipart/report.*"b"', lambda _: head, bounce())
    raw = raw.replace(b"text/plain", part).replace(b"text/rfc822-headers", part)
    assert smtp().bounced(raw.replace(b"ann@", b"\xe9@")) in ([], GONE)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_bounce_that_was_tampered_with_raises_nothing(data):
    raw = bytearray(bounce())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    for receipt in smtp().bounced(bytes(raw)):
        assert receipt.status == "failed"
        assert re.fullmatch(r"bounced: 5\.\d{1,3}\.\d{1,3}", receipt.reason or "")
