"""The pages about sites: the overview, one site, what was dropped, and what a site's page needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from ztas_middleware.dimensions import LISTS
from ztas_middleware.filters import PROPERTY
from ztas_middleware.reports.agents import agents
from ztas_middleware.web.dashboard.activity import now_view
from ztas_middleware.web.dashboard.asking import answers_of, realtime_of, report_of
from ztas_middleware.web.dashboard.losses import losses_of
from ztas_middleware.web.dashboard.names import site_name
from ztas_middleware.web.dashboard.overviews import site_row
from ztas_middleware.web.dashboard.periods import KEYS, period_links
from ztas_middleware.web.dashboard.questions import parse_question
from ztas_middleware.web.dashboard.rendering import answer, redirect
from ztas_middleware.web.dashboard.spreadsheets import (
    agents_csv,
    list_csv,
    series_csv,
    values_csv,
)
from ztas_middleware.web.dashboard.tables import values_of
from ztas_middleware.web.dashboard.views import site_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.answer import Answer
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question
    from ztas_middleware.web.dashboard.rendering import Renderer
    from ztas_middleware.web.dashboard.visits import Visit

MOST_AGENTS: Final = 1_000
"""In a file, and pages of each."""


class SiteLink(NamedTuple):
    """A site in the menu."""

    text: str
    href: str
    current: bool


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
        questions = [self._question(visit, site).plain() for site in sites]
        rows = [
            site_row(self._reports, question, visit.address(question.asked.site))
            for question in questions
        ]
        values = {
            **visit.common(),
            "rows": rows,
            "periods": period_links(questions[0]),
            "problems": questions[0].problems,
            "is_partial": not visit.sees_all,
        }
        return self._renderer.page(visit.environ, "overview.html", values)

    def site(self, visit: Visit, site: Site, others: Iterable[Site]) -> Answer:
        """One site."""
        question = self._question(visit, site)
        if question.is_form and not question.problems:
            # Where the form leads is an address like that of any link.
            return redirect(visit.address(site) + question.at_length())
        answers = answers_of(self._reports, question)
        values = {
            **visit.common(),
            **self._now(visit, question),
            "view": site_view(site, answers, question),
            "question": question,
            "csv": visit.address(site, "csv"),
            "drops": visit.address(site, "drops") + question.plain().query(),
            "share": visit.address(site, "share") if visit.sees_all and visit.has_login else None,
            "tag": self._tag(visit, site),
            "others": _others(visit, others, site),
            "keys": KEYS,
        }
        return self._renderer.page(visit.environ, "site.html", values)

    def realtime(self, visit: Visit, site: Site) -> Answer:
        """The part of a site's page that refreshes itself."""
        values = self._now(visit, self._question(visit, site))
        return self._renderer.page(visit.environ, "realtime.html", values)

    def csv(self, visit: Visit, site: Site) -> Answer:
        """A list of a site's page, or the chart's points, as a file."""
        question = self._question(visit, site)
        period, name = question.period, question.chosen or "visits"
        if name == "agents":
            self._reports.renew()
            database = self._reports.database
            found = agents(database, site.id, period.first, period.last, limit=MOST_AGENTS)
            body = agents_csv(found)
        elif name in {"goals", "funnels"}:
            body = list_csv(self._reports.stats(question.asked), name, question)
        elif name in LISTS:
            body = list_csv(report_of(self._reports, question, name), name, question)
        elif name.startswith(PROPERTY):
            body = values_csv(name, values_of(self._reports, question))
            name = "values"
        else:
            name = "visits"
            asked = replace(question.asked, lists=frozenset())
            body = series_csv(self._reports.stats(asked).timeseries)
        # A site id may be anything; what is left of it here needs no encoding.
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in site.id)
        filename = f"{plain}-{name}-{period.first}-{period.last}.csv"
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", f'attachment; filename="{filename}"'),
        ]
        return answer(visit.environ, body, "200 OK", headers)

    def drops(self, visit: Visit, site: Site, others: Iterable[Site]) -> Answer:
        """Why a count may be lower than expected."""
        question = self._question(visit, site).plain()
        losses = losses_of(
            self._config, self._reports, site, question, visit.now, sees_all=visit.sees_all
        )
        token = f"?share={quote(question.share)}" if question.share else ""
        values = {
            **visit.common(),
            "domain": site_name(site),
            "losses": losses,
            "stored": report_of(self._reports, question).summary.pageviews,
            "periods": period_links(question),
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

    def _now(self, visit: Visit, question: Question) -> dict[str, object]:
        address = visit.address(question.asked.site, "realtime")
        return {
            "now": now_view(realtime_of(self._reports, question)),
            "now_href": address + question.query(),
            "now_is_filtered": bool(question.filters),
        }

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
