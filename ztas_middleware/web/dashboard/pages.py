"""The pages about sites: the overview, one site, what was dropped, and what a site's page needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from ztas_middleware.web.dashboard import charts
from ztas_middleware.web.dashboard.activity import now_view
from ztas_middleware.web.dashboard.lists import LONG, SHORT
from ztas_middleware.web.dashboard.losses import losses_of
from ztas_middleware.web.dashboard.names import site_name
from ztas_middleware.web.dashboard.numbers import Change, exact, relative_change, short
from ztas_middleware.web.dashboard.points import points_of
from ztas_middleware.web.dashboard.questions import parse_question
from ztas_middleware.web.dashboard.rendering import answer
from ztas_middleware.web.dashboard.spreadsheets import list_csv, series_csv
from ztas_middleware.web.dashboard.views import period_links, site_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.answer import Answer
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.reports.answers import Report
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.reports.realtime import Realtime
    from ztas_middleware.web.dashboard.questions import Question
    from ztas_middleware.web.dashboard.rendering import Renderer
    from ztas_middleware.web.dashboard.visits import Visit

NOW_ROWS: Final = 5
"""Pages and sources of the last five minutes, and the latest page views."""


class SiteLink(NamedTuple):
    """A site in the menu."""

    text: str
    href: str
    current: bool


class SiteRow(NamedTuple):
    """A site in the overview."""

    domain: str
    site_id: str
    href: str
    visitors: int
    pageviews: int
    change: Change | None
    before: str
    """Visitors in the period before."""
    active: int
    sparkline: str
    public: bool


class Pages:
    """Makes the pages; whether the reader may see them has been decided.

    Args:
        config: whose sites are shown.
        reports: answers the questions.
        renderer: for the templates.
    """

    def __init__(self, config: Config, reports: Reports, renderer: Renderer) -> None:
        self._config = config
        self._reports = reports
        self._renderer = renderer

    def overview(self, visit: Visit, sites: Iterable[Site]) -> Answer:
        """All sites that the reader may see."""
        shown = tuple(sites)
        question = self._question(visit, shown[0])
        question = question.plain()
        rows = tuple(self._site_row(visit, site) for site in shown)
        values = {
            **visit.common(),
            "rows": rows,
            "periods": period_links(question),
            "problems": question.problems,
            "is_partial": not visit.sees_all,
        }
        return self._renderer.page(visit.environ, "overview.html", values)

    def site(self, visit: Visit, site: Site, others: Iterable[Site]) -> Answer:
        """One site."""
        question = self._question(visit, site)
        limit = LONG if question.list else SHORT
        report = self._report(site, question, visit, limit)
        points = points_of(self._reports, site, question, report, visit.now)
        view = site_view(site, report, points, question, visit.now)
        now = self._now(visit, site, NOW_ROWS)
        token = f"?share={quote(question.share)}" if question.share else ""
        values = {
            **visit.common(),
            "view": view,
            "now": now_view(now),
            "now_href": visit.address(site, "realtime") + token,
            "csv": visit.address(site, "csv"),
            "drops": visit.address(site, "drops") + token,
            "share": visit.address(site, "share") if visit.sees_all and visit.has_login else None,
            "tag": self._tag(visit, site),
            "others": _others(visit, others, site),
        }
        return self._renderer.page(visit.environ, "site.html", values)

    def realtime(self, visit: Visit, site: Site) -> Answer:
        """The part of a site's page that refreshes itself."""
        now = self._now(visit, site, NOW_ROWS)
        query = f"?{visit.query}" if visit.query else ""
        values = {
            "now": now_view(now),
            "now_href": visit.address(site, "realtime") + query,
        }
        return self._renderer.page(visit.environ, "realtime.html", values)

    def csv(self, visit: Visit, site: Site) -> Answer:
        """A list of a site's page, or the chart's points, as a file."""
        question = self._question(visit, site)
        report = self._report(site, question, visit, LONG)
        if question.list is None:
            name, body = "visits", series_csv(report.timeseries)
        else:
            name, body = question.list, list_csv(report, question.list)
        # A site id may be anything; what is left of it here needs no encoding.
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in site.id)
        filename = f"{plain}-{name}-{report.start[:10]}-{report.end[:10]}.csv"
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", f'attachment; filename="{filename}"'),
        ]
        return answer(visit.environ, body, "200 OK", headers)

    def drops(self, visit: Visit, site: Site, others: Iterable[Site]) -> Answer:
        """Why a count may be lower than expected."""
        question = self._question(visit, site).plain()
        losses = losses_of(self._config, site, question, visit.now, sees_all=visit.sees_all)
        token = f"?share={quote(question.share)}" if question.share else ""
        values = {
            **visit.common(),
            "domain": site_name(site),
            "losses": losses,
            "stored": self._report(site, question, visit, 1).summary.pageviews,
            "periods": period_links(question)[1:],
            "problems": question.problems,
            "back": visit.address(site) + token,
            "others": _others(visit, others, site),
        }
        return self._renderer.page(visit.environ, "drops.html", values)

    def share(self, visit: Visit, site: Site, token: str) -> Answer:
        """The link that shows one site to whoever has it."""
        environ = visit.environ
        scheme = environ["wsgi.url_scheme"]
        host = environ.get("HTTP_HOST") or environ["SERVER_NAME"]
        values = {
            **visit.common(),
            "domain": site_name(site),
            "public": site.public,
            "path": visit.address(site) + ("" if site.public else f"?share={quote(token)}"),
            "here": f"{scheme}://{host}",
            "back": visit.address(site),
        }
        return self._renderer.page(environ, "share.html", values)

    def _question(self, visit: Visit, site: Site) -> Question:
        return parse_question(
            visit.query, site, visit.now, lambda: self._reports.first_day(site.id, visit.now)
        )

    def _report(self, site: Site, question: Question, visit: Visit, limit: int) -> Report:
        parameters = question.parameters(limit=str(limit))
        return self._reports.stats(self._reports.question(site.id, parameters, now=visit.now))

    def _now(self, visit: Visit, site: Site, limit: int) -> Realtime:
        asked = self._reports.realtime_question(site.id, {"limit": [str(limit)]}, now=visit.now)
        return self._reports.realtime(asked)

    def _site_row(self, visit: Visit, site: Site) -> SiteRow:
        question = self._question(visit, site).plain()
        report = self._report(site, question, visit, 1)
        values = [point.unique_visitors for point in report.timeseries]
        summary, before = report.summary, report.previous
        visitors = summary.unique_visitors
        return SiteRow(
            domain=site_name(site),
            site_id=site.id,
            href=visit.address(site) + question.query().removesuffix("?"),
            visitors=visitors,
            pageviews=summary.pageviews,
            change=relative_change(visitors, before.unique_visitors) if before else None,
            before=exact(before.unique_visitors) if before else "",
            active=self._now(visit, site, 1).active_visitors,
            sparkline=charts.sparkline(values, f"{short(visitors)} visitors in all"),
            public=site.public,
        )

    def _tag(self, visit: Visit, site: Site) -> str | None:
        if self._config.script is None:
            return None
        src = visit.mount + quote(self._config.script)
        return f'<script defer src="{src}" data-site="{site.id}"></script>'


def _others(visit: Visit, sites: Iterable[Site], here: Site) -> tuple[SiteLink, ...]:
    """The menu of sites; none where there is just one."""
    links = tuple(
        SiteLink(site_name(site), visit.address(site), site.id == here.id) for site in sites
    )
    return links if len(links) > 1 else ()
