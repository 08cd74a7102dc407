"""HTML as a value: an `Html` is markup, and any other text is escaped where it is put into one."""

import re
from collections.abc import Iterable, Mapping
from html import escape

#: Elements that end a line of the page, so that two versions of it can be compared line by line.
_BLOCKS = {
    "caption", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "header", "li", "main",
    "nav", "ol", "p", "pre", "section", "svg", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ADDRESS = re.compile(r"https://[^\s;,<>\"']+")
_ENDS_A_SENTENCE = ".:)]"
Attributes = Mapping[str, str]


class Html(str):
    """Markup that is safe to send. Only this module makes it from text."""

    __slots__ = ()


def text(content: str) -> Html:
    """Return text as markup: escaped, unless it is markup already."""
    return content if isinstance(content, Html) else Html(escape(content))


def join(parts: Iterable[str], between: str = "") -> Html:
    """Return the parts one after another; what is no markup is escaped."""
    return Html(text(between).join(text(part) for part in parts))


def element(name: str, *children: str, attributes: Attributes | None = None) -> Html:
    """Return one element; children that are no markup are escaped, as are attribute values."""
    end = "\n" if name in _BLOCKS else ""
    return Html(f"<{name}{_written(attributes)}>{join(children)}</{name}>{end}")


def lone(name: str, attributes: Attributes) -> Html:
    """Return an element that never has content and no end: `link` and `meta`."""
    return Html(f"<{name}{_written(attributes)}>\n")


def _written(attributes: Attributes | None) -> str:
    return "".join(f' {key}="{escape(value)}"' for key, value in (attributes or {}).items())


def link(href: str, content: str) -> Html:
    """Return a link."""
    return element("a", content, attributes={"href": href})


def with_links(content: str) -> Html:
    """Return text as markup in which each https address is a link to it."""
    parts: list[str] = []
    done = 0
    for found in _ADDRESS.finditer(content):
        address = found.group().rstrip(_ENDS_A_SENTENCE)
        parts += [content[done : found.start()], link(address, address)]
        done = found.start() + len(address)
    return join([*parts, content[done:]])


def listed(items: Iterable[str], kind: str = "ul") -> Html:
    """Return a list, or nothing where there are no items."""
    entries = [element("li", item) for item in items]
    return element(kind, *entries) if entries else Html()


def described(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return a list of terms with what each is; a term without a description is left out."""
    entries = [
        element("div", element("dt", term), element("dd", said)) for term, said in pairs if said
    ]
    return element("dl", *entries) if entries else Html()
