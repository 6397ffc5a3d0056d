"""A site's days, clock changes included."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.days import Day, Today, day_at, start_of

HOUR = 3_600_000
ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"]
ZONES += ["Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Pacific/Kiritimati"]


def instant(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2026-11-24", "2026-11-24T00:00+00:00", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T00:00+01:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T00:00+02:00", 25),
        # Midnight does not exist: the clock goes from 23:59 to 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00-02:00", 23),
        ("Africa/Cairo", "2026-04-24", "2026-04-24T01:00+03:00", 23),
        # Midnight comes twice: the clock goes from 01:00 back to 00:00.
        ("America/Havana", "2026-11-01", "2026-11-01T00:00-04:00", 25),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-04T00:00+10:30", 23.5),
    ],
)
def test_days_with_a_clock_change(zone, day, start, hours):
    zone = ZoneInfo(zone)
    begins = instant(start)
    ends = begins + int(hours * HOUR)
    for moment in (begins, begins + HOUR * 12, ends - 1):
        assert day_at(moment, zone) == Day(day, begins, ends)
    assert day_at(begins - 1, zone).end == begins
    assert day_at(ends, zone).start == ends


@given(
    st.integers(instant("1975-01-01T00:00+00:00"), instant("2100-01-01T00:00+00:00")),
    st.sampled_from(ZONES),
)
def test_every_instant_lies_in_its_day_and_days_touch(moment, name):
    zone = ZoneInfo(name)
    day = day_at(moment, zone)
    assert day.start <= moment < day.end
    assert day_at(day.start, zone) == day
    assert day_at(day.end, zone).start == day.end
    local = datetime.fromtimestamp(moment / 1000, timezone.utc).astimezone(zone)
    # Dates that a country skipped (Samoa, 2011-12-30) have no instant; none is ever named.
    assert abs(date.fromisoformat(day.date) - local.date()) <= timedelta(0)


def test_start_of_is_in_milliseconds():
    assert start_of(date(1970, 1, 2), timezone.utc) == 24 * HOUR


def test_today_follows_the_clock():
    today = Today(timezone.utc)
    assert today.at(0).date == "1970-01-01"
    assert today.at(24 * HOUR - 1).date == "1970-01-01"
    assert today.at(24 * HOUR).date == "1970-01-02"
    assert today.at(0).date == "1970-01-01"
