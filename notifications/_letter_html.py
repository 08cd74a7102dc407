"""A letter as HTML: a message's few marks of Markdown and its window; everything else is text."""

import re
from html import escape

from nostop.ports import Message

LANGUAGES = {"en": "en-GB", "cy": "cy"}
_REFERENCE = {"en": "Our reference", "cy": "Ein cyfeirnod"}
_HEADING = "# "
# What the renderer of messages puts a backslash before, so that a name reads as itself.
_ESCAPED = re.compile(r"\\([\\`*_\[\]()<>#|~!])")


def letter_html(message: Message, sender: tuple[str, ...]) -> str:
    """Return the letter: who it is to, who sends it (one text a line), subject, text.

    No text of a message is ever markup: all of it is escaped, and only `# ` at the start of a
    paragraph and empty lines between paragraphs shape it.
    """
    return "\n".join(
        [
            f'<!doctype html><html lang="{LANGUAGES[message.language]}"><head>',
            f'<meta charset="utf-8"><title>{escape(message.subject)}</title></head><body>',
            f'<div id="to">{_lines(window(message))}<div id="below-to"></div></div>',
            f'<div id="from">{_lines(sender)}<div id="below-from"></div></div>',
            f'<main><p id="reference">{_REFERENCE[message.language]}: {message.message_id}</p>',
            f"<h1>{escape(message.subject)}</h1>",
            *map(_block, re.split(r"\n\s*\n", message.body.strip())),
            "</main></body></html>",
        ]
    )


def window(message: Message) -> tuple[str, ...]:
    """Return what the envelope's window shows: the name, then the address, a text for each line."""
    return (message.name, *message.address)


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _block(text: str) -> str:
    tag = "h2" if text.startswith(_HEADING) else "p"
    plain = _ESCAPED.sub(r"\1", text.removeprefix(_HEADING))
    return f"<{tag}>{escape(plain)}</{tag}>"
