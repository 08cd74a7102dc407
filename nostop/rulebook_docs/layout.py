"""The frame around every page, and the tables on it: landmarks, headings in order, captions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nostop.rulebook_docs.markup import Html, element, join, link, listed, lone, text

STYLE = "style.css"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a heading of its own; `anchor` is unique on the page."""

    anchor: str
    heading: str
    body: Html


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages of a site share: the links at the top (file, words) and the line at the
    foot."""

    places: tuple[tuple[str, str], ...]
    foot: str

    def page(self, file: str, heading: str, lead: Html, sections: Sequence[Section]) -> str:
        """Return a whole page. Sections without content are left out, as are their entries in the
        list of what is on the page."""
        main = content(heading, lead, sections)
        body = join(
            [
                element("a", "Skip to main content", attributes={"href": "#main", "class": "skip"}),
                element("header", element("p", "nostop rules"), self._navigation(file)),
                element("main", main, attributes={"id": "main", "tabindex": "-1"}),
                element("footer", element("p", self.foot)),
            ]
        )
        return (
            "<!DOCTYPE html>\n"
            + element("html", _head(heading), element("body", body), attributes={"lang": "en"})
            + "\n"
        )

    def _navigation(self, file: str) -> Html:
        entries = [
            element(
                "a",
                words,
                attributes={"href": place} | _if(place == file, {"aria-current": "page"}),
            )
            for place, words in self.places
        ]
        return element("nav", listed(entries), attributes={"aria-label": "Rules"})


@dataclass(frozen=True, slots=True)
class Within(Frame):
    """The frame of pages that stand within pages of somebody else's: their content alone."""

    def page(self, file: str, heading: str, lead: Html, sections: Sequence[Section]) -> str:  # noqa: ARG002 - every page says where it is
        """Return the content of a page, from its heading on."""
        return content(heading, lead, sections)


def content(heading: str, lead: Html, sections: Sequence[Section]) -> Html:
    """Return what a page holds. Sections without content are left out, as are their entries in the
    list of what is on the page."""
    shown = [each for each in sections if each.body]
    head = element("h1", heading)
    return join([head, lead, _on_this_page(shown), *(_section(each) for each in shown)])


def _if(truth: bool, attributes: dict[str, str]) -> dict[str, str]:  # noqa: FBT001
    return attributes if truth else {}


def _head(heading: str) -> Html:
    return element(
        "head",
        lone("meta", {"charset": "utf-8"}),
        element("title", f"{heading} - nostop rules"),
        lone("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        lone("link", {"rel": "stylesheet", "href": STYLE}),
    )


def _on_this_page(sections: Sequence[Section]) -> Html:
    if len(sections) < 2:
        return Html()
    entries = listed(link(f"#{each.anchor}", each.heading) for each in sections)
    heading = element("h2", "On this page", attributes={"id": "on-this-page"})
    attributes = {"aria-labelledby": "on-this-page", "class": "contents"}
    return element("nav", heading, entries, attributes=attributes)


def _section(section: Section) -> Html:
    heading = element("h2", section.heading, attributes={"id": section.anchor})
    return element("section", heading, section.body, attributes={"aria-labelledby": section.anchor})


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table; the first cell of a row is its header, and a column that ends in ` #` holds
    numbers. Without rows there is no table."""
    body = [_row(columns, row) for row in rows]
    if not body:
        return Html()
    heads = [
        element("th", name.removesuffix(" #"), attributes={"scope": "col"} | _number(name))
        for name in columns
    ]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *body),
    )
    # It scrolls sideways on a narrow screen: somebody without a mouse must be able to reach it.
    scrolls = {"class": "scroll", "role": "group", "aria-label": caption, "tabindex": "0"}
    return element("div", whole, attributes=scrolls)


def _row(columns: Sequence[str], row: Sequence[str]) -> Html:
    first, *rest = row
    cells = [
        element("td", cell, attributes=_number(name))
        for name, cell in zip(columns[1:], rest, strict=True)
    ]
    return element("tr", element("th", first, attributes={"scope": "row"}), *cells)


def _number(column: str) -> dict[str, str]:
    return {"class": "number"} if column.endswith(" #") else {}


def item(anchor: str, heading: str, *body: str) -> Html:
    """Return one thing of a section (a condition, a rate) under a heading that can be linked to."""
    return join([element("h3", heading, attributes={"id": anchor}), *body])


def warning(kind: str, reason: str) -> Html:
    """Return a remark that must not be missed; its first words say what it is, not its colour."""
    return element(
        "p", element("strong", f"{kind}: "), text(reason), attributes={"class": "warning"}
    )


def welsh(content: str) -> Html:
    """Return Welsh text, marked as such for screen readers."""
    return element("span", content, attributes={"lang": "cy"})
