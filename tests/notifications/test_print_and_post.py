import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, PdfObject

from nostop import plugins
from nostop.model import PluginError
from nostop.ports import Asks, Message, Prepares, Receipt
from nostop.testing import check_channel
from notifications import _batches
from notifications._cells import csv_bytes
from notifications._letter_html import letter_html
from notifications._letter_pdf import Nothing, set_letter
from notifications.print_and_post import PrintAndPost

SENDER = ("Example Council", "Benefit take-up team", "PO Box 900", "ZZ9 9ZZ")
MESSAGE = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="",
    subject="Pension Credit: you may be missing out",
    body="Dear Ann \\[Lee\\]\n\nOur records suggest it.\n\n# How to claim\n\nClaim online.\n",
    name="Ann [Lee]",
    address=("12 Invented Road", "Nowhere", "ZZ1 1ZZ"),
)
MM = 72 / 25.4
#: Builds the channel in a process of its own, and prints why that cannot be.
BUILD = """
from nostop.model import PluginError
try:
    from notifications.print_and_post import PrintAndPost
except PluginError as error:
    print(error)
"""


def channel(folder: Path, **settings: object) -> PrintAndPost:
    made = plugins.channel("print_and_post", {"folder": folder, "sender": SENDER, **settings})
    assert isinstance(made, PrintAndPost)
    return made


def send(folder: Path, *messages: Message, **settings: object) -> list[Receipt]:
    return list(channel(folder, **settings).send(messages))


def letter_of(message: Message) -> bytes:
    letter = set_letter(letter_html(message, SENDER), "x")
    assert not isinstance(letter, str)
    return letter.pdf


def pieces(pdf: bytes, page: int = 0) -> list[tuple[float, float, str]]:
    """Return each piece of text with where it begins: millimetres from the left and the top."""
    found = []

    def visit(text: str, user: list[float], matrix: list[float], *_: object) -> None:
        if text.strip():
            x = matrix[4] * user[0] + matrix[5] * user[2] + user[4]
            y = matrix[4] * user[1] + matrix[5] * user[3] + user[5]
            found.append((x / MM, 297 - y / MM, text.strip()))

    PdfReader(io.BytesIO(pdf)).pages[page].extract_text(visitor_text=visit)
    return found


def files_in(folder: Path) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.name != ".lock"
    )


def test_letters_become_one_batch_with_a_manifest(tmp_path: Path):
    other = replace(MESSAGE, message_id="-123456789", language="cy")
    made = channel(tmp_path)
    made.prepare([MESSAGE, other])
    first, second = made.send([MESSAGE, other])
    batch = first.reference or ""
    assert re.fullmatch("batch-[0-9a-f]{32}", batch)
    assert (first.status, second.status, second.reference) == ("sent", "sent", batch)
    assert files_in(tmp_path) == [
        f"{batch}/{name}"
        for name in ("-123456789.pdf", "M0123456789.pdf", "manifest.csv", "manifest.json")
    ]
    manifest = json.loads((tmp_path / batch / "manifest.json").read_bytes())
    assert (manifest["batch"], manifest["messages"]) == (batch, ["M0123456789", "-123456789"])
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / batch / name).read_bytes()).hexdigest() == sha256
    rows = list(csv.DictReader((tmp_path / batch / "manifest.csv").read_text("utf-8").splitlines()))
    assert [(row["message_id"], row["file"], row["pages"], row["postage"]) for row in rows] == [
        ("M0123456789", "M0123456789.pdf", "1", "second"),
        ("'-123456789", "'-123456789.pdf", "1", "second"),
    ]
    assert rows[0]["sha256"] == manifest["sha256"]["M0123456789.pdf"]


def test_inv_09_names_and_manifests_hold_nothing_personal(tmp_path: Path):
    (receipt,) = send(tmp_path, replace(MESSAGE, name="Canary One", address=("Canary", "ZZ7 7ZZ")))
    batch = tmp_path / str(receipt.reference)
    told = " ".join(path.as_posix() for path in tmp_path.rglob("*")).encode()
    told += b"".join((batch / name).read_bytes() for name in ("manifest.csv", "manifest.json"))
    assert [word for word in (b"Canary", b"ZZ7", b"Invented", b"P1") if word in told] == []


def test_only_its_owner_can_read_a_batch(tmp_path: Path):
    (receipt,) = send(tmp_path / "out", MESSAGE)
    batch = tmp_path / "out" / str(receipt.reference)
    assert [oct(path.stat().st_mode & 0o777) for path in (batch, batch / "M0123456789.pdf")] == [
        "0o700",
        "0o600",
    ]


