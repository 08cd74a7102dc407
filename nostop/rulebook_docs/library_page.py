"""The page of one library: workings that several packs share."""

from nostop.rulebook.packs import Library
from nostop.rulebook_docs.about import periods, unverified
from nostop.rulebook_docs.cases import cases
from nostop.rulebook_docs.changed import changes_within
from nostop.rulebook_docs.layout import Frame, Section, table
from nostop.rulebook_docs.markup import Html, described, element, link, listed, with_links
from nostop.rulebook_docs.rates import rates, tables
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.workings import workings


def library_page(source: Source, library: Library, site: Site, frame: Frame) -> str:
    """Return the page of one library."""
    sections = [
        Section("about", "About the library", _about(source, library, site)),
        Section("unverified", "Not verified", unverified(source)),
        Section("changes", "What changed since the previous version", changes_within(source, site)),
        Section("workings", "How it is worked out", workings(source, site)),
        Section("rates", "Rates over time", rates(source, site)),
        Section("tables", "Tables", tables(source, site)),
        Section("facts", "Protected facts it reads", _protected(library)),
        Section("cases", "Worked cases", cases(source.cases, source.name, site.book.packs)),
        Section("left-out", "Law that is left out", listed(library.left_out)),
    ]
    lead = element("p", library.says)
    return frame.page(source.page, f"Library: {source.title}", lead, sections)


def _about(source: Source, library: Library, site: Site) -> Html:
    users = (site.linked(name) for name in site.users(source.name))
    return described(
        [
            ("Id", element("code", source.name)),
            ("Folder", element("code", source.folder.as_posix())),
            ("Schemes that use it", listed(users)),
            ("Periods", periods(library.periods)),
        ]
    )


def _protected(library: Library) -> Html:
    rows = [
        (link(f"facts.html#fact-{name}", name), with_links(cite))
        for name, cite in library.protected_facts.items()
    ]
    return table("Protected facts", ("Fact", "The law that lets it be read"), rows)
