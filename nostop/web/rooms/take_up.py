"""Take-up for policy teams: ranges by scheme and by area, charts with their tables, and files.

Only tables that a run has masked are read here; nothing on these pages is about anybody.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from nostop.app.published_take_up import PUBLISHED
from nostop.app.rules import titles_at
from nostop.app.take_up import (
    NOT_KNOWN,
    as_file,
    quality_of,
    read_take_up,
    read_take_up_by_area,
)
from nostop.model import NotHere
from nostop.web.charts import PER_CENT, Axis, Bar, axis_up_to, range_chart
from nostop.web.guard import Visitor, house_of, visiting
from nostop.web.pages import download, page
from nostop.web.permissions import Permission

router = APIRouter()
Analyst = Annotated[Visitor, Depends(visiting(Permission.TAKE_UP))]
#: More bars than this nobody compares; the table has all of them.
MOST_BARS = 25
_TABLES = ("scheme", "area")
_MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
Row = Mapping[str, Any]


@router.get("/take-up")
def by_scheme(request: Request, visitor: Analyst) -> Response:
    """Show take-up of every scheme of the run that is shown."""
    run = house_of(request).settings.run
    if run is None:
        return page(request, visitor, "take_up/no_run.html", {})
    titles = _titles(request, visitor)
    rows = [_named(row, titles) for row in read_take_up(run).to_dicts()]
    rows.sort(key=lambda row: str(row["title"]))
    told = [row for row in rows if _tells(row)]
    shown = {
        "rows": told,
        "too_few": [row["title"] for row in rows if not _tells(row)],
        "quality": quality_of(run),
        "take_up_chart": _take_up_chart(visitor, "take-up", told, named="title"),
        "pounds_chart": _pounds_chart(visitor, rows),
        "published": {row["title"]: PUBLISHED[row["scheme"]] for row in rows
                      if row["scheme"] in PUBLISHED},
        "has_areas": read_take_up_by_area(run, "") is not None,
    }  # fmt: skip
    return page(request, visitor, "take_up/schemes.html", shown)


@router.get("/take-up/areas")
def by_area(request: Request, visitor: Analyst, scheme: str = "") -> Response:
    """Show take-up of one scheme in every area, or ask which scheme."""
    run = house_of(request).settings.run
    if run is None:
        return page(request, visitor, "take_up/no_run.html", {})
    titles = _titles(request, visitor)
    there = read_take_up(run)["scheme"].to_list()
    if scheme and scheme not in there:
        raise NotHere("take-up: there is no such scheme in this run")
    found = read_take_up_by_area(run, scheme)
    choices = sorted((titles.get(name, name), name) for name in there)
    shown: dict[str, Any] = {
        "choices": choices,
        "scheme": scheme,
        "title": titles.get(scheme, scheme),
    }
    if scheme and found is not None:
        rows = [_placed(row, visitor) for row in found.sort("area").to_dicts()]
        seen = [row for row in rows if not row["is_hidden"]]
        shown |= {
            "rows": seen,
            "hidden": len(rows) - len(seen),
            "chart": _take_up_chart(visitor, "areas", seen, named="area"),
        }
    shown |= {"quality": quality_of(run), "has_areas": found is not None}
    return page(request, visitor, "take_up/areas.html", shown)


@router.get("/take-up/files/{table}.{kind}")
def file(request: Request, visitor: Analyst, table: str, kind: str) -> Response:  # noqa: ARG001 - it lets in
    """Give a masked table as CSV or Parquet."""
    run = house_of(request).settings.run
    if run is None or table not in _TABLES or kind not in _MEDIA:
        raise NotHere("take-up: there is no such file")
    found = _table(run, table)
    name = f"take_up_by_{table}.{kind}"
    return download(as_file(found, "csv" if kind == "csv" else "parquet"), name, _MEDIA[kind])


def _table(run: Path, table: str) -> pl.DataFrame:
    found = read_take_up(run) if table == "scheme" else read_take_up_by_area(run)
    if found is None:
        raise NotHere("take-up: this run left no take-up by area")
    return found


def _titles(request: Request, visitor: Visitor) -> dict[str, str]:
    house = house_of(request)
    return titles_at(house.settings.rules, visitor.language, house.now())


def _tells(row: Row) -> bool:
    """Whether anything is known of a scheme but that its take-up is somewhere from none to all."""
    return any(row[name] is not None for name in ("recipients", "entitled_non_recipients"))


def _named(row: Row, titles: Mapping[str, str]) -> Row:
    published = PUBLISHED.get(row["scheme"])
    mark = published.share if published else None
    return {**row, "title": titles.get(row["scheme"], row["scheme"]), "mark": mark}


def _placed(row: Row, visitor: Visitor) -> Row:
    area = visitor.t("Area not known") if row["area"] == NOT_KNOWN else row["area"]
    return {**row, "area": area, "mark": None}


def _take_up_chart(
    visitor: Visitor, ident: str, rows: list[Row], *, named: str
) -> dict[str, Any] | None:
    """A chart of the rows whose take-up may be shown, the lowest first, and its sentence."""
    ends = ("take_up_low", "take_up_high")
    shown = [row for row in rows if all(row[end] is not None for end in ends)]
    if not shown:
        return None
    shown.sort(key=lambda row: (row["take_up_low"], row["take_up_high"]))
    bars = [_share_bar(visitor, row, str(row[named])) for row in shown[:MOST_BARS]]
    first = shown[0]
    says = visitor.t(
        "{name} has the lowest lower end: of those who are entitled, between {low} and {high} "
        "receive it."
    ).format(name=first[named], low=_per_cent(first["take_up_low"]),
             high=_per_cent(first["take_up_high"]))  # fmt: skip
    title = visitor.t("Take-up, from the lowest to the highest it can be")
    return {
        "says": says,
        "svg": range_chart(ident, title, says, bars, PER_CENT),
        "bars": len(bars),
        "of": len(shown),
    }


def _share_bar(visitor: Visitor, row: Row, label: str) -> Bar:
    low, high = _per_cent(row["take_up_low"]), _per_cent(row["take_up_high"])
    says = visitor.t("{low} to {high}").format(low=low, high=high)
    if row["mark"] is not None:
        told = visitor.t("published: {share}").format(share=_per_cent(row["mark"]))
        says = f"{says}; {told}"
    return Bar(label, row["take_up_low"], row["take_up_high"], says, row["mark"])


def _pounds_chart(visitor: Visitor, rows: list[Row]) -> dict[str, Any] | None:
    """A chart of the pounds a year that entitled non-recipients go without, the most first."""
    shown = [row for row in rows if row["unclaimed_low"] is not None]
    shown = [row for row in shown if row["unclaimed_high"] is not None]
    if not shown:
        return None
    shown.sort(key=lambda row: -row["unclaimed_high"])
    most = axis_up_to(max(row["unclaimed_high"] for row in shown), 100)
    axis = Axis(most, [(most * part / 4, _pounds(int(most * part / 4))) for part in (0, 2, 4)])
    bars = [
        Bar(row["title"], row["unclaimed_low"], row["unclaimed_high"],
            visitor.t("{low} to {high} a year").format(low=_pounds(row["unclaimed_low"]),
                                                       high=_pounds(row["unclaimed_high"])))
        for row in shown[:MOST_BARS]
    ]  # fmt: skip
    first = shown[0]
    says = visitor.t(
        "Most goes unclaimed of {name}: between {low} and {high} a year, by those who are found "
        "entitled and do not claim."
    ).format(name=first["title"], low=_pounds(first["unclaimed_low"]),
             high=_pounds(first["unclaimed_high"]))  # fmt: skip
    title = visitor.t("Pounds a year that go unclaimed, at least and at most")
    return {
        "says": says,
        "svg": range_chart("pounds", title, says, bars, axis),
        "bars": len(bars),
        "of": len(shown),
    }


def _per_cent(share: float) -> str:
    return f"{share:.1%}"


def _pounds(pence: int) -> str:
    """Whole pounds: a sum of many people, already rounded further than a pound."""
    return f"£{pence // 100:,}"