def test_inv_09_the_window_shows_name_and_address_and_nothing_else():
    pdf = letter_of(
        replace(MESSAGE, address=("Flat 2", "Invented House", "12 Road", "A", "ZZ1 1ZZ"))
    )
    window = [text for x, y, text in pieces(pdf) if 15 <= x <= 124.9 and 30 <= y < 95]
    assert window == ["Ann [Lee]", "Flat 2", "Invented House", "12 Road", "A", "ZZ1 1ZZ"]
    for x, y, text in pieces(pdf):
        if text in window:
            assert 24.6 <= x < 25
            assert 42 <= y <= 66.3


def test_all_text_stands_inside_the_letter_specification():
    long = replace(MESSAGE, body="Words that fill a line. " * 400 + "\n")
    pdf = letter_of(long)
    for page in range(len(PdfReader(io.BytesIO(pdf)).pages)):
        for x, y, text in pieces(pdf, page):
            assert 15 <= x <= 195
            assert 5 <= y <= 292
            in_window = text in {MESSAGE.name, *MESSAGE.address}
            assert page or in_window or x >= 125 or y >= 95


def fonts(pdf: bytes) -> list[PdfObject]:
    resources = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]
    named = resources["/Font"].values()  # type: ignore[index]
    return [font.get_object()["/DescendantFonts"][0].get_object() for font in named]


def kinds_in(element: DictionaryObject) -> set[str]:
    children = element.get("/K", [])
    found = {str(element.get("/S"))}
    for child in children if isinstance(children, list) else [children]:
        if isinstance(child.get_object(), DictionaryObject):
            found |= kinds_in(child.get_object())
    return found


@pytest.mark.parametrize(("language", "tag"), [("en", "en-GB"), ("cy", "cy")])
def test_a_letter_is_tagged_has_title_and_language_and_embeds_its_fonts(language: str, tag: str):
    pdf = letter_of(replace(MESSAGE, language=language))
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert root["/Lang"] == tag  # type: ignore[index]
    assert reader.metadata is not None
    assert reader.metadata.title == MESSAGE.subject
    assert b"pdfuaid:part" in root["/Metadata"].get_data()  # type: ignore[index]
    assert kinds_in(root["/StructTreeRoot"]) >= {"/Document", "/H1", "/H2", "/P"}  # type: ignore[index]
    assert fonts(pdf)
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts(pdf))  # type: ignore[index,operator]


