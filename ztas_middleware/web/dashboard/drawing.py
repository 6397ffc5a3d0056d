"""From the steps of a period to its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.dashboard import charts, dates
from ztas_middleware.web.dashboard.charts import Edges, Line
from ztas_middleware.web.dashboard.numbers import exact, short

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ztas_middleware.config.model import Site
    from ztas_middleware.web.dashboard.series import Series, Track


class Happening(NamedTuple):
    """An annotation within the period."""

    day: str
    """In words."""
    text: str


def happenings_of(site: Site, first: date, last: date) -> tuple[Happening, ...]:
    """What happened between two days, both included."""
    return tuple(
        Happening(dates.full_day(one.date), one.text)
        for one in sorted(site.annotations, key=lambda one: one.date)
        if first <= one.date <= last
    )


def chart_of(series: Series, site: Site, last: date, *, is_running: bool) -> str:
    """The chart, as SVG.

    Args:
        series: what is drawn.
        site: whose annotations are marked.
        last: the period's last day.
        is_running: whether the period is not over yet.
    """
    lines = []
    if series.has_before:
        lines += [_before(track) for track in reversed(series.tracks)]
    lines += [_now(track, index) for index, track in reversed(list(enumerate(series.tracks)))]
    names = " and ".join(track.measure.name for track in series.tracks)
    title = f"{names} by {series.unit}. The same numbers are in the table below."
    shown = series.tracks[0].measure.shown
    return charts.line_chart(
        series.slots,
        lines,
        title,
        edges=Edges(series.is_first_cut, series.is_last_cut or is_running),
        marks=_marks(series, site, last),
        named=short if shown is short else shown,
    )


def _now(track: Track, index: int) -> Line:
    css = "views" if index else "now"
    return Line(track.measure.name.lower(), track.now, css, filled=True, said=_said(track))


def _before(track: Track) -> Line:
    values = [value or 0 for value in track.before]
    return Line(f"{track.measure.name.lower()} before", values, "before", said=_said(track))


def _said(track: Track) -> charts.Said:
    return exact if track.measure.shown is short else track.measure.shown


def _marks(series: Series, site: Site, last: date) -> Mapping[int, str]:
    """What happened, by the step that it was in."""
    marks: dict[int, str] = {}
    for one in site.annotations:
        step = series.step_of(one.date) if one.date <= last else None
        if step is not None:
            marks[step] = f"{marks[step]}; {one.text}" if step in marks else one.text
    return marks
