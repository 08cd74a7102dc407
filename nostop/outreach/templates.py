"""Templates: plain text files with ((fields)), read once and checked before anybody is written to.

`<scheme>.<kind>.<language>.md`: a first line `Subject: ...`, an empty line, then the body. A
template is never built from data, and a value is never read as a template.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nostop.model import OutreachError, nearest
from nostop.outreach.tables import KINDS, LANGUAGES

FIELDS = ("first_name", "surname", "scheme_title", "claim_url", "claim_phone")
#: What stands in a subject is read on locked screens: never who the message is for.
SUBJECT_FIELDS = ("scheme_title",)
LONGEST_FILE = 20_000
LONGEST_SUBJECT = 150
_SUBJECT = "Subject: "
_NAME = re.compile(r"([a-z][a-z0-9_]*)\.([a-z_]+)\.([a-z]{2})\.md")
_FIELD = re.compile(r"\(\(([^()]*)\)\)")
_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")


@dataclass(frozen=True, slots=True)
class Text:
    """Text with fields in it: `parts` are plain text and field names by turns, text first."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One letter in one language. `sha256` is of the file as it was read."""

    subject: Text
    body: Text
    sha256: str


Templates = Mapping[tuple[str, str, str], Template]


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
    return {_key(file): read_template(file) for file in files}


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
    raw = file.read_bytes()
    if len(raw) > LONGEST_FILE:
        raise OutreachError(f"{file}: {len(raw)} bytes, a template has at most {LONGEST_FILE}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OutreachError(f"{file}: not UTF-8 at byte {error.start}") from error
    first, empty, body = _split(file, text)
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


def _key(file: Path) -> tuple[str, str, str]:
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise OutreachError(f"{file}: a template is called <scheme>.<kind>.<language>.md")
    scheme, kind, language = match.groups()
    if kind not in KINDS:
        near = nearest(kind, list(KINDS))
        raise OutreachError(f"{file}: kind '{kind}' is not one of {list(KINDS)}{near}")
    return scheme, kind, language


def _split(file: Path, text: str) -> tuple[str, str, str]:
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise OutreachError(f"{file}:{line}: holds a tab, carriage return or hidden character")
    if "£" in text:
        line = text.count("\n", 0, text.index("£")) + 1
        raise OutreachError(f"{file}:{line}: a message names no amount of money")
    first, _, rest = text.partition("\n")
    empty, _, body = rest.partition("\n")
    return first, empty, body


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
