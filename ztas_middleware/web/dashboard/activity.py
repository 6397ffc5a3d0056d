"""What happens right now, ready for the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.dashboard import charts
from ztas_middleware.web.dashboard.charts import Slot
from ztas_middleware.web.dashboard.numbers import exact

if TYPE_CHECKING:
    from ztas_middleware.reports.realtime import Realtime


class NowView(NamedTuple):
    """What happens right now, for the template."""

    realtime: Realtime
    chart: str
    """SVG."""
    recent: tuple[tuple[str, str], ...]
    """Clock time and path."""


def now_view(now: Realtime) -> NowView:
    """A site right now, with its chart."""
    minutes = now.visitors_per_minute
    slots = [Slot(one.minute, f"{one.minute} – {exact(one.visitors)} active") for one in minutes]
    most = max((one.visitors for one in minutes), default=0)
    title = f"Visitors in each of the last {len(minutes)} minutes, {exact(most)} at most"
    return NowView(
        now,
        charts.columns(slots, [one.visitors for one in minutes], title),
        tuple((view.time[11:16], view.path) for view in now.recent),
    )
