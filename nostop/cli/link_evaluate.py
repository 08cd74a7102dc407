"""`nostop link evaluate`: how right links are, by labels."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from nostop.app.linked_file import Evaluation, evaluate_file
from nostop.cli.shared import JsonOption, out, table


def evaluate(
    clusters: Annotated[
        Path, typer.Argument(metavar="CLUSTERS.parquet", help="What `nostop link` wrote.")
    ],
    labels: Annotated[
        Path,
        typer.Option(
            "--labels", metavar="LABELS.parquet", help="source, record_id, true_person, groups."
        ),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="COLUMN", help="Also by this column of the labels; may be repeated."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold links against labels: pairs, whole people, groups, and whether confidence is earned."""
    found = evaluate_file(clusters, labels, by or ())
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _show(found)


def _show(found: Evaluation) -> None:
    pairs, people = found.pairs, found.people
    shown = table("Pairs of records", "", "Share", "95% from", "to", right=("Share",))
    shown.add_row("precision", *_shares(pairs.precision, *pairs.precision_interval))
    shown.add_row("recall", *_shares(pairs.recall, *pairs.recall_interval))
    shown.add_row("F1", f"{pairs.f1:.5f}", "", "")
    out().print(shown)
    out().print(
        f"{people.people:,} people: {people.exact:.4f} exactly right; "
        f"B-cubed precision {people.precision:.5f}, recall {people.recall:.5f}"
    )
    _show_frame("Confidence", found.bands)
    for column, groups in found.groups.items():
        _show_frame(f"By {column}", groups)


def _show_frame(title: str, frame: pl.DataFrame) -> None:
    shown = table(title, *frame.columns, right=tuple(frame.columns[1:]))
    for row in frame.iter_rows():
        shown.add_row(*[f"{each:.4f}" if isinstance(each, float) else str(each) for each in row])
    out().print(shown)


def _shares(*shares: float) -> list[str]:
    return [f"{share:.5f}" for share in shares]


def _as_json(found: Evaluation) -> dict[str, object]:
    pairs = found.pairs
    return {
        "pairs": {
            **asdict(pairs),
            "f1": pairs.f1,
            "precision_95": pairs.precision_interval,
            "recall_95": pairs.recall_interval,
        },
        "people": asdict(found.people),
        "confidence": found.bands.to_dicts(),
        "by": {column: groups.to_dicts() for column, groups in found.groups.items()},
    }
