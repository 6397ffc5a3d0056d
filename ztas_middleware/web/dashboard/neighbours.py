"""The periods around the one that is shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.reports.periods import FIRST_DATE, PERIODS, Days

if TYPE_CHECKING:
    from datetime import tzinfo

    from ztas_middleware.reports.periods import Period


def dates_query(first: date, last: date) -> dict[str, str]:
    """The parameters that ask for a custom period."""
    return {"startDate": first.isoformat(), "endDate": last.isoformat()}


def earlier(period: Period, now: int) -> dict[str, str] | None:
    """What asks for the period before; None where there is none."""
    if not isinstance(period, Days):
        yesterday = today_in(period.zone, now) - timedelta(days=1)
        return dates_query(yesterday, yesterday)
    before = period.previous()
    return dates_query(before.first, before.last) if before.first >= FIRST_DATE else None


def later(period: Period, now: int) -> dict[str, str] | None:
    """What asks for the period after; None where that has not begun."""
    if not isinstance(period, Days):
        return None
    today = today_in(period.zone, now)
    if period.last >= today:
        return None
    first = period.last + timedelta(days=1)
    last = period.last + timedelta(days=period.length)
    for name, length in PERIODS.items():
        if length == period.length and last == today:
            return {"period": name}
    return dates_query(first, last)


def today_in(zone: tzinfo, now: int) -> date:
    """A site's running day."""
    return datetime.fromtimestamp(now / 1000, timezone.utc).astimezone(zone).date()