def test_marks_of_the_text_shape_it_and_values_never_do():
    hostile = '<img src="x"><script>alert(1)</script> &amp; \\# \\*a\\*'
    html = letter_html(replace(MESSAGE, body=f"# How\n\n{hostile}\n", name="<b>A</b>"), SENDER)
    assert "<h2>How</h2>" in html
    assert html.count("<img") + html.count("<script") + html.count("<b>") == 0
    shown = " ".join(text for _, _, text in pieces(letter_of(replace(MESSAGE, body=hostile))))
    assert '<img src="x"><script>alert(1)</script> &amp; # *a*' in shown


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server on loopback, and the paths it was asked for."""
    paths: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def test_a_letter_fetches_nothing_from_network_or_disk(tmp_path: Path, asked):
    url, paths = asked
    picture = tmp_path / "p.png"
    picture.write_bytes(b"not a picture")
    html = letter_html(MESSAGE, SENDER).replace(
        "<main>",
        f'<main><img src="{url}/a.png"><img src="{picture.as_uri()}">'
        f'<link rel="stylesheet" href="{url}/b.css"><p style="background:url({url}/c.png)">x</p>',
    )
    assert not isinstance(set_letter(html, "x"), str)
    assert paths == []
    for address in (url, picture.as_uri(), "data:text/plain,x"):
        with pytest.raises(ValueError, match="fetches nothing"):
            Nothing().fetch(address)


def test_the_same_letter_has_the_same_bytes_in_any_process():
    html = letter_html(MESSAGE, SENDER)
    code = (
        "import hashlib, sys; from notifications._letter_pdf import set_letter; "
        "print(hashlib.sha256(set_letter(sys.stdin.read(), 'x').pdf).hexdigest())"
    )
    elsewhere = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        input=html,
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert elsewhere == hashlib.sha256(letter_of(MESSAGE)).hexdigest()


@pytest.mark.parametrize(
    ("change", "reason", "bad_contact"),
    [
        ({"address": ("ZZ1 1ZZ",)}, "address: not 3 to 7 lines with the name", True),
        ({"address": ()}, "address: not 3 to 7 lines with the name", True),
        ({"address": ("1", "2", "3", "4", "5", "6", "ZZ1 1ZZ")}, "address: not 3 to 7", True),
        ({"address": ("1 Road", " ", "ZZ1 1ZZ")}, "address: a line is not text", True),
        ({"address": ("1 Road\nX", "ZZ1 1ZZ")}, "address: a line is not text", True),
        ({"address": ("1 Road", "Nowhere")}, "address: the last line is no postcode", True),
        ({"address": ("1 Road", "ZZ1 1Z")}, "address: the last line is no postcode", True),
        ({"address": ("x" * 900, "ZZ1 1ZZ")}, "address_too_long", True),
        ({"name": ""}, "unfit: name", False),
        ({"name": "A\x00"}, "unfit: name", False),
        ({"name": "\U0010fffd Ann"}, "no_glyph", False),
        ({"language": "fr"}, "unfit: language", False),
        ({"message_id": "../../../x"}, "unfit: message_id", False),
        ({"body": "A line.\n\n" * 400}, "too_many_pages", False),
    ],
)
def test_a_letter_that_cannot_go_fails_with_its_reason(tmp_path, change, reason, bad_contact):
    (receipt,) = send(tmp_path, replace(MESSAGE, **change))
    assert (receipt.status, receipt.bad_contact) == ("failed", bad_contact)
    assert (receipt.reason or "").startswith(reason)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("last", ["zz1 1zz", "ZZ11ZZ", "BFPO 12", "FRANCE"])
def test_where_a_letter_can_go(tmp_path: Path, last: str):
    message = replace(MESSAGE, address=("1 Road", last))
    (receipt,) = send(tmp_path, message, countries=("FRANCE",), postage="first")
    text = (tmp_path / str(receipt.reference) / "manifest.csv").read_text("utf-8")
    assert text.splitlines()[1].endswith(",international" if last == "FRANCE" else ",first")


def test_inv_01_a_message_in_an_earlier_batch_is_not_printed_twice(tmp_path: Path):
    (first,) = send(tmp_path, MESSAGE)
    changed = replace(MESSAGE, body="Something else\n")
    again, new = send(tmp_path, changed, replace(MESSAGE, message_id="M0000000002"))
    assert (again.status, again.reference) == ("sent", first.reference)
    assert new.reference != first.reference
    assert sum(name.endswith("M0123456789.pdf") for name in files_in(tmp_path)) == 1


def test_inv_01_a_batch_whose_letters_were_deleted_still_counts(tmp_path: Path):
    (first,) = send(tmp_path, MESSAGE)
    (tmp_path / str(first.reference) / "M0123456789.pdf").unlink()
    assert send(tmp_path, MESSAGE) == [first]
    assert not [name for name in files_in(tmp_path) if name.endswith(".pdf")]


def test_the_same_message_twice_in_a_batch_is_one_letter(tmp_path: Path):
    first, second = send(tmp_path, MESSAGE, MESSAGE)
    assert first == second
    assert sum(name.endswith(".pdf") for name in files_in(tmp_path)) == 1


def test_a_stale_letter_is_set_anew_and_a_fresh_one_is_used(tmp_path: Path):
    made = channel(tmp_path)
    made.prepare([MESSAGE])
    (before,) = files_in(tmp_path)
    made.prepare([MESSAGE])
    assert files_in(tmp_path) == [before]
    inode = (tmp_path / before).stat().st_ino
    changed = replace(MESSAGE, address=("1 New Road", "ZZ2 2ZZ"))
    made.prepare([changed])
    (after,) = files_in(tmp_path)
    assert after != before
    made.prepare([MESSAGE])
    inode = (tmp_path / before).stat().st_ino
    (receipt,) = made.send([MESSAGE])
    assert (tmp_path / str(receipt.reference) / "M0123456789.pdf").stat().st_ino == inode


class BrokenError(OSError):
    def __init__(self) -> None:
        super().__init__(28, "No space left on device")


@pytest.mark.parametrize("call", range(1, 5))
def test_inv_42_a_disk_that_fails_leaves_no_batch(tmp_path: Path, monkeypatch, call: int):
    """The calls: manifest.csv, manifest.json, the batch's folder; and the folder it lies in."""
    made = channel(tmp_path)
    made.prepare([MESSAGE])
    calls = iter(range(1, 100))
    real = os.fsync

    def fsync(handle: int) -> None:
        if next(calls) == call:
            raise BrokenError
        real(handle)

    monkeypatch.setattr(_batches.os, "fsync", fsync)
    (receipt,) = made.send([MESSAGE])
    if call < 4:
        assert (receipt.status, receipt.reason, receipt.stop) == (
            "not_taken",
            "cannot_write: ENOSPC",
            True,
        )
        assert [file for file in files_in(tmp_path) if file.startswith("batch")] == []
        (again,) = made.send([MESSAGE])
        assert again.status == "sent"
    else:
        assert (receipt.status, receipt.reason) == ("unknown", "cannot_sync: ENOSPC")


