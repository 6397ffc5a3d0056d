"""A database that version 0.1 itself wrote: sealed days keep their numbers, the rest is filed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from version_0_1 import HERE, NOW, old_database

from ztas_middleware.config import config_from_mapping
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.steps import immediate

SITE = {
    "domain": "example.com",
    "retention_days": 30,
    "goals": {"Signups": {"action": "signup"}, "Cart": {"page": "/cart"}},
    "funnels": {"Way": [{"page": "/"}, {"page": "/cart"}, {"action": "signup"}]},
}


@pytest.fixture(name="old")
def _old(tmp_path):
    file = old_database(tmp_path / "ztas.db")
    return config_from_mapping({"database": str(file), "sites": {"a": SITE}})


def query(config, sql):
    with closing(sqlite3.connect(config.database)) as connection:
        return connection.execute(sql).fetchall()


def report(config, **parameters):
    reports = Reports(config)
    question = reports.question("a", {key: [text] for key, text in parameters.items()}, now=NOW)
    return reports.stats(question).to_json()


def test_sealed_days_keep_their_numbers(old):
    hits = query(old, "select * from hits order by id")
    then = json.loads((HERE / "report.json").read_text("utf-8"))
    now = report(old, startDate="2026-07-20", endDate="2026-08-21", limit="1000")
    assert then["summary"]["pageviews"] > 20
    for part in ("summary", "timeseries", "pages", "entryPages", "exitPages", "events"):
        assert now[part] == then[part]
    for part in ("browsers", "systems", "devices", "countries", "goals", "funnels"):
        assert now[part] == then[part]
    for part in ("referrers", "sources", "campaigns"):
        listed = [
            {key: value for key, value in entry.items() if key != "sessions"} for entry in now[part]
        ]
        assert sorted(listed, key=repr) == sorted(then[part], key=repr)
        assert {entry["sessions"] for entry in now[part]} <= {None}
    assert [row[: len(hits[0])] for row in query(old, "select * from hits order by id")] == hits


def test_everything_else_is_filed_and_nothing_is_left_of_rollups(old):
    History(old).file("a", now=NOW)
    days = dict(query(old, "select day, state from history_days order by day"))
    assert [days[day] for day in ("2026-08-21", "2026-08-22", "2026-09-20")] == [
        "sealed",
        "filed",
        "filed",
    ]
    names = {name for (name,) in query(old, "select name from sqlite_schema")}
    assert not {name for name in names if "rollup" in name or "hit_" in name}
    assert query(old, "select count from drops") == [(7,)]
    assert query(old, "select count(*) from salts") == [(1,)]
    assert list(History(old).check("a", now=NOW)) == []


@pytest.mark.parametrize("steps", [0, 1, 3, 5, 7, 9])
def test_taking_over_may_be_stopped_anywhere(old, monkeypatch, steps):
    def stop_early(connection, iterator):
        for _ in range(steps):
            with immediate(connection):
                next(iterator, None)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ztas_middleware.history.takeover.write_in_steps", stop_early)
        with pytest.raises(KeyboardInterrupt):
            History(old).file("a", now=NOW)
    then = json.loads((HERE / "report.json").read_text("utf-8"))
    now = report(old, startDate="2026-07-20", endDate="2026-08-21", limit="1000")
    assert (now["summary"], now["pages"]) == (then["summary"], then["pages"])
