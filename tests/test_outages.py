"""A database that is out of order fills no log."""

from __future__ import annotations

from ztas_middleware.outages import OutageLog


def test_one_line_a_minute_says_how_many_there_were(caplog):
    now = [1000.0]
    log = OutageLog(lambda: now[0])
    for _ in range(500):
        log.report("hits are refused with 503", OSError("disk full"))
    now[0] += 61
    log.report("hits are refused with 503", OSError("disk full"))
    assert [record.message for record in caplog.records] == [
        "hits are refused with 503: disk full",
        "hits are refused with 503: disk full (499 more since the last line)",
    ]


def test_what_a_stranger_had_a_hand_in_stays_on_one_line(caplog):
    OutageLog().report("upstream", ValueError("\x1b[2Jgone\r\n2026-01-01 ERROR forged\u202e\x9b"))
    assert [record.message for record in caplog.records] == [
        "upstream: \\x1b[2Jgone\\r\\n2026-01-01 ERROR forged\\u202e\\x9b"
    ]


def test_a_failure_without_words_is_named(caplog):
    OutageLog().report("upstream", TimeoutError())
    assert [record.message for record in caplog.records] == ["upstream: TimeoutError"]
