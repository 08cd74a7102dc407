"""Pages about all schemes together: facts, gateways, and the law that is left out."""

from datetime import date

from nostop.model import Level
from nostop.rulebook.catalogue import Fact, canonical
from nostop.rulebook.packs import Gateway
from nostop.rulebook_docs.about import STATUS, gateways, marks
from nostop.rulebook_docs.layout import Frame, Section, item, table
from nostop.rulebook_docs.markup import Html, described, element, join, link, listed, with_links
from nostop.rulebook_docs.site import Site
from nostop.rulebook_docs.words import amount, kind_of_fact, when, whose

FACTS, GATEWAYS, LEFT_OUT = "facts.html", "gateways.html", "left_out.html"


# --- facts ----------------------------------------------------------------------------------------


def facts_page(site: Site, frame: Frame) -> str:
    """Return the fact catalogue, by level."""
    sections = [
        Section(f"of-a-{level}", f"Of a {whose(level)}", _facts_of(level, site)) for level in Level
    ]
    lead = element(
        "p",
        "Every fact that a rule may read. What is not known stays unknown: the lack of a record is "
        "no fact. Effort says how hard a fact is to ask for, from 1 (we can look it up) to 4 (it "
        "needs papers).",
    )
    return frame.page(FACTS, "Facts", lead, sections)


def _facts_of(level: Level, site: Site) -> Html:
    rows = (_fact(name, each, site) for name, each in site.book.catalogue.at(level).items())
    columns = ("Fact", "Meaning", "Type", "Effort #", "Protected", "Good for", "Read by, under")
    return table(f"Facts of a {whose(level)}", columns, rows)


def _fact(name: str, fact: Fact, site: Site) -> tuple[str, ...]:
    readers = listed(
        join([site.linked(scheme), gateways(site.gateways(name, scheme))])
        for scheme in site.readers(name)
    )
    return (
        element("code", name, attributes={"id": f"fact-{name}"}),
        fact.means,
        join([kind_of_fact(fact), listed(_limits(fact))]),
        str(fact.effort),
        "protected" if fact.protected else "no",
        fact.valid_for,
        readers or "no scheme",
    )


def _limits(fact: Fact) -> list[str]:
    """What else is known of a fact's values."""
    found = []
    if len(fact.applies_to) == 1:
        found.append(f"of each {fact.applies_to[0]}")
    if fact.nil is not None:
        found.append(f"none of it: {_value(fact.nil, fact)}")
    if fact.non_negative:
        found.append("never below 0")
    if fact.at_most is not None:
        found.append(f"at most {_value(fact.at_most, fact)}")
    return found


def _value(value: int | date | str, fact: Fact) -> str:
    if isinstance(value, date):
        return when(value)
    if fact.type == "money" and isinstance(value, int):
        return amount(value, fact.per)
    return str(canonical(value))


# --- gateways -------------------------------------------------------------------------------------


def gateways_page(site: Site, frame: Frame) -> str:
    """Return the legal gateways: under which law whose facts may be used, and for what."""
    gates = site.book.gateways
    summary = table(
        "All gateways",
        ("Gateway", "From", "To", "Status"),
        (
            (
                link(f"#gateway-{each.id}", each.id),
                each.from_body,
                each.to_body,
                STATUS[each.status],
            )
            for each in gates
        ),
    )
    sections = [
        Section("summary", "At a glance", summary),
        Section("each", "One by one", join(_gateway(each, site) for each in gates)),
    ]
    lead = element(
        "p",
        "A scheme may read a fact only under a gateway. One for made-up people only is refused for "
        "anybody else's data: no law was found for it.",
    )
    return frame.page(GATEWAYS, "Gateways", lead, sections)


def _gateway(gateway: Gateway, site: Site) -> Html:
    until = "" if gateway.to is None else f" to {when(gateway.to)}"
    told = described(
        [
            ("Law", with_links(gateway.law)),
            ("Status", STATUS[gateway.status]),
            ("From whom", gateway.from_body),
            ("To whom", gateway.to_body),
            ("In force", f"from {when(gateway.from_)}{until}"),
            ("Schemes", listed(site.linked(name) for name in gateway.schemes)),
            ("Facts", join((link(f"{FACTS}#fact-{name}", name) for name in gateway.fields), ", ")),
            ("Note", with_links(gateway.note or "")),
        ]
    )
    return item(f"gateway-{gateway.id}", gateway.id, element("p", gateway.purpose), told)


# --- what is left out -----------------------------------------------------------------------------


def left_out_page(site: Site, frame: Frame) -> str:
    """Return, by scheme and library, the law that is not worked out, and what is not verified."""
    sources = site.sources.values()
    left_out = join(
        item(f"of-{each.name}", each.title, listed(each.model.left_out))
        for each in sources
        if each.model.left_out
    )
    marked = ((each, marks(each, each.page)) for each in sources)
    not_verified = join(
        item(f"marked-{each.name}", each.title, found) for each, found in marked if found
    )
    sections = [
        Section("left-out", "Law that is left out", left_out),
        Section("unverified", "Not verified", not_verified),
    ]
    lead = element(
        "p",
        "What the rules do not work out, and which of their formulas and figures nobody has "
        "verified yet, in the words of their authors.",
    )
    return frame.page(LEFT_OUT, "Left out and not verified", lead, sections)
