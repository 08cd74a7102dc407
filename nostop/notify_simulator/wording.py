"""Templates, and how the service puts words into their placeholders.

A placeholder is `((name))`, or `((name??words))` for words that are shown where the value says yes.
Values are put in once and never searched for placeholders themselves.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nostop.notify_simulator.errors import bad_request

Personalisation = Mapping[str, object]

_PLACEHOLDER = re.compile(r"\(\(([^()]+)\)\)")
_YES = frozenset({"yes", "y", "true", "t", "1", "include", "show"})
_SPACE_BEFORE_POINT = re.compile(r"(?<![ \t])[ \t]+([,.])")
_NO_WIDTH = dict.fromkeys(map(ord, "\u180e\u200b\u200c\u200d\u2060\ufeff\u2028\u2029"))
_LONGEST_TEXT = 918
_LONGEST_EMAIL = 2_000_000

# What a text message can carry: GSM 03.38, its extension, and Welsh letters.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€")
_WELSH = frozenset("àèìòùẁỳÀÈÌÒÙẀỲáéíóúẃýÁÉÍÓÚẂÝäëïöüẅÿÄËÏÖÜẄŸâêîôûŵŷÂÊÎÔÛŴŶ")
_CARRIED = _GSM | _GSM_DOUBLE | _WELSH
_NEEDS_WIDE = _WELSH - _GSM - _GSM_DOUBLE
_PLAINER = {
    "\u2011": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2026": "...",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201a": "'",
    "\u201e": '"',
    "\u00a0": " ",
    "\u202f": " ",
    "\t": " ",
    "\u0141": "L",
    "\u0142": "l",
    **{chr(code): "" for code in _NO_WIDTH},
}


@dataclass(frozen=True, slots=True)
class Template:
    """One version of one template; `subject` is empty for a text message."""

    id: str
    version: int
    kind: str
    name: str
    subject: str
    body: str
    created_at: str
    updated_at: str | None = None
    postage: str | None = None
    archived: bool = False

    def placeholders(self) -> list[str]:
        """Return the names of the placeholders, each once, as first written."""
        seen: dict[str, str] = {}
        for name in _names(f"{self.subject}\n{self.body}"):
            seen.setdefault(_key(name), name)
        return list(seen.values())


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a person will read; no subject for a text message."""

    subject: str | None
    body: str


def render(template: Template, personalisation: Personalisation) -> Rendered:
    """Return a template's words with the values put in.

    Raises:
        Refusal: a placeholder has no value.
    """
    values = {_key(name): value for name, value in personalisation.items()}
    missing = [name for name in template.placeholders() if values.get(_key(name)) is None]
    if missing:
        raise bad_request(f"Missing personalisation: {', '.join(missing)}")
    if template.kind == "sms":
        return Rendered(None, _text_message(_filled(template.body, values, bullets=False)))
    subject = " ".join(_filled(template.subject, values, bullets=False).split())
    return Rendered(subject, _filled(template.body, values, bullets=True).strip())


def refuse_unsendable(kind: str, body: str) -> None:
    """Refuse a message that is empty or longer than the service takes."""
    if not body:
        raise bad_request("Your message is empty.")
    characters = len(body.encode("utf-16-le")) // 2
    if kind == "sms" and characters > _LONGEST_TEXT:
        raise bad_request(
            f"Your message is too long. Text messages cannot be longer than {_LONGEST_TEXT}"
            f" characters. Your message is {characters} characters long."
        )
    size = len(body.encode())
    if kind == "email" and size > _LONGEST_EMAIL:
        raise bad_request(
            f"Your message is too long. Emails cannot be longer than {_LONGEST_EMAIL} bytes."
            f" Your message is {size} bytes."
        )


def fragments(body: str) -> int:
    """Return how many text messages a text is charged as."""
    wide = not _NEEDS_WIDE.isdisjoint(body)
    length = len(body.encode("utf-16-le")) // 2
    if not wide:
        length += sum(character in _GSM_DOUBLE for character in body)
    alone, joined = (70, 67) if wide else (160, 153)
    return 1 if length <= alone else -(-length // joined)


def _names(text: str) -> Iterator[str]:
    return (match.group(1).partition("??")[0] for match in _PLACEHOLDER.finditer(text))


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _filled(text: str, values: Mapping[str, object], *, bullets: bool) -> str:
    def value(match: re.Match[str]) -> str:
        name, conditional, words = match.group(1).partition("??")
        found = values[_key(name)]
        if conditional:
            return words if str(found).lower() in _YES else ""
        return _listed(found, bullets=bullets) if isinstance(found, list) else str(found)

    return _PLACEHOLDER.sub(value, text)


def _listed(values: list[object], *, bullets: bool) -> str:
    items = [text for text in (str(item).strip() for item in values if item is not None) if text]
    if bullets:
        return "\n\n" + "\n".join(f"* {item}" for item in items) if items else ""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _text_message(text: str) -> str:
    """Return a text as phones get it: plain spaces, and only characters that a text carries."""
    lines = (" ".join(line.split()) for line in _SPACE_BEFORE_POINT.sub(r"\1", text).splitlines())
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return "".join(c if c in _CARRIED else _plainer(c) for c in tidy)


def _plainer(character: str) -> str:
    decomposed = unicodedata.decomposition(character)
    if decomposed and "<" not in decomposed:
        first = chr(int(decomposed.split()[0], 16))
        return first if first in _CARRIED else "?"
    return _PLAINER.get(character, "?")


#: Their whole text is placeholders, so that an organisation's own approved wording goes verbatim.
EMAIL_TEMPLATE = "11111111-1111-4111-8111-111111111111"
TEXT_TEMPLATE = "22222222-2222-4222-8222-222222222222"
LETTER_TEMPLATE = "33333333-3333-4333-8333-333333333333"


def preloaded(created_at: str) -> tuple[Template, ...]:
    """Return the templates that every simulator starts with."""
    return (
        Template(EMAIL_TEMPLATE, 1, "email", "E-mail", "((subject))", "((body))", created_at),
        Template(TEXT_TEMPLATE, 1, "sms", "Text message", "", "((body))", created_at),
        Template(
            LETTER_TEMPLATE,
            1,
            "letter",
            "Letter",
            "((subject))",
            "((body))",
            created_at,
            postage="second",
        ),
    )
