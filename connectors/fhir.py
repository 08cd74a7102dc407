"""FHIR R4 from a server's search: bundles page after page in one file, of resources of one kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from connectors._strict_json import entries_of_pages
from connectors.json_bundle import JsonBundle
from nostop.model import FeedError

#: The kinds of bundle whose entries are plain resources as they now stand.
_TYPES = ("searchset", "collection")


@dataclass(frozen=True, slots=True)
class FhirBundle(JsonBundle):
    """Reads a FHIR R4 bundle, or a list of the bundles that are the pages of one search.

    As `json`: one row for each resource, one column for each path, `_line` the number of the entry,
    counted through all pages. Besides, what FHIR asks of a reader: a resource with a modifier
    extension or implicit rules is rejected, since either may turn what it says; a bundle of a
    history or a transaction is refused; so is a file whose last page says that another follows.

    Attributes:
        others: types that the bundle may hold too, and that are no concern of this feed, such as
            `[Organization]`. Of any other type an entry is rejected.
    """

    others: Sequence[str] = ()

    def _entries(self, name: str, text: str, heads: list[dict[str, object]]) -> Iterator[object]:
        return entries_of_pages(name, text, key="entry", heads=heads)

    def _refuse_heads(self, name: str, heads: list[dict[str, object]]) -> None:
        if not heads:
            raise FeedError(f"{name}: is an empty list: it should hold bundles")
        for number, head in enumerate(heads, start=1):
            where = f"{name}: page {number}" if len(heads) > 1 else name
            if head.get("resourceType") != "Bundle":
                found = "is no FHIR bundle: resourceType 'Bundle' is not at its top"
                raise FeedError(f"{where}: {found}")
            if head.get("type") not in _TYPES:
                hint = "its entries say what changed, not how things are"
                raise FeedError(f"{where}: is no bundle of type {' or '.join(_TYPES)}: {hint}")
        _refuse_pages(name, [_links(head) for head in heads])

    def _refusal(self, resource: dict[str, object]) -> str | None:
        kind = resource.get("resourceType")
        if kind in self.others:
            return ""
        if kind not in self.resources:
            return f"is not a resource of the contract: {', '.join(self.resources)}"
        turning = [key for key in ("modifierExtension", "implicitRules") if key in resource]
        return f"has {turning[0]}, which may turn what it says" if turning else None


def _links(head: dict[str, object]) -> dict[str, str]:
    """Return the addresses of a page's links by what they lead to."""
    links = head.get("link", [])
    return {
        str(link.get("relation")): str(link.get("url"))
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict)
    }


def _refuse_pages(name: str, links: list[dict[str, str]]) -> None:
    """Raise FeedError where a page is missing, comes twice, or stands out of order."""
    for number, (page, after) in enumerate(pairwise(links), start=1):
        if "next" not in page:
            found = f"page {number} says that it is the last, and {len(links)} are in the file"
            raise FeedError(f"{name}: {found}: keep the pages of one search in a file")
        if "self" in after and after["self"] != page["next"]:
            hint = "the file should hold every page once, in their order"
            raise FeedError(f"{name}: page {number + 1} is not the one that follows: {hint}")
    if links and "next" in links[-1]:
        hint = "a part of the search is missing: fetch it again"
        raise FeedError(f"{name}: its last page says that another follows: {hint}")
