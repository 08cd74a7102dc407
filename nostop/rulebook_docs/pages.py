"""All pages of a site, in memory: file name and text."""

from pathlib import Path

from nostop.rulebook.packs import Library, Pack
from nostop.rulebook_docs.catalogue_pages import (
    FACTS,
    GATEWAYS,
    LEFT_OUT,
    facts_page,
    gateways_page,
    left_out_page,
)
from nostop.rulebook_docs.changed import CHANGES, changes_page
from nostop.rulebook_docs.index_page import INDEX, index_page
from nostop.rulebook_docs.layout import STYLE, Frame
from nostop.rulebook_docs.library_page import library_page
from nostop.rulebook_docs.rates import table_files
from nostop.rulebook_docs.scheme_page import scheme_page
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import when


def build_pages(site: Site) -> dict[str, str]:
    """Return every file of the site by its name. The same rules and options give the same text."""
    frame = _frame(site)
    files = {
        STYLE: (Path(__file__).parent / STYLE).read_text(encoding="utf-8"),
        INDEX: index_page(site, frame),
        FACTS: facts_page(site, frame),
        GATEWAYS: gateways_page(site, frame),
        LEFT_OUT: left_out_page(site, frame),
    }
    if site.previous is not None:
        files[CHANGES] = changes_page(site, frame)
    for source in site.sources.values():
        files[source.page] = _page(source, site, frame)
        files |= dict(table_files(source))
    return files


def _page(source: Source, site: Site, frame: Frame) -> str:
    match source.model:
        case Pack() as pack:
            return scheme_page(source, pack, site, frame)
        case Library() as library:
            return library_page(source, library, site, frame)


def _frame(site: Site) -> Frame:
    places = [
        (INDEX, "Schemes"),
        (FACTS, "Facts"),
        (GATEWAYS, "Gateways"),
        (LEFT_OUT, "Left out"),
    ]
    if site.previous is not None:
        places.append((CHANGES, "What changed"))
    day = "" if site.on is None else f" Values are marked as in force on {when(site.on)}."
    return Frame(tuple(places), f"Made from the rule packs by nostop rules docs.{day}")
