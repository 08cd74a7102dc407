"""A page as its tags say it: what a browser or a screen reader would have of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

#: Elements that HTML gives no end.
_VOID = {"meta", "link"}


@dataclass
class Element:
    """One element: its attributes, and the texts and elements in it. What is derived is worked out
    once: a page stays as it was read."""

    tag: str
    attributes: dict[str, str]
    pieces: list["str | Element"] = field(default_factory=list)

    @cached_property
    def children(self) -> list["Element"]:
        """The elements directly in it."""
        return [each for each in self.pieces if isinstance(each, Element)]

    @cached_property
    def raw(self) -> str:
        """The text with all that is below, as it stands."""
        return "".join(each if isinstance(each, str) else each.raw for each in self.pieces)

    @cached_property
    def text(self) -> str:
        """The text, with single spaces."""
        return " ".join(self.raw.split())

    @cached_property
    def everything(self) -> list["Element"]:
        """Every element below, in reading order."""
        return [each for child in self.children for each in (child, *child.everything)]

    @cached_property
    def by_id(self) -> dict[str, "Element"]:
        """Every element below that has an id."""
        return {each.attributes["id"]: each for each in self.everything if "id" in each.attributes}

    def all(self, *tags: str) -> list["Element"]:
        """Return every element below with one of these tags, in reading order."""
        return [each for each in self.everything if each.tag in tags]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].pieces.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)


def read_page(text: str) -> Element:
    """Return the root of a page; every element must be closed in its turn."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [reader.root], f"<{reader.open[-1].tag}> is never closed"
    return reader.root


def section(page: Element, anchor: str) -> Element:
    """Return the section under a heading."""
    (found,) = [
        each for each in page.all("section") if each.attributes["aria-labelledby"] == anchor
    ]
    return found


def links_within(page: Element) -> list[tuple[str, str]]:
    """Return the file and the anchor of every address on a page that leads to the site itself."""
    addresses = [
        each.attributes[key]
        for each in page.everything
        for key in ("href", "src")
        if key in each.attributes
    ]
    split = [each.partition("#") for each in addresses if not each.startswith("https://")]
    return [(file, anchor) for file, _, anchor in split]


def broken_links(files: Mapping[str, str], pages: Mapping[str, Element]) -> list[str]:
    """Return every address that leads to no file of the site, or to no place on its page."""
    return [
        f"{name}: {file}#{anchor}"
        for name, page in pages.items()
        for file, anchor in links_within(page)
        if (file or name) not in files or (anchor and anchor not in pages[file or name].by_id)
    ]
