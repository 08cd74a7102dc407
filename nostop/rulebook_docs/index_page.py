"""The first page: all schemes by jurisdiction, and the libraries."""

from collections.abc import Iterator
from itertools import groupby

from nostop.rulebook_docs.layout import Frame, Section, table
from nostop.rulebook_docs.markup import Html, element, join, link, listed
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import in_force, title, whose

INDEX = "index.html"
_COLUMNS = (
    "Scheme",
    "Authority",
    "Decides for",
    "In force",
    "Version",
    "Cases #",
    "Not verified #",
    "Owner",
)


def index_page(site: Site, frame: Frame) -> str:
    """Return the first page."""
    lead = element(
        "p",
        "The law as the engine works it out: for each scheme its conditions, formulas, rates and "
        "worked cases. A result is indicative; the authority that is named decides.",
    )
    sections = [
        Section("schemes", "Schemes", join(_jurisdictions(site))),
        Section("libraries", "Libraries", _libraries(site)),
    ]
    return frame.page(INDEX, "Rules", lead, sections)


def _jurisdictions(site: Site) -> Iterator[Html]:
    for place, packs in groupby(sorted(site.packs, key=_place), key=_jurisdiction):
        heading = element("h3", place)
        yield join(
            [heading, table(f"Schemes: {place}", _COLUMNS, (_row(each, site) for each in packs))]
        )


def _place(source: Source) -> tuple[int, str, str]:
    """Where a scheme stands: the whole kingdom first, then its nations, then councils."""
    first = source.folder.parts[0]
    order = ("uk", "england", "wales", "scotland", "northern_ireland", "local")
    return order.index(first) if first in order else len(order), _jurisdiction(source), source.name


def _jurisdiction(source: Source) -> str:
    return ", ".join(title(part) for part in source.folder.parts[:-1]) or "Everywhere"


def _row(source: Source, site: Site) -> tuple[str, ...]:
    pack = site.book.packs[source.name]
    count = sum(len(each) for each in source.cases.values())
    return (
        link(source.page, pack.title.en),
        pack.authority,
        whose(pack.decides_for),
        in_force(pack.in_force, site.on),
        site.book.schemes[source.name].version,
        str(count),
        str(len(list(source.unverified))),
        pack.owner,
    )


def _libraries(site: Site) -> Html:
    rows = [
        (
            link(each.page, each.title),
            site.book.libraries[each.name].says,
            listed(site.linked(name) for name in site.users(each.name)) or "no scheme",
            str(len(list(each.unverified))),
        )
        for each in site.libraries
    ]
    columns = ("Library", "What it holds", "Used by", "Not verified #")
    return table("Workings that several schemes share", columns, rows)
