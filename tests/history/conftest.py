"""A database, its history, and the rows that should be in it."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from tests.reports.history import make_hit, make_site, random_history, rows_of
from tests.reports.stored import Stored
from ztas_middleware.config.model import Config
from ztas_middleware.history import files
from ztas_middleware.history.asking import History
from ztas_middleware.history.clock import date_at
from ztas_middleware.store.reading import reading

FIRST, LAST = date(2026, 10, 23), date(2026, 11, 4)
NOON = 1_794_052_800_000  # 7 November 2026
DAY = 86_400_000


class World(Stored):
    """A database with a site, whose history is asked as a new process would."""

    def __init__(self, path, site=None, **options):
        super().__init__(path)
        self.options = options
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

    def days(self):
        """The states of the days that the history has."""
        found = self.query("select day, state from history_days order by day")
        return dict(found)

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


def fill(world, hits=400):
    """Hits of two months, and of a day that runs."""
    world.at(2026, 11, 7, 15)
    world.store(*random_history(1, hits, FIRST, LAST))
    world.store(*(make_hit(NOON + number * 60_000, visitor=f"v{number}") for number in range(5)))
    return world


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


@pytest.fixture(scope="session", name="filed_folder")
def _filed_folder(tmp_path_factory):
    """What `fill` makes, with its finished days filed."""
    folder = tmp_path_factory.mktemp("filed")
    fill(World(folder / "ztas.db")).file()
    return folder


@pytest.fixture
def filed(tmp_path, filed_folder):
    """A world of its own of that."""
    shutil.copytree(filed_folder, tmp_path, dirs_exist_ok=True)
    world = World(tmp_path / "ztas.db")
    world.at(2026, 11, 7, 15)
    return world