def test_what_a_killed_process_left_is_no_batch(tmp_path: Path):
    part = tmp_path / ".part"
    part.mkdir()
    (part / "M0123456789.pdf").write_bytes(b"half")
    (receipt,) = send(tmp_path, MESSAGE)
    assert receipt.status == "sent"
    assert (tmp_path / str(receipt.reference) / "M0123456789.pdf").read_bytes()[:4] == b"%PDF"
    assert not part.exists()


def test_inv_04_what_became_of_a_message_can_be_asked(tmp_path: Path):
    (sent,) = send(tmp_path, MESSAGE)
    made = channel(tmp_path)
    assert isinstance(made, Asks)
    assert list(made.ask(["M0000000009", "M0123456789"])) == [
        Receipt("M0000000009", "not_found", None, "in_no_batch"),
        sent,
    ]


@pytest.mark.parametrize("manifest", ["{", "[]", '{"messages": [1]}', None])
def test_a_batch_without_a_manifest_that_can_be_read_stops_everything(tmp_path, manifest):
    (tmp_path / "batch-1").mkdir()
    if manifest is not None:
        (tmp_path / "batch-1" / "manifest.json").write_text(manifest)
    (receipt,) = send(tmp_path, MESSAGE)
    assert (receipt.status, receipt.stop) == ("not_taken", True)
    with pytest.raises(PluginError, match=r"nobody can say what has gone|is not a list of ids"):
        channel(tmp_path).prepare([MESSAGE])
    with pytest.raises(PluginError, match="batch-1"):
        list(channel(tmp_path).ask(["M0123456789"]))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PluginError, match=r"cannot use the folder .*: ENOTDIR"):
        channel(tmp_path / "file" / "x").prepare([MESSAGE])
    (receipt,) = send(tmp_path / "file" / "x", MESSAGE)
    assert (receipt.status, receipt.stop) == ("not_taken", True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sender": ()}, "`sender` is who writes"),
        ({"sender": ("A\nB",)}, "`sender` is who writes"),
        ({"postage": "slow"}, "postage: Input should be"),
        ({"batches": 1}, "no setting 'batches'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, settings, message: str):
    with pytest.raises(PluginError, match=message):
        channel(tmp_path, **settings)


def test_a_sender_that_does_not_fit_beside_the_window_is_refused(tmp_path: Path):
    with pytest.raises(PluginError, match="more than the room beside the window"):
        channel(tmp_path, sender=("A line of the sender that is long",) * 14).prepare([MESSAGE])


def test_it_keeps_the_promises_of_a_channel(tmp_path: Path):
    bad = replace(MESSAGE, message_id="M0000000002", address=("1 Road", "Nowhere"))
    assert check_channel(channel(tmp_path), MESSAGE, bad).status == "sent"


def test_it_is_a_channel_for_letters_that_prepares(tmp_path: Path):
    made = channel(tmp_path)
    assert isinstance(made, Prepares)
    assert (made.kind, made.at_once) == ("post", 500)


@pytest.mark.parametrize(
    ("set_up", "message"),
    [
        (
            "import ctypes.util, cffi\n"
            "def gone(self, name, flags=0): raise OSError(name)\n"
            "cffi.FFI.dlopen = gone\n",
            "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        ),
        (
            "import cffi\nreal = cffi.FFI.dlopen\n"
            "def gone(self, name, flags=0):\n"
            "    if 'subset' in name: raise OSError(name)\n"
            "    return real(self, name, flags)\n"
            "cffi.FFI.dlopen = gone\n",
            "libharfbuzz-subset0",
        ),
    ],
)
def test_a_missing_library_is_named_with_its_packages(set_up: str, message: str):
    said = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", set_up + BUILD], capture_output=True, text=True, check=True
    ).stdout
    assert message in said
    assert "apt-get install" in said


def test_a_machine_without_fonts_is_refused_by_name(tmp_path: Path):
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    said = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", BUILD],
        env={**os.environ, "FONTCONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "no font for letters; install" in said


def test_a_cell_that_could_be_a_formula_is_shown():
    table = csv_bytes(("a", "b"), [("=1+1", "+44"), ("@x", "-"), ("\tx", "O'Hara, Ann"), ("", "1")])
    assert table.decode() == "a,b\n'=1+1,'+44\n'@x,'-\n'\tx,\"O'Hara, Ann\"\n,1\n"
