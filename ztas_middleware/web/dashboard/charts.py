"""Charts as SVG text: pure functions from numbers to markup.

A chart fills whatever width it gets. Shapes are drawn in a stretched inner picture, with strokes
that do not stretch; text is placed by percentages outside it, so that it keeps its size. Nothing
here sets a colour: that is the stylesheet's business, and there is no `style` attribute, which
the Content-Security-Policy would refuse.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.dashboard.numbers import exact, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Said = Callable[[float], str]

WIDTH = 1000
HEIGHT = 220
"""Of the plot: a unit of height is a pixel, one of width is a thousandth of what there is."""

TOP, BOTTOM = 12, 30
"""Pixels above the plot, and below it for the labels."""

GUTTER = 46
"""Pixels for the numbers at the left."""

MOST_LABELS = 8

Point = tuple[float, float]


class Slot(NamedTuple):
    """What one point of a chart stands for."""

    short: str
    """On the axis."""
    long: str
    """When pointed at."""


class Line(NamedTuple):
    """One line of a chart."""

    name: str
    values: Sequence[float]
    css: str
    filled: bool = False
    said: Said = exact


class Edges(NamedTuple):
    """Which ends of a chart are not whole; the way to them is dashed."""

    first: bool = False
    last: bool = False


WHOLE = Edges()


def ticks(maximum: float, most: int = 4) -> list[int]:
    """Round numbers from 0 to at least `maximum`, at most `most` steps, whole ones."""
    step = 1
    while step * most < maximum:
        # 1, 2, 5, 10, 20, 50, ...
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    count = max(1, -(-int(-(-maximum // 1)) // step))
    return [step * number for number in range(count + 1)]


def positions(count: int) -> list[float]:
    """Where the points of a chart are, as shares of its width; a single one is in the middle."""
    return [0.5] if count == 1 else [index / (count - 1) for index in range(count)]


def label_indices(count: int, most: int = MOST_LABELS) -> list[int]:
    """Which points get a label: evenly spread, so many that they do not touch."""
    step = -(-count // most) if count else 1
    return list(range(0, count, step))


def path_of(points: Iterable[Point]) -> str:
    """An SVG path through points."""
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def area_of(points: Sequence[Point], base: float) -> str:
    """The area between a line and the base."""
    first, last = points[0][0], points[-1][0]
    return f"{path_of(points)}L{_number(last)} {_number(base)}L{_number(first)} {_number(base)}Z"


def line_chart(
    slots: Sequence[Slot],
    lines: Sequence[Line],
    title: str,
    *,
    edges: Edges = WHOLE,
    marks: Mapping[int, str] | None = None,
    named: Said = short,
) -> str:
    """A chart over time: axis, gridlines, lines, and what each point says when pointed at.

    Args:
        slots: what the points are called.
        lines: those that are in front come last; each has a value for each slot.
        title: what a screen reader says instead of the picture.
        edges: which of the ends are dashed.
        marks: what happened at some of the points.
        named: says the numbers at the left.
    """
    scale = ticks(max((value for line in lines for value in line.values), default=0))
    shares = positions(len(slots))
    marks = marks or {}
    return (
        f'<div class="chart"><svg class="y-axis" width="{GUTTER}" height="{TOP + HEIGHT + BOTTOM}" '
        f'aria-hidden="true">{_numbers_at(scale, named)}</svg>'
        f'<svg class="plot" width="100%" height="{TOP + HEIGHT + BOTTOM}" role="img" '
        f'aria-label="{escape(title)}">'
        f"{_grid(scale)}{_labels(slots, shares)}{_marks(marks, shares)}"
        f'<svg y="{TOP}" width="100%" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'preserveAspectRatio="none" overflow="visible">'
        f"{''.join(_line(line, shares, scale[-1], edges) for line in lines)}</svg>"
        f"{_dots(lines, shares, scale[-1])}"
        f"{_targets(slots, lines, shares, marks)}</svg></div>"
    )


def sparkline(values: Sequence[int], title: str) -> str:
    """A small line without an axis."""
    top = max(*values, 1) if values else 1
    shares = positions(len(values))
    points = [
        (100 * share, 31 - 29 * value / top) for share, value in zip(shares, values, strict=True)
    ]
    shapes = ""
    if len(points) > 1:
        shapes = (
            f'<path class="area now" d="{area_of(points, 32)}"/>'
            f'<path class="line now" d="{path_of(points)}" vector-effect="non-scaling-stroke"/>'
        )
    return (
        '<svg class="spark" width="100%" height="48" viewBox="0 0 100 32" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(title)}">{shapes}</svg>'
    )


def columns(slots: Sequence[Slot], values: Sequence[int], title: str) -> str:
    """A column for each value, such as the visitors of each minute."""
    top = max(*values, 1) if values else 1
    pitch = 100 / max(1, len(values))
    drawn = []
    for index, (slot, value) in enumerate(zip(slots, values, strict=True)):
        height = max(2.0, 64 * value / top)
        css = "column" if value else "column none"
        drawn.append(
            f"<g><title>{escape(slot.long)}</title>"
            f'<rect class="target" x="{_number(index * pitch)}%" width="{_number(pitch)}%" '
            'height="64"/>'
            f'<rect class="{css}" x="{_number((index + 0.12) * pitch)}%" '
            f'y="{_number(64 - height)}" width="{_number(0.76 * pitch)}%" '
            f'height="{_number(height)}" rx="1.5"/></g>'
        )
    return (
        '<svg class="columns" width="100%" height="64" role="img" '
        f'aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )


def bar(share: float) -> str:
    """The bar behind a row, `share` of 1 long."""
    width = _number(100 * min(1.0, max(0.0, share)))
    return (
        '<svg class="bar" width="100%" height="100%" aria-hidden="true">'
        f'<rect width="{width}%" height="100%" rx="4"/></svg>'
    )


def _numbers_at(scale: Sequence[int], named: Said) -> str:
    return "".join(
        f'<text x="{GUTTER - 10}" y="{_number(_height(value, scale[-1]) + TOP + 4)}" '
        f'text-anchor="end">{named(value)}</text>'
        for value in scale
    )


def _grid(scale: Sequence[int]) -> str:
    parts = []
    for value in scale:
        y = _number(_height(value, scale[-1]) + TOP)
        css = "rule" if value else "rule base"
        parts.append(f'<line class="{css}" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
    return "".join(parts)


def _labels(slots: Sequence[Slot], shares: Sequence[float]) -> str:
    parts = []
    for number, index in enumerate(label_indices(len(slots))):
        share = shares[index]
        anchor = "start" if share < 0.04 else "end" if share > 0.96 else "middle"  # noqa: PLR2004 - where half a label would stick out
        # Every second one goes where there is little room.
        css = ' class="spare"' if number % 2 else ""
        parts.append(
            f'<text x="{_number(100 * share)}%" y="{TOP + HEIGHT + 22}" '
            f'text-anchor="{anchor}"{css}>{escape(slots[index].short)}</text>'
        )
    return "".join(parts)


def _marks(marks: Mapping[int, str], shares: Sequence[float]) -> str:
    """A line with a knob at its top for everything that happened."""
    parts = []
    for index in marks:
        x = _number(100 * shares[index])
        parts.append(
            f'<line class="mark" x1="{x}%" x2="{x}%" y1="{TOP}" y2="{TOP + HEIGHT}"/>'
            f'<circle class="knob" cx="{x}%" cy="{TOP - 4}" r="4"/>'
        )
    return "".join(parts)


def _line(line: Line, shares: Sequence[float], top: float, edges: Edges) -> str:
    points = [
        (WIDTH * share, _height(value, top))
        for share, value in zip(shares, line.values, strict=True)
    ]
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    area = f'<path class="area {line.css}" d="{area_of(points, HEIGHT)}"/>' if line.filled else ""
    dashed = []
    if edges.last:
        dashed.append(points[-2:])
        points = points[:-1]
    if edges.first and len(points) > 1:
        dashed.append(points[:2])
        points = points[1:]
    still = ' vector-effect="non-scaling-stroke"'
    parts = [f'<path class="line {line.css}" d="{path_of(points)}"{still}/>'] * (len(points) > 1)
    parts += [
        f'<path class="line running {line.css}" d="{path_of(ends)}"{still}/>' for ends in dashed
    ]
    return area + "".join(parts)


def _dots(lines: Sequence[Line], shares: Sequence[float], top: float) -> str:
    """A dot where there is just one point, which makes no line."""
    if len(shares) != 1:
        return ""
    return "".join(
        f'<circle class="dot {line.css}" cx="50%" '
        f'cy="{_number(_height(line.values[0], top) + TOP)}" r="5"/>'
        for line in lines
    )


def _targets(
    slots: Sequence[Slot],
    lines: Sequence[Line],
    shares: Sequence[float],
    marks: Mapping[int, str],
) -> str:
    """What the pointer hits: a band around each point, from top to bottom."""
    half = 0.5 / max(1, len(shares) - 1)
    parts = []
    for index, (slot, share) in enumerate(zip(slots, shares, strict=True)):
        left, right = max(0.0, share - half), min(1.0, share + half)
        said = "".join(
            f"\n{line.said(line.values[index])} {escape(line.name)}" for line in reversed(lines)
        )
        if index in marks:
            said += f"\n{escape(marks[index])}"
        parts.append(
            f'<rect class="target" data-x="{_number(100 * share)}" x="{_number(100 * left)}%" '
            f'width="{_number(100 * (right - left))}%" height="{TOP + HEIGHT}">'
            f"<title>{escape(slot.long)}{said}</title></rect>"
        )
    return "".join(parts)


def _height(value: float, top: float) -> float:
    return HEIGHT * (1 - value / top)


def _number(value: float) -> str:
    """At most two decimals, none for nothing: half of a page's bytes are these."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
