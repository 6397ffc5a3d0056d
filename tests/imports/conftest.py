"""A site that files are imported into, without the command line around it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from ztas_middleware.config import config_from_mapping
from ztas_middleware.history.asking import History
from ztas_middleware.imports import places
from ztas_middleware.imports.destination import Destination
from ztas_middleware.imports.jobs import Job
from ztas_middleware.imports.terms import Terms
from ztas_middleware.store.database import Database

NOW = 1_790_000_000_000_000_000
"""2026-09-21T13:33:20Z, in nanoseconds."""


@dataclass
class Desk:
    """Imports files and shows the rows."""

    database: Database
    config: object
    refused: list[tuple[int, str]] = field(default_factory=list)
    site_id: str = "a"
    format: str | None = None
    hosts: tuple[str, ...] = ()
    pattern: object = None
    terms: Terms = Terms()  # noqa: RUF009 - it can't be changed

    def job(self, **settings):
        for name, value in settings.items():
            setattr(self, name, value)
        destination = Destination(
            self.config, self.config.sites[self.site_id], self.database, lambda: NOW
        )
        return Job(
            self.database,
            History(self.config),
            destination,
            self.format,
            self.terms._replace(hosts=self.hosts) if self.hosts else self.terms,
            lambda _, number, reason: self.refused.append((number, reason)),
            lambda *_: None,
            self.pattern,
        )

    def run(self, path, **settings):
        """Import one file; the result of this run."""
        (imported,) = self.job(**settings).run(str(path))
        return imported.result

    def rows(self, columns="*"):
        with closing(sqlite3.connect(self.database.path)) as connection:
            connection.row_factory = sqlite3.Row
            query = f"select {columns} from hits order by time, id"
            return [dict(row) for row in connection.execute(query)]

    def column(self, name):
        return [row[name] for row in self.rows(name)]


@pytest.fixture(autouse=True)
def _cheap_digests(monkeypatch):
    """Digests that take no time; how much they take changes nothing else."""
    monkeypatch.setattr(places, "COST", 2)


@pytest.fixture
def desk(tmp_path):
    """Make a desk with these settings, on a database of its own."""
    opened = []

    def make(file=tmp_path / "ztas.db", site=None, **settings):
        config = config_from_mapping(
            {
                "database": str(file),
                "sites": {
                    "a": {"domain": "example.com"} | (site or {}),
                    "b": {"domain": "example.org"},
                },
            }
            | settings
        )
        opened.append(Database(config.database))
        return Desk(opened[-1], config)

    yield make
    for database in opened:
        database.close()
