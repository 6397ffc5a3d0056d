"""All sites beside each other: a few numbers and a small chart of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.dashboard import charts
from ztas_middleware.web.dashboard.asking import realtime_of, report_of
from ztas_middleware.web.dashboard.comparing import comparison_of
from ztas_middleware.web.dashboard.names import site_name
from ztas_middleware.web.dashboard.numbers import Change, exact, relative_change, short

if TYPE_CHECKING:
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question


class SiteRow(NamedTuple):
    """A site in the overview."""

    domain: str
    site_id: str
    href: str
    visitors: int
    pageviews: int
    change: Change | None
    before: str
    """Visitors that this is compared with."""
    since: str
    """When those came."""
    active: int
    sparkline: str
    public: bool


def site_row(reports: Reports, question: Question, address: str) -> SiteRow:
    """A site in the overview; `address` is its page's, without a query string.

    Raises:
        HistoryBusyError: finished days are being filed, which takes longer than an answer may.
        StorageError: the database can't be read.
    """
    report = report_of(reports, question)
    values = [point.unique_visitors for point in report.timeseries]
    comparison = comparison_of(report, question)
    before = comparison.summary
    visitors = report.summary.unique_visitors
    site = question.asked.site
    return SiteRow(
        domain=site_name(site),
        site_id=site.id,
        href=address + question.query().removesuffix("?"),
        visitors=visitors,
        pageviews=report.summary.pageviews,
        change=relative_change(visitors, before.unique_visitors) if before else None,
        before=exact(before.unique_visitors) if before else "",
        since=comparison.since,
        active=realtime_of(reports, question, 1).active_visitors,
        sparkline=charts.sparkline(values, f"{short(visitors)} visitors in all"),
        public=site.public,
    )
