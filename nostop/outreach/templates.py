"""Templates: plain text files with ((fields)), read once and checked before anybody is written to.

Letters and e-mails: `<scheme>.<kind>.<language>.md`, a first line `Subject: ...`, an empty line,
then the body. Text messages: `text.<kind>.<language>.txt`, and what is said on the telephone:
`script.<kind>.<language>.txt`; both are a body alone, and serve every scheme. A template is never
built from data, and a value is never read as a template.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nostop.model import OutreachError, nearest
from nostop.outreach.tables import KINDS, LANGUAGES
from nostop.outreach.text_length import LONGEST_TEXT

FIELDS = (
    "first_name",
    "surname",
    "scheme_title",
    "claim_url",
    "claim_phone",
    "sender",
    "how_to_stop",
)
#: What stands in a subject is read on locked screens: never who the message is for.
SUBJECT_FIELDS = ("scheme_title",)
#: A text message is read on locked screens too, and a script lies open on desks.
NAMELESS_FIELDS = ("scheme_title", "claim_url", "claim_phone", "sender")
LONGEST_FILE = 20_000
LONGEST_SUBJECT = 150
_SUBJECT = "Subject: "
_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([a-z_]+)\.([a-z]{2})\.md")
_SHORT_NAME = re.compile(r"(text|script)\.([a-z_]+)\.([a-z]{2})\.txt")
_TEXT, _SCRIPT = "text", "script"
#: How long the value of a field is taken to be, before there is one.
_FIELD_ROOM = 40
_FIELD = re.compile(r"\(\(([^()]*)\)\)")
_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")


@dataclass(frozen=True, slots=True)
class Text:
    """Text with fields in it: `parts` are plain text and field names by turns, text first."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One letter, text message or script in one language. `sha256` is of the file as it was read.

    Only a letter has a subject; another's is empty.
    """

    subject: Text
    body: Text
    sha256: str


Templates = Mapping[tuple[str, str, str], Template]
#: Text messages, or scripts: by (kind, language).
ShortTemplates = Mapping[tuple[str, str], Template]


def load_templates(folder: Path) -> Templates:
    """Return the templates of a folder by (scheme, kind, language).

    Raises:
        OutreachError: the folder has none, or one of them cannot be used as it is written.
    """
    if not folder.is_dir():
        raise OutreachError(f"{folder}: there is no such folder of templates")
    files = sorted(folder.glob("*.md"))
    if not files:
        raise OutreachError(f"{folder}: holds no template (<scheme>.<kind>.<language>.md)")
    return {key_of(file): read_template(file) for file in files}


def load_texts(folder: Path) -> ShortTemplates:
    """Return the text messages of a folder by (kind, language).

    Raises:
        OutreachError: the folder has none; or one of them cannot be used as it is written, does not
            say who sends it, or is too long.
    """
    return _load_short(folder, _TEXT)


def load_scripts(folder: Path) -> ShortTemplates:
    """Return what is said on the telephone, by (kind, language).

    Raises:
        OutreachError: the folder has none, or one of them cannot be used as it is written.
    """
    return _load_short(folder, _SCRIPT)


def letters_in(templates: Templates) -> frozenset[tuple[str, str]]:
    """Return the (scheme, kind) that there is a template for in every language."""
    return frozenset(
        (scheme, kind)
        for scheme, kind, _ in templates
        if all((scheme, kind, language) in templates for language in LANGUAGES)
    )


def read_template(file: Path) -> Template:
    """Return one template.

    Raises:
        OutreachError: it is not UTF-8, too long, has no subject, or names an unknown field.
    """
    return parse_template(file, file.read_bytes())


def parse_template(file: Path, raw: bytes) -> Template:
    """Return the template of some bytes; `file` names it in errors, which are `read_template`'s."""
    first, _, rest = _decoded(file, raw).partition("\n")
    empty, _, body = rest.partition("\n")
    if empty or not first.startswith(_SUBJECT) or not body.strip():
        raise OutreachError(f"{file}: expected 'Subject: ...', an empty line, then the body")
    subject = first.removeprefix(_SUBJECT).strip()
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise OutreachError(f"{file}: the subject must have 1 to {LONGEST_SUBJECT} characters")
    return Template(
        subject=_parse(file, subject, SUBJECT_FIELDS),
        body=_parse(file, body.strip() + "\n", FIELDS),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def parse_short(file: Path, raw: bytes) -> Template:
    """Return the text message or script of some bytes, whichever the name of `file` says.

    Raises:
        OutreachError: as for `load_texts` and `load_scripts`.
    """
    text = _decoded(file, raw).strip()
    if not text:
        raise OutreachError(f"{file}: is empty")
    body = _parse(file, text + "\n", NAMELESS_FIELDS)
    if short_key_of(file)[0] == _TEXT:
        _check_text(file, body)
    return Template(Text(("",)), body, hashlib.sha256(raw).hexdigest())


def key_of(file: Path) -> tuple[str, str, str]:
    """Return the (scheme, kind, language) that the name of a letter's template says."""
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise OutreachError(f"{file}: a template is called <scheme>.<kind>.<language>.md")
    scheme, kind, language = match.groups()
    _check_kind(file, kind)
    return scheme, kind, language


def short_key_of(file: Path) -> tuple[str, str, str]:
    """Return (text or script, kind, language), as the name of a short template says."""
    match = _SHORT_NAME.fullmatch(file.name)
    if match is None:
        raise OutreachError(
            f"{file}: a short template is called text.<kind>.<language>.txt or "
            "script.<kind>.<language>.txt"
        )
    what, kind, language = match.groups()
    _check_kind(file, kind)
    if language not in LANGUAGES:
        raise OutreachError(f"{file}: language '{language}' is not one of {list(LANGUAGES)}")
    return what, kind, language


def _load_short(folder: Path, what: str) -> ShortTemplates:
    if not folder.is_dir():
        raise OutreachError(f"{folder}: there is no such folder of templates")
    named = [(file, *short_key_of(file)) for file in sorted(folder.glob("*.txt"))]
    found = {
        (kind, language): parse_short(file, file.read_bytes())
        for file, which, kind, language in named
        if which == what
    }
    if not found:
        raise OutreachError(f"{folder}: holds no template {what}.<kind>.<language>.txt")
    return found


def _check_text(file: Path, body: Text) -> None:
    plain, fields = body.parts[0::2], body.parts[1::2]
    if "sender" not in fields:
        raise OutreachError(f"{file}: does not say who sends it: write ((sender))")
    length = sum(map(len, plain)) + _FIELD_ROOM * len(fields)
    if length > LONGEST_TEXT:
        raise OutreachError(
            f"{file}: about {length} characters with its fields, a text message has at most "
            f"{LONGEST_TEXT}"
        )


def _check_kind(file: Path, kind: str) -> None:
    if kind not in KINDS:
        near = nearest(kind, list(KINDS))
        raise OutreachError(f"{file}: kind '{kind}' is not one of {list(KINDS)}{near}")


def _decoded(file: Path, raw: bytes) -> str:
    """Return a template's text, in which nothing is hidden and no amount is named."""
    if len(raw) > LONGEST_FILE:
        raise OutreachError(f"{file}: {len(raw)} bytes, a template has at most {LONGEST_FILE}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OutreachError(f"{file}: not UTF-8 at byte {error.start}") from error
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise OutreachError(f"{file}:{line}: holds a tab, carriage return or hidden character")
    if "£" in text:
        line = text.count("\n", 0, text.index("£")) + 1
        raise OutreachError(f"{file}:{line}: a message names no amount of money")
    return text


def _parse(file: Path, text: str, allowed: tuple[str, ...]) -> Text:
    parts = tuple(_FIELD.split(text))
    for name in parts[1::2]:
        if name not in allowed:
            near = nearest(name, list(allowed))
            raise OutreachError(
                f"{file}: (({name})) is not a field here, expected one of {list(allowed)}{near}"
            )
    if any("((" in part or "))" in part for part in parts[0::2]):
        raise OutreachError(f"{file}: '((' or '))' without its other half")
    return Text(parts)
