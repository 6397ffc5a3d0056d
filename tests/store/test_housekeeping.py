"""The chores that a passing request does: due ones only, and never at its cost."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import timezone

import pytest
from rows import PAGEVIEW

from ztas_middleware import ZTASMiddleware
from ztas_middleware.days import day_at
from ztas_middleware.outages import OutageLog
from ztas_middleware.store import housekeeping as housekeeping_module
from ztas_middleware.store.database import Database
from ztas_middleware.store.housekeeping import Housekeeping
from ztas_middleware.store.reading import reading
from ztas_middleware.store.salts import Salts

LONG_AGO = day_at(1_700_000_000_000, timezone.utc)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ztas.db"


def salt_days(file):
    with closing(sqlite3.connect(file)) as connection:
        return [day for (day,) in connection.execute("select day from salts")]


def test_the_first_request_whatever_it_asks_for_destroys_old_salts(file):
    database = Database(file)
    Salts(database).of("site", LONG_AGO)
    database.close()
    assert salt_days(file) == [LONG_AGO.date]
    middleware = ZTASMiddleware(
        lambda environ, start_response: [b"the app's"],
        {"database": str(file), "sites": {"site": {"domain": "example.com"}}},
    )
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    assert middleware(environ, lambda *_: None) == [b"the app's"]
    assert salt_days(file) == []
    middleware.close()


def test_a_locked_database_keeps_no_request_waiting(file, caplog, monkeypatch):
    database = Database(file)
    Salts(database).of("site", LONG_AGO)
    housekeeping = Housekeeping(database, lambda patience: None, OutageLog(), Salts(database))
    with closing(sqlite3.connect(file, isolation_level=None)) as blocker:
        blocker.execute("begin immediate")
        started = time.monotonic()
        housekeeping.run()
        assert time.monotonic() - started < 5
        # Who loses a race for the lock has lost nothing; who never gets it says so.
        assert caplog.records == []
        monkeypatch.setattr(housekeeping_module, "LONG", 0.0)
        housekeeping._next_salt_check = 0
        housekeeping.run()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        blocker.execute("rollback")
    assert salt_days(file) == [LONG_AGO.date]
    housekeeping._next_salt_check = 0
    housekeeping.run()
    assert salt_days(file) == []
    database.close()


def test_a_missing_folder_is_logged_and_raises_nothing(tmp_path, caplog):
    database = Database(tmp_path / "missing" / "ztas.db")
    housekeeping = Housekeeping(database, lambda patience: None, OutageLog(), Salts(database))
    housekeeping.run()
    assert "No such file" in caplog.text


def test_a_log_that_is_gone_is_made_anew_before_anybody_reads(file):
    middleware = ZTASMiddleware(
        lambda environ, start_response: [b"the app's"],
        {"database": str(file), "sites": {"site": {"domain": "example.com"}}},
    )
    middleware._reception.database.append([PAGEVIEW])
    file.with_name("ztas.db-wal").unlink()
    assert middleware({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, print) == [b"the app's"]
    with reading(file) as connection:
        assert connection.execute("select count(*) from hits").fetchone() == (1,)
    middleware.close()
