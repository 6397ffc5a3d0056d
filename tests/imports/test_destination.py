"""Salts of days in the past: shared while they may be, and never written once they may not."""

from __future__ import annotations

from datetime import timezone

import pytest

from ztas_middleware.days import day_at
from ztas_middleware.imports.destination import DAY, GRACE, Destination

NOON = 1_780_056_000_000  # 2026-05-29T12:00:00Z
HOUR = 3_600_000


class Clock:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now * 1_000_000


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def one(desk):
    return desk()


def salts(one):
    def read(connection):
        return connection.execute("select day, expires from salts order by day").fetchall()

    return one.database.transact(read)


def destination(one, clock):
    return Destination(one.config, one.config.sites["a"], one.database, clock)


def test_today_and_yesterday_share_their_salt_through_the_database(one, clock):
    for instant in (NOON, NOON - DAY):
        day = day_at(instant, timezone.utc)
        assert destination(one, clock).salt_of(day) == destination(one, clock).salt_of(day)
    assert salts(one) == [
        ("2026-05-28", day_at(NOON - DAY, timezone.utc).end + GRACE),
        ("2026-05-29", day_at(NOON, timezone.utc).end + GRACE),
    ]


def test_a_salt_goes_within_two_days_after_its_day():
    assert 2 * DAY - GRACE > HOUR


def test_the_salt_of_a_day_that_is_long_over_is_never_written(one, clock):
    first, second = destination(one, clock), destination(one, clock)
    day = day_at(NOON - 3 * DAY, timezone.utc)
    assert first.salt_of(day) == first.salt_of(day)
    assert first.salt_of(day) != second.salt_of(day)
    assert salts(one) == []


def test_days_and_sites_have_salts_of_their_own(one, clock):
    place = destination(one, clock)
    days = [day_at(NOON - number * DAY, timezone.utc) for number in range(6)]
    assert len({place.salt_of(day) for day in days}) == 6


def test_whoever_runs_for_weeks_forgets(one, clock):
    place = destination(one, clock)
    today, long_ago = day_at(NOON, timezone.utc), day_at(NOON - 9 * DAY, timezone.utc)
    before = [place.salt_of(today), place.salt_of(long_ago)]
    clock.now = today.end + GRACE + 1
    place.forget()
    assert place._salts == {}
    assert place.salt_of(long_ago) != before[1]
