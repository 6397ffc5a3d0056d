"""Steps of a chart are sums of points, and none is lost."""

from __future__ import annotations

from datetime import date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.reports.answers import Point
from ztas_middleware.reports.periods import Days, running_hours
from ztas_middleware.web.dashboard.series import series_of

UTC = timezone.utc
FIRST = date(2026, 1, 17)


def days(count, first=FIRST):
    period = Days(UTC, first, first + timedelta(days=count - 1))
    points = [Point(label, index + 1, 1) for index, label in enumerate(period.labels())]
    return period, points


@pytest.mark.parametrize(
    ("count", "unit", "steps"),
    [(1, "day", 1), (120, "day", 120), (121, "week", 17), (365, "week", 52), (1_500, "month", 50)],
)
def test_long_periods_have_longer_steps(count, unit, steps):
    series = series_of(*days(count), None)
    assert (series.unit, len(series.steps)) == (unit, steps)


@given(st.integers(1, 3_660))
def test_steps_add_up_to_the_period(count):
    period, points = days(count)
    series = series_of(period, points, list(reversed(points)))
    assert sum(step.pageviews for step in series.steps) == count * (count + 1) // 2
    assert sum(step.visitors_before for step in series.steps) == count


def test_weeks_end_with_the_period_and_the_first_takes_what_is_left():
    steps = series_of(*days(365), None).steps
    assert [step.visitors for step in steps] == [8] + 51 * [7]
    assert steps[0].slot == ("17 Jan", "17 – 24 Jan 2026")


def test_months_are_calendar_months():
    steps = series_of(*days(1_500), None).steps
    assert [step.slot.short for step in steps[:3]] == ["Jan 2026", "Feb 2026", "Mar 2026"]
    assert steps[0].slot.long == "17 – 31 Jan 2026"


def test_hours_are_named_by_the_clock():
    period = running_hours(UTC, 1_800_000_000_000)
    points = [Point(label, 1, 1) for label in period.labels()]
    series = series_of(period, points, points)
    assert (series.unit, len(series.steps)) == ("hour", 24)
    assert series.steps[-1].slot == ("08:00", "Fri 15 Jan, 08:00")
    assert series.steps[0].pageviews_before == 1


def test_what_is_not_known_of_the_period_before_stays_unknown():
    assert series_of(*days(3), None).steps[0].pageviews_before is None
