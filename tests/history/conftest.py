"""A database, its history, and the rows that should be in it."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from tests.reports.history import make_site, rows_of
from ztas_middleware.config.model import Config
from ztas_middleware.history import files
from ztas_middleware.history.asking import History
from ztas_middleware.history.clock import date_at
from ztas_middleware.store.hits import INSERT
from ztas_middleware.store.reading import filing, reading


class World:
    """A database with a site, whose history is asked as a new process would."""

    def __init__(self, path, site=None, **options):
        self.path = path
        self.options = options
        self.now = 0
        self.configure(site or make_site())

    def configure(self, site=None, **options):
        """A process that is started with this site's configuration."""
        self.site = site or self.site
        self.options |= options
        self.config = Config(sites={self.site.id: self.site}, database=self.path, **self.options)
        self.history = History(self.config)
        return self.history

    @property
    def folder(self):
        return self.history.folder.path

    def file_of(self, month, kind=files.HITS):
        return self.history.folder.file(kind, self.site.id, month)

    def at(self, *moment):
        self.now = round(datetime(*moment, tzinfo=timezone.utc).timestamp() * 1000)

    def store(self, *hits):
        with filing(self.path) as connection:
            connection.execute("begin")
            connection.executemany(INSERT, hits)
            connection.execute("commit")

    def execute(self, sql, *parameters):
        with filing(self.path) as connection:
            return connection.execute(sql, parameters).fetchall()

    def query(self, sql, *parameters):
        with reading(self.path) as connection:
            return connection.execute(sql, parameters).fetchall()

    def days(self):
        """The states of the days that the history has."""
        found = self.query("select day, state from history_days order by day")
        return dict(found)

    def file(self, **options):
        return self.history.file(self.site.id, now=self.now, **options)

    def ask(self, first=date(1970, 1, 1), last=date(2999, 12, 31), *, file=True, question=None):
        return self.history.ask(
            self.site.id, first, last, now=self.now, question=question or rows_in, file=file
        )

    def expect(self, first=date(1970, 1, 1), last=date(2999, 12, 31)):
        """The ids of the hits of some days, by day."""
        with reading(self.path) as connection:
            rows = rows_of(connection)
        found = {}
        for row in rows:
            day = date_at(row["time"], self.site.timezone)
            if row["site_id"] == self.site.id and first <= day <= last:
                found.setdefault(day, []).append(row["id"])
        return {day: sorted(ids) for day, ids in found.items()}

    def compare(self, **options):
        """The rows are those of the database, and the totals those of the rows."""
        rows, totals, counted = self.ask(question=everything_in, **options)
        assert rows == self.expect()
        assert totals == counted


def rows_in(asked):
    """The ids, by day."""
    found = asked.cursor.execute(
        f"select day, list(id order by id) from {asked.rows} group by day"
    ).fetchall()
    return dict(found)


def everything_in(asked):
    """The ids by day, and the totals as they are, and as they are counted from the rows."""
    from ztas_middleware.history.totals import totals_of

    totals = asked.cursor.execute(f"from {asked.totals}").fetchall()
    counted = asked.cursor.execute(totals_of(asked.rows)).fetchall()
    return rows_in(asked), sorted(totals, key=repr), sorted(counted, key=repr)


@pytest.fixture(name="world")
def _world(tmp_path):
    return World(tmp_path / "ztas.db")
