"""Questions asked of a handful of hits in memory, without any file."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import duckdb

from tests.reports.independent import breakdown, journeys, stats
from ztas_middleware.acquisition.channels import channel_of
from ztas_middleware.acquisition.sources import source_of
from ztas_middleware.history.clock import date_at
from ztas_middleware.history.columns import HITS
from ztas_middleware.history.forming import form, make_hits_table, make_table
from ztas_middleware.history.totals import TOTAL_NAMES, totals_of
from ztas_middleware.reports.breakdowns import breakdown_of
from ztas_middleware.reports.journeys import journeys_of
from ztas_middleware.reports.questions import parse_breakdown, parse_journeys, parse_question
from ztas_middleware.reports.remembered import Remembered
from ztas_middleware.reports.reporting import reports_on

KINDS = {
    "stats": (
        parse_question,
        lambda asked, question: reports_on(asked, [question], Remembered())[0],
        stats,
    ),
    "breakdown": (parse_breakdown, breakdown_of, breakdown),
    "journeys": (parse_journeys, journeys_of, journeys),
}


class Loaded:
    """A site's hits as the history has them."""

    def __init__(self, site, rows):
        self.site = site
        self.rows = [row for row in rows if row["site_id"] == site.id]
        self.cursor = duckdb.connect(":memory:")
        make_hits_table(self.cursor, "given")
        names = [column.name for column in HITS]
        if self.rows:
            self.cursor.executemany(
                f"insert into given values ({', '.join('?' for _ in names)})",
                [[row[name] for name in names] for row in self.rows],
            )
        days = [date_at(row["time"], site.timezone) for row in self.rows]
        self.first_day = min(days, default=None)
        make_table(self.cursor, "loaded")
        form(
            self.cursor,
            hits="given",
            rows="loaded",
            first=min(days, default=date(2026, 1, 1)),
            last=max(days, default=date(2026, 1, 1)),
            zone=site.timezone,
            domains=site.domains,
        )
        self.cursor.execute(
            f"create temp table loaded_totals as select {TOTAL_NAMES} from ({totals_of('loaded')})"
        )

    def ask(self, kind, question, now):
        parse, answer, _ = KINDS[kind]
        asked = SimpleNamespace(
            cursor=self.cursor,
            rows="loaded",
            totals="loaded_totals",
            first_day=self.first_day,
            sealed_until=None,
            generations={},
            parts=1,
        )
        parsed = parse(question, self.site, now, lambda: self.first_day)
        return json.loads(json.dumps(answer(asked, parsed).to_json()))

    def expect(self, kind, question, now):
        return KINDS[kind][2](self.rows, independent_site(self.site), question, now)


def independent_site(site):
    """The site as `independent.py` sees it."""
    return {
        "id": site.id,
        "domain": site.domains[0].host,
        "zone": site.timezone,
        "own_hosts": {domain.host for domain in site.domains},
        "source": source_of,
        "channel": channel_of,
        "goals": {goal.name: _match(goal.match) for goal in site.goals},
        "funnels": {
            funnel.name: [{**_match(step.match), "name": step.name} for step in funnel.steps]
            for funnel in site.funnels
        },
        "segments": {
            name: {found.key: list(found.values) for found in filters.each}
            for name, filters in site.segments.items()
        },
    }


def _match(match):
    keys = ("page", "action", "category", "label")
    return {key: getattr(match, key) for key in keys if getattr(match, key) is not None}
