"""What was dropped, as it is asked for."""

from __future__ import annotations

from datetime import date

from ztas_middleware.reports.drops import Dropped, dropped
from ztas_middleware.store.connection import open_connection


def test_drops_are_those_of_the_site_and_the_days(tmp_path):
    file = tmp_path / "ztas.db"
    first, last = date(2026, 11, 1), date(2026, 11, 7)
    assert dropped(file, "a", first, last) == ()
    connection = open_connection(str(file), synchronous="off").connection
    connection.executemany(
        "insert into drops (site_id, day, reason, count) values (?, ?, ?, ?)",
        [
            ("a", "2026-10-31", "bot", 1),
            ("a", "2026-11-07", "origin", 2),
            ("a", "2026-11-07", "bot", 3),
            ("a", "2026-11-01", "bot", 4),
            ("a", "2026-11-08", "bot", 5),
            ("b", "2026-11-01", "bot", 6),
            ("", "2026-11-01", "invalid", 7),
        ],
    )
    connection.close()
    assert dropped(file, "a", first, last) == (
        Dropped("2026-11-01", "bot", 4),
        Dropped("2026-11-07", "bot", 3),
        Dropped("2026-11-07", "origin", 2),
    )
    assert dropped(file, "", first, last) == (Dropped("2026-11-01", "invalid", 7),)
