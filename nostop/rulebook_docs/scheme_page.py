"""The page of one scheme."""

from nostop.rulebook.packs import Claim, Pack
from nostop.rulebook_docs.about import facts_read, periods, unverified
from nostop.rulebook_docs.cases import cases
from nostop.rulebook_docs.changed import changes_within
from nostop.rulebook_docs.layout import Frame, Section, table, welsh
from nostop.rulebook_docs.markup import Html, described, element, join, link, listed, with_links
from nostop.rulebook_docs.rates import rates, tables
from nostop.rulebook_docs.relations import relations
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import in_force, title, together, whose
from nostop.rulebook_docs.workings import award, conditions, notes, workings


def scheme_page(source: Source, pack: Pack, site: Site, frame: Frame) -> str:
    """Return the page of one scheme."""
    sections = [
        Section("about", "About the scheme", _about(source, pack, site)),
        Section("unverified", "Not verified", unverified(source)),
        Section("changes", "What changed since the previous version", changes_within(source, site)),
        Section("conditions", "Who is entitled", conditions(source, pack, site)),
        Section("award", "How much", award(source, pack.award, site)),
        Section("workings", "How it is worked out", workings(source, site)),
        Section("rates", "Rates over time", rates(source, site)),
        Section("tables", "Tables", tables(source, site)),
        Section("facts", "Facts it reads", facts_read(source, pack, site)),
        Section("relations", "Other schemes", relations(source.name, pack, site)),
        Section("claim", "How to claim", _claim(pack.claim)),
        Section("ask", "What to ask the person", _ask(pack, site)),
        Section("notes", "Notes beside a result", notes(source, pack, site)),
        Section("left-out", "Law that is left out", listed(pack.left_out)),
        Section("cases", "Worked cases", cases(source.cases, source.name, site.book.packs)),
    ]
    summary = [element("p", pack.summary.en), element("p", welsh(pack.summary.cy))]
    lead = join([element("p", welsh(pack.title.cy)), *summary])
    return frame.page(source.page, pack.title.en, lead, sections)


def _about(source: Source, pack: Pack, site: Site) -> Html:
    scheme = site.book.schemes[source.name]
    libraries = [link(each.page, each.title) for each in site.behind(source.name)]
    return described(
        [
            ("Id", element("code", source.name)),
            ("Folder", element("code", source.folder.as_posix())),
            ("Owner", pack.owner),
            ("Authority", pack.authority),
            ("Version", pack.version),
            ("Content hash", element("code", scheme.content_hash)),
            ("Applies in", together(title(each) for each in pack.applies_in)),
            ("Local authorities", together(pack.local_authorities)),
            ("In force", in_force(pack.in_force, site.on)),
            ("Decides for", whose(pack.decides_for)),
            ("Claimed is shown by", f"the award {site.title_of(pack.receipt)}"),
            ("Periods", periods(pack.periods)),
            ("Libraries", join(libraries, ", ")),
        ]
    )


def _claim(claim: Claim) -> Html:
    backdate = claim.backdate
    back = "" if backdate is None else f"{backdate.months} months, by "
    told = [
        ("Online", with_links(claim.url)),
        ("By phone", claim.phone or ""),
        ("Backdating", join([back, with_links(backdate.cite)]) if backdate else ""),
    ]
    if claim.how is not None:
        told += [("How", claim.how.en), ("Sut", welsh(claim.how.cy))]
    return described(told)


def _ask(pack: Pack, site: Site) -> Html:
    facts = site.book.catalogue.facts
    rows = [
        (link(f"facts.html#fact-{name}", name), facts[name].means, str(facts[name].effort))
        for name in pack.ask_person
    ]
    lead = element(
        "p",
        "No record usually holds these facts. Where only they are missing, a person is worth "
        "asking.",
    )
    columns = ("Fact", "Meaning", "Effort, 1 to 4 #")
    return join([lead, table("Facts to ask for", columns, rows)]) if rows else Html()
