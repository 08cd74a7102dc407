"""Range charts as SVG: horizontal bars from low to high on an axis from zero, labelled where they
stand.

Places are shares of the width and letters keep their size, so a chart reads the same on a telephone
and on paper. Nothing is told by colour alone: each bar has its figures in words above it, and a
published figure is a line across the bar. Whoever shows a chart puts its table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_ROW = 64
_TITLE_AT, _SAYS_AT, _BAR_AT, _BAR = 18, 38, 46, 12
_AXIS = 30
#: A bar narrower than this would not be seen.
_NARROWEST = 0.6


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: from `low` to `high`, and what it says in words; `mark` is a published figure."""

    label: str
    low: float
    high: float
    says: str
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """From zero to `most`; a tick is a value and its words."""

    most: float
    ticks: Sequence[tuple[float, str]]


#: Shares of 1, as per cent.
PER_CENT = Axis(1.0, ((0.0, "0%"), (0.25, "25%"), (0.5, "50%"), (0.75, "75%"), (1.0, "100%")))


def axis_up_to(most: float, unit: float = 1) -> float:
    """Return a round number that is at least `most`: 1, 2 or 5 with zeros, times a unit."""
    step = unit
    while True:
        for lead in (1, 2, 5):
            if step * lead >= most:
                return step * lead
        step *= 10


def range_chart(
    ident: str, title: str, description: str, bars: Sequence[Bar], axis: Axis
) -> Markup:
    """Return a chart as an SVG that a screen reader hears as one picture.

    Args:
        ident: an id that nothing else on the page has.
        title: what the chart shows.
        description: what it says, in one sentence.
    """
    height = len(bars) * _ROW + _AXIS
    parts = [_ticks(axis, height)]
    parts += [_bar(bar, place * _ROW, axis) for place, bar in enumerate(bars)]
    return Markup(
        '<svg class="app-chart" role="img" width="100%" height="{height}" focusable="false" '
        'aria-labelledby="{ident}-title {ident}-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="{ident}-title">{title}</title><desc id="{ident}-desc">{description}</desc>'
        "{parts}</svg>"
    ).format(
        ident=ident,
        title=title,
        description=description,
        height=height,
        parts=Markup("").join(parts),
    )


def _ticks(axis: Axis, height: int) -> Markup:
    found = []
    for value, words in axis.ticks:
        place = _place(value, axis)
        anchor = "start" if value == 0 else "end" if value >= axis.most else "middle"
        line = Markup(
            '<line x1="{0}%" x2="{0}%" y1="0" y2="{1}" stroke="#b1b4b6" stroke-width="1"/>'
            '<text x="{0}%" y="{2}" text-anchor="{3}" font-size="14" fill="#0b0c0c">{4}</text>'
        )
        found.append(line.format(place, height - _AXIS + 6, height - 8, anchor, words))
    return Markup("").join(found)


def _bar(bar: Bar, top: int, axis: Axis) -> Markup:
    low, high = _place(bar.low, axis), _place(bar.high, axis)
    start = min(low, 100 - _NARROWEST)
    # The words stand on white, so that the lines of the axis do not run through them.
    text = Markup(
        '<rect x="0" y="{0}" width="100%" height="40" fill="#ffffff"/>'
        '<text x="0" y="{1}" font-size="16" font-weight="bold" fill="#0b0c0c">{2}</text>'
        '<text x="0" y="{3}" font-size="16" fill="#0b0c0c">{4}</text>'
        '<rect x="{5}%" y="{6}" width="{7}%" height="{8}" fill="#1d70b8"/>'
    ).format(
        top + 2,
        top + _TITLE_AT,
        bar.label,
        top + _SAYS_AT,
        bar.says,
        start,
        top + _BAR_AT,
        max(round(high - start, 2), _NARROWEST),
        _BAR,
    )
    return text if bar.mark is None else text + _mark(_place(bar.mark, axis), top + _BAR_AT)


def _mark(place: float, top: int) -> Markup:
    """A published figure: a line across the bar, black between two white ones."""
    line = Markup('<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="{3}" stroke-width="{4}"/>')
    lines = [("#ffffff", 7), ("#0b0c0c", 3)]
    return Markup("").join(
        line.format(place, top - 4, top + _BAR + 4, colour, width) for colour, width in lines
    )


def _place(value: float, axis: Axis) -> float:
    return round(100 * min(max(value / axis.most, 0.0), 1.0), 2)
