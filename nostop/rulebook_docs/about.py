"""Parts that a scheme's and a library's page have alike: what is not verified, facts and the law
behind reading them."""

from collections.abc import Mapping

from nostop.rulebook.packs import Gateway, Pack, Periods
from nostop.rulebook_docs.layout import table, warning
from nostop.rulebook_docs.markup import Html, element, join, link, listed, with_links
from nostop.rulebook_docs.site import Site, Source

STATUS = {
    "in_force": "in force",
    "proposed": "proposed, not in force",
    "synthetic_only": "made-up people only",
}


def unverified(source: Source) -> Html:
    """Return what the authors of a page's rules mark as not verified."""
    count = len(list(source.unverified))
    if not count:
        return Html()
    said = "one formula or figure." if count == 1 else f"{count} formulas and figures."
    return join([warning("Not verified", said), marks(source)])


def marks(source: Source, page: str = "") -> Html:
    """Return what is marked as not verified, each leading to its place on its page."""
    return listed(
        join([link(f"{page}#{anchor}", name), f": {why}"])
        for name, anchor, why in source.unverified
    )


def periods(given: Periods | None) -> str:
    """Return how long the law takes a year to be; nothing where no period is changed."""
    if given is None:
        return ""
    return join([f"{given.weeks_in_year} weeks to a year, 12 months: ", with_links(given.cite)])


def facts_read(source: Source, pack: Pack, site: Site) -> Html:
    """Return the facts that a scheme reads: what lets it read the protected ones, and the gateways
    for all."""
    facts = site.book.catalogue.facts
    cited = reasons(pack.protected_facts, source.name, site)
    read = site.reach[source.name].facts
    rows = [
        (
            link(f"facts.html#fact-{name}", name),
            fact.means,
            cited.get(name, "no reason given") if fact.protected else "no",
            gateways(site.gateways(name, source.name)),
        )
        for name, fact in facts.items()
        if name in read
    ]
    columns = ("Fact", "Meaning", "Protected: the law that lets it be read", "Gateways")
    return table("Facts that the scheme reads, also through libraries", columns, rows)


def reasons(own: Mapping[str, str], scheme: str, site: Site) -> dict[str, Html]:
    """Return the law for each protected fact that a scheme reads: its own, or its libraries'."""
    found: dict[str, Html] = {}
    for library in site.behind(scheme):
        found |= {name: with_links(cite) for name, cite in library.model.protected_facts.items()}
    return found | {name: with_links(cite) for name, cite in own.items()}


def gateways(found: list[Gateway]) -> Html:
    """Return gateways with their status."""
    named = [
        join([link(f"gateways.html#gateway-{each.id}", each.id), f" ({STATUS[each.status]})"])
        for each in found
    ]
    return listed(named) if named else element("strong", "none")
