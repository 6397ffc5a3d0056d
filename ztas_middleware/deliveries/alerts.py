"""When an alert is on, as the reports say it; what is done about it is the command's business."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.config.notify import Shortfall, Silence, Surge
from ztas_middleware.days import local_time
from ztas_middleware.deliveries.message import Message
from ztas_middleware.store.sites import latest_hit

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config.model import Site
    from ztas_middleware.config.notify import Alert
    from ztas_middleware.reports.reader import Reports

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
WEEKS = 4


class State(NamedTuple):
    """What came of looking at an alert."""

    is_on: bool
    said: str
    """One sentence on what was seen."""


def look(alert: Alert, site: Site, reports: Reports, path: Path, now: int) -> State:
    """Whether an alert is on.

    Args:
        alert: one of the site's.
        site: whose hits.
        reports: count them.
        path: the database.
        now: UTC milliseconds.

    Raises:
        StorageError: the database can't be read.
    """
    if isinstance(alert, Surge):
        return _surge(alert, site, reports, now)
    if isinstance(alert, Silence):
        return _silence(alert, site, path, now)
    return _shortfall(alert, site, reports, now)


def alarm(site_name: str, state: State) -> Message:
    """The alert as it is sent."""
    said = f"{site_name}: {state.said}"
    html = _PAGE.format(text=escape(said))
    return Message(said, f"{said}\n", html, said)


_PAGE = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"></head>'
    '<body style="font-family:sans-serif;font-size:14px"><p>{text}</p></body></html>\n'
)


def _surge(alert: Surge, site: Site, reports: Reports, now: int) -> State:
    moment = local_time(now, site.timezone)
    running = moment.replace(minute=0, second=0, microsecond=0)
    first = reports.question(site.id, {"period": ["all"]}, now=now).period.first
    # The running hour can only get larger: above is above.
    for hour, is_over in ((running, False), (running - HOUR, True)):
        visitors = _visitors(site, reports, hour, now)
        usual = [_visitors(site, reports, hour - WEEK * n, now) for n in range(1, WEEKS + 1)]
        mean = sum(usual) / WEEKS
        # Nobody in four weeks is a mean; a site that is younger has none.
        is_known = mean > 0 or first <= (hour - WEEKS * WEEK).date()
        if is_known and visitors > alert.times * mean:
            when = f"{hour:%H:%M} to {hour + HOUR:%H:%M}" if is_over else f"since {hour:%H:%M}"
            said = f"{visitors:,} visitors {when}, where {mean:,.1f} are usual"
            return State(is_on=True, said=said)
    return State(is_on=False, said="no more visitors than usual")


def _visitors(site: Site, reports: Reports, hour: datetime, now: int) -> int:
    """The visitors of the hour that begins then, by the site's clock."""
    day = hour.date().isoformat()
    question = reports.question(
        site.id,
        {
            "startDate": [day],
            "endDate": [day],
            "interval": ["hour"],
            "compare": ["none"],
        },
        now=now,
    )
    label = hour.isoformat(timespec="minutes")
    points = reports.stats(replace(question, lists=frozenset())).timeseries
    return next((point.unique_visitors for point in points if point.date == label), 0)


def _silence(alert: Silence, site: Site, path: Path, now: int) -> State:
    latest = latest_hit(path, site.id)
    if latest is None or now - latest < alert.milliseconds:
        return State(is_on=False, said="hits come in")
    moment = local_time(latest, site.timezone)
    return State(is_on=True, said=f"no hit since {moment:%Y-%m-%d %H:%M}")


def _shortfall(alert: Shortfall, site: Site, reports: Reports, now: int) -> State:
    question = reports.question(
        site.id,
        {"period": ["24h"], "action": [alert.action], "compare": ["none"], "limit": ["1000"]},
        now=now,
    )
    found = reports.stats(replace(question, lists=frozenset({"events"})))
    number = sum(entry.events for entry in found.lists["events"])
    said = f"{number:,} events {alert.action} in the last 24 hours, fewer than {alert.below:,}"
    return State(is_on=number < alert.below, said=said)
