"""What differs from the previous rules, on a page: piece by piece, before and now."""

from collections.abc import Iterable, Iterator

from nostop.rulebook.history.changes import CATALOGUE, Change, FieldChange
from nostop.rulebook_docs.layout import Frame, Section, table
from nostop.rulebook_docs.markup import Html, element, join, link, listed
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import plain

CHANGES = "changes.html"
#: More changes of one piece than this are counted and not listed: a table may have thousands.
MOST_FIELDS = 60
_WHAT = {"added": "Added", "removed": "Taken out", "changed": "Changed"}
_ANCHORED = ("condition", "working", "part", "note", "rate", "table")
_COLUMNS = ("Piece", "What", "Field", "Before", "Now")


def changes_within(source: Source, site: Site) -> Html:
    """Return what changed in a pack or library; nothing where there is nothing to compare with."""
    if site.previous is None:
        return Html()
    own = [each for each in site.changes if each.owner == source.name]
    reach = site.behind(source.name) if source.name in site.schemes else []
    behind = [each for each in reach if _of(each.name, site.changes)]
    libraries = listed(
        join(
            [link(f"{each.page}#changes", each.title), f": {_count(_of(each.name, site.changes))}"]
        )
        for each in behind
    )
    heading = element("h3", "In the libraries it rests on") if libraries else Html()
    return join([_versions(source, site), _shown(own, source, source.title), heading, libraries])


def _versions(source: Source, site: Site) -> Html:
    if site.previous is None or source.name not in site.book.schemes:
        return Html()
    now = site.book.schemes[source.name]
    if source.name not in site.previous.schemes:
        return element("p", "The scheme is new: the previous rules do not have it.")
    before = site.previous.schemes[source.name]
    if before.version == now.version:
        return element("p", f"Version {now.version}, as before.")
    return element("p", f"Version {before.version} before, {now.version} now.")


def _shown(found: list[Change], source: Source | None, title: str) -> Html:
    if not found:
        return element("p", "Nothing of its own changed.")
    wording = sum(each.is_wording for each in found)
    said = f"{_count(found)}, {wording} of them in words or cases alone."
    return join([element("p", said), table(f"Changes: {title}", _COLUMNS, _rows(found, source))])


def _rows(found: Iterable[Change], source: Source | None) -> Iterator[tuple[str, ...]]:
    for change in found:
        piece = join([f"{change.piece} ", _name(change, source)])
        what = _WHAT[change.what]
        for field in change.fields[:MOST_FIELDS]:
            yield piece, what, _field(field), field.old or "", field.new or ""
        more = len(change.fields) - MOST_FIELDS
        if more > 0:
            yield piece, what, f"and {more:,} more, not listed here", "", ""
        if not change.fields:
            yield piece, what, "", "", ""


def _name(change: Change, source: Source | None) -> Html:
    code = element("code", change.name)
    is_here = source is not None and change.what != "removed" and change.piece in _ANCHORED
    return link(f"#{change.piece}-{change.name}", code) if is_here else code


def _field(field: FieldChange) -> str:
    return plain(field.field)


def _of(owner: str, changes: Iterable[Change]) -> list[Change]:
    return [each for each in changes if each.owner == owner]


def _count(found: list[Change]) -> str:
    return f"{len(found)} changes" if len(found) != 1 else "1 change"


def changes_page(site: Site, frame: Frame) -> str:
    """Return the page of all that differs from the previous rules."""
    sections = [
        Section("schemes", "Schemes and libraries", _owners(site)),
        Section(
            "catalogue",
            "Facts and awards",
            _shown(_of(CATALOGUE, site.changes), None, "facts and awards"),
        ),
    ]
    lead = element("p", f"{_count(list(site.changes))} since the previous rules.")
    return frame.page(CHANGES, "What changed", lead, sections)


def _owners(site: Site) -> Html:
    entries = []
    for name in dict.fromkeys(each.owner for each in site.changes if each.owner != CATALOGUE):
        found = _of(name, site.changes)
        page = site.page_of(name)
        title = link(f"{page}#changes", site.title_of(name)) if page else site.title_of(name)
        whole = [_WHAT[each.what].lower() for each in found if each.piece in ("scheme", "library")]
        entries.append(join([title, f": {whole[0] if whole else _count(found)}"]))
    return listed(entries) or element("p", "No scheme and no library changed.")
