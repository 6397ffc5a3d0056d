"""Steps of a chart are sums of points, and none is lost."""

from __future__ import annotations

from datetime import date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.reports.periods import Days, running_hours
from ztas_middleware.web.dashboard.points import Points
from ztas_middleware.web.dashboard.series import series_of

UTC = timezone.utc
FIRST = date(2026, 1, 17)  # a Saturday


def days(count, first=FIRST, before=None):
    period = Days(UTC, first, first + timedelta(days=count - 1))
    now = {"visitors": [1] * count, "views": list(range(1, count + 1))}
    return Points(period.labels(), now, before)


def values(series, number=0):
    return list(series.tracks[number].now)


@pytest.mark.parametrize(
    ("count", "unit", "steps"),
    [(1, "day", 1), (120, "day", 120), (121, "week", 18), (365, "week", 53), (1_500, "month", 50)],
)
def test_long_periods_have_longer_steps(count, unit, steps):
    series = series_of(days(count))
    assert (series.unit, len(series.slots)) == (unit, steps)


@given(st.integers(1, 3_660), st.sampled_from([None, "day", "week", "month"]))
def test_steps_add_up_to_the_period(count, unit):
    before = {"visitors": [1] * count, "views": [2] * count}
    series = series_of(days(count, before=before), unit)
    assert sum(values(series, 1)) == count * (count + 1) // 2
    assert sum(series.tracks[0].before) == count


@pytest.mark.parametrize(
    ("first", "count", "steps", "cut"),
    [
        (FIRST, 365, [2] + 51 * [7] + [6], (True, True)),
        (date(2026, 1, 19), 364, 52 * [7], (False, False)),
        (date(2026, 1, 19), 366, 52 * [7] + [2], (False, True)),
        (date(2026, 1, 18), 365, [1] + 52 * [7], (True, False)),
    ],
    ids=["cut at both ends", "whole weeks", "cut at the end", "cut at the beginning"],
)
def test_weeks_begin_on_mondays_and_those_that_are_cut_are_known(first, count, steps, cut):
    series = series_of(days(count, first))
    assert values(series) == steps
    assert (series.is_first_cut, series.is_last_cut) == cut


def test_a_step_is_called_by_its_days():
    slots = series_of(days(365)).slots
    assert slots[0] == ("17 Jan", "17 – 18 Jan 2026")
    assert slots[1] == ("19 Jan", "19 – 25 Jan 2026")


def test_months_are_calendar_months():
    slots = series_of(days(1_500)).slots
    assert [slot.short for slot in slots[:3]] == ["Jan 2026", "Feb 2026", "Mar 2026"]
    assert slots[0].long == "17 – 31 Jan 2026"


def test_rates_are_not_added_up():
    period = Days(UTC, FIRST, FIRST + timedelta(days=364))
    series = series_of(Points(period.labels(), {"bounces": [50.0] * 365}, None), "week")
    assert (series.unit, set(values(series))) == ("day", {50.0})


def test_hours_are_named_by_the_clock():
    period = running_hours(UTC, 1_800_000_000_000)
    ones = {"visitors": [1] * 24}
    series = series_of(Points(period.labels(), ones, ones))
    assert (series.unit, len(series.slots)) == ("hour", 24)
    assert series.slots[-1] == ("08:00", "Fri 15 Jan, 08:00")
    assert series.tracks[0].before[0] == 1


@pytest.mark.parametrize(
    ("before", "shown"),
    [(None, (None, None, None)), ({"visitors": [4]}, (4, None, None))],
    ids=["nothing to compare with", "fewer days"],
)
def test_what_is_not_known_of_the_period_before_stays_unknown(before, shown):
    assert series_of(days(3, before=before)).tracks[0].before == shown


def test_a_day_is_in_its_step():
    series = series_of(days(365))
    assert series.step_of(date(2026, 1, 18)) == 0
    assert series.step_of(date(2026, 1, 19)) == 1
    assert series.step_of(date(2026, 1, 16)) is None
