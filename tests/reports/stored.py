"""A database with hits in it, and the time that it is there."""

from __future__ import annotations

from datetime import datetime, timezone

from ztas_middleware.store.hits import INSERT
from ztas_middleware.store.reading import filing, reading


class Stored:
    """Who has one makes `history` and `site` of what is configured."""

    def __init__(self, path):
        self.path = path
        self.now = 0

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

    def file(self, **options):
        return self.history.file(self.site.id, now=self.now, **options)
