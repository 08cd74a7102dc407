"""A formula on a page: as its author wrote it, with each name leading to what it names, and what it
reads."""

import re

from nostop.rulebook.tree import Definition
from nostop.rulebook.words.read_back import read_back
from nostop.rulebook_docs.markup import Html, element, join, link
from nostop.rulebook_docs.site import Site

#: Words in quotes are values, not names.
_NAME = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*")


def written(formula: str, definition: Definition, site: Site) -> Html:
    """Return a formula as written, in one line that wraps where it must."""
    places = _places(definition, site)
    formula = " ".join(formula.split())
    parts: list[str] = []
    done = 0
    for found in _NAME.finditer(formula):
        place = places.get(found.group())
        if place is not None:
            parts += [formula[done : found.start()], link(place, found.group())]
            done = found.end()
    return element("pre", element("code", *parts, formula[done:]))


def spoken(definition: Definition, site: Site) -> Html:
    """Return a formula as an English sentence made from it, to hold against what its author says;
    with the values of the site's day where it has one."""
    sentence = read_back(definition, site.book, site.constants)
    return element("p", element("strong", "In words: "), sentence)


def _places(definition: Definition, site: Site) -> dict[str, str]:
    led = (site.leads_to(node) for node in definition.nodes)
    return {word: place for word, _, place in (each for each in led if each) if place}


def read_by(definition: Definition, site: Site) -> Html:
    """Return what a definition reads, each named once and leading to its place."""
    led = dict.fromkeys(each for each in map(site.leads_to, definition.nodes) if each)
    names = [
        link(place, element("code", called)) if place else element("code", called)
        for _, called, place in led
    ]
    return join(names, ", ")
