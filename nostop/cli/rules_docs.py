"""`nostop rules docs`: the rules as a folder of pages to read."""

from pathlib import Path
from typing import Annotated

import typer

from nostop import app, rulebook_docs
from nostop.cli.shared import OnOption, RulesOption, SchemeOption, out, parse_date
from nostop.rulebook import default_rules_dir


def docs(
    out_dir: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for the pages: new, empty, or one that this command has filled before.",
        ),
    ],
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous", metavar="DIR", help="Folder of earlier rules, to show what changed."
        ),
    ] = None,
    on: OnOption = None,
    scheme: SchemeOption = None,
    rules: RulesOption = None,
) -> None:
    """Write a page for each scheme and library: conditions, formulas in words, rates over time,
    cases. The pages open in any browser, without a server."""
    book = app.read_rules(rules or default_rules_dir())
    schemes = app.known_schemes(book, scheme) or list(book.schemes)
    before = None if previous is None else app.read_rules(previous)
    site = rulebook_docs.build_site(book, schemes, parse_date(on), before)
    files = rulebook_docs.build_pages(site)
    rulebook_docs.write_pages(files, out_dir)
    pages = sum(name.endswith(".html") for name in files)
    out().print(f"{out_dir}: {pages} pages; open {out_dir / 'index.html'}", soft_wrap=True)
