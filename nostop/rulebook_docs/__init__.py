"""A site of readable pages from a rule book: plain HTML that needs no server and no script."""

from nostop.rulebook_docs.pages import build_pages
from nostop.rulebook_docs.site import build_site
from nostop.rulebook_docs.write import write_pages

__all__ = ["build_pages", "build_site", "write_pages"]
