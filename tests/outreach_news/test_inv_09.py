"""What leaves for a person of whom every fact is a marker: through each channel, and nothing more
than that channel must have."""

import base64
import io
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from nostop import plugins
from nostop.app.outreach.channels import channels_of
from nostop.model import OutreachError, SettingsError
from nostop.notify_simulator import WELL_KNOWN_KEYS, Settings, running
from nostop.outreach.campaign import read_campaign
from nostop.store import open_store, read_table, upgrade
from nostop.store.tables import OutreachMessage
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_outreach import MessageNews
from tests.app.outreach.small import write_run
from tests.canaries import CANARIES
from tests.notifications.certificates import certificate
from tests.notifications.mail_servers import mail_server
from tests.notifications.partners import partner_server
from tests.outreach_news.campaigns import approved_text, send, status

NAMES = {"first_name", "surname"}
WINDOW = {"line_1", "town", "postcode"}
CAMPAIGN = """id: spring
sender: Borchester Council
contact: 0117 496 0000
unsubscribe_url: https://council.example.org/unsubscribe
schemes: [pension_credit]
channels:
  - {use}
hours: any_time
allow_list: ["*@example.org", "07700900*", "ZZ99 *", "SW1A 1AA"]
"""
#: GOV.UK Notify takes no made-up postcode.
REAL_POSTCODE = "SW1A 1AA"
SMTP = 'host: "127.0.0.1", port: {port}, security: none, from_address: "a@example.org"'
WITHOUT_LINKS = "".join(
    line for line in CAMPAIGN.splitlines(keepends=True) if "unsubscribe" not in line
)
PERSON: dict[str, object] = {
    "who": "P-canary",
    "first_name": CANARIES["first_name"],
    "surname": CANARIES["surname"],
    "email": CANARIES["email"],
    "phone": CANARIES["phone"],
    "amount": 123_456_789,
    "because": [CANARIES["health"]],
    "missing": [CANARIES["employer"]],
}


def run_of(folder: Path, postcode: str = CANARIES["postcode"]) -> None:
    """A run whose every table says what is known of her, also where outreach never looks."""
    post = "\n".join([CANARIES["line_1"], CANARIES["town"], postcode])
    write_run(folder, PERSON | {"post": post})
    for file in folder.glob("*.parquet"):
        table = pl.read_parquet(file)
        more = [name for name in CANARIES if name not in table.columns]
        table.with_columns(pl.lit(CANARIES[name]).alias(name) for name in more).write_parquet(file)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    file = tmp_path_factory.mktemp("notify") / "ledger.db"
    with running(Settings(file)) as url:
        yield url, file


@dataclass
class World:
    folder: Path
    ledger: tuple[str, Path]
    monkeypatch: pytest.MonkeyPatch


Left = Callable[[], str]


def files_below(folder: Path) -> str:
    """Return the text of every file, and every name."""
    parts = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        parts.append(file.name)
        if file.suffix == ".pdf":
            reader = PdfReader(io.BytesIO(raw))
            parts += [page.extract_text() for page in reader.pages] + [str(reader.metadata)]
        else:
            parts.append(raw.decode())
    return "\n".join(parts)


