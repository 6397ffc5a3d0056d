"""A database full of hits, and somebody who asks about them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.reports import naive
from tests.reports.history import make_site, naive_site, rows_of
from ztas_middleware.config.model import Config
from ztas_middleware.reports.filters import Filters
from ztas_middleware.reports.periods import Days, parse_period
from ztas_middleware.reports.reader import Reports
from ztas_middleware.reports.rules import Rules
from ztas_middleware.store.hits import INSERT
from ztas_middleware.store.reading import reading, rolling


class World:
    """A database, a site, and both ways of asking: the package's and the naive one."""

    def __init__(self, path, site=None):
        self.path = path
        self.now = 0
        self._rows = None, []
        self.configure(site or make_site())

    def configure(self, site):
        """A process that has been started with this site's configuration."""
        self.site = site
        self.rules = Rules(site)
        self.reports = Reports(Config(sites={site.id: site}, database=self.path))

    def at(self, *moment):
        self.now = round(datetime(*moment, tzinfo=timezone.utc).timestamp() * 1000)

    def store(self, *hits):
        with rolling(self.path) as connection:
            connection.execute("begin")
            connection.executemany(INSERT, hits)
            connection.execute("commit")

    def query(self, sql, *parameters):
        with reading(self.path) as connection:
            return connection.execute(sql, parameters).fetchall()

    def write(self):
        return rolling(self.path)

    def execute(self, sql, *parameters):
        with self.write() as connection:
            connection.execute(sql, parameters)

    def execute_unnoticed(self, sql, *parameters):
        """Change hits as no program should: the triggers are gone, and stay so."""
        for (name,) in self.query("select name from sqlite_schema where type = 'trigger'"):
            self.execute(f"drop trigger {name}")
        self.execute(sql, *parameters)

    def roll(self, **options):
        return self.reports.roll_up(self.site.id, now=self.now, **options)

    def check(self):
        return [str(found) for found in self.reports.check(self.site.id, now=self.now)]

    def period(self, **parameters):
        return parse_period(parameters, self.site.timezone, self.now)

    def ask(self, days=None, *, filters=None, limit=10, **parameters):
        """The answer, from rollups as far as they go."""
        return self.reports.stats(
            self.site.id,
            days or self.period(**parameters),
            filters=Filters(**(filters or {})),
            limit=limit,
            now=self.now,
        ).to_json()

    def expect(self, days=None, *, filters=None, limit=10, **parameters):
        """The answer, computed naively."""
        rows = self._all_rows()
        days = days or self.period(**parameters)
        site = naive_site(self.site)
        if isinstance(days, Days):
            return naive.days_report(
                rows, site, days.first, days.last, filters=filters, limit=limit
            )
        return naive.hours_report(rows, site, self.now, filters=filters, limit=limit)

    def _all_rows(self):
        with reading(self.path) as connection:
            # Times may be near the end of what an integer holds.
            (state,) = connection.execute(
                "select max(id), count(*), sum(time / 1000000), sum(time % 1000000) from hits"
            )
            if self._rows[0] != state:
                self._rows = state, rows_of(connection)
        return self._rows[1]

    def compare(self, days=None, **options):
        """Both ways say the same."""
        assert self.ask(days, **options) == self.expect(days, **options)


@pytest.fixture(name="world")
def _world(tmp_path):
    return World(tmp_path / "ztas.db")
