"""A rate over time as a drawing: a step line by date, with its values written beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from nostop.rulebook.packs import DatedValue, Rate
from nostop.rulebook_docs.markup import Html, element
from nostop.rulebook_docs.words import rate_value, when

_WIDTH, _HEIGHT = 660, 222
_LEFT, _RIGHT, _TOP, _BOTTOM = 16, 644, 40, 170
#: How far apart two texts must begin, in the drawing's own units.
_APART = 124
_BESIDE = 6
#: The last value holds on: so much of the time after it is drawn.
_AFTER = timedelta(days=365)
_DRAWN = ("money", "int", "ratio")


def chart(rate: Rate, anchor: str) -> Html:
    """Return the drawing of a rate with two values or more; nothing for days, yes and no, or a
    single value.

    The table beside it says the same: the drawing names its values and days, and leaves out those
    that would lie on one another.
    """
    if rate.type not in _DRAWN or len(rate.values) < 2:
        return Html()
    drawing = _Drawing(rate, _scale(rate.values))
    names = {"title": f"{anchor}-title", "desc": f"{anchor}-desc"}
    return element(
        "svg",
        element("title", f"{rate.means}, over time", attributes={"id": names["title"]}),
        element("desc", drawing.in_words(), attributes={"id": names["desc"]}),
        drawing.axis(),
        element("path", attributes={"class": "step", "fill": "none", "d": drawing.path()}),
        *drawing.marks(),
        attributes={
            "class": "chart",
            "role": "img",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "aria-labelledby": " ".join(names.values()),
        },
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a day and a value to a place in the drawing, in whole units."""

    first: date
    last: date
    low: Fraction
    high: Fraction

    def across(self, on: date) -> int:
        share = Fraction((on - self.first).days, (self.last - self.first).days)
        return _LEFT + round(share * (_RIGHT - _LEFT))

    def down(self, value: Fraction) -> int:
        share = (value - self.low) / (self.high - self.low)
        return _BOTTOM - round(share * (_BOTTOM - _TOP))


def _scale(values: Sequence[DatedValue]) -> _Scale:
    numbers = [_number(each) for each in values]
    low, high = min(numbers), max(numbers)
    # A rise of a few percent must be seen: the scale begins as far below as the values range, but
    # not below 0 for values above it. The drawing says where it begins.
    below = low - (high - low or abs(high) or 1)
    start = max(below, Fraction(0)) if low >= 0 else below
    return _Scale(values[0].from_, values[-1].from_ + _AFTER, start, max(high, start + 1))


def _number(value: DatedValue) -> Fraction:
    return Fraction(str(value.value))


@dataclass(frozen=True, slots=True)
class _Drawing:
    rate: Rate
    scale: _Scale

    def points(self) -> list[tuple[int, int]]:
        return [
            (self.scale.across(each.from_), self.scale.down(_number(each)))
            for each in self.rate.values
        ]

    def in_words(self) -> str:
        told = [
            f"{rate_value(each.value, self.rate)} from {when(each.from_)}"
            for each in self.rate.values
        ]
        return f"A line that steps at each change: {'; '.join(told)}."

    def path(self) -> str:
        (x, y), *rest = self.points()
        steps = "".join(f" H{across} V{down}" for across, down in rest)
        return f"M{x} {y}{steps} H{_RIGHT}"

    def axis(self) -> Html:
        line = {"x1": _LEFT, "x2": _RIGHT, "y1": _BOTTOM, "y2": _BOTTOM}
        attributes = {"class": "axis", "stroke": "currentColor"}
        return element(
            "line", attributes=attributes | {key: str(each) for key, each in line.items()}
        )

    def marks(self) -> list[Html]:
        """A dot at each change, the texts that have room, and where the scale begins."""
        points = self.points()
        marks = [_dot(x, y) for x, y in points]
        for index in self._with_room():
            x, y = points[index]
            dated = self.rate.values[index]
            # A little beside where the line may fall.
            beside = -_BESIDE if _ends_here(x) else _BESIDE
            marks.append(_text(x, y - 12, rate_value(dated.value, self.rate), beside))
            marks.append(_text(x, _BOTTOM + 20, when(dated.from_)))
        return [*marks, self._where_it_begins()]

    def _where_it_begins(self) -> Html:
        start = self.scale.low
        if not start:
            return Html()
        shown = rate_value(str(start) if self.rate.type == "ratio" else int(start), self.rate)
        return _text(_LEFT, _HEIGHT - 8, f"The scale begins at {shown}, not at 0.")

    def _with_room(self) -> list[int]:
        """Which values have room for their texts: the last first, then those before it."""
        shown: list[int] = []
        edge = _RIGHT + _APART
        for index in reversed(range(len(self.rate.values))):
            x = self.points()[index][0]
            begins = x - _APART if _ends_here(x) else x
            if edge - x >= _APART:
                shown.append(index)
                edge = begins
        return sorted(shown)


def _ends_here(x: int) -> bool:
    """Whether a text at this place would run over the right edge."""
    return x > _RIGHT - _APART


def _dot(x: int, y: int) -> Html:
    place = {"cx": str(x), "cy": str(y), "r": "4"}
    return element("circle", attributes={"class": "mark"} | place)


def _text(x: int, y: int, content: str, beside: int = 0) -> Html:
    # Near the right edge a text ends where it would have begun.
    anchor = {"text-anchor": "end"} if _ends_here(x) else {}
    return element("text", content, attributes={"x": str(x + beside), "y": str(y)} | anchor)