def in_ledger(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint")
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


def a_folder(name: str, settings: str = "") -> Callable[[World], Iterator[tuple[str, Left]]]:
    def of(world: World) -> Iterator[tuple[str, Left]]:
        out = world.folder / "left"
        yield f'{{use: {name}, settings: {{folder: "{out}"{settings}}}}}', lambda: files_below(out)

    return of


def notify(name: str) -> Callable[[World], Iterator[tuple[str, Left]]]:
    def of(world: World) -> Iterator[tuple[str, Left]]:
        url, file = world.ledger
        before = in_ledger(file)
        world.monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_BASE_URL", url)
        world.monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_API_KEY", WELL_KNOWN_KEYS[0].text)
        yield f"{{use: {name}}}", lambda: _more(before, in_ledger(file))

    return of


def _more(before: str, after: str) -> str:
    known = set(before.splitlines())
    return "\n".join(line for line in after.splitlines() if line not in known)


def smtp(_world: World) -> Iterator[tuple[str, Left]]:
    with mail_server() as (mailbox, port):
        settings = SMTP.format(port=port)

        def left() -> str:
            assert len(mailbox.taken) == 1
            (mail,) = mailbox.taken
            content = mail.original_content or b""
            return f"{mail.mail_from} {mail.rcpt_tos} {content.decode()}"

        yield f"{{use: smtp, settings: {{{settings}}}}}", left


def webhook(world: World) -> Iterator[tuple[str, Left]]:
    made = certificate(world.folder, "localhost")
    world.monkeypatch.setenv("PARTNER_KEY", "whsec_" + base64.b64encode(os.urandom(32)).decode())
    with partner_server(made.context) as (partner, port):
        settings = (
            f'url: "https://localhost:{port}/new", allowed_hosts: ["localhost:{port}"], '
            f'key_env: PARTNER_KEY, ca_file: "{made.ca_file}", allow_loopback: true'
        )

        def left() -> str:
            (request,) = partner.requests
            body = json.loads(request.body)
            return f"{request.line}\n{request.headers}\n" + "\n".join(map(str, body.values()))

        yield f"{{use: webhook, settings: {{{settings}}}}}", left


CHANNELS = {
    "outbox": (a_folder("outbox"), NAMES | {"email"}),
    "govuk_notify_email": (notify("govuk_notify_email"), NAMES | {"email"}),
    "govuk_notify_text": (notify("govuk_notify_text"), {"phone"}),
    "govuk_notify_letter": (notify("govuk_notify_letter"), NAMES | WINDOW - {"postcode"}),
    "smtp": (smtp, NAMES | {"email"}),
    "webhook": (webhook, NAMES | {"email"}),
    "print_and_post": (
        a_folder("print_and_post", ", sender: [Borchester Council, PO Box 900]"),
        NAMES | WINDOW,
    ),
    "phone_list": (a_folder("phone_list"), NAMES | {"phone"}),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_inv_09_nothing_leaves_but_what_a_channel_must_have(
    name: str,
    fresh: Engine,
    tmp_path: Path,
    ledger: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setenv("NOSTOP_UNSUBSCRIBE_SECRET", "s" * 32)
    caplog.set_level(logging.DEBUG)
    way, must_have = CHANNELS[name]
    run_of(tmp_path / "run", *([] if "letter" not in name else [REAL_POSTCODE]))
    using = way(World(tmp_path, ledger, monkeypatch))
    use, left = next(using)
    text = CAMPAIGN.format(use=use)
    try:
        approved_text(fresh, tmp_path, text)
        assert send(fresh).sent.words == {"sent": 1}
        what = left()
    finally:
        assert next(using, None) is None
    found = {key for key, value in CANARIES.items() if value in what}
    assert found == must_have
    assert (REAL_POSTCODE in what) == ("letter" in name)
    assert status(fresh) == {"P-canary": "sent"}
    kept = "\n".join(
        str(read_table(fresh, table).rows()) for table in (OutreachMessage, MessageNews, AuditEntry)
    )
    # The mail server of this test says aloud what it gets.
    logged = [each.getMessage() for each in caplog.records if each.name != "mail.log"]
    beside = "\n".join([kept, *logged])
    assert [key for key, value in CANARIES.items() if value in beside] == []


def test_every_channel_that_ships_is_held_against_this():
    assert set(plugins.known(plugins.CHANNELS)) == set(CHANNELS)


def test_a_letter_says_how_to_stop_without_a_reply(fresh: Engine, tmp_path: Path):
    run_of(tmp_path / "run")
    way, _ = CHANNELS["print_and_post"]
    use, left = next(way(World(tmp_path, ("", tmp_path), pytest.MonkeyPatch())))
    text = WITHOUT_LINKS.format(use=use)
    approved_text(fresh, tmp_path, text)
    send(fresh)
    letter = " ".join(left().split())
    assert "Tell us so: 0117 496 0000. Your reference is " in letter
    assert "STOP" not in letter


def test_letters_without_a_way_to_answer_are_refused(fresh: Engine, tmp_path: Path):
    run_of(tmp_path / "run")
    use = f'{{use: print_and_post, settings: {{folder: "{tmp_path}", sender: [Us]}}}}'
    text = CAMPAIGN.format(use=use).replace("contact: 0117 496 0000\n", "")
    with pytest.raises(OutreachError, match="nobody can reply to a letter"):
        approved_text(fresh, tmp_path, text)


def test_the_link_to_unsubscribe_is_in_the_mail_and_not_in_what_is_approved(
    fresh: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NOSTOP_UNSUBSCRIBE_SECRET", "s" * 32)
    run_of(tmp_path / "run")
    with mail_server() as (mailbox, port):
        settings = SMTP.format(port=port)
        approved_text(
            fresh, tmp_path, CAMPAIGN.format(use=f"{{use: smtp, settings: {{{settings}}}}}")
        )
        # Another secret since the approval: other links, the same words.
        monkeypatch.setenv("NOSTOP_UNSUBSCRIBE_SECRET", "t" * 32)
        assert send(fresh).sent.words == {"sent": 1}
    mail = (mailbox.taken[0].original_content or b"").decode()
    (link,) = [line for line in mail.splitlines() if line.startswith("List-Unsubscribe: ")]
    assert link.startswith("List-Unsubscribe: <https://council.example.org/unsubscribe/1.M")
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail


def test_links_without_a_secret_are_refused_before_anything_is_planned(
    fresh: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run_of(tmp_path / "run")
    for secret in ("", "short"):
        monkeypatch.setenv("NOSTOP_UNSUBSCRIBE_SECRET", secret)
        with pytest.raises(SettingsError, match="32 characters or more") as told:
            approved_text(
                fresh, tmp_path, CAMPAIGN.format(use="{use: outbox, settings: {folder: x}}")
            )
        assert "short" not in str(told.value)
    assert channels_of(read_campaign(tmp_path / "campaign.yaml")).kinds == [("outbox", "any")]


def test_inv_10_a_partner_in_the_household_changes_nothing_in_the_message(tmp_path: Path):
    """And the partner, whose matter it is not, gets none."""
    ada = {"who": "ada", "post": "1 Example Street\nSkelbeck\nZZ99 1ZZ"}
    pat = {"who": "pat", "benefit_unit_id": "B-ada", "household_id": "H-ada", "first_name": "Pat"}
    letters = []
    for name, people in (("alone", [ada]), ("together", [ada, pat])):
        folder = tmp_path / name
        run = write_run(folder / "run", *people)
        rows = pl.read_parquet(run / "determinations.parquet")
        rows.unique("benefit_unit_id", maintain_order=True).write_parquet(
            run / "determinations.parquet"
        )
        engine = open_store(f"sqlite:///{folder / 'store.db'}")
        upgrade(engine)
        use = f'{{use: outbox, settings: {{folder: "{folder / "outbox"}"}}}}'
        approved_text(engine, folder, WITHOUT_LINKS.format(use=use))
        send(engine)
        assert status(engine) == {"ada": "sent"}
        engine.dispose()
        letters.append({f.name: f.read_bytes() for f in (folder / "outbox").iterdir()})
    assert letters[0] == letters[1]
    assert len(letters[0]) == 1
