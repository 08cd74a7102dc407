"""`nostop link lookup`: who a record may be, for a caseworker."""

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop import app
from nostop.cli.link_options import LinksOption, RecordsOption
from nostop.cli.shared import JsonOption, err, out, parse_date, table

Known = Annotated[str | None, typer.Option(metavar="TEXT", help="What is known of it.")]


def lookup(
    records: RecordsOption,
    links: LinksOption,
    nino: Known = None,
    first_name: Known = None,
    middle_names: Known = None,
    surname: Known = None,
    born_on: Annotated[
        str | None, typer.Option("--born-on", metavar="DATE", help="As 1950-03-01.")
    ] = None,
    sex: Known = None,
    uprn: Known = None,
    address_line_1: Annotated[
        str | None, typer.Option("--address-line-1", metavar="TEXT", help="As 1 Alder Road.")
    ] = None,
    postcode: Known = None,
    town: Known = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            metavar="DIR",
            help="Keep all records ready in this folder, which holds personal data.",
        ),
    ] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", help="At most so many people.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Say who somebody may be, the likeliest first. Nothing is written down."""
    asked: dict[str, object] = {
        "nino": nino,
        "first_name": first_name,
        "middle_names": middle_names,
        "surname": surname,
        "born_on": parse_date(born_on, "--born-on"),
        "sex": sex,
        "uprn": uprn,
        "address_line_1": address_line_1,
        "postcode": postcode,
        "town": town,
    }
    known = {name: value for name, value in asked.items() if value is not None}
    found = app.look_up(records, links, known, most, index)
    if as_json:
        shown = found.with_columns(pl.col(pl.Date).dt.to_string("iso"))
        typer.echo(json.dumps(shown.to_dicts(), indent=2, ensure_ascii=False))
        return
    _show(found)


def _show(found: pl.DataFrame) -> None:
    if found.is_empty():
        err().print("Nobody is known who shares enough with this to be compared.")
        return
    shown = table(
        "", "Person", "How sure", "Name", "Born", "Postcode", "Record", right=("How sure",)
    )
    for row in found.iter_rows(named=True):
        name = " ".join(row[part] for part in ("first_name", "surname") if row[part])
        sure = "another person" if row["forbidden"] else f"{row['confidence']:.1%}"
        born = "" if row["born_on"] is None else row["born_on"].isoformat()
        record = f"{row['source']} {row['record_id']}"
        shown.add_row(row["person_id"], sure, name, born, row["postcode"] or "", record)
    out().print(shown)
