"""A report as a message: the numbers, what changed most, the chart, the head of each list."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.deliveries.message import Message
from ztas_middleware.reports.answers import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ztas_middleware.reports.answers import Report
    from ztas_middleware.reports.changes import Change

ENTRIES = 5
"""Lines of each list."""

LONGEST_NAME = 40
"""Characters of an entry's name."""

BAR = 24
"""Characters of the longest bar."""

_LISTS = (
    ("pages", "Pages", "pageviews"),
    ("sources", "Sources", "visitors"),
    ("countries", "Countries", "visitors"),
    ("events", "Events", "events"),
)
"""The lists that are shown: each one's name, its title, and what its entries are ordered by."""


class Figure(NamedTuple):
    """One of the numbers of a period."""

    name: str
    value: str
    change: str
    """Against the period before; empty where there is nothing to say."""


class Line(NamedTuple):
    """A line of a list or of the chart."""

    name: str
    number: int
    share: float
    """Of the largest, 0 to 1."""


def digest(report: Report, *, change: Change | None, link: str | None) -> Message:
    """The message about a report.

    Args:
        report: with the lists that are shown.
        change: what changed most.
        link: where the dashboard shows the same.
    """
    figures = _figures(report)
    chart = _chart(report)
    lists = [(title, _lines(report, name, counted)) for name, title, counted in _LISTS]
    lists = [(title, lines) for title, lines in lists if lines]
    goals = _scaled([(goal.name, goal.conversions) for goal in report.goals])
    if goals:
        lists.append(("Goals", goals))
    period = report.start[:10] if report.start[:10] == report.end[:10] else _dates(report)
    visitors = figures[0]
    told = f" ({visitors.change})" if visitors.change else ""
    subject = f"{report.domain}: {visitors.value} visitors{told}, {period}"
    shown = _Shown(report.domain, period, figures, chart, lists, change, link)
    return Message(subject, _text(shown), _html(subject, shown), _brief(shown))


class _Shown(NamedTuple):
    domain: str
    period: str
    figures: list[Figure]
    chart: list[Line]
    lists: list[tuple[str, list[Line]]]
    change: Change | None
    link: str | None


def _dates(report: Report) -> str:
    return f"{report.start[:10]} to {report.end[:10]}"


def _figures(report: Report) -> list[Figure]:
    now, before = report.summary, report.previous_so_far

    def number(name: str, value: int, earlier: int) -> Figure:
        return Figure(name, f"{value:,}", _growth(value, earlier) if before else "")

    earlier = before or Summary()
    length = round(now.avg_session_duration)
    return [
        number("Visitors", now.unique_visitors, earlier.unique_visitors),
        number("Page views", now.pageviews, earlier.pageviews),
        number("Visits", now.sessions, earlier.sessions),
        Figure(
            "Bounce rate",
            f"{now.bounce_rate:.1f} %",
            f"{now.bounce_rate - earlier.bounce_rate:+.1f} points" if before else "",
        ),
        Figure("Visit length", f"{length // 60}:{length % 60:02} min", ""),
    ]


def _growth(value: int, before: int) -> str:
    """The change in percent."""
    if not before:
        return "new" if value else ""
    change = 100 * (value - before) / before
    return f"{change:+.0f} %"


def _chart(report: Report) -> list[Line]:
    return _scaled([(_label(point.date), point.unique_visitors) for point in report.timeseries])


def _label(date: str) -> str:
    return date[11:16] or date


def _lines(report: Report, name: str, counted: str) -> list[Line]:
    entries = report.lists[name][:ENTRIES]
    return _scaled(
        [
            (
                ", ".join(str(part) for part in entry.names if part is not None),
                getattr(entry, counted),
            )
            for entry in entries
        ]
    )


def _scaled(numbers: Sequence[tuple[str, int]]) -> list[Line]:
    largest = max((number for _, number in numbers), default=0) or 1
    return [Line(_shortened(name), number, number / largest) for name, number in numbers]


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _text(shown: _Shown) -> str:
    lines = [f"{shown.domain}, {shown.period}", ""]
    lines += [
        f"{figure.name:14}{figure.value:>12}  {figure.change}".rstrip() for figure in shown.figures
    ]
    if shown.change is not None:
        lines += ["", f"Changed most: {shown.change}"]
    lines += ["", "Visitors", *_bars(shown.chart)]
    for title, entries in shown.lists:
        lines += ["", title, *_bars(entries)]
    if shown.link is not None:
        lines += ["", shown.link]
    return "\n".join(lines) + "\n"


def _bars(lines: Sequence[Line]) -> Iterator[str]:
    width = max((len(line.name) for line in lines), default=0)
    for line in lines:
        bar = "█" * round(line.share * BAR)
        yield f"  {line.name:{width}}  {line.number:>9,}  {bar}".rstrip()


def _brief(shown: _Shown) -> str:
    visitors, views, *_ = shown.figures
    said = [
        f"{shown.domain}, {shown.period}: {_told(visitors)} visitors, {_told(views)} page views."
    ]
    if shown.change is not None:
        said.append(f"Changed most: {shown.change}.")
    for title, entries in shown.lists:
        said.append(f"{title}: " + ", ".join(f"{line.name} {line.number:,}" for line in entries))
    return "\n".join([*said, *([shown.link] if shown.link else [])])


def _told(figure: Figure) -> str:
    return f"{figure.value} ({figure.change})" if figure.change else figure.value


_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_CELL = "padding:3px 12px 3px 0;vertical-align:top"


def _html(subject: str, shown: _Shown) -> str:
    """Tables and styles in the elements: mail programs know little else."""
    figures = "".join(
        f'<tr><td style="{_CELL}">{escape(figure.name)}</td>'
        f'<td style="{_CELL};text-align:right"><b>{escape(figure.value)}</b></td>'
        f'<td style="{_CELL};color:#767676">{escape(figure.change)}</td></tr>'
        for figure in shown.figures
    )
    parts = [
        f'<h1 style="font-size:20px;margin:0 0 4px">{escape(shown.domain)}</h1>',
        f'<p style="margin:0 0 16px;color:#767676">{escape(shown.period)}</p>',
        f"{_TABLE}{figures}</table>",
    ]
    if shown.change is not None:
        parts.append(f'<p style="margin:16px 0">Changed most: {escape(str(shown.change))}</p>')
    for title, lines in (("Visitors", shown.chart), *shown.lists):
        parts.append(f'<h2 style="font-size:15px;margin:20px 0 6px">{escape(title)}</h2>')
        wide = _TABLE.replace('style="', 'style="width:100%;')
        parts.append(f"{wide}{''.join(map(_row, lines))}</table>")
    if shown.link is not None:
        parts.append(
            f'<p style="margin:20px 0"><a href="{escape(shown.link)}">Open the dashboard</a></p>'
        )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(subject)}</title></head>\n"
        f'<body style="margin:0;padding:20px;{_FONT};font-size:14px;line-height:1.4">\n'
        f'<div style="max-width:560px">\n{chr(10).join(parts)}\n</div>\n</body></html>\n'
    )


_TABLE = (
    '<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse">'
)


def _row(line: Line) -> str:
    width = max(1, round(line.share * 100)) if line.number else 0
    bar = (
        f'<div style="width:{width}%;height:10px;background:#4f7cff;margin-top:5px"></div>'
        if width
        else ""
    )
    return (
        f'<tr><td style="{_CELL};width:45%;word-break:break-word">{escape(line.name)}</td>'
        f'<td style="{_CELL};width:15%;text-align:right">{line.number:,}</td><td>{bar}</td></tr>'
    )
