"""Rates and tables on a page: each value with its day and source, as a table and, where it has
changed, as a drawing."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import TypeVar

from nostop.rulebook.packs import DatedRows, DatedValue, Rate, RateValue, Table
from nostop.rulebook_docs.chart import chart
from nostop.rulebook_docs.layout import item, table, warning
from nostop.rulebook_docs.markup import Html, element, join, link, with_links
from nostop.rulebook_docs.site import Site, Source
from nostop.rulebook_docs.words import key_value, kind_of, plain, rate_value, when

#: A table with more rows than this is shown by its first ones, the whole being a file beside.
MOST_ROWS = 24
_FIRST_ROWS = 10
Dated = TypeVar("Dated", DatedValue, DatedRows)


def rates(source: Source, site: Site) -> Html:
    """Return every rate of a pack or library."""
    lacking = _lacking(source, site)
    return join(_rate(name, each, lacking, site) for name, each in source.rates.items())


def tables(source: Source, site: Site) -> Html:
    """Return every table of a pack or library."""
    lacking = _lacking(source, site)
    return join(_table(source, name, lacking, site) for name in source.tables)


def table_files(source: Source) -> Iterator[tuple[str, str]]:
    """Yield a CSV file, by name and text, for each dated value of a table that is too long to be
    shown whole: its keys, and `value` in pence where it is money."""
    for name, each in source.tables.items():
        for dated in each.values:
            if len(dated.rows) > MOST_ROWS:
                yield _file(source, name, dated), _as_csv(each, dated)


def _lacking(source: Source, site: Site) -> dict[str, str]:
    """By local name, what has no value on the site's day, and why."""
    if site.constants is None:
        return {}
    missing = site.constants.missing
    start = f"{source.name}."
    return {
        name.removeprefix(start): why for name, why in missing.items() if name.startswith(start)
    }


def _head(name: str, each: Rate | Table, lacking: dict[str, str]) -> Html:
    uprated = "; has a new value each year" if each.uprated else ""
    said = element("p", element("code", name), f": {kind_of(each)}{uprated}.")
    marks = []
    if each.unverified is not None:
        marks.append(warning("Not verified", each.unverified))
    if name in lacking:
        marks.append(warning("No value", lacking[name]))
    return join([said, *marks])


def _rate(name: str, rate: Rate, lacking: dict[str, str], site: Site) -> Html:
    current = None if name in lacking else _in_force(rate.values, site)
    rows = [
        (
            _from(each, current),
            rate_value(each.value, rate),
            with_links(each.reference),
        )
        for each in rate.values
    ]
    beside = table(f"{rate.means}: values", ("From", "Value #", "Source"), rows)
    anchor = f"rate-{name}"
    return item(anchor, rate.means, _head(name, rate, lacking), chart(rate, anchor), beside)


def _table(source: Source, name: str, lacking: dict[str, str], site: Site) -> Html:
    each = source.tables[name]
    current = None if name in lacking else _in_force(each.values, site)
    shown = [_rows(source, name, dated, is_current=dated is current) for dated in each.values]
    return item(f"table-{name}", each.means, _head(name, each, lacking), *shown)


def _rows(source: Source, name: str, dated: DatedRows, *, is_current: bool) -> Html:
    each = source.tables[name]
    keys = [_key_heading(key, kind) for key, kind in each.keys.items()]
    is_long = len(dated.rows) > MOST_ROWS
    rows = dated.rows[:_FIRST_ROWS] if is_long else dated.rows
    cells = [
        (*(key_value(row[key]) for key in each.keys), rate_value(row["value"], each))
        for row in rows
    ]
    mark = ", in force" if is_current else ""
    count = f", the first {len(rows)} of {len(dated.rows):,} rows" if is_long else ""
    shown = table(f"{each.means}, from {when(dated.from_)}{mark}{count}", (*keys, "Value #"), cells)
    cited = element("p", "Source: ", with_links(dated.reference))
    if not is_long:
        return join([shown, cited])
    file = _file(source, name, dated)
    words = f"All {len(dated.rows):,} rows from {when(dated.from_)} as a CSV file"
    return join([shown, element("p", link(file, words)), cited])


def _key_heading(key: str, kind: str) -> str:
    words = plain(key).capitalize()
    return f"{words}, from" if kind == "band" else words


def _in_force(values: tuple[Dated, ...], site: Site) -> Dated | None:
    """The value in force on the site's day; none where it has no day."""
    if site.on is None:
        return None
    begun = [each for each in values if each.from_ <= site.on]
    return begun[-1] if begun else None


def _from(each: DatedValue, current: DatedValue | None) -> str:
    mark = " (in force)" if each is current else ""
    return f"{when(each.from_)}{mark}"


def _file(source: Source, name: str, dated: DatedRows) -> str:
    return f"table-{source.name}-{name}-{dated.from_.isoformat()}.csv"


def _as_csv(each: Table, dated: DatedRows) -> str:
    written = StringIO()
    out = csv.writer(written, lineterminator="\r\n")
    out.writerow([*each.keys, "value"])
    out.writerows([_cell(row[name]) for name in (*each.keys, "value")] for row in dated.rows)
    return written.getvalue()


def _cell(value: RateValue) -> str:
    return value if isinstance(value, str) else str(value)
