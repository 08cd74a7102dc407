"""How a scheme stands to others: whose results and awards it reads, in any depth, and which open
one another."""

from nostop.rulebook.packs import Pack
from nostop.rulebook.tree import DefRef, Node, Receipt
from nostop.rulebook_docs.layout import item
from nostop.rulebook_docs.markup import Html, element, join, listed
from nostop.rulebook_docs.site import Site
from nostop.rulebook_docs.words import together

_AWARDS = {
    "in_payment": "whether an award is in payment",
    "claimed": "whether it is claimed",
    "award": "the amount in payment",
}
_RESULTS = {"entitled": "whether our rules say entitled", "amount": "how much our rules say"}


def relations(name: str, pack: Pack, site: Site) -> Html:
    """Return what a scheme reads of others, what it opens, and what opens it."""
    opened_by = [other for other, each in sorted(site.book.packs.items()) if name in each.opens]
    read_by = [other for other in site.reach if name in _read(other, site)]
    shown = [
        ("reads-from", "What it reads from other schemes", _tree(name, site)),
        ("read-by", "Schemes that read it", listed(_named(each, site) for each in read_by)),
        ("opens", "Schemes it opens", listed(_named(each, site) for each in pack.opens)),
        ("opened-by", "Schemes that open it", listed(_named(each, site) for each in opened_by)),
    ]
    return join(item(anchor, heading, body) for anchor, heading, body in shown if body)


def _tree(name: str, site: Site) -> Html:
    """Each scheme that is read, with what is read of it, and below it what that scheme reads where
    its result, and not only a record of it, is asked for."""
    entries = []
    for other, ways in _read(name, site).items():
        said = join([_named(other, site), f": {together(ways)}"])
        goes_on = any(way in _RESULTS.values() for way in ways)
        entries.append(join([said, _tree(other, site)]) if goes_on else said)
    return listed(entries)


def _read(name: str, site: Site) -> dict[str, list[str]]:
    """By scheme, what is read of it, in words."""
    found: dict[str, set[str]] = {}
    for node in site.reach[name].nodes:
        other, way = _asked(node)
        if way:
            found.setdefault(other, set()).add(way)
    return {other: sorted(ways) for other, ways in sorted(found.items())}


def _asked(node: Node) -> tuple[str, str]:
    match node:
        case Receipt(function=function, scheme=scheme):
            return scheme, _AWARDS[function]
        case DefRef(name=name):
            owner, local = name.split(".", 1)
            return owner, _RESULTS.get(local, "")
    return "", ""


def _named(name: str, site: Site) -> Html:
    return join([site.linked(name), " (", element("code", name), ")"])
