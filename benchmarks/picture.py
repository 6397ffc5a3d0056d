"""The run as a picture: bar charts in one SVG, readable on light and on dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.tables import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Bar, Chart, Run

WIDTH = 760
LABELS = 250
"""Width of the column with the names of the groups."""
VALUES = 70
"""Room to the right of the longest bar, for its figure."""
BAR, BETWEEN_BARS, BETWEEN_GROUPS, FOOT = 14, 2, 10, 24
HEAD, HEAD_WITHOUT_LEGEND = 54, 32

# Okabe and Ito's colours, told apart by the colour-blind too, on white and on black.
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.page { fill: #ffffff }
.title { font-weight: 600; font-size: 15px }
.quiet { fill: #57606a }
.s0 { fill: #9aa4af } .s1 { fill: #0072b2 } .s2 { fill: #e69f00 }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9aa4af }
  .s0 { fill: #6e7781 } .s1 { fill: #56b4e9 }
}
"""


def draw(run: Run) -> str:
    """The SVG document: the charts of all sections below each other."""
    parts: list[str] = []
    top = 16
    for chart in (chart for section in run.sections for chart in section.charts if chart.bars):
        parts += _chart(chart, top)
        top += _height(chart)
    machine = dict(run.machine)
    caption = f"{run.date}, {machine['Processor']}, {machine['Python']}, SQLite {machine['SQLite']}"
    parts.append(_text(16, top + 4, caption, "quiet"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 20}" '
        f'width="{WIDTH}" height="{top + 20}" role="img" aria-label="Benchmark results">\n'
        # A page of its own: what prefers dark and what is dark need not be the same.
        f'<style>{STYLE}</style>\n<rect class="page" width="100%" height="100%" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _groups(chart: Chart) -> dict[str, list[Bar]]:
    groups: dict[str, list[Bar]] = {}
    for bar in chart.bars:
        groups.setdefault(bar.group, []).append(bar)
    return groups


def _series(chart: Chart) -> list[str]:
    return list(dict.fromkeys(bar.series for bar in chart.bars))


def _height(chart: Chart) -> int:
    head = HEAD if len(_series(chart)) > 1 else HEAD_WITHOUT_LEGEND
    rows = len(chart.bars) * (BAR + BETWEEN_BARS) + len(_groups(chart)) * BETWEEN_GROUPS
    return head + rows + FOOT


def _chart(chart: Chart, top: int) -> Iterator[str]:
    series = _series(chart)
    scale = (WIDTH - LABELS - VALUES) / (max(bar.value for bar in chart.bars) or 1)
    yield _text(16, top + 12, f"{chart.title} ({chart.unit})", "title")
    if len(series) > 1:
        yield from _legend(series, top + 34)
    y = top + (HEAD if len(series) > 1 else HEAD_WITHOUT_LEGEND)
    for group, bars in _groups(chart).items():
        middle = y + len(bars) * (BAR + BETWEEN_BARS) / 2
        yield _text(LABELS - 10, middle + 3, group, anchor="end")
        for bar in bars:
            width = max(1.0, bar.value * scale)
            colour = f"s{series.index(bar.series)}" if len(series) > 1 else "s1"
            hint = escape(f"{group}, {bar.series}: {show(bar.value)}")
            yield (
                f'<rect class="{colour}" x="{LABELS}" y="{y}" width="{width:.1f}" '
                f'height="{BAR}" rx="2"><title>{hint}</title></rect>'
            )
            yield _text(LABELS + width + 6, y + 11, show(bar.value), "quiet")
            y += BAR + BETWEEN_BARS
        y += BETWEEN_GROUPS


def _legend(series: list[str], y: int) -> Iterator[str]:
    x = LABELS
    for index, name in enumerate(series):
        yield f'<rect class="s{index}" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>'
        yield _text(x + 18, y, name)
        x += 40 + 7 * len(name)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    attributes = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    if style:
        attributes += f' class="{style}"'
    return f"<text {attributes}>{escape(text)}</text>"
