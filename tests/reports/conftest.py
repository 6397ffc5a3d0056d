"""A database full of hits, and somebody who asks about them."""

from __future__ import annotations

import json

import pytest

from tests.reports import independent
from tests.reports.history import make_site, rows_of
from tests.reports.loaded import independent_site
from tests.reports.stored import Stored
from ztas_middleware.config.model import Config
from ztas_middleware.days import EARLIEST, LATEST
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.reading import reading


class World(Stored):
    """A database, a site, and both ways of asking: the package's and the independent one.

    A question is a mapping from the API's parameters to a value or a list of values.
    """

    def __init__(self, path, site=None):
        super().__init__(path)
        self._rows = None, []
        self.configure(site or make_site())

    def configure(self, site):
        """A process that has been started with this site's configuration."""
        self.site = site
        config = Config(sites={site.id: site}, database=self.path)
        self.reports = Reports(config)
        self.history = History(config)

    def ask(self, kind="stats", /, **question):
        """The answer."""
        reports, given = self.reports, _lists(question)
        parse = {
            "stats": reports.question,
            "breakdown": reports.breakdown_question,
            "journeys": reports.journeys_question,
        }[kind]
        parsed = parse(self.site.id, given, now=self.now)
        return json.loads(json.dumps(getattr(reports, kind)(parsed).to_json()))

    def expect(self, kind="stats", /, **question):
        """The answer, computed independently."""
        site = independent_site(self.site)
        compute = getattr(independent, kind)
        # A hit beyond, written by hand, is of no day that is asked for.
        rows = [row for row in self._all_rows() if EARLIEST <= row["time"] < LATEST]
        return compute(rows, site, _lists(question), self.now)

    def realtime(self, **question):
        asked = self.reports.realtime_question(self.site.id, _lists(question), now=self.now)
        return self.reports.realtime(asked).to_json()

    def _all_rows(self):
        with reading(self.path) as connection:
            # Times may be near the end of what an integer holds.
            (state,) = connection.execute(
                "select max(id), count(*), sum(time / 1000000), sum(time % 1000000) from hits"
            )
            if self._rows[0] != state:
                self._rows = state, rows_of(connection)
        return self._rows[1]

    def compare(self, kind="stats", /, **question):
        """Both ways say the same."""
        assert self.ask(kind, **question) == self.expect(kind, **question)


def _lists(question):
    return {
        name: [str(value) for value in (values if isinstance(values, list) else [values])]
        for name, values in question.items()
    }


@pytest.fixture(name="world")
def _world(tmp_path):
    return World(tmp_path / "ztas.db")
