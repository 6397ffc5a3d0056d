"""What may be asked for, and what it means in days and hours."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.history.clock import date_at
from ztas_middleware.parameters import ParameterError, parse_limit
from ztas_middleware.reports.periods import (
    HOUR,
    NAMES,
    Days,
    parse_period,
    running_hours,
    stretch_of,
)

UTC = timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")


def instant(*moment):
    return round(datetime(*moment, tzinfo=UTC).timestamp() * 1000)


NOW = instant(2026, 11, 6, 23)  # the 7th in Berlin

PERIODS = {
    "default": ({}, "2026-11-01", "2026-11-07"),
    "7d": ({"period": "7d"}, "2026-11-01", "2026-11-07"),
    "30d": ({"period": "30d"}, "2026-10-09", "2026-11-07"),
    "90d": ({"period": "90d"}, "2026-08-10", "2026-11-07"),
    "365d": ({"period": "365d"}, "2025-11-08", "2026-11-07"),
    "today": ({"period": "today"}, "2026-11-07", "2026-11-07"),
    "yesterday": ({"period": "yesterday"}, "2026-11-06", "2026-11-06"),
    "month": ({"period": "month"}, "2026-11-01", "2026-11-07"),
    "year": ({"period": "year"}, "2026-01-01", "2026-11-07"),
    "all, without a hit": ({"period": "all"}, "2026-11-07", "2026-11-07"),
    "a range": ({"startDate": "2026-02-27", "endDate": "2026-03-01"}, "2026-02-27", "2026-03-01"),
    "a day": ({"startDate": "2024-02-29", "endDate": "2024-02-29"}, "2024-02-29", "2024-02-29"),
    "in the future": (
        {"startDate": "2030-01-01", "endDate": "2030-01-02"},
        "2030-01-01",
        "2030-01-02",
    ),
}


@pytest.mark.parametrize(("parameters", "first", "last"), PERIODS.values(), ids=PERIODS)
def test_days(parameters, first, last):
    period = parse_period(parameters, BERLIN, NOW)
    assert isinstance(period, Days)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert len(period.labels()) == period.length
    previous = period.previous()
    assert previous.length == period.length
    assert (period.first - previous.last).days == 1


REFUSALS = {
    "unknown": ({"period": "1y"}, "period must be one of " + ", ".join(NAMES)),
    "empty": ({"period": ""}, "period must be one of " + ", ".join(NAMES)),
    "both": (
        {"period": "7d", "startDate": "2026-01-01", "endDate": "2026-01-02"},
        "period can't be combined with startDate",
    ),
    "both, one date": (
        {"period": "7d", "endDate": "2026-01-02"},
        "period can't be combined with endDate",
    ),
    "no end": ({"startDate": "2026-01-01"}, "endDate is required with startDate"),
    "no start": ({"endDate": "2026-01-01"}, "startDate is required with endDate"),
    "no such day": (
        {"startDate": "2026-02-01", "endDate": "2026-02-30"},
        "endDate must be a date as in 2026-11-07",
    ),
    "another form": (
        {"startDate": "20260201", "endDate": "2026-02-03"},
        "startDate must be a date as in 2026-11-07",
    ),
    "a week": (
        {"startDate": "2026-W09-1", "endDate": "2026-12-03"},
        "startDate must be a date as in 2026-11-07",
    ),
    "other digits": (
        {"startDate": "２０２６-02-01", "endDate": "2026-02-03"},
        "startDate must be a date as in 2026-11-07",
    ),
    "a line more": (
        {"startDate": "2026-02-01\n", "endDate": "2026-02-03"},
        "startDate must be a date as in 2026-11-07",
    ),
    "backwards": (
        {"startDate": "2026-02-02", "endDate": "2026-02-01"},
        "endDate must not be before startDate",
    ),
    "a century": (
        {"startDate": "1970-01-01", "endDate": "2069-12-31"},
        "endDate must be at most 3659 days after startDate",
    ),
    "before there were hits": (
        {"startDate": "1969-12-31", "endDate": "1970-01-01"},
        "startDate must be from 1970-01-01 to 2999-12-31",
    ),
    "after all": (
        {"startDate": "2999-12-31", "endDate": "3000-01-01"},
        "endDate must be from 1970-01-01 to 2999-12-31",
    ),
}


@pytest.mark.parametrize(("parameters", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_the_parameter(parameters, message):
    with pytest.raises(ParameterError) as caught:
        parse_period(parameters, BERLIN, NOW)
    assert str(caught.value) == message
    assert caught.value.parameter == message.partition(" ")[0]


@pytest.mark.parametrize("text", ["1", "10", "1000"])
def test_a_limit(text):
    assert parse_limit(text) == int(text)


def test_the_limit_is_10_where_none_is_given():
    assert parse_limit(None) == 10


@pytest.mark.parametrize("text", ["", "0", "1001", "-1", "1.5", "ten", "١٠", "²", " 5", "1" * 5000])
def test_a_limit_that_is_none(text):
    with pytest.raises(ParameterError, match=r"^limit must be a whole number from 1 to 1000$"):
        parse_limit(text)


def test_24_hours_are_labelled_by_the_sites_clock():
    hours = running_hours(ZoneInfo("Asia/Kathmandu"), instant(2026, 11, 7, 12, 0))
    assert hours.labels()[0] == "2026-11-06T18:00+05:45"
    assert hours.labels()[-1] == "2026-11-07T17:00+05:45"
    assert hours.previous().end == hours.start


ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
        "Africa/Cairo",
    ]
)
INSTANTS = st.integers(0, instant(2040, 1, 1)) | st.builds(
    lambda days, minutes: instant(2011, 1, 1) + days * 86_400_000 + minutes * 60_000,
    st.integers(0, 370),
    st.integers(0, 1440),
)


@given(ZONES, INSTANTS)
def test_every_instant_is_in_its_day_and_in_the_running_hour(name, now):
    zone = ZoneInfo(name)
    day = stretch_of(date_at(now, zone), zone)
    assert day.start <= now < day.end
    hours = running_hours(zone, now)
    assert hours.end - HOUR <= now < hours.end
