"""Numbers and dates as people read them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.web.dashboard import dates, numbers
from ztas_middleware.web.dashboard.countries import country_name
from ztas_middleware.web.dashboard.numbers import Change


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (123_456, "123k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_250_000, "1.2M"),
        (2_500_000_000, "2.5B"),
        (-12_345, "-12.3k"),
        (19.9, "19.9"),
        (24.0, "24"),
    ],
)
def test_short(number, expected):
    assert numbers.short(number) == expected


@given(st.integers(0, 10**11))
def test_short_numbers_are_short(number):
    assert len(numbers.short(number)) <= 5


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (133.8, "2m 14s"),
        (3_599.9, "1h 00m"),
        (3_780, "1h 03m"),
        (36_000_000, "10,000h 00m"),
    ],
)
def test_duration(seconds, expected):
    assert numbers.duration(seconds) == expected


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (5, 0, None),
        (0, 0, None),
        (10, 10, Change("0%", "same", None)),
        (112, 100, Change("12%", "up", good=True)),
        (88, 100, Change("12%", "down", good=False)),
        (101.24, 100, Change("1.2%", "up", good=True)),
        (5_000, 2, Change("249,900%", "up", good=True)),
        (0, 3, Change("100%", "down", good=False)),
    ],
)
def test_relative_change(now, before, expected):
    assert numbers.relative_change(now, before) == expected


def test_fewer_bounces_are_good():
    assert numbers.points_change(40, 42.1, less_is_better=True) == Change(
        "2.1 pts", "down", good=True
    )
    assert numbers.points_change(42, 40, less_is_better=True) == Change("2 pts", "up", good=False)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ((2026, 11, 7), (2026, 11, 7), "7 Nov 2026"),
        ((2026, 11, 1), (2026, 11, 7), "1 – 7 Nov 2026"),
        ((2026, 10, 28), (2026, 11, 3), "28 Oct – 3 Nov 2026"),
        ((2025, 12, 30), (2026, 1, 5), "30 Dec 2025 – 5 Jan 2026"),
    ],
)
def test_day_range(first, last, expected):
    assert dates.day_range(date(*first), date(*last)) == expected


def test_days_and_hours():
    assert dates.full_day(date(2026, 11, 7)) == "Sat 7 Nov 2026"
    assert dates.hour("2026-11-07T13:00+01:00") == "13:00"
    assert dates.full_hour("2026-11-07T13:00+01:00") == "Sat 7 Nov, 13:00"


@pytest.mark.parametrize(("code", "name"), [("DE", "Germany"), ("XK", "XK"), ("", "")])
def test_countries(code, name):
    assert country_name(code) == name
