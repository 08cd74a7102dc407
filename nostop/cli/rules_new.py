"""`nostop rules new`: the files of a new pack, with blanks to fill in."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from nostop.app.new_scheme import begin_scheme, place_of
from nostop.cli.shared import RulesOption, out
from nostop.model import Level, Period
from nostop.rulebook import default_rules_dir
from nostop.rulebook.words.scaffold import NewScheme


def new(
    place: Annotated[
        str,
        typer.Argument(
            metavar="JURISDICTION/SCHEME",
            help="Where the pack stands: uk/winter_grant, scotland/..., local/COUNCIL/...",
        ),
    ],
    decides_for: Annotated[
        Level, typer.Option("--decides-for", help="Whom the law decides for.")
    ] = Level.BENEFIT_UNIT,
    per: Annotated[Period, typer.Option("--per", help="What span the award is for.")] = Period.WEEK,
    title_en: Annotated[str | None, typer.Option("--title-en", help="Its English name.")] = None,
    title_cy: Annotated[str | None, typer.Option("--title-cy", help="Its Welsh name.")] = None,
    rules: RulesOption = None,
) -> None:
    """Begin a rule pack: write pack.yaml, rates.yaml and cases/first.yaml with blanks to fill in.

    Nothing is overwritten. `nostop rules check` refuses the pack as long as a blank is left.
    """
    where = place_of(place)
    year = datetime.now(UTC).year
    begun = begin_scheme(
        rules or default_rules_dir(), NewScheme(where, decides_for, per, year, title_en, title_cy)
    )
    console = out()
    for file in begun.files:
        console.print(f"written: {file}", soft_wrap=True)
    console.print("\nAdd to gateways.yaml, for the facts that your formulas read:")
    console.print(begun.gateway, soft_wrap=True, end="")
    if begun.award is not None:
        console.print(f"\nAdd to awards.yaml, under awards, for none is called {where.name}:")
        console.print(begun.award, soft_wrap=True, end="")
    console.print("\nThen fill in the blanks: `nostop rules check` names them.")
